"""What the clock's deeds share."""

import math

from sla.models import Escalation, EscalationStep, WorkItem
from sla.projection import Call, ladder, project

State = WorkItem.State


def used_by(item, now) -> int:
    return math.floor(item.used_seconds(now))


def calls_of(item) -> list[Call]:
    return ladder(steps_of(item.policy_version), item.budget_seconds)


_steps: dict = {}


def steps_of(version) -> list[EscalationStep]:
    """The ladder of a version, read once a process: neither ever changes (sla.guards)."""
    place = (version.pk, version.made_at)
    if place not in _steps:
        _steps[place] = list(version.steps.all())
    return _steps[place]


def save(item, calls, pause_until=None) -> WorkItem:
    if item.state == State.PAUSED and pause_until is None:
        pause_until = item.pauses.get(ended_at__isnull=True).until
    project(item, calls, pause_until)
    item.version += 1
    item.save()
    return item


def write_escalations(item, rows, people, now) -> None:
    Escalation.objects.bulk_create(
        [escalation(item, call, at, outcome, people, now) for call, at, outcome in rows]
    )


def escalation(item, call, at, outcome, people, now) -> Escalation:
    told = people if outcome == Escalation.Outcome.FIRED else []
    return Escalation(
        item=item, level=call.level, repeat=call.repeat, outcome=outcome, planned_at=at, fired_at=now,
        lateness_seconds=max(0, int((now - at).total_seconds())),
        recipients=[{"id": person.pk, "name": str(person)} for person in told],
    )
