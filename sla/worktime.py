"""Work-time arithmetic, without the ORM.

A calendar turns wall-clock time into working time and back. Everything is computed on UTC
moments, so the process's own time zone and daylight saving change nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from unicodedata import normalize
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60
ONE_DAY = timedelta(days=1)
LONGEST_NIGHT = 12 * 60  # what crosses midnight and is longer was typed the wrong way round
SEPARATORS = str.maketrans({"–": "-", "—": "-", "~": "-", "至": "-", "、": ",", ";": ","})
HORIZON_DAYS = 800  # longer without one open minute means: closed for good

Span = tuple[int, int]  # minutes from midnight; an end above 1440 lies in the next day


class NoWorkingTime(ValueError):
    """The calendar has no open time left: a deadline cannot be computed."""


@dataclass(frozen=True)
class Calendar:
    """`week` is Monday to Sunday, `days` overrides single dates; a span belongs to the day it starts on."""

    zone: str
    week: tuple[tuple[Span, ...], ...]
    days: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)
    covered_until: date | None = None
    _cache: dict = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self):
        if len(self.week) != 7:
            raise ValueError("A week has seven days.")
        for spans in (*self.week, *self.days.values()):
            check_spans(spans)

    def add(self, moment: datetime, seconds: float) -> datetime:
        """The moment at which `seconds` of working time have passed."""
        if seconds <= 0:
            return moment
        left, cursor = timedelta(seconds=seconds), moment.astimezone(UTC)
        for start, end in self.spans_from(cursor):
            start = max(start, cursor)
            if end - start >= left:
                return start + left
            if end > start:
                left, cursor = left - (end - start), end
        raise NoWorkingTime(f"No working time after {moment:%Y-%m-%d}.")

    def between(self, earlier: datetime, later: datetime) -> float:
        """Seconds of working time; negative when the moments are the other way round."""
        if later < earlier:
            return -self.between(later, earlier)
        cursor, stop = earlier.astimezone(UTC), later.astimezone(UTC)
        total = timedelta()
        for start, end in self.spans_from(cursor):
            if start >= stop:
                break
            start, end = max(start, cursor), min(end, stop)
            if end > start:
                total, cursor = total + (end - start), end
        return total.total_seconds()

    def is_open(self, moment: datetime) -> bool:
        moment = moment.astimezone(UTC)
        start, _end = next(self.spans_from(moment), (None, None))
        return start is not None and start <= moment

    def open_from(self, moment: datetime) -> datetime:
        """The moment itself where it is open, else when it opens next. Raises NoWorkingTime where it never does."""
        for start, _end in self.spans_from(moment):
            return max(start, moment)
        raise NoWorkingTime(f"No working time after {moment:%Y-%m-%d}.")

    def next_change(self, moment: datetime) -> datetime | None:
        """When it opens or closes next; None when it never does."""
        cursor, opened = moment.astimezone(UTC), self.is_open(moment)
        for start, end in self.spans_from(cursor):
            if not opened:
                return start
            if start > cursor:
                return cursor
            cursor = max(cursor, end)
            if cursor - moment > HORIZON_DAYS * ONE_DAY:
                return None
        return cursor if opened else None

    def is_covered(self, moment: datetime) -> bool:
        """False when the holidays of that date are not known yet: the deadline is provisional."""
        return self.covered_until is None or moment.astimezone(ZoneInfo(self.zone)).date() <= self.covered_until

    def spans_from(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open spans that end after the moment, in order of their start; they may overlap or touch."""
        day = moment.astimezone(ZoneInfo(self.zone)).date() - 2 * ONE_DAY
        last_open = day
        while (day - last_open).days <= HORIZON_DAYS:
            for start, end in self._spans_of(day):
                last_open = day
                if end > moment:
                    yield start, end
            day += ONE_DAY

    def _spans_of(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        if day not in self._cache:
            spans = self.days.get(day, self.week[day.weekday()])
            pairs = ((self._moment(day, start), self._moment(day, end)) for start, end in sorted(spans))
            self._cache[day] = tuple((start, end) for start, end in pairs if end > start)
        return self._cache[day]

    def _moment(self, day: date, minute: int) -> datetime:
        local = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
        return local.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)


def check_spans(spans) -> None:
    for start, end in spans:
        if not (0 <= start < DAY_MINUTES and start < end <= start + DAY_MINUTES):
            raise ValueError(f"{start}–{end} is not a span of a day.")


def parse_spans(text: str) -> tuple[Span, ...]:
    """`08:00-12:00, 22:00-06:00` → minutes; an end not after its start lies in the next day."""
    spans = []
    plain = normalize("NFKC", text).translate(SEPARATORS)  # Chinese keyboards write ： and ，
    for part in filter(None, (piece.strip() for piece in plain.split(","))):
        start, separator, end = part.partition("-")
        if not separator:
            raise ValueError(f"“{part}” is not a span such as 08:00-12:00.")
        start, end = parse_minute(start), parse_minute(end)
        spans.append((start, end if end > start else end + DAY_MINUTES))
    check_spans(spans)
    return tuple(sorted(spans))


def parse_minute(text: str) -> int:
    hours, _, minutes = text.strip().partition(":")
    total = int(hours) * 60 + int(minutes or 0)
    if not (0 <= total <= DAY_MINUTES and 0 <= int(minutes or 0) < 60):
        raise ValueError(f"“{text}” is not a time of day.")
    return total


def is_backwards(span: Span) -> bool:
    """Whether it ends before it starts, and is no shift over midnight either."""
    start, end = span
    return end > DAY_MINUTES and end - start > LONGEST_NIGHT


def overlapping(spans, before=()) -> tuple[Span, Span] | None:
    """The first two that overlap; `before`: what the day before has, whose night shift may run into this day."""
    early = [(start - DAY_MINUTES, end - DAY_MINUTES) for start, end in before if end > DAY_MINUTES]
    ordered = sorted([*early, *spans])
    return next(((one, other) for one, other in pairwise(ordered) if other[0] < one[1]), None)


def format_spans(spans) -> str:
    return ", ".join(f"{clock(start)}-{clock(end)}" for start, end in spans)


def clock(minute: int) -> str:
    shown = minute if minute == DAY_MINUTES else minute % DAY_MINUTES
    return f"{shown // 60:02}:{shown % 60:02}"


ALWAYS = Calendar("UTC", (((0, DAY_MINUTES),),) * 7)
