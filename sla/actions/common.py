"""What the clock's deeds share."""

import math
from functools import lru_cache

from sla.models import Escalation, EscalationStep, WorkItem
from sla.projection import Call, ladder, point_at, project

State = WorkItem.State


def used_by(item, now) -> int:
    return math.floor(item.used_seconds(now))


def calls_of(item) -> tuple[Call, ...]:
    return _calls_of(item.policy_version_id, item.policy_version.made_at, item.budget_seconds)


@lru_cache(maxsize=4096)
def _calls_of(version_id, made_at, budget_seconds) -> tuple[Call, ...]:
    """Kept by each process: neither a version nor its ladder ever changes (sla.guards)."""
    return tuple(ladder(EscalationStep.objects.filter(version=version_id), budget_seconds))


OF_ITS_OWN = object()  # of an item that keeps its version, its edition; of another version, what its calendar has


def turn(item, now, *, version=None, steps=None, edition=OF_ITS_OWN, fires_passed=False) -> list[Call]:
    """Put a clock under another version or edition, not saved; the calls passed by it of which nobody heard.

    They are skipped, unless `fires_passed`; not what was due by the old rules already, which the next sweep tells.
    `steps`: the ladder of a version that is not saved yet.
    """
    item.consumed_seconds = used_by(item, now)
    was_due = {call.place for call in calls_of(item) if call.threshold <= item.consumed_seconds}
    _put_under(item, version, edition)
    if item.is_ticking:
        item.running_since = now
        item.state = State.BREACHED if item.consumed_seconds > item.budget_seconds else State.RUNNING
    calls = calls_of(item) if steps is None else ladder(steps, item.budget_seconds)
    done = {(row.level, row.repeat) for row in item.escalations.all()}
    unheard = [call for call in calls if call.place not in done]
    passed = [call for call in unheard if call.threshold <= item.consumed_seconds and call.place not in was_due]
    point_at(item, next((call for call in unheard if fires_passed or call not in passed), None))
    project(item, calls, next((row.until for row in item.pauses.all() if row.ended_at is None), None))
    return passed


def _put_under(item, version, edition) -> None:
    if version is not None:
        item.policy_version, item.budget_seconds = version, version.target_seconds
        item.edition_id = version.calendar.edition_id if version.calendar else None
    if edition is not OF_ITS_OWN:
        item.edition = edition


def save_all(items, fields) -> None:
    """One statement, whatever their number. The rows are there and locked, so that nothing is inserted."""
    if items:
        WorkItem.objects.bulk_create(items, update_conflicts=True, unique_fields=["pk"], update_fields=fields)


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
