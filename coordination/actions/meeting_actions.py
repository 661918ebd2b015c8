"""What becomes of an action: done with its result, or dropped by the chair with a reason. Until then it is carried."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from coordination.actions.meeting import lock, may_chair
from coordination.models import Outcome
from desk.refusals import BadInput, Changed, NotYours
from orders.actions.trail import note
from people.duty import who_may
from people.roles import Right
from records.actions import record
from sla import actions as sla
from sla.item_acts import stood_in
from sla.models import WorkItem


@transaction.atomic
def finish_action(*, outcome_id, by, result, version=None) -> Outcome:
    """By whose task it is, or who stands in; the chair may note it in the meeting."""
    outcome = _locked(outcome_id)
    if not may_finish(outcome, by):
        raise NotYours(_("This action waits for somebody else."), who=[outcome.holder])
    if not result.strip():
        raise BadInput(_("Say what came of it."), field="result")
    by.on_behalf_of = stood_in(by, outcome.item) if outcome.item else None
    outcome.result, outcome.done_at, outcome.done_by = result.strip()[:500], timezone.now(), by
    outcome.save(update_fields=["result", "done_at", "done_by"])
    if outcome.item and outcome.item.is_living:
        sla.finish(outcome.item, by=by)
    _note(outcome, "action_done", gettext_noop("Done: {text} – {said}"), by, outcome.result)
    return outcome


@transaction.atomic
def drop_action(*, outcome_id, by, reason, version=None) -> Outcome:
    """Not to be done any more: the chair says why."""
    outcome = _locked(outcome_id)
    if not may_drop(outcome, by):
        raise NotYours(_("The chair of the meeting drops an action."), who=who_may(Right.ORDER_DECIDE))
    if not reason.strip():
        raise BadInput(_("Say why it is not to be done any more."), field="reason")
    outcome.drop_reason, outcome.dropped_at, outcome.dropped_by = reason.strip()[:300], timezone.now(), by
    outcome.save(update_fields=["drop_reason", "dropped_at", "dropped_by"])
    if outcome.item and outcome.item.is_living:
        sla.cancel(outcome.item, reason=outcome.drop_reason, by=by)
    _note(outcome, "action_dropped", gettext_noop("Dropped: {text}. Reason: {said}"), by, outcome.drop_reason)
    return outcome


def may_finish(outcome, user) -> bool:
    item = outcome.item
    return user.pk in (outcome.person_id, outcome.holder.pk) or may_drop(outcome, user) or bool(
        item and item.is_living and WorkItem.objects.filter(pk=item.pk).for_person(user).exists()
    )


def may_drop(outcome, user) -> bool:
    return may_chair(outcome.meeting, user)


def _locked(outcome_id) -> Outcome:
    lock(Outcome.objects.values_list("meeting_id", flat=True).get(pk=outcome_id))
    outcome = Outcome.objects.select_related(
        "meeting__chair", "person", "item__assignee", "order", "done_by", "dropped_by"
    ).get(pk=outcome_id)
    if not outcome.is_open:
        raise Changed(_("%(who)s has ended this action already.") % {"who": outcome.done_by or outcome.dropped_by})
    return outcome


def _note(outcome, verb, text, by, said) -> None:
    params = {"text": outcome.text, "said": said}
    record(f"meeting.{verb}", text, by=by, stream=outcome.meeting.stream, params=params)
    if outcome.order:
        note(outcome.order, f"meeting_{verb}", text, by=by, params=params)
