"""Where the bars of a schedule and the points of a line stand: per cent and pixels, drawn as SVG by the templates.

Percentages as attributes of SVG stretch with the page and need no style attribute.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from desk.text import day

HEAD, LINE = 38, 34  # pixels, as .gantt has them
TICK_HOURS = (1, 2, 4, 8, 24, 48, 168)
MOST_TICKS = 16
LABEL_ROOM = 68.0  # per cent: a label to the right of a bar that ends later would not fit


@dataclass(frozen=True)
class Bar:
    starts_at: datetime
    ends_at: datetime
    label: object = ""
    kind: str = "op"  # op | material | quality | logistics | other | base (the plan before, thin)


@dataclass(frozen=True)
class GanttRow:
    label: object
    bars: Sequence[Bar]
    department: str = ""


@dataclass(frozen=True)
class Mark:
    at: datetime
    label: object
    kind: str = "required"  # required | now


@dataclass(frozen=True)
class Gantt:
    rows: Sequence[GanttRow]
    starts_at: datetime
    ends_at: datetime
    marks: Sequence[Mark] = ()
    closed: Sequence[tuple[datetime, datetime]] = ()  # no shift is planned
    label: object = ""


def place(chart: Gantt, at: datetime) -> float:
    whole = (chart.ends_at - chart.starts_at).total_seconds()
    share = (at - chart.starts_at).total_seconds() / whole if whole else 0
    return round(100 * max(0.0, min(1.0, share)), 2)


def layout(chart: Gantt) -> dict:
    height = HEAD + LINE * len(chart.rows)
    return {
        "height": height,
        "lines": [HEAD + LINE * number for number in range(len(chart.rows) + 1)],
        "bars": [drawn for number, row in enumerate(chart.rows) for drawn in _bars(chart, row, HEAD + LINE * number)],
        "closed": [_span(chart, start, end) for start, end in chart.closed if end > chart.starts_at],
        "ticks": _ticks(chart),
        "marks": [{"x": place(chart, mark.at), "mark": mark, "is_right": place(chart, mark.at) > 50}
                  for mark in chart.marks],
    }  # fmt: skip


def _span(chart, start, end) -> dict:
    left = place(chart, start)
    return {"x": left, "width": round(place(chart, end) - left, 2)}


def _bars(chart, row, top):
    for bar in row.bars:
        span = _span(chart, bar.starts_at, bar.ends_at)
        is_base = bar.kind == "base"
        end = span["x"] + span["width"]
        yield span | {
            "bar": bar, "y": top + (27 if is_base else 7), "height": 4 if is_base else 20, "text_y": top + 21,
            "text_x": round(end if end < LABEL_ROOM else span["x"], 2), "is_left": end >= LABEL_ROOM,
        }  # fmt: skip


def _ticks(chart) -> list[dict]:
    hours = (chart.ends_at - chart.starts_at).total_seconds() / 3600
    step = next((step for step in TICK_HOURS if hours / step <= MOST_TICKS), TICK_HOURS[-1])
    at = timezone.localtime(chart.starts_at).replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    while at < chart.ends_at:
        if at >= chart.starts_at:
            is_day = at.hour == 0
            found.append({"x": place(chart, at), "is_day": is_day, "label": day(at) if is_day else f"{at:%H}"})
        at += timedelta(hours=step)
    return found


def points(values, width=80, height=22) -> list[tuple[float, float]]:
    """The places of a line's values, the lowest at the bottom."""
    values = [float(value) for value in values]
    if not values:
        return []
    low, spread = min(values), (max(values) - min(values)) or 1
    step = width / max(1, len(values) - 1)
    return [(round(2 + place * step, 1), round(2 + height - (value - low) / spread * height, 1))
            for place, value in enumerate(values)]  # fmt: skip
