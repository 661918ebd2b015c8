"""Complaints, the customer's rating, and the order that follows: every rule, in the actions and in the database."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from desk.refusals import BadInput, Changed, GateShut, NotYours
from orders import actions
from orders.models import Complaint, ContactLog, Rating, UrgentOrder
from orders.reports import quality_costs
from records.models import Event, StoredFile
from sla.models import WorkItem
from tests.factories import orders as make

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def refused(act):
    with pytest.raises(IntegrityError), transaction.atomic():
        act()


def photo(name="a.png"):
    return SimpleUploadedFile(name, PNG)


def link_for(order, people, **values):
    given = {"recipient": "高远", "contact_phone": "0515-8888", "language": "en"} | values
    return actions.issue_customer_link(order_id=order.pk, by=people.sales, **given)


def complain(order, people, **values):
    given = {"line_id": order.lines.get().pk, "quantity": 2, "text": "孔距超差", "contact": "高远"} | values
    given.setdefault("by", None if "link" in given else people.sales)
    return actions.raise_complaint(order_id=order.pk, **given)


def decide_what_came_back(order, complaint, people):
    """Quality's word on the pieces of a closed order; the ledger goes on adding up."""
    def decide(fate="scrap", quantity=1, by=people.inspector, reason="孔距超差"):
        return actions.decide_returned(
            complaint_id=complaint.pk, by=by, fate=fate, quantity=quantity, reason=reason
        )

    assert items(complaint)["returned"].department.code == "quality"
    for wrong, error in (({"by": people.sales}, NotYours), ({"quantity": 3}, BadInput), ({"quantity": 0}, BadInput),
                         ({"reason": " "}, BadInput)):
        with pytest.raises(error):
            decide(**wrong)
    decide("scrap")
    assert "returned" in items(complaint), "one piece still waits"
    decide("keep")
    line = order.lines.get()
    assert (line.passed, line.held, line.scrapped) == (8, 1, 1)
    assert "returned" not in items(complaint)
    with pytest.raises(Changed):
        decide()
    rows = Complaint.objects.filter(pk=complaint.pk)
    refused(lambda: rows.update(scrap_quantity=2))
    refused(lambda: rows.update(keep_quantity=0))


def items(complaint):
    living = WorkItem.objects.living().filter(source=complaint.stream)
    return {item.kind: item for item in living.select_related("department", "assignee")}


@pytest.mark.clause("1.1", "3.4.3", "4.5.2")
def test_complaint_on_the_link_leads_to_a_following_order_that_the_first_one_pays_for(people, quality_head):
    """Delivered → complained on the link → replaced → a following order, linked, its cost the first one's."""
    first = make.closed(people)
    link, _token = link_for(first, people)
    complaint = complain(first, people, link=link, files=[photo()], once="press-1")
    assert complaint.number.startswith("CP-") and complaint.raised_by is None
    assert complain(first, people, link=link, once="press-1") == complaint, "a second press finds the first"
    assert StoredFile.objects.get(subject=complaint.stream).purpose == "complaint"
    assert items(complaint)["complaint"].department.code == "quality"
    assert UrgentOrder.objects.get(pk=first.pk).stage == "closed", "a closed order takes a complaint and stays closed"

    actions.decide_complaint(complaint_id=complaint.pk, by=people.inspector, answer="replace", reason="批次刀具磨损")
    draft = UrgentOrder.objects.get(follows=first)
    line = draft.lines.get()
    assert (draft.created_by, draft.customer, draft.reason) == (people.sales, first.customer, "quality_replacement")
    assert (line.product, line.agreed_quantity, line.unit_price_amount) == (first.lines.get().product, 2, 0)
    assert items(complaint)["complaint_answer"].assignee == people.sales
    with pytest.raises(GateShut):
        actions.delete_draft(order_id=draft.pk, by=people.sales)

    actions.tell_customer(complaint_id=complaint.pk, by=people.sales, contact="高远", how="call", text="补发 2 件")
    assert ContactLog.objects.get(order=first, text__contains=complaint.number)
    assert not items(complaint)
    actions.take_in_return(complaint_id=complaint.pk, by=people.logistics, quantity=2)
    back = first.lines.get()
    assert (back.shipped, back.passed, back.held) == (8, 8, 2), "what comes back is held"
    decide_what_came_back(first, complaint, people)

    actions.save_draft(by=people.sales, order_id=draft.pk, values={"required_at": make.form_values()["required_at"]})
    following = actions.submit(order_id=draft.pk, by=people.sales)
    actions.add_cost(order=following, kind="labour", amount=70, is_planned=False, source="x", by=people.finance)
    actions.add_cost(order=following, kind="labour", amount=90, is_planned=True, source="y", by=people.finance)
    assert quality_costs([first.pk, following.pk]) == {first.pk: Decimal(70)}
    assert list(first.followed_by.all()) == [following]
    assert UrgentOrder.objects.get(pk=first.pk).stage == "closed"
    verbs = set(Event.objects.filter(stream_id=first.stream).values_list("verb", flat=True))
    assert {"order.complaint_raised", "order.complaint_decided", "order.contact", "order.pieces_returned"} <= verbs


