"""The clock's deeds. The database is the timer: sweep() may be called by anybody, at any time, twice."""

import hashlib
import json
import logging
import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, Remedy
from desk.text import moment, sentence, when, word
from notifications.actions import tell, void, void_letters
from people.models import Department
from records.actions import record
from sla import recipients
from sla.models import (
    LONGEST_TARGET,
    SHORTEST_TARGET,
    Acknowledgement,
    CalendarEdition,
    Escalation,
    EscalationStep,
    Heartbeat,
    Pause,
    Policy,
    PolicyVersion,
    WorkCalendar,
    WorkItem,
)
from sla.projection import Call, due_of, ladder, moment_of, point_at, project, unclaimed_until, upcoming

log = logging.getLogger(__name__)

State = WorkItem.State
LONGEST_PAUSE = timedelta(days=3)
LONGEST_ACKNOWLEDGEMENT = timedelta(days=14)
OUTAGE = timedelta(minutes=10)
GIVEN = gettext_noop("This is yours now: {what}")
GIVEN_WITH_NOTE = gettext_noop("This is yours now: {what}. {note}")
SWEEP_SECONDS, RECONCILE_SECONDS = 5, 600


# Work items


@dataclass(frozen=True)
class Opening:
    """Something that starts to wait for somebody.

    `consumed_seconds`: what earlier runs of the same stage used; at least `minimum_share` (0..1) of the limit
    stays. `due_at`: a fixed moment, counted day and night, instead of the policy's limit.
    """

    kind: str
    source: str
    subject: str
    url: str
    department: Department
    assignee: object = None
    urgency_class: str = ""
    params: dict | None = None
    detail: str = ""
    detail_params: dict | None = None
    source_label: str = ""
    is_decision: bool | None = None
    stage: str = ""
    consumed_seconds: int = 0
    minimum_share: float = 0
    due_at: datetime | None = None


def open_item(*, by=None, now=None, **opening) -> WorkItem:
    return open_items([Opening(**opening)], by=by, now=now)[0]


@transaction.atomic(savepoint=False)
def open_items(openings: list[Opening], *, by=None, now=None) -> list[WorkItem]:
    """Start their clocks: three statements, whatever their number."""
    now = now or timezone.now()
    rulings = PolicyVersion.objects.ruling({(opening.kind, opening.urgency_class) for opening in openings}, now)
    items, rows = [], []
    for opening in openings:
        item = _wound(opening, rulings.get((opening.kind, opening.urgency_class)), by, now)
        calls = _calls(item)
        passed = [call for call in calls if 0 < item.consumed_seconds >= call.threshold]
        point_at(item, next(iter(calls[len(passed):]), None))
        items.append(project(item, calls))
        rows += [_escalation(item, call, now, Escalation.Outcome.SUPERSEDED, [], now) for call in passed]
    WorkItem.objects.bulk_create(items)
    Escalation.objects.bulk_create(rows)
    return items


def _wound(opening, version, by, now) -> WorkItem:
    if version is None:
        raise GateShut(_("No clock can start: no time limit is set."), missing=[_("Time limits of the desk")])
    is_decision = version.policy.is_decision if opening.is_decision is None else opening.is_decision
    item = WorkItem(
        kind=opening.kind, urgency_class=opening.urgency_class, source=opening.source,
        source_label=opening.source_label, subject=str(opening.subject), params=opening.params or {},
        detail=str(opening.detail), detail_params=opening.detail_params or {}, url=opening.url,
        department=opening.department, assignee=opening.assignee, is_decision=is_decision, stage=opening.stage,
        opened_at=now, opened_by=by, policy_version=version,
    )
    _wind(item, opening, now)
    return item


def _wind(item, opening, now) -> None:
    version = item.policy_version
    if opening.due_at is not None:
        item.budget_seconds = max(0, math.ceil((opening.due_at - now).total_seconds()))
        item.running_since = opening.due_at - timedelta(seconds=item.budget_seconds)
        return
    item.edition_id = version.calendar.edition_id if version.calendar else None
    item.budget_seconds = version.target_seconds
    spendable = math.floor(item.budget_seconds * (1 - float(opening.minimum_share)))
    item.consumed_seconds = min(int(opening.consumed_seconds), spendable)
    item.running_since = now


def finish(item, by, now=None, is_refusal=False) -> WorkItem:
    """Done, once every added approver has agreed; `is_refusal`: what was asked for is not given, nobody need agree."""
    return _close_all([item], by=by, now=now, is_refusal=is_refusal)[0]


