"""Proposed, answered, declined; cancelled; returned twice over the same signature."""

import pytest
from django.db import IntegrityError, transaction

from desk.refusals import BadInput, Changed, GateShut, NotYours
from notifications.models import Outbox
from orders import actions
from orders.machine import Box
from orders.models import DeclineProposal, UrgentOrder
from records.models import Event
from sla.models import WorkItem
from tests.factories import orders as make

pytestmark = pytest.mark.django_db


def fresh(order):
    return UrgentOrder.objects.get(pk=order.pk)


def propose(order, by, **values):
    return actions.propose_decline(
        order_id=order.pk, by=by, **{"reason_code": "not_ours", "reason": "no such machine"} | values
    )


def test_anyone_concerned_proposes_and_the_head_of_sales_answers(people, sales_head, stranger, manager):
    order = make.at_review(people)
    for outsider in (stranger, manager):
        with pytest.raises(NotYours):
            propose(order, outsider)
    for values, field in (({"reason": " "}, "reason"), ({"reason_code": "duplicate_of"}, "duplicate_of"),
                          ({"reason_code": "duplicate_of", "duplicate_of": order}, "duplicate_of")):
        with pytest.raises(BadInput) as caught:
            propose(order, people.planners[0], **values)
        assert caught.value.field == field
    proposal = propose(order, people.planners[0])
    assert (proposal.item.kind, proposal.item.assignee) == ("decline_proposal", sales_head)
    with pytest.raises(Changed):
        propose(order, people.buyer)
    with pytest.raises(NotYours):
        actions.keep_order(order_id=order.pk, by=people.sales, reason="it goes on")
    with pytest.raises(BadInput):
        actions.keep_order(order_id=order.pk, by=sales_head, reason="")
    actions.keep_order(order_id=order.pk, by=sales_head, reason="the neighbour plant has one")
    proposal.refresh_from_db()
    assert (proposal.answer, proposal.item.is_living, fresh(order).stage) == ("kept", False, "review")
    with pytest.raises(Changed):
        actions.keep_order(order_id=order.pk, by=sales_head, reason="again")
    with pytest.raises(IntegrityError), transaction.atomic():
        DeclineProposal.objects.update(answer="declined")
    told = Outbox.objects.filter(text__startswith="Not declined").values_list("recipient", flat=True)
    assert people.planners[0].pk in told


def test_declined_as_proposed_names_the_other_order_and_whom_the_customer_heard_it_from(people, sales_head):
    other, order = make.submitted(people), make.submitted(people)
    proposal = propose(order, people.buyer, reason_code="duplicate_of", duplicate_of=other)
    said = {"reason_code": "duplicate_of", "reason": "told twice", "duplicate_of": other}
    with pytest.raises(BadInput) as caught:
        actions.decline(order_id=order.pk, by=sales_head, was_customer_told=False, **said)
    assert caught.value.field == "was_customer_told"
    with pytest.raises(NotYours):
        actions.decline(order_id=order.pk, by=people.sales, was_customer_told=True, **said)
    assert (fresh(order).duplicate_of, order.contacts.count()) == (None, 0)
    actions.decline(order_id=order.pk, by=sales_head, was_customer_told=True, contact="Gao", how="call", **said)
    order = fresh(order)
    assert (order.stage, order.duplicate_of, order.contacts.get().contact) == ("declined", other, "Gao")
    proposal.refresh_from_db()
    assert (proposal.answer, proposal.item.state) == ("declined", "met")
    assert not WorkItem.objects.living().filter(source=order.stream).exists()
    with pytest.raises(GateShut):
        propose(order, people.buyer)


def test_order_with_shipped_pieces_is_not_cancelled_by_the_database_either(people, sales_head):
    order = make.at_settlement(people)
    with pytest.raises(GateShut):
        actions.cancel(order_id=order.pk, by=sales_head, reason="gave up", was_customer_told=True)
    for values in ({"outcome": "cancelled"}, {"outcome": "cancelled", "stage": "cancelled"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            UrgentOrder.objects.filter(pk=order.pk).update(**values)


def test_second_return_over_the_same_signature_tells_both_heads(people, procurement_head):
    order = make.at_procurement(people)

    def back():
        actions.send_back(order_id=order.pk, by=procurement_head, reason_code="wrong", reason="bill", boxes=["plan"])

    back()
    assert not Event.objects.filter(stream_id=order.stream, verb="order.returned_again").exists()
    make.sign(order, Box.PLAN, people.planners[1])
    actions.move(order_id=order.pk, step="approve", by=people.production_head)
    back()
    event = Event.objects.get(stream_id=order.stream, verb="order.returned_again")
    assert event.params["box"] == [{"msg": "Production plan"}]
    told = Outbox.objects.filter(text__startswith="Returned again").values_list("recipient", flat=True)
    assert people.production_head.pk in told
