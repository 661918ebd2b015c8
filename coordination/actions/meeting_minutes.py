"""The minutes: each head who was there confirms or objects; who says nothing until the limit has not objected."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from coordination.actions.meeting import lock, save
from coordination.models import Confirmation, Meeting
from desk.refusals import BadInput, Changed, NotYours
from desk.text import word
from notifications.actions import tell
from orders.actions.trail import note
from records.actions import record
from sla import actions as sla
from sla.item_acts import stood_in
from sla.kinds import Kind
from sla.models import WorkItem

State = Confirmation.State
REOPENED = gettext_noop("The meeting was reopened.")


def ask_for_confirmations(meeting, by) -> None:
    """One of each department that was there; who closed it has said so by that."""
    now = timezone.now()
    for seat in meeting.attendances.filter(is_present=True).select_related("department", "person"):
        answer = Confirmation(meeting=meeting, department=seat.department, person=seat.person, asked_at=now)
        if seat.person_id == by.pk:
            answer.state, answer.answered_at, answer.answered_by = State.CONFIRMED, now, by
        else:
            answer.item = _task(meeting, seat, by)
        answer.save()
    _settle(meeting, by)


def _task(meeting, seat, by) -> WorkItem:
    return sla.open_item(
        kind=Kind.MEETING_MINUTES, source=meeting.stream, source_label=str(meeting.week),
        subject=gettext_noop("Minutes of the weekly meeting {week}"), params={"week": str(meeting.week)},
        url=meeting.get_absolute_url(), department=seat.department, assignee=seat.person, by=by,
    )


@transaction.atomic
def answer_minutes(*, confirmation_id, by, objection="", objects=False, version=None) -> Confirmation:
    """Confirmed, or an objection in words, which stands in the minutes. Once."""
    meeting = lock(Confirmation.objects.values_list("meeting_id", flat=True).get(pk=confirmation_id))
    answer = Confirmation.objects.select_related("item", "person").get(pk=confirmation_id)
    if not may_answer(answer, by):
        raise NotYours(_("These minutes wait for somebody else's word."), who=[answer.person])
    if not answer.is_asked:
        raise Changed(_("This is answered: %(state)s.") % {"state": answer.get_state_display()})
    if objects and not objection.strip():
        raise BadInput(_("Say what is wrong in the minutes."), field="objection")
    by.on_behalf_of = stood_in(by, answer.item) if answer.item else None
    answer.state = State.OBJECTED if objects else State.CONFIRMED
    answer.objection = objection.strip()[:500] if objects else ""
    answer.answered_at, answer.answered_by = timezone.now(), by
    answer.save(update_fields=["state", "objection", "answered_at", "answered_by"])
    if answer.item and answer.item.is_living:
        sla.finish(answer.item, by=by)
    _note_answer(meeting, answer, by)
    _settle(meeting, by)
    return answer


def may_answer(answer, user) -> bool:
    item = answer.item
    return user.pk == answer.person_id or bool(
        item and item.is_living and WorkItem.objects.filter(pk=item.pk).for_person(user).exists()
    )


def _note_answer(meeting, answer, by) -> None:
    if answer.state == State.CONFIRMED:
        record("meeting.minutes_confirmed", gettext_noop("Confirmed the minutes"), by=by, stream=meeting.stream)
        return
    text = gettext_noop("Objected to the minutes: {objection}")
    record("meeting.minutes_objected", text, by=by, stream=meeting.stream, params={"objection": answer.objection})
    tell(key=f"meeting:{meeting.pk}:objection:{answer.pk}", recipients=[meeting.chair], text=text, by=by,
         params={"objection": answer.objection}, url=meeting.get_absolute_url(), source=meeting.stream)


def _settle(meeting, by) -> None:
    """Everybody has answered: the minutes are final, and go to whom they concern."""
    living = meeting.confirmations.exclude(state=State.FALLEN)
    if living.filter(state=State.ASKED).exists():
        return
    meeting.state, meeting.confirmed_at = Meeting.State.CONFIRMED, timezone.now()
    save(meeting, "state", "confirmed_at")
    record("meeting.confirmed", gettext_noop("The minutes are final"), by=by, stream=meeting.stream)
    _send(meeting, by)


def _send(meeting, by) -> None:
    people = [seat.person for seat in meeting.attendances.select_related("person")]
    tell(key=f"meeting:{meeting.pk}:minutes", recipients=people, by=by, source=meeting.stream,
         text=gettext_noop("The minutes of the weekly meeting {week} are final"), params={"week": str(meeting.week)},
         url=f"{meeting.get_absolute_url()}minutes/")
    for outcome in meeting.outcomes.filter(order__isnull=False).select_related("order"):
        note(outcome.order, "meeting_minutes", gettext_noop("In the minutes of the weekly meeting {week}: {text}"),
             by=None, params={"week": str(meeting.week), "text": outcome.text})


def fall(meeting, by) -> None:
    """Reopened: what was said of the minutes as they stood counts no more."""
    for answer in meeting.confirmations.exclude(state=State.FALLEN).select_related("item"):
        if answer.item and answer.item.is_living:
            sla.cancel(answer.item, reason=REOPENED, by=by)
        answer.state = State.FALLEN
        answer.save(update_fields=["state"])


def close_unanswered(now=None) -> int:
    """Minutes whose limit has passed: who said nothing has not objected."""
    now = now or timezone.now()
    late = Confirmation.objects.filter(state=State.ASKED, item__due_at__lte=now)
    return sum(_not_objected(pk, now) for pk in late.values_list("meeting_id", flat=True).distinct().order_by())


@transaction.atomic
def _not_objected(meeting_id, now) -> int:
    meeting = lock(meeting_id)
    late = meeting.confirmations.filter(state=State.ASKED, item__due_at__lte=now).select_related("item", "department")
    count = 0
    for answer in late:
        answer.state = State.NOT_OBJECTED
        answer.save(update_fields=["state"])
        sla.cancel(answer.item, reason=_("Not objected within the limit"))
        record("meeting.not_objected", gettext_noop("{department} did not object within the limit"), by=None,
               stream=meeting.stream, params={"department": word(answer.department.get_code_display())})
        count += 1
    if count:
        _settle(meeting, None)
    return count