def finish_all(items, *, by, now=None) -> list[WorkItem]:
    return _close_all(items, by=by, now=now)


def cancel(item, reason, by=None, now=None) -> WorkItem:
    return _close_all([item], reason=reason, by=by, now=now)[0]


def cancel_all(items, *, reason, by=None, now=None) -> list[WorkItem]:
    return _close_all(items, reason=reason, by=by, now=now)


CLOSING = (
    "consumed_seconds", "state", "closed_at", "closed_by", "closed_reason", "running_since", "next_level",
    "next_repeat", "next_fire_at", "is_provisional", "version", "awaited",
)


@transaction.atomic
def _close_all(items, *, by, now=None, reason="", is_refusal=False) -> list[WorkItem]:
    """Finished, or with a reason cancelled: a few statements, whatever their number."""
    items, now = _all_living(items), now or timezone.now()
    for item in items:
        if item.awaited:
            _ask_no_more(item, by, now) if reason or is_refusal else _refuse_unagreed(item)
        item.consumed_seconds = _used(item, now)
        item.closed_reason = str(reason)[:300]
        item.state = State.CANCELLED if reason else _ended(item)
        item.closed_at, item.closed_by, item.running_since = now, by, None
        item.next_level, item.next_repeat = None, 0
        project(item, []).version += 1
    if any(item.was_paused for item in items):
        Pause.objects.filter(item__in=items, ended_at__isnull=True).update(ended_at=now, ended_by=by)
    if items:
        void_letters(*(item.message_source for item in items))
        WorkItem.objects.bulk_update(items, CLOSING)
    return items


def _refuse_unagreed(item) -> None:
    rows = list(item.countersigns.filter(state__in=["asked", "refused"]).select_related("person"))
    raise GateShut(
        _("This cannot be decided yet: somebody was asked to agree first."),
        missing=[_("%(person)s: %(state)s") % {"person": row.person, "state": row.get_state_display()} for row in rows],
        who=[row.person for row in rows],
    )


def _ask_no_more(item, by, now) -> None:
    """Closed another way: nobody need agree any more."""
    rows = list(item.countersigns.filter(state__in=["asked", "refused"]).select_related("task"))
    item.countersigns.filter(pk__in=[row.pk for row in rows]).update(state="withdrawn", answered_at=now)
    item.awaited = 0
    cancel_all([row.task for row in rows if row.task.is_living], reason="decided", by=by, now=now)


def _ended(item) -> str:
    return State.MET_LATE if item.consumed_seconds > item.budget_seconds else State.MET


@transaction.atomic
def reassign(item, person, by, now=None, note="") -> WorkItem:
    item, now = living(item), now or timezone.now()
    if not person.is_active:
        raise BadInput(_("%(person)s cannot take this: the account is closed.") % {"person": person}, field="person")
    item.assignee = person
    record(
        "reassign", gettext_noop("{what} was handed to {person}."), by=by, stream=item.source, at=now,
        params={"what": sentence(item.subject, item.params), "person": str(person)},
    )
    if by is None or person.pk != by.pk:
        tell(
            key=f"{item.message_source}:given:{item.version + 1}", recipients=[person], url=item.url, by=by, now=now,
            text=GIVEN_WITH_NOTE if note else GIVEN, source=item.message_source,
            params={"what": sentence(item.subject, item.params), "note": note},
        )
    return _save(item, _calls(item))


@transaction.atomic
def reclassify(item, urgency_class, by, now=None) -> WorkItem:
    """Another urgency class: its limit from now on, with what was used already. No level is told afterwards."""
    item, now = living(item), now or timezone.now()
    version = PolicyVersion.objects.ruling({(item.kind, urgency_class)}, now)[item.kind, urgency_class]
    item.urgency_class, is_same = urgency_class, version == item.policy_version
    if is_same:
        return _save(item, _calls(item))
    item.consumed_seconds = _used(item, now)
    item.policy_version, item.budget_seconds = version, version.target_seconds
    item.edition_id = version.calendar.edition_id if version.calendar else None
    if item.is_ticking:
        item.running_since = now
        item.state = State.BREACHED if item.consumed_seconds > item.budget_seconds else State.RUNNING
    calls = _calls(item)
    done = set(item.escalations.values_list("level", "repeat"))
    passed = [call for call in calls if call.threshold <= item.consumed_seconds and call.place not in done]
    _write(item, [(call, now, Escalation.Outcome.SUPERSEDED) for call in passed], [], now)
    done |= {call.place for call in passed}
    point_at(item, next((call for call in calls if call.place not in done), None))
    return _save(item, calls)


