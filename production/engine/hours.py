"""When a slot works: wall-clock time and working time, turned into one another by bisection."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

Span = tuple[int, int]  # seconds since the epoch, open from the first to the second
LONGEST_SPAN = 7 * 24 * 3600
LONGEST_WAIT = 800 * 24 * 3600  # two that share no moment for so long never will


class NoHours(ValueError):
    """The slot works no longer: nothing can be placed."""


class Hours:
    """Open spans, read from their source as far as they are asked for.

    A position is the working time since the origin; work lies without gaps on that axis, over nights and
    weekends, so that a free gap is long enough where its two ends lie far enough apart.
    """

    def __init__(self, spans: Iterable[Span]):
        self._source = merged(spans)
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._positions: list[int] = []  # of each span's start
        self._reach = 0  # the position of the last span's end

    def position(self, moment: int) -> int:
        """The working time that has passed at a moment."""
        while (not self._ends or self._ends[-1] < moment) and self._read():
            pass
        at = bisect_right(self._starts, moment) - 1
        if at < 0:
            return 0
        return self._positions[at] + min(moment, self._ends[at]) - self._starts[at]

    def start(self, position: int) -> int:
        """The moment at which work goes on from a position: where a span ends, the next one's start."""
        while self._reach <= position:
            if not self._read():
                raise NoHours
        at = bisect_right(self._positions, position) - 1
        return self._starts[at] + position - self._positions[at]

    def end(self, position: int) -> int:
        """The moment at which a position is reached: where a span ends, that end."""
        while self._reach < position or not self._starts:
            if not self._read():
                raise NoHours
        at = max(0, bisect_left(self._positions, position) - 1)
        return self._starts[at] + position - self._positions[at]

    def _read(self) -> bool:
        span = next(self._source, None)
        if span is None:
            return False
        self._starts.append(span[0])
        self._ends.append(span[1])
        self._positions.append(self._reach)
        self._reach += span[1] - span[0]
        return True

    def spans(self) -> Iterator[Span]:
        at = 0
        while at < len(self._starts) or self._read():
            yield self._starts[at], self._ends[at]
            at += 1


def merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans in order of their start, those that touch or overlap made one.

    Who never closes gets weeks one after the other: one span of all time would never be read to its end.
    """
    held = None
    for start, end in spans:
        if end <= start:
            continue
        if held and start <= held[1] and held[1] - held[0] < LONGEST_SPAN:
            held = held[0], max(held[1], end)
            continue
        if held:
            yield held
            start = max(start, held[1])
        held = (start, end) if end > start else None
    if held:
        yield held


def without(spans: Iterable[Span], closed: Iterable[Span]) -> Iterator[Span]:
    """Spans less the times of `closed`, both in order of their start."""
    closed = list(merged(sorted(closed)))
    for start, end in spans:
        for shut, opened in closed:
            if opened <= start or shut >= end:
                continue
            if shut > start:
                yield start, shut
            start = max(start, opened)
        if start < end:
            yield start, end


def intersection(*all_hours: Hours) -> Hours:
    """When all of them work."""
    first, *others = all_hours
    return Hours(_shared(first, intersection(*others))) if others else first


def _shared(first: Hours, second: Hours) -> Iterator[Span]:
    left, right = first.spans(), second.spans()
    a, b = next(left, None), next(right, None)
    last = a and a[1]
    while a and b and max(a[0], b[0]) - last <= LONGEST_WAIT:
        if min(a[1], b[1]) > max(a[0], b[0]):
            last = min(a[1], b[1])
            yield max(a[0], b[0]), last
        if a[1] <= b[1]:
            a = next(left, None)
        else:
            b = next(right, None)
