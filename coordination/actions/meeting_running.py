"""The meeting itself: started once, item by item, with what came of it, and closed."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from coordination.actions.meeting import closed, invited, lock, may_chair, require_chair, require_minutes, save
from coordination.actions.meeting_minutes import ask_for_confirmations, fall
from coordination.board import computed
from coordination.models import AgendaItem, Attendance, Meeting, Outcome
from coordination.models.meeting import REOPEN_DAYS
from desk.refusals import BadInput, Changed, GateShut, NotYours
from desk.text import moment, when
from orders.actions import raise_issue
from orders.actions.trail import note
from orders.models import Issue
from orders.seeing import sees
from people.duty import Roster
from people.roles import Right
from records.actions import record
from sla import actions as sla
from sla.kinds import Kind

EARLIEST = timedelta(hours=1)  # before its time; the figures would be those of another day


@transaction.atomic
def start_meeting(*, meeting_id, by) -> Meeting:
    """The figures are frozen as they stand now; who stands in for whom is asked anew."""
    meeting = lock(meeting_id)
    if not may_chair(meeting, by):
        raise NotYours(_("Only the chair starts the meeting."), who=[meeting.chair])
    if meeting.is_cancelled:
        raise closed(meeting)
    if not meeting.is_planned:
        raise Changed(_("This meeting was started already."), because=_("%(who)s started it %(when)s.") % {
            "who": meeting.started_by, "when": when(meeting.started_at)})
    now = timezone.now()
    if not meeting.starts_at - EARLIEST <= now < meeting.week.end:
        raise GateShut(_("The meeting can be started from an hour before its time to the end of its week."),
                       because=_("It is planned for %(when)s.") % {"when": when(meeting.starts_at)})
    _seat(meeting, now)
    meeting.figures, meeting.money_figures = computed(meeting.week, now)
    meeting.figures_at = meeting.started_at = meeting.position_since = now
    meeting.started_by, meeting.chair, meeting.state = by, by, Meeting.State.RUNNING
    save(meeting, "figures", "money_figures", "figures_at", "started_at", "position_since", "started_by", "chair",
         "state")
    record("meeting.started", gettext_noop("The meeting was started, with the figures as of {when}. Chair: {chair}"),
           by=by, stream=meeting.stream, params={"when": moment(now), "chair": str(by)})
    return meeting


def _seat(meeting, now) -> None:
    """Somebody may have fallen ill since the invitation; the one who starts it is there."""
    present = set(meeting.attendances.filter(is_present=True).values_list("person_id", flat=True))
    meeting.attendances.all().delete()
    for seat in (seats := invited(Roster(now))):
        seat.meeting, seat.is_present = meeting, seat.person_id in present
        seat.came_at = now if seat.is_present else None
    Attendance.objects.bulk_create(seats)


@transaction.atomic
def go_to(*, meeting_id, by, position) -> Meeting:
    """To another item of the agenda; the time since the last step is the one's that is left."""
    meeting = lock(meeting_id)
    require_chair(meeting, by)
    require_running(meeting)
    if not meeting.agenda.filter(position=position).exists():
        raise BadInput(_("There is no such item on the agenda."))
    _count_time(meeting)
    meeting.position = position
    save(meeting, "position", "position_since")
    return meeting


def _count_time(meeting) -> None:
    now = timezone.now()
    item = meeting.agenda.filter(position=meeting.position).first()
    if item and meeting.position_since:
        item.used_seconds += int((now - meeting.position_since).total_seconds())
        item.save(update_fields=["used_seconds"])
    meeting.position_since = now


def require_running(meeting) -> None:
    if meeting.is_planned:
        raise GateShut(_("The meeting has not started yet."),
                       because=_("It is planned for %(when)s.") % {"when": when(meeting.starts_at)},
                       who=[meeting.chair])
    if not meeting.is_running:
        raise closed(meeting)


@transaction.atomic
def record_outcome(*, meeting_id, by, kind, text, person=None, due_at=None, order=None) -> Outcome:
    """An action with its person and time, a decision, or a problem, while the meeting runs."""
    meeting = lock(meeting_id)
    require_running(meeting)
    require_minutes(meeting, by)
    _check(kind, text, person, due_at, order, by)
    outcome = Outcome.objects.create(
        meeting=meeting, kind=kind, text=text.strip()[:500], order=order, recorded_by=by,
        person=person if kind == Outcome.Kind.ACTION else None, due_at=due_at if kind == Outcome.Kind.ACTION else None,
    )
    {Outcome.Kind.ACTION: _open_action, Outcome.Kind.PROBLEM: _raise_problem, Outcome.Kind.DECISION: _note_decision}[
        kind](outcome, by)
    save(meeting)
    record(f"meeting.{kind}", gettext_noop("{kind}: {text}"), by=by, stream=meeting.stream,
           params={"kind": _word(outcome), "text": outcome.text})
    return outcome


def _word(outcome):
    return {"msg": {"action": gettext_noop("Action"), "decision": gettext_noop("Decision"),
                    "problem": gettext_noop("Problem")}[outcome.kind], "context": "meeting"}