@transaction.atomic
def pause(item, reason, by, until=None, now=None) -> WorkItem:
    """Stop the clock for a reason that the policy allows; a hold of the order is always one."""
    item, now = living(item), now or timezone.now()
    _may_pause(item, reason)
    until = until or now + LONGEST_PAUSE
    if until <= now:
        raise BadInput(_("A pause must end in the future."), field="until")
    Pause.objects.create(item=item, reason=reason, started_at=now, started_by=by, until=until)
    item.consumed_seconds = _used(item, now)
    item.state, item.running_since = State.PAUSED, None
    label = PolicyVersion.PauseReason(reason).label
    record(
        "pause", gettext_noop("The clock of {what} was paused until {until}: {reason}."), by=by, stream=item.source,
        at=now, params={"what": sentence(item.subject, item.params), "until": moment(until), "reason": _word(label)},
    )
    return _save(item, _calls(item), pause_until=until)


def _may_pause(item, reason) -> None:
    allowed = {*item.policy_version.pause_reasons, PolicyVersion.PauseReason.HOLD}
    if item.state == State.PAUSED:
        raise Changed(_("This clock is paused already."))
    if reason not in allowed:
        raise GateShut(
            _("This clock cannot be paused for that reason."),
            because=_("The time limit “%(limit)s” does not allow it.") % {"limit": item.policy_version.policy},
        )


@transaction.atomic
def resume(item, by=None, now=None) -> WorkItem:
    item, now = living(item), now or timezone.now()
    if item.state != State.PAUSED:
        raise Changed(_("This clock is running already."))
    item.pauses.filter(ended_at__isnull=True).update(ended_at=now, ended_by=by)
    is_over = item.consumed_seconds > item.budget_seconds
    item.state, item.running_since = (State.BREACHED if is_over else State.RUNNING), now
    record(
        "resume", gettext_noop("The clock of {what} runs again."), by=by, stream=item.source, at=now,
        params={"what": sentence(item.subject, item.params)},
    )
    return _save(item, _calls(item))


@transaction.atomic
def acknowledge(item, by, note, until, now=None) -> Acknowledgement:
    """Say that one knows: no more repeats of the levels reached so far, until then."""
    item, now = living(item), now or timezone.now()
    if not str(note).strip():
        raise BadInput(_("Say in a few words what is being done."), field="note")
    if not now < until <= now + LONGEST_ACKNOWLEDGEMENT:
        raise BadInput(_("Name a moment within the next 14 days."), field="until")
    level = max((level for level, in item.escalations.values_list("level")), default=0)
    void(item.message_source)
    record(
        "acknowledge", gettext_noop("{what}: acknowledged until {until}. {note}"), by=by, stream=item.source, at=now,
        params={"what": sentence(item.subject, item.params), "until": moment(until), "note": str(note)},
    )
    _save(item, _calls(item))
    return Acknowledgement.objects.create(
        item=item, level=level, acknowledged_at=now, acknowledged_by=by, note=str(note)[:300], until=until
    )


def living(item) -> WorkItem:
    """The item, locked and as it is now."""
    return _all_living([item])[0]


def _all_living(items) -> list[WorkItem]:
    keys = [item.pk for item in items]
    if not keys:
        return []
    rows = WorkItem.objects.select_for_update(of=("self",)).select_related("policy_version__policy").order_by("pk")
    locked = list(rows.filter(pk__in=keys))
    for item in locked:
        item.was_paused = item.state == State.PAUSED
        if not item.is_living:
            raise closed_already(item)
    return sorted(locked, key=lambda item: keys.index(item.pk))


def closed_already(item) -> Changed:
    """Who was faster, and when."""
    if item.closed_by is None:
        return Changed(_("This task is closed already."))
    return Changed(
        _("%(person)s closed this task on %(when)s. Yours was not saved.")
        % {"person": item.closed_by, "when": when(item.closed_at)},
        who=[item.closed_by], remedy=Remedy(_("Next in my work"), "/"),
    )


def _used(item, now) -> int:
    return math.floor(item.used_seconds(now))


