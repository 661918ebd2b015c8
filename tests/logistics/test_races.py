"""Two dispatchers at the same moment, on two real connections: one vehicle leaves, no piece goes out twice."""

import pytest

from logistics import actions
from logistics.models import DeliveryList, Proof, Shipment
from orders.models import CostEntry, LedgerEntry
from tests.factories import logistics as out
from tests.factories import orders as make
from tests.together import at_once, refusals

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.mark.clause("3.5.1", "1.3.3")
def test_two_dispatchers_at_once_send_one_vehicle(people, logistics_head):
    order, found = out.ready(people)
    answers = at_once(lambda: out.dispatch(found, people.logistics), lambda: out.dispatch(found, logistics_head))
    assert len(refusals(answers)) == 1, answers
    assert order.lines.get().shipped == 10
    assert Shipment.objects.count() == 1
    assert LedgerEntry.objects.filter(order=order, kind="ship").count() == 1
    assert CostEntry.objects.filter(order=order, kind="transport").count() == 1


@pytest.mark.clause("3.5.1", "3.4.3")
def test_two_lists_at_once_do_not_take_the_same_pieces(people, logistics_head):
    order = make.at_delivery(people, is_partial_allowed=True)
    answers = at_once(
        lambda: out.make_list(order, people.logistics, 7), lambda: out.make_list(order, logistics_head, 7)
    )
    assert len(refusals(answers)) == 1, answers
    assert DeliveryList.objects.count() == 1


@pytest.mark.clause("3.5.2")
def test_newer_confirmation_and_dispatch_at_once_never_send_to_the_old_place(people, logistics_head):
    order, found = out.ready(people)
    answers = at_once(
        lambda: out.dispatch(found, people.logistics), lambda: out.confirm(order, logistics_head, place="另一个码头")
    )
    shipment = Shipment.objects.first()
    if refusals(answers):
        assert shipment is None
    else:
        assert shipment.confirmation.place == order.place  # it had left when the new place was told


def test_two_proofs_at_once_leave_one(people, logistics_head):
    _order, shipment = out.under_way(people)
    answers = at_once(lambda: out.prove(shipment, people.logistics), lambda: out.prove(shipment, logistics_head))
    assert len(refusals(answers)) == 1, answers
    assert Proof.objects.count() == 1


def test_dispatch_and_cancellation_of_the_list_at_once(people, logistics_head):
    order, found = out.ready(people)
    answers = at_once(
        lambda: out.dispatch(found, people.logistics),
        lambda: actions.cancel_list(list_id=found.pk, by=logistics_head),
    )
    assert len(refusals(answers)) == 1, answers
    assert order.lines.get().shipped == (10 if Shipment.objects.exists() else 0)
