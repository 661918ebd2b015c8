"""What somebody asked for and nobody has decided is taken back by who asked: 撤回."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import Changed, NotYours
from desk.text import word
from orders.actions import door
from orders.actions.consents import lock_both
from orders.actions.trail import inform, note
from orders.models import Consent, DeclineProposal, ExpenseRequest
from orders.models.money import CostKind
from sla import actions as sla

WITHDRAWN = "withdrawn"


@transaction.atomic
def withdraw_expense(*, expense_id, by, now=None) -> ExpenseRequest:
    """Nothing is spent; what waits for the money stays as it is, and can be done without it."""
    now = now or timezone.now()
    order = door.lock(ExpenseRequest.objects.values_list("order_id", flat=True).get(pk=expense_id), by=by)
    asked = ExpenseRequest.objects.select_related("item__assignee", "requested_by", "decided_by").get(pk=expense_id)
    is_open = asked.state == ExpenseRequest.State.REQUESTED
    _check(asked.requested_by, by, is_open, asked.decided_by, asked.get_state_display())
    asked.state, asked.decided_at = ExpenseRequest.State.WITHDRAWN, now
    asked.save(update_fields=["state", "decided_at"])
    event = note(order, "expense_withdrawn", gettext_noop("No longer asks for money: {kind}, {reason}"), by=by,
                 money="resource", params={"kind": word(CostKind(asked.kind).label), "reason": asked.reason})
    return _close(order, event, asked, by, now)


@transaction.atomic
def withdraw_proposal(*, proposal_id, by, now=None) -> DeclineProposal:
    now = now or timezone.now()
    order = door.lock(DeclineProposal.objects.values_list("order_id", flat=True).get(pk=proposal_id), by=by)
    asked = DeclineProposal.objects.select_related("item__assignee", "proposed_by", "answered_by").get(pk=proposal_id)
    is_open = asked.answer == DeclineProposal.Answer.OPEN
    _check(asked.proposed_by, by, is_open, asked.answered_by, asked.get_answer_display())
    asked.answer, asked.answered_at, asked.answered_by = DeclineProposal.Answer.WITHDRAWN, now, by
    asked.save(update_fields=["answer", "answered_at", "answered_by"])
    event = note(order, "decline_withdrawn", gettext_noop("No longer proposed to decline: {reason}"), by=by,
                 params={"reason": asked.reason})
    return _close(order, event, asked, by, now, {order.created_by})


@transaction.atomic
def withdraw_consent(*, consent_id, by, now=None) -> Consent:
    """The question is void: the plan that asked it cannot go before the other order."""
    now = now or timezone.now()
    order_id, harmed_id = Consent.objects.values_list("order_id", "harmed_id").get(pk=consent_id)
    order, harmed = lock_both(order_id, harmed_id, by=by)
    asked = Consent.objects.select_related("item__assignee", "asked_by", "decided_by").get(pk=consent_id)
    state = _("the plan was changed") if asked.lapsed_at else asked.get_state_display()
    _check(asked.asked_by, by, asked.is_open, asked.decided_by, state)
    asked.lapsed_at = now
    asked.save(update_fields=["lapsed_at"])
    text = gettext_noop("{order} asks no longer to go before {harmed}")
    params = {"order": str(order), "harmed": str(harmed)}
    note(order, "consent_withdrawn", text, by=by, params=params)
    event = note(harmed, "consent_withdrawn", text, by=by, params=params)
    _close(order, event, asked, by, now, {harmed.created_by})
    return asked


def _check(asker, by, is_open, decider, state) -> None:
    if asker.natural_id != by.natural_id:
        raise NotYours(_("Who sent it takes it back."), who=[asker])
    if not is_open:
        raise Changed(_("This cannot be taken back any more: %(state)s.") % {"state": state},
                      who=[decider] if decider else ())


def _close(order, event, asked, by, now, others=frozenset()):
    """Who had it to decide hears of it; its clock stops with the reason."""
    assignee = asked.item.assignee if asked.item else None
    if asked.item and asked.item.is_living:
        sla.cancel(asked.item, reason=WITHDRAWN, by=by, now=now)
    door.touch(order)
    inform(order, event, ({assignee} | others) - {None, by})
    return asked
