"""Pages of a long list by the last row's values, so that page 1,000 costs what page 1 costs."""

import json
from dataclasses import dataclass
from functools import reduce

from django.core import signing
from django.db.models import Q, QuerySet


@dataclass(frozen=True)
class Page:
    rows: list
    next_cursor: str  # empty on the last page

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
    """`ordering`: columns without NULL, the last one unique. A cursor of another list or order starts anew."""
    salt = "keyset:" + ",".join(ordering)
    queryset = queryset.order_by(*ordering)
    if last := _read(cursor, salt):
        queryset = queryset.filter(_after(ordering, last))
    rows = list(queryset[: size + 1])
    is_last = len(rows) <= size
    rows = rows[:size]
    return Page(rows, "" if is_last else _write(rows[-1], ordering, salt))


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
    values = [reduce(getattr, name.lstrip("-").split("__"), row) for name in ordering]
    return signing.dumps(values, salt=salt, serializer=_Serializer)


def _read(cursor, salt):
    """Signed, because what stands in it goes into the query; anything else is the first page."""
    try:
        return signing.loads(cursor, salt=salt, serializer=_Serializer) if cursor else None
    except signing.BadSignature:
        return None
