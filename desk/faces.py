"""What a clock and a stage look like to a page: plain values, so that every app can draw them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class ClockFace:
    """A clock at one moment. The server decides; the page only counts on from here."""

    state: str  # ok | warn | crit | over | pause | done
    seconds_left: int = 0  # of working time; negative = over
    percent: int = 0  # of the limit used
    due_at: datetime | None = None
    is_running: bool = False
    run_until: datetime | None = None  # end of the current working period
    limit_seconds: int = 0
    label: object = ""  # what the clock is about, in words
    notches: tuple[int, ...] = (50, 80)  # percent at which somebody is reminded, and asked above


@dataclass(frozen=True)
class StageFace:
    code: str
    name: object
    state: str = "todo"  # done | late | now | todo
    note: object = ""
    percent: int = 0


@dataclass(frozen=True)
class TaskFace:
    """A line of a task list: done, now (a link), or later with what it waits for."""

    label: object
    state: str = "later"  # done | now | later
    url: str = ""
    note: object = ""


@dataclass(frozen=True)
class TabFace:
    code: str
    label: object
    url: str
    count: int | None = None
    is_waiting: bool = False  # something there waits for this person


@dataclass(frozen=True)
class ItemGroup:
    """A group of "My work": past | hour | today | later | waiting."""

    code: str
    label: object
    icon: str = "clock"
    items: Iterable = field(default_factory=list)
    note: object = ""
