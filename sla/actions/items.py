"""Work items: opened, handed on, paused, closed."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, Remedy
from desk.text import moment, sentence, when, word
from notifications.actions import tell, void, void_letters
from people.models import Department
from records.actions import record
from sla.actions.common import State, calls_of, escalation, save, turn, used_by, write_escalations
from sla.kinds import Kind
from sla.models import Acknowledgement, Escalation, Pause, PolicyVersion, WorkItem
from sla.projection import point_at, project
from sla.recipients import Reach

LONGEST_PAUSE = timedelta(days=3)
LONGEST_ACKNOWLEDGEMENT = timedelta(days=14)
GIVEN = gettext_noop("This is yours now: {what}")
GIVEN_WITH_NOTE = gettext_noop("This is yours now: {what}. {note}")


@dataclass(frozen=True)
class Opening:
    """Something that starts to wait for somebody.

    `consumed_seconds`: what earlier runs of the same stage used; at least `minimum_share` (0..1) of the limit
    stays. `due_at`: a fixed moment, counted day and night, instead of the policy's limit; what was used before is
    used of it too.
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
        calls = calls_of(item)
        passed = [call for call in calls if 0 < item.consumed_seconds >= call.threshold]
        point_at(item, next(iter(calls[len(passed):]), None))
        items.append(project(item, calls))
        rows += [escalation(item, call, now, Escalation.Outcome.SUPERSEDED, [], now) for call in passed]
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
        item.has_fixed_due = True
        left_seconds = max(0, math.ceil((opening.due_at - now).total_seconds()))
        item.consumed_seconds = int(opening.consumed_seconds)
        item.budget_seconds = item.consumed_seconds + left_seconds
        item.running_since = opening.due_at - timedelta(seconds=left_seconds)
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
    "next_repeat", "next_fire_at", "is_provisional", "version", "awaited", "closed_for",
)


@transaction.atomic
def _close_all(items, *, by, now=None, reason="", is_refusal=False) -> list[WorkItem]:
    """Finished, or with a reason cancelled: a few statements, whatever their number."""
    now = now or timezone.now()
    items = _all_living(items, now)
    for item in items:
        if item.awaited:
            _ask_no_more(item, by, now) if reason or is_refusal else _refuse_unagreed(item)
        item.consumed_seconds = used_by(item, now)
        item.closed_reason = str(reason)[:300]
        item.state = State.CANCELLED if reason else _ended(item)
        item.closed_at, item.closed_by, item.running_since = now, by, None
        item.closed_for = by.on_behalf_of if by else None
        item.next_level, item.next_repeat = None, 0
        project(item, []).version += 1
    if any(item.was_paused for item in items):
        Pause.objects.filter(item__in=items, ended_at__isnull=True).update(ended_at=now, ended_by=by)
    if items:
        void_letters(*(item.message_source for item in items))
        WorkItem.objects.bulk_update(items, CLOSING)
    _end_pauses_for([item for item in items if item.is_paused_for], now)
    return items


def _end_pauses_for(items, now) -> None:
    """Nobody is awaited there any more: the clocks that stood for it run again."""
    if not items:
        return
    standing = WorkItem.objects.living().filter(pauses__awaits__in=items, pauses__ended_at__isnull=True)
    for item in standing.order_by("pk"):
        resume(item, now=now)


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
def reassign(item, person, by, now=None, note="", department=None) -> WorkItem:
    """`department`: whose task it is from now on, where it goes to another one."""
    now = now or timezone.now()
    item = living(item, now)
    if not person.is_active:
        raise BadInput(_("%(person)s cannot take this: the account is closed.") % {"person": person}, field="person")
    item.assignee = person
    item.department = department or item.department
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
    return save(item, calls_of(item))


@transaction.atomic
def reclassify(item, urgency_class, by, now=None) -> WorkItem:
    """Another urgency class: its limit from now on, with what was used already. No level is told afterwards."""
    now = now or timezone.now()
    item = living(item, now)
    version = PolicyVersion.objects.ruling({(item.kind, urgency_class)}, now)[item.kind, urgency_class]
    item.urgency_class = urgency_class
    if version == item.policy_version:
        return save(item, calls_of(item))
    passed = turn(item, now, version=version)
    write_escalations(item, [(call, now, Escalation.Outcome.SUPERSEDED) for call in passed], [], now)
    item.version += 1
    item.save()
    return item


