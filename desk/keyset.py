"""Pages of a long list by the last row's values, so that page 1,000 costs what page 1 costs."""

import json
from dataclasses import dataclass
from functools import reduce

from django.core import signing
from django.db.models import Q, QuerySet

BACK = ":back"


@dataclass(frozen=True)
class Page:
    rows: list
    next_cursor: str  # empty on the last page
    previous_cursor: str = ""  # empty on the first page

    def __iter__(self):
        return iter(self.rows)

    def __len__(self):
        return len(self.rows)


class _Serializer:
    """Moments with their microseconds, which Django's own encoder cuts to milliseconds."""

    def dumps(self, values) -> bytes:
        return json.dumps(values, default=lambda value: getattr(value, "isoformat", value.__str__)()).encode()

    def loads(self, data: bytes):
        return json.loads(data)


def paginate(queryset: QuerySet, ordering=("-created_at", "-pk"), cursor=None, size=50) -> Page:
    """`ordering`: columns without NULL, the last one unique. A cursor of another list or order starts anew, and so
    does one beyond which nothing is left: rows that were there may be done.

    Rows may be objects or named tuples that hold the columns. A cursor knows whether it leads on or back.
    """
    salt = "keyset:" + ",".join(ordering)
    last, is_back = _read(cursor, salt), False
    if last is None:
        last = _read(cursor, salt + BACK)
        is_back = last is not None
    if is_back:
        rows, has_more = _fetch(queryset, _turned(ordering), last, size)
        if not rows:
            return paginate(queryset, ordering, size=size)
        return _page(rows[::-1], ordering, salt, has_next=True, has_previous=has_more)
    rows, has_more = _fetch(queryset, ordering, last, size)
    if last is not None and not rows:
        return paginate(queryset, ordering, size=size)
    return _page(rows, ordering, salt, has_next=has_more, has_previous=last is not None)


def walk(queryset: QuerySet, ordering, size=500):
    """Every row, some hundred at a time: what a long export reads."""
    last, has_more = None, True
    while has_more:
        rows, has_more = _fetch(queryset, ordering, last, size)
        yield from rows
        last = rows and [_value(rows[-1], name.lstrip("-")) for name in ordering]


def _fetch(queryset, ordering, last, size) -> tuple[list, bool]:
    queryset = queryset.order_by(*ordering)
    if last:
        queryset = queryset.filter(_after(ordering, last))
    rows = list(queryset[: size + 1])
    return rows[:size], len(rows) > size


def _turned(ordering) -> tuple:
    return tuple(name[1:] if name.startswith("-") else f"-{name}" for name in ordering)


def _page(rows, ordering, salt, *, has_next, has_previous) -> Page:
    if not rows:
        return Page(rows, "")
    return Page(
        rows, _write(rows[-1], ordering, salt) if has_next else "",
        _write(rows[0], ordering, salt + BACK) if has_previous else "",
    )  # fmt: skip


def _after(ordering, last) -> Q:
    """(a, b) after (x, y), as a ≥ x and (a > x or b > y), which an index can start from."""
    columns = [(name.lstrip("-"), "lt" if name.startswith("-") else "gt") for name in ordering]
    steps = zip(columns, last, strict=True)
    tail = None
    for (name, way), value in reversed(list(steps)):
        beyond = Q(**{f"{name}__{way}": value})
        tail = beyond if tail is None else Q(**{f"{name}__{way}e": value}) & (beyond | tail)
    return tail


def _write(row, ordering, salt) -> str:
    values = [_value(row, name.lstrip("-")) for name in ordering]
    return signing.dumps(values, salt=salt, serializer=_Serializer)


def _value(row, name):
    return getattr(row, name) if isinstance(row, tuple) else reduce(getattr, name.split("__"), row)


def _read(cursor, salt):
    """Signed, because what stands in it goes into the query; anything else is the first page."""
    try:
        return signing.loads(cursor, salt=salt, serializer=_Serializer) if cursor else None
    except signing.BadSignature:
        return None