def _calls(item):
    return ladder(steps_of(item.policy_version), item.budget_seconds)


_steps: dict = {}


def steps_of(version) -> list[EscalationStep]:
    """The ladder of a version, read once a process: neither ever changes (sla.guards)."""
    place = (version.pk, version.made_at)
    if place not in _steps:
        _steps[place] = list(version.steps.all())
    return _steps[place]


def _save(item, calls, pause_until=None) -> WorkItem:
    if item.state == State.PAUSED and pause_until is None:
        pause_until = item.pauses.get(ended_at__isnull=True).until
    project(item, calls, pause_until)
    item.version += 1
    item.save()
    return item


def _word(label):
    """A lazy label as its English source, translated when it is read."""
    with translation.override(None):
        return word(label)


# The sweep


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
    calls = _calls(item)
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
    _write(item, [(call, now, Escalation.Outcome.FIRED)], [head], now)
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
    _write(item, rows, people, now)
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


def _write(item, rows, people, now) -> None:
    Escalation.objects.bulk_create(
        [_escalation(item, call, at, outcome, people, now) for call, at, outcome in rows]
    )


def _escalation(item, call, at, outcome, people, now) -> Escalation:
    told = people if outcome == Escalation.Outcome.FIRED else []
    return Escalation(
        item=item, level=call.level, repeat=call.repeat, outcome=outcome, planned_at=at, fired_at=now,
        lateness_seconds=max(0, int((now - at).total_seconds())),
        recipients=[{"id": person.pk, "name": str(person)} for person in told],
    )


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
    owner = str(item.assignee) if item.assignee else _word(Department.Code(item.department.code).label)
    return {
        "what": sentence(item.subject, item.params), "about": about or _word(item.kind_label),
        "due": moment(item.due_at), "who": owner,
    }


# Rules


@transaction.atomic
def save_policy(policy, *, by, reason, target_seconds=None, remind_percent=None, escalate_percent=None, calendar=...,
                pause_reasons=None, steps=None, in_force_from=None, based_on=None, now=None) -> PolicyVersion:
    """A new version of a time limit; what is not given stays. Running items keep the version they have.

    `steps`: unsaved EscalationSteps; without them the ladder stays, its reminder and its escalation moved.
    `based_on`: the number of the version that was looked at.
    """
    now = now or timezone.now()
    policy = Policy.objects.select_for_update().get(pk=policy.pk)
    before = policy.versions.order_by("-number").first()
    _refuse_stale(before, based_on)
    version = PolicyVersion(
        policy=policy, number=before.number + 1 if before else 1, reason=str(reason).strip()[:300],
        target_seconds=_given(target_seconds, before and before.target_seconds),
        remind_percent=_given(remind_percent, before.remind_percent if before else 50),
        escalate_percent=_given(escalate_percent, before.escalate_percent if before else 80),
        pause_reasons=_given(pause_reasons, before.pause_reasons if before else []),
        calendar=(before.calendar if before else None) if calendar is ... else calendar,
        in_force_from=in_force_from or now, made_at=now, made_by=by,
    )
    _check_version(version)
    version.save(force_insert=True)
    steps = list(before.steps.all()) if steps is None else steps
    EscalationStep.objects.bulk_create(_check_steps(_moved(steps, version)))
    if by:
        _record_policy(policy, before, version, now)
    return version


def _refuse_stale(before, based_on) -> None:
    if based_on is None or before is None or before.number == based_on:
        return
    raise Changed(
        _("Somebody changed this time limit meanwhile. Yours was not saved."),
        because=_("Version %(number)s is in force: %(reason)s") % {"number": before.number, "reason": before.reason},
        who=[before.made_by] if before.made_by else (),
    )


def _given(value, otherwise):
    return otherwise if value is None else value


def _check_version(version) -> None:
    if not version.reason:
        raise BadInput(_("Say why in a few words, so that others understand the change."), field="reason")
    if not version.target_seconds or not SHORTEST_TARGET <= version.target_seconds <= LONGEST_TARGET:
        raise BadInput(_("A limit is from 5 minutes to 90 days."), field="target_seconds")
    if not 1 <= version.remind_percent <= 100:
        raise BadInput(_("A reminder comes at 1 to 100 % of the limit."), field="remind_percent")
    if not version.remind_percent <= version.escalate_percent <= 100:
        raise BadInput(
            _("Escalation cannot come before the reminder: choose %(from)s to 100 %%.")
            % {"from": version.remind_percent},
            field="escalate_percent",
        )