@pytest.mark.clause("4.6.1")
def test_credit_is_written_by_finance_once_and_is_the_orders_cost(people):
    order = make.at_settlement(people)
    complaint = complain(order, people)
    with pytest.raises(GateShut):
        actions.write_credit(complaint_id=complaint.pk, by=people.finance, amount=Decimal(300))
    actions.decide_complaint(complaint_id=complaint.pk, by=people.inspector, answer="credit", reason="外观")
    assert items(complaint)["credit"].department.code == "finance"
    with pytest.raises(NotYours):
        actions.write_credit(complaint_id=complaint.pk, by=people.sales, amount=Decimal(300))
    with pytest.raises(BadInput):
        actions.write_credit(complaint_id=complaint.pk, by=people.finance, amount=Decimal(0))
    actions.write_credit(complaint_id=complaint.pk, by=people.finance, amount=Decimal(300))
    assert quality_costs([order.pk]) == {order.pk: Decimal(300)}
    assert "credit" not in items(complaint)
    with pytest.raises(Changed):
        actions.write_credit(complaint_id=complaint.pk, by=people.finance, amount=Decimal(300))


def test_complaint_is_refused_where_its_rules_do_not_hold(people):
    order = make.at_qc(people)
    with pytest.raises(GateShut, match="Nothing of this order was delivered yet"):
        complain(order, people)
    with pytest.raises(GateShut, match="asked after the delivery"):
        actions.rate(order_id=order.pk, by=people.sales, stars=5, contact="高远")
    refused(lambda: Rating.objects.create(
        order=order, stars=5, contact="x", rated_at=timezone.now(), recorded_by=people.sales))

    order = make.at_settlement(people)
    for wrong, error in (({"by": people.buyer}, NotYours), ({"quantity": 11}, BadInput), ({"quantity": 0}, BadInput),
                         ({"text": " "}, BadInput), ({"line_id": 0}, BadInput),
                         ({"files": [SimpleUploadedFile("a.txt", b"text")]}, BadInput)):
        with pytest.raises(error):
            complain(order, people, **wrong)
    assert not Complaint.objects.exists()
    complaint = complain(order, people, quantity=6)
    with pytest.raises(BadInput, match="6 of them"):
        complain(order, people, quantity=5)
    with pytest.raises(NotYours):
        actions.decide_complaint(complaint_id=complaint.pk, by=people.sales, answer="none", reason="x")
    for answer, reason in (("open", "x"), ("none", " ")):
        with pytest.raises(BadInput):
            actions.decide_complaint(complaint_id=complaint.pk, by=people.inspector, answer=answer, reason=reason)
    with pytest.raises(GateShut):
        actions.tell_customer(complaint_id=complaint.pk, by=people.sales, contact="x", how="call", text="x")
    actions.decide_complaint(complaint_id=complaint.pk, by=people.inspector, answer="none", reason="按图合格")
    with pytest.raises(Changed):
        actions.decide_complaint(complaint_id=complaint.pk, by=people.inspector, answer="credit", reason="x")
    with pytest.raises(BadInput):
        actions.take_in_return(complaint_id=complaint.pk, by=people.inspector, quantity=7)
    with pytest.raises(NotYours):
        actions.take_in_return(complaint_id=complaint.pk, by=people.sales, quantity=1)


@pytest.mark.clause("1.3.3")
def test_database_keeps_complaint_and_rating_as_they_were(people):
    order = make.at_settlement(people)
    complaint = complain(order, people, quantity=9)
    line = order.lines.get()
    values = {"order": order, "line": line, "text": "x", "contact": "x", "raised_at": timezone.now()}
    refused(lambda: Complaint.objects.create(number="a", quantity=2, raised_by=people.sales, **values))
    refused(lambda: Complaint.objects.create(number="b", quantity=1, **values))
    rows = Complaint.objects.filter(pk=complaint.pk)
    refused(lambda: rows.update(quantity=1))
    refused(rows.delete)
    refused(lambda: rows.update(answer="none"))
    refused(lambda: rows.update(returned_quantity=10))
    refused(lambda: rows.update(told_at=timezone.now(), told_by=people.sales, told_text="x"))
    done = {"decided_at": timezone.now(), "decided_by": people.inspector, "decision_reason": "x"}
    refused(lambda: rows.update(answer="replace", **done))
    actions.decide_complaint(complaint_id=complaint.pk, by=people.inspector, answer="none", reason="x")

    def reopen():
        with connection.cursor() as cursor:
            cursor.execute("UPDATE orders_complaint SET answer = 'credit' WHERE id = %s", [complaint.pk])

    refused(reopen)
    asked = WorkItem.objects.living().filter(kind="rating", source=f"rating:{order.pk}")
    for _delivery in range(2):
        actions.ask_for_rating(order, by=people.logistics)
    assert asked.get().assignee == people.sales, "delivered: sales asks the customer once, with a clock"
    for wrong, error in (({"by": people.buyer}, NotYours), ({"reason": " "}, BadInput)):
        with pytest.raises(error):
            actions.leave_unrated(**{"order_id": order.pk, "by": people.sales, "reason": "x"} | wrong)
    with pytest.raises(BadInput):
        actions.rate(order_id=order.pk, by=people.sales, stars=6, contact="x")
    with pytest.raises(NotYours):
        actions.rate(order_id=order.pk, by=people.buyer, stars=5, contact="x")
    rating = actions.rate(order_id=order.pk, by=people.sales, stars=4, contact="高远", comment="准时")
    assert not asked.exists()
    actions.ask_for_rating(order, by=people.logistics)
    assert not asked.exists(), "asked once"
    with pytest.raises(Changed):
        actions.leave_unrated(order_id=order.pk, by=people.sales, reason="x")
    with pytest.raises(Changed):
        actions.rate(order_id=order.pk, by=people.sales, stars=5, contact="高远")
    refused(lambda: Rating.objects.filter(pk=rating.pk).update(stars=5))
    refused(rating.delete)