@transaction.atomic
def pause(item, reason, by, until=None, now=None, awaits=None) -> WorkItem:
    """Stop the clock for a reason that the policy allows; a hold of the order is always one.

    `awaits`: the running item that names who is awaited, where a person stops it (sla.pausing). An act that stops
    the clock comes before such a pause.
    """
    now = now or timezone.now()
    item = living(item, now)
    _may_pause(item, reason, awaits)
    until = until or now + LONGEST_PAUSE
    if until <= now:
        raise BadInput(_("A pause must end in the future."), field="until")
    item.pauses.filter(ended_at__isnull=True).update(ended_at=now, ended_by=by)
    Pause.objects.create(item=item, reason=reason, started_at=now, started_by=by, until=until, awaits=awaits)
    if awaits:
        WorkItem.objects.filter(pk=awaits.pk).update(is_paused_for=True)
    item.consumed_seconds = used_by(item, now)
    item.state, item.running_since = State.PAUSED, None
    label = PolicyVersion.PauseReason(reason).label
    record(
        "pause", gettext_noop("The clock of {what} was paused until {until}: {reason}."), by=by, stream=item.source,
        at=now, params={"what": sentence(item.subject, item.params), "until": moment(until), "reason": word(label),
                        "awaits": awaits and sentence(awaits.subject, awaits.params)},
    )
    return save(item, calls_of(item), pause_until=until)


def _may_pause(item, reason, awaits) -> None:
    hold = PolicyVersion.PauseReason.HOLD
    by_person = item.pauses.filter(ended_at__isnull=True, awaits__isnull=False)
    if item.state == State.PAUSED and (awaits or not by_person.exists()):
        raise Changed(_("This clock is paused already."))
    if item.kind == Kind.CONFIRMATION and reason != hold:
        raise GateShut(
            _("The clock of a confirmation is not paused: the duty is ours."),
            because=_("Where the customer does not answer, that is said on the order after two attempts."),
        )
    if reason not in {*item.policy_version.pause_reasons, hold}:
        raise GateShut(
            _("This clock cannot be paused for that reason."),
            because=_("The time limit “%(limit)s” does not allow it.") % {"limit": item.policy_version.policy},
        )


RUNS_AGAIN = gettext_noop("Your clock runs again: {what}. {about}. Due {due}.")


@transaction.atomic
def resume(item, by=None, now=None) -> WorkItem:
    """By a person, or by an act."""
    now = now or timezone.now()
    item = living(item, now)
    if not item.was_paused:
        raise Changed(_("This clock is running already."))
    # A pause that was over has just ended by itself.
    return run_again(item, by, now) if item.state == State.PAUSED else item


def run_again(item, by=None, now=None) -> WorkItem:
    """A locked item that is paused; who has the task is told, unless they did it themselves."""
    is_held = by is None and item.pauses.filter(ended_at__isnull=True, reason=PolicyVersion.PauseReason.HOLD).exists()
    item.pauses.filter(ended_at__isnull=True).update(ended_at=now, ended_by=by)
    is_over = item.consumed_seconds > item.budget_seconds
    item.state, item.running_since = (State.BREACHED if is_over else State.RUNNING), now
    record(
        "resume", gettext_noop("The clock of {what} runs again."), by=by, stream=item.source, at=now,
        params={"what": sentence(item.subject, item.params)},
    )
    save(item, calls_of(item))
    if by is None and not is_held:  # the end of a hold is told by who knows of holds
        tell(key=f"{item.message_source}:resumed:{item.version}", recipients=Reach(now).of_owner(item), now=now,
             text=RUNS_AGAIN, url=item.url, source=item.message_source, params={
                 "what": sentence(item.subject, item.params), "due": moment(item.due_at),
                 "about": item.source_label or word(item.kind_label),
             })
    return item


@transaction.atomic
def restate(item, *, subject, url, params=None, now=None) -> WorkItem:
    """The next step of the same work: other words and another page, the same person and the same clock."""
    item = living(item, now or timezone.now())
    item.subject, item.params, item.url = str(subject), params or {}, url
    return save(item, calls_of(item))


@transaction.atomic
def acknowledge(item, by, note, until, now=None) -> Acknowledgement:
    """Say that one knows: no more repeats of the levels reached so far, until then."""
    now = now or timezone.now()
    item = living(item, now)
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
    save(item, calls_of(item))
    return Acknowledgement.objects.create(
        item=item, level=level, acknowledged_at=now, acknowledged_by=by, note=str(note)[:300], until=until
    )


def living(item, now=None) -> WorkItem:
    """The item, locked and as it is now; a pause that is over has ended, whether or not that was swept."""
    return _all_living([item], now or timezone.now())[0]


def _all_living(items, now) -> list[WorkItem]:
    keys = [item.pk for item in items]
    if not keys:
        return []
    rows = WorkItem.objects.select_for_update(of=("self",)).select_related("policy_version__policy").order_by("pk")
    locked = list(rows.filter(pk__in=keys))
    for item in locked:
        if not item.is_living:
            raise closed_already(item)
        item.was_paused = item.state == State.PAUSED
        if item.was_paused and item.next_fire_at and item.next_fire_at <= now:
            run_again(item, now=item.next_fire_at)
    return sorted(locked, key=lambda item: keys.index(item.pk))


def closed_already(item) -> Changed:
    """Who was faster, and when."""
    if item.closed_by is None:
        return Changed(_("This task is closed already."))
    return Changed(
        _("%(person)s closed this task on %(when)s. Yours was not saved.")
        % {"person": item.closer, "when": when(item.closed_at)},
        who=[item.closed_by], remedy=Remedy(_("Next in my work"), "/"),
    )
