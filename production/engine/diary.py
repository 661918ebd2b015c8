"""What each slot is free for. Gaps are kept, not bookings: a full slot costs nothing to search."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping

from production.engine.hours import Hours, NoHours, intersection
from production.engine.model import Booking, Centre, Way

FOREVER = 1 << 60
Slots = tuple[tuple[str, int], ...]
LastLots = Iterable[tuple[int, int]]


class Gaps:
    """The free gaps of one slot, in working time; `taken_by[position]`: whose booking ends where a gap begins."""

    __slots__ = ("ends", "starts", "taken_by")

    def __init__(self, starts=(0,), ends=(FOREVER,), taken_by=None):
        self.starts, self.ends, self.taken_by = list(starts), list(ends), dict(taken_by or {})

    def copy(self) -> "Gaps":
        return Gaps(self.starts, self.ends, self.taken_by)

    def first(self, position: int) -> int:
        """The index of the first gap that ends after a position."""
        return bisect_right(self.ends, position)

    def is_free(self, start: int, end: int) -> bool:
        at = bisect_right(self.starts, start) - 1
        return at >= 0 and end <= self.ends[at]

    def take(self, start: int, end: int, label: str) -> None:
        """Book a stretch; what of it is taken already stays taken."""
        if end <= start:
            return
        first, last = bisect_right(self.ends, start), bisect_left(self.starts, end)
        self.taken_by[end] = label
        if last - first == 1 and self.starts[first] == start and end < self.ends[first]:  # the front of one gap
            self.starts[first] = end
            return
        starts, ends = [], []
        for at in range(first, last):
            if self.starts[at] < start:
                starts.append(self.starts[at])
                ends.append(start)
            if self.ends[at] > end:
                starts.append(end)
                ends.append(self.ends[at])
        self.starts[first:last], self.ends[first:last] = starts, ends

    def give_back(self, start: int, end: int) -> None:
        """Free a stretch that one booking took; it grows together with the gaps beside it."""
        if end <= start:
            return
        first, last = bisect_left(self.ends, start), bisect_right(self.starts, end)
        if first < last:
            start, end = min(start, self.starts[first]), max(end, self.ends[last - 1])
        self.starts[first:last], self.ends[first:last] = [start], [end]


class Diary:
    """The gaps of all slots. `fork` is cheap: a slot is copied when it is booked first."""

    def __init__(self, centres: Mapping[str, Centre], bookings: Iterable[Booking] = ()):
        self.centres = centres
        self._gaps: dict[tuple[str, int], Gaps] = {}
        self._own: set[tuple[str, int]] = set()
        self._shared_hours: dict[Slots, Hours] = {}
        self._combinations: dict[tuple[str, ...], list[Slots]] = {}
        for booking in sorted(bookings, key=lambda booking: (booking.start, booking.end, booking.label)):
            self.book(booking)

    def fork(self) -> "Diary":
        other = Diary(self.centres)
        other._gaps, other._shared_hours = dict(self._gaps), self._shared_hours
        other._combinations = self._combinations
        self._own = set()  # from now on shared
        return other

    def hours(self, centre: str, slot: int) -> Hours:
        return self.centres[centre].slots[slot - 1]

    def gaps(self, centre: str, slot: int) -> Gaps:
        return self._gaps.get((centre, slot)) or self._owned((centre, slot))

    def _owned(self, key) -> Gaps:
        if key not in self._own:
            there = self._gaps.get(key)
            self._gaps[key] = there.copy() if there else Gaps()
            self._own.add(key)
        return self._gaps[key]

    def book(self, booking: Booking) -> None:
        if self._has((booking.centre, booking.slot)):
            self._owned((booking.centre, booking.slot)).take(*self._positions(booking), booking.label)

    def hold(self, slots: Slots, start: int, end: int, label: str) -> None:
        """Book slots that are known to be there."""
        for slot in slots:
            hours = self.hours(*slot)
            self._owned(slot).take(hours.position(start), hours.position(end), label)

    def spots(self, slots: Slots, start: int, end: int) -> tuple | None:
        """What `take_back` takes: looked up once for places that are tried again and again. None where one is gone."""
        if not all(self._has(slot) for slot in slots):
            return None
        return tuple((slot, self.hours(*slot).position(start), self.hours(*slot).position(end)) for slot in slots)

    def take_back(self, spots, label: str) -> bool:
        """Book a place that something had before, if it is free."""
        if not spots or not all(self.gaps(*slot).is_free(start, end) for slot, start, end in spots):
            return False
        for slot, start, end in spots:
            self._owned(slot).take(start, end, label)
        return True

    def release(self, booking: Booking) -> None:
        """Take back what was booked alone; whoever overlaps it is to be booked again."""
        if self._has((booking.centre, booking.slot)):
            self._owned((booking.centre, booking.slot)).give_back(*self._positions(booking))

    def _has(self, slot: tuple[str, int]) -> bool:
        """A slot that the work centre had once may be gone."""
        centre = self.centres.get(slot[0])
        return bool(centre and 1 <= slot[1] <= len(centre.slots))

    def _positions(self, booking) -> tuple[int, int]:
        hours = self.hours(booking.centre, booking.slot)
        return hours.position(booking.start), hours.position(booking.end)

    def find(self, way: Way, earliest: int, last_lots: LastLots = ()):
        """(end, start, slots, what stood in the way): where the way is done first, not before `earliest`.

        `last_lots`: (moment, seconds): so much of the work is left to do then. None where it can never be done.
        """
        best = None
        for slots in self.combinations(way):
            found = self.find_at(way, slots, earliest, last_lots, best)
            best = found or best
        return best

    def find_at(self, way: Way, slots: Slots, earliest: int, last_lots: LastLots = (), best=None):
        """The same at these slots; None also where it is not better than `best`."""
        try:
            find = self._find_alone if len(slots) == 1 else self._find_together
            return find(way, slots, earliest, last_lots, best)
        except NoHours:
            return None

    def combinations(self, way: Way) -> list[Slots]:
        """The slots that the way may hold, one of each of its centres; where it holds one twice, two different."""
        found = self._combinations.get(way.centres)
        if found is None:
            found = [()]
            for code in way.centres:
                slots = range(1, len(self.centres[code].slots) + 1)
                found = [(*held, (code, slot)) for held in found for slot in slots if (code, slot) not in held]
            self._combinations[way.centres] = found
        return found

    def _find_alone(self, way, slots, earliest, last_lots, best):
        (code, slot), = slots
        hours, gaps = self.hours(code, slot), self.gaps(code, slot)
        ready, seconds, least_end = hours.position(earliest), max(way.seconds, 1), _least_end(hours, last_lots)
        starts, ends = gaps.starts, gaps.ends
        for at in range(gaps.first(ready), len(starts)):
            begin = starts[at] if starts[at] > ready else ready
            until = begin + seconds
            if until < least_end:
                until = least_end
            if until <= ends[at]:
                break
        start, end = hours.start(begin), hours.end(until)
        if best and (end, start) >= best[:2]:
            return None
        return end, start, slots, gaps.taken_by.get(begin, "") if begin > ready else ""

    def _find_together(self, way, slots, earliest, last_lots, best):
        """Try the earliest moment; where a slot is taken, try again when it is free."""
        shared, moment, blocker = self.shared_hours(slots), earliest, ""
        least_end = _least_end(shared, last_lots)
        while True:
            begin = shared.position(moment)
            start, end = shared.start(begin), shared.end(max(begin + max(way.seconds, 1), least_end))
            if best and (end, start) >= best[:2]:
                return None
            later = [self._free_from(slot, start, end) for slot in slots]
            worst = max(later, key=lambda found: found[0])
            if worst[0] <= start:
                return end, start, slots, blocker
            moment, blocker = worst

    def _free_from(self, slot, start, end):
        """(the moment from which the slot has a gap that is not over yet, who holds it until then)."""
        hours, gaps = self.hours(*slot), self.gaps(*slot)
        begin, until = hours.position(start), hours.position(end)
        if gaps.is_free(begin, until):
            return start, ""
        at = bisect_right(gaps.starts, begin)
        return max(start + 1, hours.start(gaps.starts[at])), gaps.taken_by.get(gaps.starts[at], "")

    def shared_hours(self, slots: Slots) -> Hours:
        if len(slots) == 1:
            return self.hours(*slots[0])
        if slots not in self._shared_hours:
            self._shared_hours[slots] = intersection(*(self.hours(*slot) for slot in slots))
        return self._shared_hours[slots]


def _least_end(hours, last_lots) -> int:
    return max(hours.position(moment) + seconds for moment, seconds in last_lots) if last_lots else 0
