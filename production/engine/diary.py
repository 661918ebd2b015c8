"""What each slot is free for. Gaps are kept, not bookings: a full slot costs nothing to search."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping

from production.engine.hours import Hours, intersection
from production.engine.model import Booking, Centre, Way

FOREVER = 1 << 60


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
        starts, ends = [], []
        for at in range(first, last):
            if self.starts[at] < start:
                starts.append(self.starts[at])
                ends.append(start)
            if self.ends[at] > end:
                starts.append(end)
                ends.append(self.ends[at])
        self.starts[first:last], self.ends[first:last] = starts, ends
        self.taken_by[end] = label


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
        self._shared_hours: dict[tuple, Hours] = {}
        for booking in bookings:
            self.book(booking)

    def fork(self) -> "Diary":
        other = Diary(self.centres)
        other._gaps, other._shared_hours = dict(self._gaps), self._shared_hours
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
        if self._has(booking):
            self._owned((booking.centre, booking.slot)).take(*self._positions(booking), booking.label)

    def release(self, booking: Booking) -> None:
        """Take back what was booked alone; whoever overlaps it is to be booked again."""
        if self._has(booking):
            self._owned((booking.centre, booking.slot)).give_back(*self._positions(booking))

    def is_free(self, booking: Booking) -> bool:
        return self._has(booking) and self.gaps(booking.centre, booking.slot).is_free(*self._positions(booking))

    def _has(self, booking) -> bool:
        """A slot that the work centre had once may be gone."""
        centre = self.centres.get(booking.centre)
        return bool(centre and 1 <= booking.slot <= len(centre.slots))

    def _positions(self, booking) -> tuple[int, int]:
        hours = self.hours(booking.centre, booking.slot)
        return hours.position(booking.start), hours.position(booking.end)

    def find(self, way: Way, earliest: int, not_done_before: int = 0):
        """(end, start, slots, what stood in the way): where the way is done first, not before `earliest`."""
        if way.also:
            return self._find_together(way, earliest, not_done_before)
        best = None
        for slot in range(1, len(self.centres[way.centre].slots) + 1):
            found = self._find_alone(way, slot, earliest, not_done_before, best)
            best = found or best
        return best

    def _find_alone(self, way, slot, earliest, not_done_before, best):
        hours, gaps = self.hours(way.centre, slot), self.gaps(way.centre, slot)
        seconds, ready = max(way.seconds, 1), hours.position(earliest)
        least_end = hours.position(not_done_before) if not_done_before else 0
        for at in range(gaps.first(ready), len(gaps.starts)):
            begin = max(gaps.starts[at], ready)
            until = max(begin + seconds, least_end)
            if until > gaps.ends[at]:
                continue
            start, end = hours.start(begin), hours.end(until)
            end = max(end, not_done_before)
            if best and (end, start) >= best[:2]:
                return None
            blocker = gaps.taken_by.get(begin, "") if begin > ready else ""
            return end, start, ((way.centre, slot),), blocker
        return None

    def _find_together(self, way, earliest, not_done_before):
        best = None
        for slots in self._combinations(way.centres):
            found = self._first_together(way, slots, earliest, not_done_before)
            if found and (best is None or found[:3] < best[:3]):
                best = found
        return best

    def _combinations(self, centres):
        found = [()]
        for code in centres:
            slots = range(1, len(self.centres[code].slots) + 1)
            found = [(*held, (code, slot)) for held in found for slot in slots if (code, slot) not in held]
        return found

    def _first_together(self, way, slots, earliest, not_done_before):
        """Try the earliest moment; where a slot is taken, try again when it is free."""
        shared, moment, blocker = self._shared(slots), earliest, ""
        while True:
            begin = shared.position(moment)
            start, end = shared.start(begin), shared.end(begin + max(way.seconds, 1))
            end = max(end, not_done_before)
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

    def _shared(self, slots) -> Hours:
        if slots not in self._shared_hours:
            self._shared_hours[slots] = intersection(*(self.hours(*slot) for slot in slots))
        return self._shared_hours[slots]
