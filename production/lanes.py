"""The planner's board: a lane for each slot of each work centre, a bar for each operation of a plan in force."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from desk.charts import Gantt, GanttRow, Mark, layout, place
from desk.text import duration, when
from orders.models import Promise, UrgentOrder
from production import capacity
from production.models import Downtime, Operation, TimeSegment, WorkCentre

LINE, HEAD = 34, 38  # pixels of a lane and of the head, as .gantt has them
SPANS = {1: gettext_lazy("1 day"), 3: gettext_lazy("3 days"), 7: gettext_lazy("Week")}
MOST_CLOSED = 60
STATES = {
    "running": gettext_lazy("Running"), "begun": pgettext_lazy("operation", "Begun"),
    "waiting": gettext_lazy("Waiting"),
}


@dataclass(frozen=True)
class Window:
    starts_at: datetime
    days: int

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(days=self.days)

    @property
    def earlier(self) -> str:
        return _stamp(self.starts_at - timedelta(days=self.days))

    @property
    def later(self) -> str:
        return _stamp(self.ends_at)

    @property
    def stamp(self) -> str:
        return _stamp(self.starts_at)

    @property
    def seconds(self) -> int:
        return self.days * 86400


def _stamp(moment) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M}"


def window(query, now) -> Window:
    """From the address; what cannot be read is the default: from the hour before now, three days."""
    days = int(query["days"]) if query.get("days") in map(str, SPANS) else 3
    hour = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    try:
        start = timezone.make_aware(datetime.strptime(query.get("from", ""), "%Y-%m-%dT%H:%M"))
    except ValueError:
        start = hour
    return Window(start, days)


@dataclass
class Bar:
    operation: Operation
    state: str
    is_open: bool  # whether the reader sees the order
    is_past_node: bool
    late_seconds: int  # after the promise; negative = to spare; None where nothing was promised
    x: float = 0
    width: float = 0
    y: int = 0

    @property
    def may_move(self) -> bool:
        return self.is_open and self.state == "waiting"

    @property
    def is_late(self) -> bool:
        return self.is_past_node or (self.late_seconds or 0) > 0

    @property
    def late_text(self) -> str:
        if self.is_past_node:
            return _("past its time node")
        if self.late_seconds is None:
            return ""
        text = _("%(time)s after the promise") if self.late_seconds > 0 else _("%(time)s to spare")
        return text % {"time": duration(self.late_seconds)}

    @property
    def state_text(self):
        return STATES[self.state]

    @property
    def label(self) -> str:
        order = str(self.operation.plan.order) if self.is_open else _("another order")
        return f"{order} · {self.operation}"

    @property
    def short(self) -> str:
        """In a bar there is room for the last figures of the order's number."""
        order, _dot, rest = self.label.partition(" · ")
        return f"{order.rpartition('-')[2]} · {rest}"

    @property
    def title(self) -> str:
        row = self.operation
        return _(", ").join(filter(None, [
            self.label, f"{when(row.starts_at)} – {when(row.ends_at)}", str(self.state_text), self.late_text,
        ]))


@dataclass
class Lane:
    centre: WorkCentre
    slot: int
    y: int
    bars: list = field(default_factory=list)
    closed: list = field(default_factory=list)
    down: list = field(default_factory=list)

    @property
    def place(self) -> str:
        return f"{self.centre.code}/{self.slot}"

    @property
    def label(self) -> str:
        return f"{self.centre.code} / {self.slot}" if self.centre.slots > 1 else self.centre.code


@dataclass
class Board:
    window: Window
    lanes: list
    bars: list
    downtimes: list
    at: dict
    height: int


