"""Forward planning with finite capacity, without the ORM.

Operations of a chain run one after the other; each takes the slot of its work centre where it ends
earliest, in a gap between what is booked already, inside the working calendar, never in the past.
Same input, same plan.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sla.worktime import Calendar


class Wait(StrEnum):
    NOTHING = ""
    MATERIAL = "material"
    QUEUE = "queue"
    CLOSED = "closed"
    NOT_BEFORE = "not_before"


@dataclass(frozen=True)
class Centre:
    code: str
    slots: int
    calendar: Calendar


@dataclass(frozen=True)
class Booking:
    """A slot that is taken; `label` says by what."""

    centre: str
    slot: int
    start: datetime
    end: datetime
    label: str = ""


@dataclass(frozen=True)
class Gate:
    """A material that is not here before `at`."""

    label: str
    at: datetime


@dataclass(frozen=True)
class Operation:
    """`seconds` of work for all pieces; `lot_seconds` until the first lot can go on, None = all together.

    `fixed` operations keep the place they have: they run already.
    """

    key: object
    chain: int
    number: int
    centre: str
    seconds: int
    lot_seconds: int | None = None
    gates: tuple[Gate, ...] = ()
    not_before: datetime | None = None
    fixed: Booking | None = None
    label: str = ""


@dataclass(frozen=True)
class Placed:
    key: object
    chain: object
    number: int
    centre: str
    slot: int
    start: datetime
    end: datetime
    wait: Wait = Wait.NOTHING
    wait_label: str = ""
    ready: datetime | None = None  # when the operation before let it start

    @property
    def waited(self) -> timedelta:
        return self.start - self.ready if self.ready else timedelta()


@dataclass(frozen=True)
class Schedule:
    rows: tuple[Placed, ...]
    finish: datetime | None = None

    @property
    def bottleneck(self) -> Placed | None:
        """Whatever is waited for longest."""
        waiting = [row for row in self.rows if row.wait]
        return max(waiting, key=lambda row: row.waited, default=None)


@dataclass
class _Diary:
    """The bookings of each slot, in order of their start."""

    slots: dict = field(default_factory=dict)

    def of(self, centre, slot) -> list[Booking]:
        return self.slots.setdefault((centre, slot), [])

    def book(self, booking):
        taken = self.of(booking.centre, booking.slot)
        taken.append(booking)
        taken.sort(key=lambda other: (other.start, other.end, other.label))


def plan(
    operations: Iterable[Operation], *, centres: Mapping[str, Centre], bookings: Iterable[Booking] = (), now: datetime
) -> Schedule:
    diary = _Diary()
    ordered = sorted(operations, key=lambda operation: (operation.chain, operation.number))
    for booking in [*bookings, *(operation.fixed for operation in ordered if operation.fixed)]:
        diary.book(booking)
    rows, before = [], {}
    for operation in ordered:
        row = _place(operation, before.get(operation.chain), centres, diary, now)
        rows.append(row)
        before[operation.chain] = (operation, row)
    return Schedule(tuple(rows), max((row.end for row in rows), default=None))


def _place(operation, before, centres, diary, now) -> Placed:
    centre = centres[operation.centre]
    if operation.fixed:
        there = operation.fixed
        return Placed(operation.key, operation.chain, operation.number, centre.code, there.slot, there.start, there.end)
    ready = max(now, _released(before, centres)) if before else now
    earliest, gate = _gated(operation, ready)
    last = _last_lot(operation, before, centre)
    slot, start, end, blocker = min(
        (_first_gap(operation, centre, slot, earliest, last, diary) for slot in range(1, centre.slots + 1)),
        key=lambda found: (found[2], found[1], found[0]),
    )
    diary.book(Booking(centre.code, slot, start, end, operation.label))
    wait, label = _why(start, ready, earliest, gate, blocker)
    return Placed(operation.key, operation.chain, operation.number, centre.code, slot, start, end, wait, label, ready)


def _released(before, centres) -> datetime:
    """When the operation before lets this one start: at its end, or with its first lot."""
    operation, row = before
    if operation.lot_seconds is None or operation.fixed:
        return row.end
    return min(row.end, centres[operation.centre].calendar.add(row.start, operation.lot_seconds))


def _last_lot(operation, before, centre) -> datetime | None:
    """An overlapping operation cannot end before it has worked on the last lot."""
    if not before or before[0].lot_seconds is None:
        return None
    pieces_share = min(1.0, before[0].lot_seconds / max(before[0].seconds, 1))
    return centre.calendar.add(before[1].end, operation.seconds * pieces_share)


def _gated(operation, ready) -> tuple[datetime, Gate | None]:
    gate = max(operation.gates, key=lambda gate: (gate.at, gate.label), default=None)
    earliest = max(ready, operation.not_before or ready)
    return (gate.at, gate) if gate and gate.at > earliest else (earliest, None)


def _first_gap(operation, centre, slot, earliest, last, diary):
    """(slot, start, end, what stood in the way) of the first gap that is long enough."""
    cursor, blocker = earliest, None
    for booking in diary.of(centre.code, slot):
        if booking.end <= cursor:
            continue
        start, end = _span(operation, centre, cursor, last)
        if end <= booking.start:
            return slot, start, end, blocker
        cursor, blocker = booking.end, booking
    return (slot, *_span(operation, centre, cursor, last), blocker)


def _span(operation, centre, cursor, last):
    start = open_from(centre.calendar, cursor)
    end = centre.calendar.add(start, max(operation.seconds, 1))
    return start, max(end, last) if last else end


def open_from(calendar: Calendar, moment: datetime) -> datetime:
    return moment if calendar.is_open(moment) else calendar.next_change(moment) or calendar.add(moment, 1)


def _why(start, ready, earliest, gate, blocker):
    if start <= ready:
        return Wait.NOTHING, ""
    if blocker and start >= blocker.end:
        return Wait.QUEUE, blocker.label
    if gate:
        return Wait.MATERIAL, gate.label
    return (Wait.NOT_BEFORE, "") if earliest > ready else (Wait.CLOSED, "")
