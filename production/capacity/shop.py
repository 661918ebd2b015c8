"""The factory as it is at a moment: work centres with their hours, what is booked, who could give way."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from itertools import takewhile

from orders.models import Promise, UrgentOrder
from production import engine
from production.capacity.means import NOTHING, Means
from production.engine.hours import without
from production.models import Downtime, ExtraShift, Operation, WorkCentre
from production.routing import numbers_before
from sla.models import calendar_of
from sla.worktime import Calendar, parse_spans

GRID = timedelta(minutes=5)
LONGEST_PLAN = 2 * 366 * 86400  # seconds; what does not fit into two years is not planned
MORE_HOURS = {"has_overtime", "shifts", "extra_slot_at"}
OUTSIDE = 0  # the slot of an operation done outside: it holds none


def to_grid(moment: datetime) -> datetime:
    """Plans start at full five minutes, and not before now."""
    floor = grid_before(moment)
    return floor if floor == moment else floor + GRID


def grid_before(moment: datetime) -> datetime:
    return moment.replace(minute=moment.minute // 5 * 5, second=0, microsecond=0)


def seconds(moment: datetime) -> int:
    """As the engine counts."""
    return int(moment.timestamp())


def moment(count: int) -> datetime:
    return datetime.fromtimestamp(count, UTC)


def calendar_with(centre, *, overtime=False, shifts=()) -> Calendar:
    """The hours of a work centre, with overtime and extra shifts where they are worked."""
    extra = tuple((shift.weekdays, shift.hours) for shift in shifts)
    return _calendar(centre.calendar.edition_id, centre.overtime_hours if overtime else "", extra)


@lru_cache(maxsize=256)
def _calendar(edition_id, overtime, shifts) -> Calendar:
    calendar = calendar_of(edition_id)
    if not overtime and not shifts:
        return calendar
    more = partial(_spans_with, overtime=parse_spans(overtime), shifts=shifts)
    return Calendar(
        zone=calendar.zone,
        week=tuple(more(spans, weekday) for weekday, spans in enumerate(calendar.week)),
        days={day: more(spans, day.weekday()) for day, spans in calendar.days.items()},
        covered_until=calendar.covered_until,
    )


def _spans_with(spans, weekday, *, overtime, shifts):
    """Overtime on working days only; an extra shift on its weekdays."""
    extra = [span for days, hours in shifts if str(weekday + 1) in days for span in parse_spans(hours)]
    return (*spans, *(overtime if spans else ()), *extra)


@dataclass(frozen=True)
class Committed:
    """An unfinished operation of a plan in force."""

    pk: int
    order_id: int
    line_id: int
    number: int
    after: tuple | None
    is_begun: bool
    bookings: tuple[engine.Booking, ...]
    has_more_hours: bool  # its plan works overtime or extra shifts: moved, it would fall out of them
    label: str

    @property
    def key(self):
        return (self.line_id, self.number)


@dataclass
class Shop:
    """Read once, asked often: every remedy of a page stands on the same one."""

    now: datetime  # on the grid: the first moment that can be planned
    read_at: datetime
    centres: dict
    shifts: dict
    downtimes: dict
    committed: list[Committed]
    _hours: dict = field(default_factory=dict)

    def engine_centres(self, means: Means, codes: Iterable[str]) -> dict:
        return {code: self._centre(self.centres[code], means) for code in codes if code in self.centres}

    def _centre(self, centre, means) -> engine.Centre:
        slots = centre.slots + (means.extra_slot_at == centre.code)
        return engine.Centre(
            centre.code, tuple(self._slot_hours(centre, slot, means) for slot in range(1, slots + 1))
        )

    def calendar(self, centre, means: Means = NOTHING) -> Calendar:
        shifts = tuple(self.shifts[pk] for pk in means.shifts
                       if pk in self.shifts and self.shifts[pk].work_centre_id == centre.pk)
        return calendar_with(centre, overtime=means.has_overtime, shifts=shifts)

    def _slot_hours(self, centre, slot, means) -> engine.Hours:
        calendar = self.calendar(centre, means)
        down = tuple((start, end) for at, start, end in self.downtimes.get(centre.pk, ()) if at in (None, slot))
        key = (id(calendar), down)  # the calendar is kept, so that its id stays its own
        if key not in self._hours:
            self._hours[key] = calendar, engine.Hours(without(self._open(calendar), down))
        return self._hours[key][1]

    def _open(self, calendar):
        last = seconds(self.now) + LONGEST_PLAN
        spans = ((seconds(start), seconds(end)) for start, end in calendar.spans_from(self.now))
        return takewhile(lambda span: span[0] < last, spans)

    def bookings(self, *, without=(), codes=None) -> list[engine.Booking]:
        """`without`: orders whose operations are looked at as not there."""
        left_out = {order.pk for order in without}
        return [
            booking for row in self.committed if row.order_id not in left_out
            for booking in row.bookings if codes is None or booking.centre in codes
        ]

    def jobs(self, *, without=()) -> tuple[list[engine.Job], list[engine.Booking]]:
        """Other orders as they could move inside their own dates; and what cannot move at all."""
        left_out = {order.pk for order in without}
        rows = defaultdict(list)
        for row in self.committed:
            if row.order_id not in left_out:
                rows[row.order_id].append(row)
        due, fixed = due_of(rows), []
        jobs = []
        for order_id, operations in rows.items():
            if order_id in due and not any(row.has_more_hours for row in operations):
                jobs.append(self._job(order_id, operations, due[order_id]))
            else:
                fixed += [booking for row in operations for booking in row.bookings]
        return jobs, fixed

    def _job(self, order_id, rows, due) -> engine.Job:
        tasks, places, before = [], {}, numbers_before(rows)
        for row in rows:
            main, is_fixed = row.bookings[0], row.is_begun or row.bookings[0].start <= seconds(self.now)
            way = engine.Way(main.centre, self._work_of(main), tuple(b.centre for b in row.bookings[1:]))
            tasks.append(engine.Task(
                row.key, (way,), tuple((row.line_id, n) for n in before[row.key] if (row.line_id, n) in before),
                fixed=row.bookings if is_fixed or main.slot == OUTSIDE else (), label=row.label, order=order_id,
            ))
            places[row.key] = engine.Placed(
                row.key, main.start, main.end, tuple((b.centre, b.slot) for b in row.bookings), way
            )
        return engine.Job(order_id, tuple(tasks), places, due)

    def _work_of(self, booking) -> int:
        """Working seconds between its start and its end."""
        hours = self._slot_hours(self.centres[booking.centre], max(booking.slot, 1), NOTHING)
        return max(1, hours.position(booking.end) - hours.position(booking.start))


def read_shop(*, now: datetime) -> Shop:
    """Five queries, whatever the number of orders."""
    read_at, now = now, to_grid(now)
    downtimes = defaultdict(list)
    for row in Downtime.objects.living().filter(ends_at__gt=now):
        downtimes[row.work_centre_id].append((row.slot, seconds(row.starts_at), seconds(row.ends_at)))
    centres = {centre.code: centre for centre in WorkCentre.objects.select_related("calendar")}
    shifts = {shift.pk: shift for shift in ExtraShift.objects.active().select_related("work_centre")}
    return Shop(now, read_at, centres, shifts, downtimes, _read_committed(centres, now))


COMMITTED = (
    "pk", "plan__order_id", "plan__order__number", "line_id", "number", "name", "after", "work_centre__code", "slot",
    "second_work_centre__code", "second_slot", "starts_at", "ends_at", "work_seconds", "quantity", "step__made",
    "step__started_at", "plan__means",
)


def _read_committed(centres, now) -> list[Committed]:
    rows = Operation.objects.committed().order_by("plan__order_id", "line_id", "number").values_list(*COMMITTED)
    return [_committed(row, centres, now) for row in rows]


def _committed(row, centres, now) -> Committed:
    """What should be over but is not still takes its time, from now on."""
    (pk, order_id, order, line, number, name, after, centre, slot, second, second_slot, start, end, work, quantity,
     made, started_at, means) = row
    is_begun = bool(started_at or made)
    if end <= now or (start < now and not started_at):
        left = work * max(0, quantity - made) / quantity
        start, end = now, calendar_with(centres[centre]).add(now, max(60, left))
    label = f"{order} · {number} {name}"
    held = [(centre, slot), (second, second_slot)] if second else [(centre, slot)]
    bookings = tuple(engine.Booking(code, at, seconds(start), seconds(end), label, order_id) for code, at in held)
    return Committed(pk, order_id, line, number, None if after is None else tuple(after), is_begun, bookings,
                     bool(MORE_HOURS & means.keys()), label)


def due_of(orders) -> dict:
    """{order: seconds} the promise in force, else what the customer asked for; not of orders on hold."""
    living = UrgentOrder.objects.filter(pk__in=orders, hold__isnull=True)
    due = dict(living.values_list("pk", "required_at"))
    for order_id, promised_at in Promise.objects.filter(order__in=due).order_by("pk").values_list(
        "order_id", "promised_at"
    ):
        due[order_id] = promised_at
    return {order_id: seconds(at) for order_id, at in due.items()}


def shop_without(shop: Shop, order) -> Shop:
    """The shop as if the operations of an order that have not begun were not there."""
    return replace(shop, committed=[row for row in shop.committed if row.order_id != order.pk or row.is_begun])


@dataclass(frozen=True)
class Taken:
    """A slot that is taken, in moments."""

    centre: str
    slot: int
    start: datetime
    end: datetime
    label: str = ""

    def meets(self, other: "Taken") -> bool:
        is_same = (self.centre, self.slot) == (other.centre, other.slot)
        return is_same and self.slot != OUTSIDE and self.start < other.end and self.end > other.start


def held_by(operation, label="") -> list[Taken]:
    """The slots that an operation of a plan holds."""
    held = [(operation.work_centre, operation.slot), (operation.second_work_centre, operation.second_slot)]
    return [Taken(centre.code, slot, operation.starts_at, operation.ends_at, label or str(operation))
            for centre, slot in held if centre]


def read_bookings(*, now, without=(), gives_way=None, shop=None) -> list[Taken]:
    """The unfinished operations of all plans in force.

    `gives_way`: an order whose operations that have not begun are looked at as free. `shop`: one read already.
    """
    shop = shop or read_shop(now=now)
    if gives_way:
        shop = shop_without(shop, gives_way)
    return [
        Taken(booking.centre, booking.slot, moment(booking.start), moment(booking.end), booking.label)
        for booking in shop.bookings(without=without)
    ]