def _moved(steps, version) -> list[EscalationStep]:
    """The steps as rows of the new version; the reminder and the first escalation follow its two percentages."""
    early = [step for step in sorted(steps, key=lambda step: step.level) if (step.at_percent or 100) < 100]
    percents = dict(zip([step.level for step in early[:2]], (version.remind_percent, version.escalate_percent),
                        strict=False))
    for step in steps:
        step.pk, step.version, step._state.adding = None, version, True
        step.at_percent = percents.get(step.level, step.at_percent)
    return steps


def _check_steps(steps) -> list[EscalationStep]:
    """A higher level never comes before a lower one, whatever the limit."""
    places = [(step.at_percent or 100, step.minutes_past_due or 0)
              for step in sorted(steps, key=lambda step: step.level)]
    if places != sorted(places):
        raise BadInput(_("Each level of the ladder must come after the one below it."), field="steps")
    return steps


def _record_policy(policy, before, version, now) -> None:
    record(
        "save_policy", gettext_noop("Time limit {limit}: version {number}. {reason}"), by=version.made_by, at=now,
        stream=f"policy:{policy.pk}",
        params={
            "limit": _word(policy.kind_label), "number": version.number, "reason": version.reason,
            "before_seconds": before and before.target_seconds, "after_seconds": version.target_seconds,
        },
    )


@transaction.atomic
def publish_calendar(calendar, *, by=None, now=None) -> CalendarEdition:
    """Freeze the calendar as it stands now, for the clocks that start from now on."""
    calendar = WorkCalendar.objects.select_for_update().get(pk=calendar.pk)
    body = calendar.body
    text = json.dumps(body, sort_keys=True, ensure_ascii=False)
    edition, _is_new = CalendarEdition.objects.get_or_create(
        digest=hashlib.sha256(text.encode()).hexdigest(), defaults={"body": body}
    )
    if calendar.edition_id == edition.pk:
        return edition
    WorkCalendar.objects.filter(pk=calendar.pk).update(edition=edition)
    if by:
        record("publish_calendar", gettext_noop("Working calendar {calendar} was changed."), by=by, at=now,
               stream=f"calendar:{calendar.pk}", params={"calendar": calendar.name, "edition": edition.pk[:12]})
    return edition


# Watch


def beat(name, *, period_seconds, now=None, lag_seconds=0, counts=None, behind_since=None) -> None:
    Heartbeat.objects.update_or_create(
        name=name,
        defaults={"period_seconds": period_seconds, "ok_at": now or timezone.now(), "lag_seconds": lag_seconds,
                  "counts": counts or {}, "behind_since": behind_since},
    )


def reconcile(now=None) -> dict:
    """Repair what should not be: an item whose next moment does not follow from its truth."""
    now = now or timezone.now()
    living = WorkItem.objects.living().filter(failures=0).select_related("policy_version").order_by("pk")
    suspects = [item.pk for item in living.prefetch_related(*TRUTH).iterator(chunk_size=500) if _is_wrong(item)]
    repaired = [pk for pk in suspects if _repair(pk)]
    if repaired:
        log.warning("Reconciled work items %s", repaired)
    counts = {"repaired": len(repaired), "items": repaired[:50]}
    beat("reconcile", period_seconds=RECONCILE_SECONDS, now=now, counts=counts)
    return counts


TRUTH = ("escalations", "pauses")


def _is_wrong(item) -> bool:
    """Whether what is stored differs from what follows from budget, used seconds and the escalations written."""
    stored = _derived(item)
    calls = _calls(item)
    done = {(row.level, row.repeat) for row in item.escalations.all()}
    point_at(item, next((call for call in calls if call.place not in done), None))
    open_pause = next((row for row in item.pauses.all() if row.ended_at is None), None)
    project(item, calls, open_pause and open_pause.until)
    return stored != _derived(item)


def _derived(item) -> tuple:
    return (item.due_at, item.next_fire_at, item.next_level, item.next_repeat, item.is_provisional)


@transaction.atomic
def _repair(pk) -> bool:
    item = (WorkItem.objects.living().select_for_update(skip_locked=True, of=("self",))
            .select_related("policy_version").prefetch_related(*TRUTH).filter(pk=pk).first())
    if item is None or not _is_wrong(item):
        return False
    item.save()
    return True
