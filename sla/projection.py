"""What follows from an item's truth (budget, used seconds, state): due, next call, next level."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sla.models import EscalationStep, WorkItem

UNCLAIMED_SHARE = 0.25  # of the limit; then what nobody took goes to the head


@dataclass(frozen=True)
class Call:
    """One level's turn, or one of its repeats, at a number of used seconds."""

    level: int
    repeat: int
    threshold: float
    step: EscalationStep

    @property
    def place(self) -> tuple[int, int]:
        return (self.level, self.repeat)


def ladder(steps, budget_seconds: int) -> list[Call]:
    """All calls of an item in their order; a level repeats only until the next one has its turn."""
    steps = sorted(steps, key=lambda step: step.level)
    calls = []
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        start = step.threshold(budget_seconds)
        stop = after.threshold(budget_seconds) if after else float("inf")
        calls.append(Call(step.level, 0, start, step))
        for repeat in range(1, step.repeat_at_most + 1):
            threshold = start + repeat * step.repeat_every_minutes * 60
            if threshold < stop:
                calls.append(Call(step.level, repeat, threshold, step))
    return calls


def upcoming(item: WorkItem, calls: list[Call]) -> list[Call]:
    if item.next_level is None:
        return []
    return [call for call in calls if call.place >= (item.next_level, item.next_repeat)]


def moment_of(item: WorkItem, threshold: float) -> datetime:
    """When a running item will have used that many seconds."""
    return item.calendar.add(item.running_since, threshold - item.consumed_seconds)


def point_at(item: WorkItem, call: Call | None) -> None:
    item.next_level, item.next_repeat = (call.level, call.repeat) if call else (None, 0)


def project(item: WorkItem, calls: list[Call], pause_until: datetime | None = None) -> WorkItem:
    """Set due_at, is_provisional and next_fire_at; the one place that does."""
    if not item.is_living:
        item.next_fire_at = None
    elif item.state == WorkItem.State.PAUSED:
        item.due_at, item.next_fire_at = None, pause_until
    else:
        _project_ticking(item, upcoming(item, calls))
    item.is_provisional = bool(item.due_at and not item.calendar.is_covered(item.due_at))
    return item


def _project_ticking(item: WorkItem, calls: list[Call]) -> None:
    item.due_at = due_of(item)
    moments = [moment_of(item, call.threshold) for call in calls[:1]]
    if item.state == WorkItem.State.RUNNING:
        moments.append(item.due_at)
    if item.is_unclaimed:
        moments.append(unclaimed_until(item))
    item.next_fire_at = min(moments, default=None)


def unclaimed_until(item: WorkItem) -> datetime:
    """How long members of the department may take it by themselves."""
    threshold = item.budget_seconds * UNCLAIMED_SHARE
    return item.running_since if item.consumed_seconds >= threshold else moment_of(item, threshold)


def due_of(item: WorkItem) -> datetime:
    """The end of the budget; of one spent before the clock ran again, when that was."""
    left = item.budget_seconds - item.consumed_seconds
    if left >= 0:
        return moment_of(item, item.budget_seconds)
    return item.running_since - timedelta(seconds=-left)