def board(user, *, window, now, centre="") -> Board:
    centres = list(WorkCentre.objects.active().select_related("calendar"))
    shown = [each for each in centres if not centre or each.code == centre]
    lanes = _lanes(shown, window)
    chart = Gantt(
        [GanttRow(lane.label, ()) for lane in lanes], window.starts_at, window.ends_at,
        marks=[Mark(now, _("Now"), "now")] if window.starts_at <= now <= window.ends_at else (),
    )
    by_place = {(lane.centre.pk, lane.slot): lane for lane in lanes}
    bars = list(_bars(user, shown, window, now))
    for bar in bars:
        _stand(bar, by_place, chart)
    downtimes = list(_downtimes(shown, window))
    for downtime in downtimes:
        _close(downtime, lanes, chart)
    bars.sort(key=lambda bar: (bar.operation.work_centre.code, bar.operation.slot, bar.operation.starts_at))
    return Board(window, lanes, bars, downtimes, layout(chart), HEAD + LINE * len(lanes))


def _lanes(centres, window) -> list[Lane]:
    lanes = []
    for centre in centres:
        closed = _closed(capacity.calendar_with(centre), window)
        for slot in range(1, centre.slots + 1):
            lanes.append(Lane(centre, slot, HEAD + LINE * len(lanes), closed=closed))
    return lanes


def _closed(calendar, window) -> list[dict]:
    """The hours without a shift."""
    cursor, found = window.starts_at, []
    while cursor < window.ends_at and len(found) < MOST_CLOSED:
        change = calendar.next_change(cursor)
        end = min(change or window.ends_at, window.ends_at)
        if not calendar.is_open(cursor):
            found.append(_span(window, cursor, end))
        if change is None or change <= cursor:
            break
        cursor = change
    return found


def _span(window, start, end) -> dict:
    chart = Gantt((), window.starts_at, window.ends_at)
    left = place(chart, start)
    return {"x": left, "width": round(max(0.1, place(chart, end) - left), 2)}


def _bars(user, centres, window, now):
    promised = Promise.objects.filter(order=OuterRef("plan__order")).order_by("-pk").values("promised_at")[:1]
    open_orders = UrgentOrder.objects.visible_to(user).filter(pk=OuterRef("plan__order"))
    here = Q(starts_at__lt=window.ends_at, ends_at__gt=window.starts_at)
    if window.starts_at <= now <= window.ends_at:  # what should be over but is not still takes its place
        here |= Q(ends_at__lte=window.starts_at)
    rows = Operation.objects.committed().filter(here, work_centre__in=centres)
    rows = rows.select_related("plan__order__customer", "step", "work_centre").annotate(
        promised_at=Subquery(promised), is_open=Exists(open_orders),
        is_running=Exists(TimeSegment.objects.running().filter(step=OuterRef("step"))),
    )
    for row in rows.order_by("starts_at", "pk"):
        state = "running" if row.is_running else "begun" if row.step.started_at or row.step.made else "waiting"
        late = int((row.ends_at - row.promised_at).total_seconds()) if row.promised_at else None
        yield Bar(row, state, row.is_open, row.ends_at < now, late)


def _stand(bar, lanes, chart):
    lane = lanes.get((bar.operation.work_centre_id, bar.operation.slot))
    if lane is None or bar.operation.ends_at <= chart.starts_at:  # only the table says it
        return
    bar.x = place(chart, bar.operation.starts_at)
    bar.width = round(max(0.15, place(chart, bar.operation.ends_at) - bar.x), 2)
    bar.y = lane.y + 4
    lane.bars.append(bar)


def _downtimes(centres, window):
    return Downtime.objects.living().filter(
        work_centre__in=centres, starts_at__lt=window.ends_at, ends_at__gt=window.starts_at
    ).select_related("work_centre", "recorded_by")


def _close(downtime, lanes, chart):
    for lane in lanes:
        if lane.centre.pk == downtime.work_centre_id and downtime.slot in (None, lane.slot):
            left = place(chart, downtime.starts_at)
            width = round(max(0.15, place(chart, downtime.ends_at) - left), 2)
            lane.down.append({"x": left, "width": width, "downtime": downtime})