def _check(kind, text, person, due_at, order, by) -> None:
    if not text.strip():
        raise BadInput(_("Say in a few words what it is."), field="text")
    if order is not None and not sees(by, order):
        raise BadInput(_("There is no such order among those you see."), field="order")
    if kind != Outcome.Kind.ACTION:
        return
    if person is None or not person.is_active:
        raise BadInput(_("Say who does it: @ and the name."), field="person")
    if due_at is None:
        raise BadInput(_("Say until when: a day, with a time if you like."), field="due_at")
    if due_at <= timezone.now():
        raise BadInput(_("An action is due in the future."), field="due_at")
    if order is not None and not sees(person, order):
        raise BadInput(_("%(person)s does not see this order.") % {"person": person}, field="person")


def _open_action(outcome, by) -> None:
    meeting = outcome.meeting
    outcome.item = sla.open_item(
        kind=Kind.MEETING_ACTION, source=meeting.stream, source_label=str(meeting.week),
        subject=gettext_noop("From the weekly meeting: {text}"), params={"text": outcome.text[:120]},
        url=meeting.get_absolute_url(), department=outcome.person.department or meeting.chair.department,
        assignee=outcome.person, by=by, due_at=outcome.due_at,
    )
    outcome.save(update_fields=["item"])
    if outcome.order:
        note(outcome.order, "meeting_action", gettext_noop("Weekly meeting, action for {person}: {text}"), by=by,
             params={"person": str(outcome.person), "text": outcome.text})


def _raise_problem(outcome, by) -> None:
    """With an order it is a problem of that order, which its own department solves."""
    if outcome.order and by.may(Right.ISSUE_RAISE) and not outcome.order.is_final:
        outcome.issue = raise_issue(order_id=outcome.order_id, by=by, kind=Issue.Kind.OTHER, text=outcome.text)
        outcome.save(update_fields=["issue"])


def _note_decision(outcome, by) -> None:
    if outcome.order:
        note(outcome.order, "meeting_decision", gettext_noop("Weekly meeting decided: {text}"), by=by,
             params={"text": outcome.text})


@transaction.atomic
def strike_outcome(*, outcome_id, by, version=None) -> Meeting:
    """Written down wrongly, while the meeting still runs; that it stood there remains in the log."""
    outcome = Outcome.objects.select_related("item", "order").get(pk=outcome_id)
    meeting = lock(outcome.meeting_id)
    require_running(meeting)
    require_minutes(meeting, by)
    if outcome.issue_id:
        raise GateShut(_("This problem stands on the order already: it is solved there."))
    if outcome.item and outcome.item.is_living:
        sla.cancel(outcome.item, reason=_("Struck out in the meeting"), by=by)
    outcome.delete()
    save(meeting)
    record("meeting.struck", gettext_noop("Struck out: {text}"), by=by, stream=meeting.stream,
           params={"text": outcome.text})
    return meeting


@transaction.atomic
def close_meeting(*, meeting_id, by, version=None) -> Meeting:
    """From here the minutes are a draft, which each head who was there confirms."""
    meeting = lock(meeting_id)
    require_chair(meeting, by)
    require_running(meeting)
    if not meeting.attendances.filter(is_present=True).exists():
        raise GateShut(_("The meeting cannot be closed yet."), missing=[_("Who was there")])
    _count_time(meeting)
    meeting.state, meeting.closed_at, meeting.closed_by = Meeting.State.CLOSED, timezone.now(), by
    meeting.position_since = None
    save(meeting, "state", "closed_at", "closed_by", "position_since")
    record("meeting.closed", gettext_noop("The meeting was closed; the heads confirm the minutes"), by=by,
           stream=meeting.stream)
    ask_for_confirmations(meeting, by)
    return meeting


@transaction.atomic
def reopen_meeting(*, meeting_id, by, reason, version=None) -> Meeting:
    """Within two days, before the minutes are final; what the heads said so far falls."""
    meeting = lock(meeting_id)
    require_chair(meeting, by)
    if not meeting.is_closed:
        raise GateShut(_("Only a closed meeting is reopened."))
    if meeting.is_confirmed:
        raise GateShut(_("The minutes are confirmed and stand."), because=_("They were final %(when)s.") % {
            "when": when(meeting.confirmed_at)})
    if timezone.now() > meeting.reopen_until:
        raise GateShut(_("A meeting is reopened within %(days)d days.") % {"days": REOPEN_DAYS},
                       because=_("It was closed %(when)s.") % {"when": when(meeting.closed_at)})
    if not reason.strip():
        raise BadInput(_("Say why in a few words, so that the others understand."), field="reason")
    now = timezone.now()
    fall(meeting, by)
    meeting.state, meeting.closed_at, meeting.closed_by = Meeting.State.RUNNING, None, None
    meeting.reopened_at, meeting.reopened_by, meeting.reopen_reason = now, by, reason.strip()[:300]
    meeting.position = meeting.agenda.get(kind=AgendaItem.Kind.MINUTES).position
    meeting.position_since = now
    save(meeting, "state", "closed_at", "closed_by", "reopened_at", "reopened_by", "reopen_reason", "position",
         "position_since")
    record("meeting.reopened", gettext_noop("The meeting was reopened. Reason: {reason}"), by=by,
           stream=meeting.stream, params={"reason": meeting.reopen_reason})
    return meeting
