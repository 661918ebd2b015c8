"""Two versions of a plan, operation by operation."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from desk.charts import Bar, Gantt, GanttRow, Mark
from desk.text import when
from production.models import Operation


@dataclass(frozen=True)
class Difference:
    """One operation in the older and in the newer version; None where it is in one of them only."""

    old: Operation | None
    new: Operation | None

    @property
    def row(self) -> Operation:
        return self.new or self.old

    @property
    def is_changed(self) -> bool:
        return not (self.old and self.new) or _place(self.old) != _place(self.new)

    @property
    def shift_seconds(self) -> int | None:
        """How much later it ends; negative = earlier."""
        return int((self.new.ends_at - self.old.ends_at).total_seconds()) if self.old and self.new else None

    @property
    def text(self) -> str:
        said = {"operation": self.row, "centre": self.row.work_centre.code, "start": when(self.row.starts_at)}
        if self.old is None:
            return _("%(operation)s is new: %(centre)s, %(start)s") % said
        if self.new is None:
            return _("%(operation)s is not in it any more") % said
        said |= {"old_centre": self.old.work_centre.code, "old_start": when(self.old.starts_at)}
        return _("%(operation)s: %(centre)s, %(start)s instead of %(old_centre)s, %(old_start)s") % said


def _place(row):
    return row.starts_at, row.ends_at, row.work_centre_id, row.slot


def differences(old, new) -> list[Difference]:
    found = {}
    for at, plan in enumerate((old, new)):
        for row in plan.operations.select_related("work_centre", "line"):
            found.setdefault((row.line.position, row.number), [None, None])[at] = row
    return [Difference(*found[key]) for key in sorted(found)]


def finish(rows) -> datetime | None:
    return max((row.ends_at for row in rows if row), default=None)


def chart(found, *, promised_at, label) -> Gantt | None:
    """The newer version as bars, the older one thin and grey below them."""
    rows = [each for pair in found for each in (pair.old, pair.new) if each]
    if not rows:
        return None
    start, end = min(row.starts_at for row in rows), max([promised_at, *(row.ends_at for row in rows)])
    return Gantt(
        [GanttRow(str(pair.row), [
            *([Bar(pair.new.starts_at, pair.new.ends_at, pair.new.work_centre.code)] if pair.new else []),
            *([Bar(pair.old.starts_at, pair.old.ends_at, "", "base")] if pair.old else []),
        ]) for pair in found],
        start, end + (end - start) * 0.05, marks=[Mark(promised_at, _("Promised"))], label=label,
    )
