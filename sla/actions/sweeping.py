"""The sweep. The database is the timer: it may be called by anybody, at any time, twice."""

import logging
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from desk.text import moment, sentence, word
from notifications.actions import tell
from people.models import Department
from sla import recipients
from sla.actions.common import State, calls_of, write_escalations
from sla.actions.items import resume
from sla.actions.watching import SWEEP_SECONDS, beat
from sla.models import Escalation, EscalationStep, Heartbeat, WorkItem
from sla.projection import Call, due_of, moment_of, point_at, project, unclaimed_until, upcoming

log = logging.getLogger(__name__)

OUTAGE = timedelta(minutes=10)


@dataclass
class SweepResult:
    taken: int = 0
    fired: int = 0
    superseded: int = 0
    silenced: int = 0
    breached: int = 0
    resumed: int = 0
    failed: int = 0
    lag_seconds: int = 0
    is_full: bool = False  # as many as were asked for: there may be more
    faults: list = field(default_factory=list)

    @property
    def counts(self) -> dict:
        names = ("taken", "fired", "superseded", "silenced", "breached", "resumed", "failed")
        return {name: getattr(self, name) for name in names}


def sweep(now=None, limit=200) -> SweepResult:
    """Deal with every item whose moment has come, in one short transaction."""
    now = now or timezone.now()
    behind_since = _behind_since(now)
    result = SweepResult()
    with transaction.atomic():
        items = (WorkItem.objects.due(now).select_for_update(skip_locked=True, of=("self",))
                 .select_related("department", "assignee").select_related("policy_version"))
        for item in items[:limit]:
            result.taken += 1
            result.lag_seconds = max(result.lag_seconds, int((now - item.next_fire_at).total_seconds()))
            _fire_safely(item, now, behind_since, result)
    result.is_full = result.taken == limit
    beat("sweep", period_seconds=SWEEP_SECONDS, now=now, lag_seconds=result.lag_seconds, counts=result.counts,
         behind_since=behind_since if result.is_full else None)
    return result


def _behind_since(now):
    """Since when nobody swept, while what piled up meanwhile is being worked off."""
    heart = Heartbeat.objects.filter(name="sweep").first()
    if heart is None:
        return None
    if heart.behind_since is None and now - heart.ok_at > OUTAGE:
        Heartbeat.objects.filter(pk=heart.pk, behind_since__isnull=True).update(behind_since=heart.ok_at)
        return heart.ok_at
    return heart.behind_since


def _fire_safely(item, now, behind_since, result) -> None:
    """A poisoned item is rolled back alone, pushed back and shown; the others go on."""
    try:
        with transaction.atomic():
            fire(item, now, behind_since, result)
    except Exception as problem:
        log.exception("Work item %s could not be swept", item.pk)
        result.failed += 1
        result.faults.append(item.pk)
        wait = timedelta(minutes=min(60, 2 ** min(item.failures, 6)))
        WorkItem.objects.filter(pk=item.pk).update(
            failures=item.failures + 1, fault=f"{type(problem).__name__}: {problem}"[:1000], next_fire_at=now + wait
        )


def fire(item, now, behind_since, result) -> None:
    if item.state == State.PAUSED:
        resume(item, now=item.next_fire_at)
        result.resumed += 1
        return
    calls = calls_of(item)
    if item.state == State.RUNNING and due_of(item) <= now:
        item.state = State.BREACHED
        result.breached += 1
    due = [(call, at) for call in upcoming(item, calls) if (at := moment_of(item, call.threshold)) <= now]
    if item.is_unclaimed and unclaimed_until(item) <= now:
        _give_to_head(item, now, is_told_anyway=bool(due))
    if due:
        _speak(item, due, now, behind_since, result)
        rest = calls[calls.index(due[-1][0]) + 1:]
        point_at(item, next(iter(rest), None))
    item.failures, item.fault = 0, ""
    project(item, calls).save()


UNCLAIMED = gettext_noop("Nobody took this, so it is yours now: {what}. {about}. Due {due}.")


def _give_to_head(item, now, *, is_told_anyway) -> None:
    """Taken by nobody at a quarter of its limit. The escalation record is its audit: no stream is locked here."""
    head = recipients.of_unclaimed(item, now)
    if head is None:
        item.has_no_taker = True
        return
    item.assignee = head
    item.version += 1
    call = Call(0, 0, 0, None)
    write_escalations(item, [(call, now, Escalation.Outcome.FIRED)], [head], now)
    if is_told_anyway:
        return
    tell(key=f"{item.message_source}:unclaimed", recipients=[head], text=UNCLAIMED, params=_message_params(item),
         url=item.url, source=item.message_source, is_urgent=True, now=now)


def _speak(item, due, now, behind_since, result) -> None:
    """Of all that is due only the highest call is heard; each of the others leaves its record."""
    done = set(item.escalations.values_list("level", "repeat"))
    silent_to = _acknowledged_level(item, due, now)
    due = [(call, at) for call, at in due if call.place not in done]
    heard = [call for call, _at in due if not (call.repeat and call.level <= silent_to)][-1:]
    people = recipients.of_step(item, heard[0].step, now) if heard else []
    rows = [(call, at, _outcome(call, heard, silent_to, people)) for call, at in due]
    write_escalations(item, rows, people, now)
    if people:
        _send(item, heard[0], people, now, behind_since)
    outcomes = [outcome for *_rest, outcome in rows]
    result.fired += outcomes.count(Escalation.Outcome.FIRED)
    result.superseded += outcomes.count(Escalation.Outcome.SUPERSEDED)
    result.silenced += outcomes.count(Escalation.Outcome.ACKNOWLEDGED)


def _outcome(call, heard, silent_to, people):
    if call in heard:
        return Escalation.Outcome.FIRED if people else Escalation.Outcome.NOBODY
    is_silent = call.repeat and call.level <= silent_to
    return Escalation.Outcome.ACKNOWLEDGED if is_silent else Escalation.Outcome.SUPERSEDED


def _acknowledged_level(item, due, now) -> int:
    if not any(call.repeat for call, _at in due):
        return 0
    levels = item.acknowledgements.filter(until__gt=now).values_list("level", flat=True)
    return max(levels, default=0)


REMINDER = gettext_noop("Reminder: {what}. {about}. Due {due}.")
AHEAD = gettext_noop("Soon due: {what}. {about}. Due {due}. Asked before: {who}.")
OVER = gettext_noop("Past the limit: {what}. {about}. It was due {due}. Asked before: {who}.")


def _send(item, call, people, now, behind_since) -> None:
    """After an outage one message for a person and a source, whatever number of clocks ran out meanwhile."""
    key, source = f"{item.message_source}:{call.level}:{call.repeat}", item.message_source
    if behind_since is not None:
        key, source = f"{item.source}:behind:{behind_since.isoformat()}", ""
    is_only_assignee = call.step.recipients == [EscalationStep.Recipient.ASSIGNEE]
    text = OVER if item.state == State.BREACHED else REMINDER if is_only_assignee else AHEAD
    tell(
        key=key, recipients=people, text=text, params=_message_params(item), url=item.url, source=source,
        is_urgent=True, now=now, channels=tuple(call.step.channels),
    )


def _message_params(item) -> dict:
    about = sentence(item.detail, item.detail_params) if item.detail else item.source_label
    owner = str(item.assignee) if item.assignee else word(Department.Code(item.department.code).label)
    return {
        "what": sentence(item.subject, item.params), "about": about or word(item.kind_label),
        "due": moment(item.due_at), "who": owner,
    }
