"""What the customer changes after the confirmation, the short-close, and forms that are entered twice."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from desk.refusals import BadInput, Changed, GateShut, NotYours
from orders import actions, ledger
from orders.actions.changes import what_follows
from orders.machine import Box, Fact
from orders.models import ChangedLine, ChangeRequest, OrderLine, Promise, UrgentOrder
from records.models import Event
from sla.models import WorkItem
from tests.factories import orders as make
from tests.together import at_once, refusals

pytestmark = pytest.mark.django_db


def fresh(order):
    return UrgentOrder.objects.get(pk=order.pk)


def boxes(order):
    return set(order.sign_offs.living().values_list("box", flat=True))


def change(order, by, **values):
    said = {"reason": "they need more", "contact": "Gao", "how": "call"} | values
    return actions.request_change(order_id=order.pk, by=by, **said)


def short(order, by, quantity):
    return actions.short_close(
        order_id=order.pk, by=by, reason="they take what is there", contact="Gao", how="mail",
        quantities={order.lines.get().pk: quantity},
    )


def refused(act):
    with pytest.raises(IntegrityError), transaction.atomic():
        act()


def test_change_is_recorded_by_sales_after_the_confirmation_with_whom_it_was_agreed(people):
    order = make.submitted(people)
    with pytest.raises(GateShut):
        change(order, people.sales, place="Gate 9")
    order = make.at_review(people)
    with pytest.raises(NotYours):
        change(order, people.buyer, place="Gate 9")
    line = order.lines.get()
    for values, field in (
        ({"place": order.place, "quantities": {line.pk: 10}}, "reason"), ({"reason": " "}, "reason"),
        ({"contact": ""}, "contact"), ({"quantities": {line.pk: 0}}, f"quantity_{line.pk}"),
        ({"required_at": timezone.now()}, "required_at"),
    ):
        with pytest.raises(BadInput) as caught:
            change(order, people.sales, **values)
        assert caught.value.field == field
    assert not ChangeRequest.objects.exists()


def test_more_pieces_go_back_to_review_and_take_their_signatures(people):
    order = make.at_production(people)
    line = order.lines.get()
    told = dict(what_follows(order))
    assert told[Fact.QUANTITY_UP] == [Box.CAPACITY, Box.MATERIALS, Box.PLAN, Box.MATERIALS_READY]
    assert (told[Fact.QUANTITY_DOWN], told[Fact.PLACE]) == ([Box.PLAN], [])
    found = change(order, people.sales, quantities={line.pk: 15})
    order = fresh(order)
    assert (order.stage, boxes(order)) == ("review", {"customer_confirmed", "process"})
    assert (order.lines.get().agreed_quantity, order.lines.get().requested_quantity) == (15, 10)
    found.refresh_from_db()
    assert (found.sheet.version, found.facts, order.sheets.count()) == (2, ["quantity_up"], 2)
    waiting = WorkItem.objects.living().filter(source=order.stream, kind__startswith="review_")
    assert set(waiting.values_list("kind", flat=True)) == {"review_decision", "review_capacity", "review_materials"}
    event = Event.objects.get(stream_id=order.stream, verb="order.changed")
    assert event.params["what"][0]["params"] == {"product": str(line.product), "before": 10, "after": 15}


def test_customers_date_is_judged_from_then_on_and_place_asks_logistics_alone(people):
    order = make.at_delivery(people)
    make.sign(order, Box.DELIVERY_CONFIRMED, people.logistics)
    change(order, people.sales, place="Gate 9")
    assert (fresh(order).stage, fresh(order).place) == ("delivery", "Gate 9")
    assert boxes(order) >= {"made", "passed", "plan"} and "delivery_confirmed" not in boxes(order)
    later = order.required_at + timedelta(days=2)
    change(order, people.sales, required_at=later)
    assert (fresh(order).stage, fresh(order).required_at) == ("review", later)
    assert Promise.objects.filter(order=order).last().cause == "customer"
    assert not boxes(order) & {"capacity", "plan"}


def test_changed_specification_is_assessed_anew_and_open_negotiation_comes_first(people):
    order = make.assessed(people)
    line = order.lines.get()
    change(order, people.sales, specifications={line.pk: "hot-dip galvanised"})
    assert boxes(order) == {"customer_confirmed"}
    assert fresh(order).lines.get().specification == "hot-dip galvanised"
    later = order.required_at + timedelta(days=2)
    actions.open_negotiation(
        order_id=order.pk, by=people.planners[1], reason="full",
        options=[{"kind": "date", "description": "later", "finish_at": later, "required_at": later}],
    )
    with pytest.raises(Changed):
        change(order, people.sales, place="Gate 9")


def test_short_close_ends_with_what_passed_and_never_below_shipped(people):
    order = make.at_production(people)
    line, (first, second) = order.lines.get(), order.steps.order_by("number")
    for step in (first, second):
        ledger.post(target=step, kind="make", quantity=6, by=people.operator)
        ledger.post(target=step, kind="pass", quantity=6, by=people.operator)
    ledger.post(target=line, kind="make", quantity=6, by=people.operator)
    ledger.post(target=line, kind="pass", quantity=6, by=people.inspector)
    for quantity in (5, 11):
        with pytest.raises(BadInput) as caught:
            short(order, people.sales, quantity)
        assert caught.value.field == f"quantity_{line.pk}"
    found = short(order, people.sales, 6)
    assert (found.kind, found.contact, found.how, fresh(order).stage) == ("short_close", "Gao", "mail", "production")
    assert [step.quantity for step in order.steps.all()] == [6, 6]
    make.sign_and_move(order, Box.MADE, people.operator)  # what production's job does for the last maker
    assert fresh(order).stage == "qc"
    make.sign_and_move(order, Box.PASSED, people.inspector)
    make.sign(order, Box.DELIVERY_CONFIRMED, people.logistics)
    ledger.post(target=order.lines.get(), kind="ship", quantity=6, by=people.logistics)
    with pytest.raises(GateShut, match="6 pieces are shipped already"):
        change(order, people.sales, quantities={line.pk: 5})
    refused(lambda: OrderLine.objects.filter(pk=line.pk).update(agreed_quantity=5))


def test_short_close_at_the_inspection_passes_by_what_passed(people):
    order = make.at_qc(people)
    ledger.post(target=order.lines.get(), kind="pass", quantity=7, by=people.inspector)
    short(order, people.sales, 7)
    assert fresh(order).stage == "delivery"
    assert order.sign_offs.living().get(box="passed").signed_by == people.inspector


def test_database_changes_no_agreed_quantity_without_its_paper(people):
    order = make.at_review(people)
    line = OrderLine.objects.filter(order=order)
    refused(lambda: line.update(agreed_quantity=9))
    change(order, people.sales, quantities={line.get().pk: 12})
    refused(lambda: line.update(agreed_quantity=13))
    refused(lambda: line.update(agreed_quantity=10))
    refused(lambda: ChangeRequest.objects.update(contact="nobody"))
    refused(ChangedLine.objects.all().delete)
    refused(lambda: ChangedLine.objects.update(quantity=99))


# Entered twice


def alike(order, by, **values):
    line = order.lines.select_related("product").get()
    rows = [{"product": line.product, "quantity": 3}]
    return actions.save_draft(by=by, values=make.form_values(customer=order.customer, **values), lines=rows)


def test_like_order_within_the_days_asks_for_a_reason_that_stays(people):
    first = make.submitted(people)
    second = alike(first, people.sales)
    with pytest.raises(GateShut) as caught:
        actions.submit(order_id=second.pk, by=people.sales)
    assert (caught.value.field, str(first) in str(caught.value.what)) == ("duplicate_reason", True)
    actions.save_draft(by=people.sales, values={"duplicate_reason": "second berth"}, order_id=second.pk)
    actions.submit(order_id=second.pk, by=people.sales)
    event = Event.objects.get(stream_id=second.stream, verb="order.no_duplicate")
    assert event.params == {"orders": [str(first)], "reason": "second berth"}
    UrgentOrder.objects.update(submitted_at=timezone.now() - timedelta(days=15))
    actions.submit(order_id=alike(first, people.sales).pk, by=people.sales)


def test_like_form_is_added_to_the_other_order_and_ends_as_its_duplicate(people):
    first = make.at_review(people)
    second = alike(first, people.sales)
    line = first.lines.get()
    change(first, people.sales, quantities={line.pk: 13}, joins=second.pk)
    second = fresh(second)
    assert (second.stage, second.duplicate_of, second.number) == ("declined", first, None)
    assert second.lines.get().agreed_quantity == 3  # records are never merged
    with pytest.raises(GateShut):
        change(first, people.sales, quantities={line.pk: 14}, joins=second.pk)
    refused(lambda: UrgentOrder.objects.filter(pk=second.pk).update(duplicate_of=second.pk))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_from_the_same_page_leave_one(people):
    order = make.at_review(people)
    line, version = order.lines.get().pk, order.version
    answers = at_once(*[
        lambda quantity=quantity: change(order, people.sales, quantities={line: quantity}, version=version)
        for quantity in (12, 14)
    ])
    assert len(refusals(answers)) == 1
    assert ChangeRequest.objects.count() == 1
