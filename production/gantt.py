"""The plan as a drawing: plain geometry for an SVG, without the ORM. The table beside it says the same."""

from dataclasses import dataclass
from datetime import datetime, timedelta

WIDTH, LEFT, ROW, TOP = 826, 180, 34, 40
MOST_CLOSED = 80


@dataclass(frozen=True)
class Row:
    """`before`: (start, end) it has otherwise, drawn thin below. `kind`: operation, material or moved."""

    label: str
    start: datetime
    end: datetime
    before: tuple | None = None
    kind: str = "operation"


@dataclass(frozen=True)
class Bar:
    y: int
    x: float
    width: float
    label: str
    note: str
    note_x: float
    note_anchor: str
    tone: str
    before: tuple | None = None  # (x, width)


@dataclass(frozen=True)
class Mark:
    x: float
    label: object
    anchor: str = "start"
    text_x: float = 0


@dataclass(frozen=True)
class Chart:
    width: int
    height: int
    left: int
    top: int
    bars: tuple
    days: tuple
    closed: tuple  # (x, width)
    now: Mark
    required: Mark | None


def draw(rows, *, now, required, calendar, zone, day_label, span_label) -> Chart | None:
    """The labels are the caller's, in the reader's language."""
    rows = [row for row in rows if row.end > now]
    if not rows:
        return None
    finish = max(row.end for row in rows if row.kind == "operation" or len(rows) == 1)
    finish = max([finish, *(row.before[1] for row in rows if row.before and row.kind == "operation")])
    is_near = required and now < required <= now + 3 * (finish - now)
    scale = _Scale(now, max(finish, required) if is_near else finish)
    height = TOP + ROW * len(rows) + 6
    bars = tuple(_bar(scale, index, row, required, span_label) for index, row in enumerate(rows))
    return Chart(
        WIDTH, height, LEFT, TOP, bars, tuple(_days(scale, zone, day_label)), tuple(_closed(scale, calendar)),
        Mark(scale.x(now), None, text_x=scale.x(now) + 5), _required(scale, required) if is_near else None,
    )


class _Scale:
    def __init__(self, start: datetime, end: datetime):
        self.start, self.end = start, end + (end - start) * 0.16
        self.seconds = max(1.0, (self.end - self.start).total_seconds())

    def x(self, moment) -> float:
        share = (moment - self.start).total_seconds() / self.seconds
        return round(LEFT + max(0.0, min(1.0, share)) * (WIDTH - LEFT), 1)


TONES = {"material": "t-warn", "moved": "faint"}


def _bar(scale, index, row, required, span_label) -> Bar:
    x, right = scale.x(row.start), scale.x(row.end)
    is_right = right < WIDTH - 130
    is_late = bool(required and row.end > required) and row.kind == "operation"
    return Bar(
        y=TOP + index * ROW, x=x, width=max(3.0, round(right - x, 1)), label=row.label,
        note=span_label(row.start, row.end), note_x=right + 7 if is_right else x - 7,
        note_anchor="start" if is_right else "end", tone=TONES.get(row.kind) or ("t-over" if is_late else "t-info"),
        before=_thin(scale, row.before) if row.before else None,
    )


def _thin(scale, times) -> tuple:
    x = scale.x(times[0])
    return x, max(3.0, round(scale.x(times[1]) - x, 1))


def _required(scale, required) -> Mark:
    x = scale.x(required)
    is_left = x > WIDTH - 200
    return Mark(x, None, "end" if is_left else "start", x - 5 if is_left else x + 5)


def _days(scale, zone, day_label):
    """Midnights; every second or fourth where they would stand too close."""
    local = scale.start.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    step = max(1, int(scale.seconds // 86400) // 6)
    while midnight < scale.end:
        yield Mark(scale.x(midnight), day_label(midnight), text_x=scale.x(midnight) + 4)
        midnight += timedelta(days=step)


def _closed(scale, calendar):
    """The hours without a shift."""
    cursor, found = scale.start, 0
    while cursor < scale.end and found < MOST_CLOSED:
        change = calendar.next_change(cursor)
        end = min(change or scale.end, scale.end)
        if not calendar.is_open(cursor) and end > cursor:
            x = scale.x(cursor)
            yield x, max(1.0, round(scale.x(end) - x, 1))
            found += 1
        if change is None or change <= cursor:
            return
        cursor = change
