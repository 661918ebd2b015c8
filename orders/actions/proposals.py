"""Anyone concerned may say that this is no urgent order of ours; the head of Sales answers."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours, OwnRequest
from desk.text import word
from orders.actions import clocks, door
from orders.actions.trail import inform, note
from orders.machine import STEPS
from orders.models import DeclineProposal
from people.duty import hands_of, head_of, who_may
from people.models import Department
from people.roles import Right
from sla import actions as sla

ReasonCode, Answer = DeclineProposal.ReasonCode, DeclineProposal.Answer


def check_proposable(order, by) -> None:
    if not by.use(Right.ISSUE_RAISE):
        raise NotYours(_("You only look at this order."), who=[order.created_by])
    if STEPS["decline"].target_from(order.stage) is None:
        raise GateShut(
            _("This order cannot be declined any more: it is in %(stage)s.") % {"stage": order.get_stage_display()},
            because=_("After the review it can only be cancelled."), who=who_may(Right.ORDER_DECIDE, 2),
        )


@transaction.atomic
def propose_decline(*, order_id, by, reason_code, reason, duplicate_of=None, version=None) -> DeclineProposal:
    """A work item of the head of Sales; until the answer everything goes on."""
    order = door.lock(order_id, by=by, version=version)
    check_proposable(order, by)
    door.check_duplicate(order, reason_code, duplicate_of)
    if not reason.strip():
        raise BadInput(_("Say why in a few words, so that the others can act."), field="reason")
    if open_proposal(order):
        raise Changed(_("It is proposed already to decline this order; the head of Sales answers."))
    sales = Department.objects.select_related("head").prefetch_related("deputies").get(code="sales")
    head = head_of(sales)
    proposal = DeclineProposal.objects.create(
        order=order, reason_code=reason_code, reason=reason.strip()[:1000], duplicate_of=duplicate_of,
        proposed_at=timezone.now(), proposed_by=by,
    )
    proposal.item = clocks.open_item(
        order, kind="decline_proposal", subject=gettext_noop("Decline the order or let it go on: {reason}"),
        params={"reason": proposal.reason[:120]}, department=sales, assignee=head, by=by,
        url=reverse("orders:proposal", args=[order.pk]),
    )
    proposal.save(update_fields=["item"])
    event = note(order, "decline_proposed", gettext_noop("Proposed to decline ({why}): {reason}"), by=by,
                 params={"why": word(ReasonCode(reason_code).label), "reason": proposal.reason})
    inform(order, event, {head, order.created_by})
    return proposal


def open_proposal(order) -> DeclineProposal | None:
    found = order.decline_proposals.filter(answer=Answer.OPEN).select_related("proposed_by", "item", "duplicate_of")
    return found.first()


@transaction.atomic
def keep_order(*, order_id, by, reason, version=None) -> DeclineProposal:
    """The head's no to the proposal, with a reason: the order goes on."""
    order = door.lock(order_id, by=by, version=version)
    if not by.use(Right.ORDER_DECIDE):
        raise NotYours(_("The head of Sales answers it."), who=who_may(Right.ORDER_DECIDE, 2))
    proposal = open_proposal(order)
    if proposal is None:
        raise Changed(_("This proposal is answered already."))
    _check_other(proposal, by)
    if not reason.strip():
        raise BadInput(_("Say why it goes on."), field="reason")
    _answer(proposal, Answer.KEPT, by, reason.strip())
    event = note(order, "decline_refused", gettext_noop("Not declined, the order goes on: {reason}"), by=by,
                 params={"reason": proposal.answer_text})
    inform(order, event, {proposal.proposed_by, order.created_by})
    return proposal


@transaction.atomic
def decline(
    *, order_id, by, reason_code, reason, was_customer_told, duplicate_of=None, contact="", how="", version=None
):
    """Not an urgent order of ours: final. It answers a proposal that is open."""
    door.check_told(was_customer_told)
    order = door.lock(order_id, by=by, version=version)
    door.check_duplicate(order, reason_code, duplicate_of)
    proposal = open_proposal(order)
    if proposal and by.use(Right.ORDER_DECIDE):
        _check_other(proposal, by)
        _answer(proposal, Answer.DECLINED, by, reason.strip())
    if duplicate_of is not None:
        order.duplicate_of = duplicate_of
        order.save(update_fields=["duplicate_of"])
    door.keep_what_was_told(order, by, contact, how, reason)
    order = door.move(order_id=order.pk, step="decline", by=by, reason_code=reason_code, reason=reason)
    if proposal:
        event = note(order, "decline_answered", gettext_noop("Declined as proposed"), by=by)
        inform(order, event, {proposal.proposed_by})
    return order


def _check_other(proposal, by) -> None:
    """Never one's own proposal, nor for somebody who made it."""
    first = hands_of([(proposal.proposed_by, proposal.proposed_at)], Right.ISSUE_RAISE)
    if by.hands & first:
        raise OwnRequest(
            _("You proposed it, so somebody else answers."),
            who=[person for person in who_may(Right.ORDER_DECIDE) if person.natural_id not in first],
        )


def _answer(proposal, answer, by, text):
    proposal.answer, proposal.answer_text = answer, text[:1000]
    proposal.answered_at, proposal.answered_by = timezone.now(), by
    proposal.save(update_fields=["answer", "answer_text", "answered_at", "answered_by"])
    if proposal.item.is_living:
        sla.finish(proposal.item, by=by)
