from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from desk.refusals import BadInput, Changed, GateShut, NotYours, OwnRequest, Refusal
from finance import actions
from finance.defaults import seed
from finance.models import ExpenseLimit, Settlement
from orders import actions as orders
from orders.models import CostEntry, ExpenseRequest, UrgentOrder
from orders.money import may_see, visible_params
from records.models import Event
from tests.factories import finance as make_money
from tests.factories import orders as make
from tests.together import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(people, finance):
    order = make.at_procurement(people)
    make_money.plan_cost(order, finance, amount=100000)
    return order


def decide(expense, by, is_approved=True, reason=""):
    return actions.decide_expense(expense_id=expense.pk, is_approved=is_approved, by=by, reason=reason)


# Expense requests


@pytest.mark.clause("4.6.2")
def test_approved_expense_is_booked_as_premium_of_urgency(order, buyer, finance):
    expense = make_money.asked(order, buyer)
    decided = decide(expense, finance)
    assert (decided.state, decided.decided_by, decided.is_over_budget) == ("approved", finance, False)
    cost = CostEntry.objects.get(source=f"expense:{expense.pk}")
    assert (cost.amount, cost.cause, cost.is_planned) == (100, "urgency", False)
    assert ExpenseRequest.objects.get().item.state == "met"


@pytest.mark.parametrize(("kind", "cause"), [
    ("overtime", "urgency"), ("transport", "urgency"), ("rework", "rework"), ("scrap", "scrap"), ("labour", "normal"),
])
def test_cause_follows_the_kind(kind, cause, order, buyer, finance):
    decide(make_money.asked(order, buyer, kind=kind), finance)
    assert CostEntry.objects.get(order=order, is_planned=False).cause == cause


@pytest.mark.clause("4.6.2")
def test_nobody_decides_the_own_request(order, finance, finance_head):
    expense = make_money.asked(order, finance)
    with pytest.raises(OwnRequest) as caught:
        decide(expense, finance)
    assert finance_head in caught.value.who
    assert finance not in caught.value.who
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE orders_expenserequest SET decided_by_id = requested_by_id, decided_at = requested_at,"
            " state = 'approved' WHERE id = %s", [expense.pk],
        )
    assert not CostEntry.objects.filter(is_planned=False).exists()


@pytest.mark.clause("4.6.2")
@pytest.mark.parametrize(("amount", "deciding"), [
    (5000, {"finance", "finance_head", "general_manager"}),
    ("5000.01", {"finance_head", "general_manager"}),
    (50000, {"finance_head", "general_manager"}),
    ("50000.01", {"general_manager"}),
])
def test_limits_by_amount(amount, deciding, order, buyer, finance, finance_head, general_manager, manager, sales_head):
    cast = {"finance": finance, "finance_head": finance_head, "general_manager": general_manager, "manager": manager,
            "sales_head": sales_head, "buyer": buyer}
    found = set()
    for name, person in cast.items():
        expense = make_money.asked(order, sales_head if name == "buyer" else buyer, amount=amount, kind="material")
        try:
            decide(expense, person)
        except NotYours:
            continue
        found.add(name)
    assert found == deciding


def test_limits_are_the_administrators(order, buyer, finance):
    seed()
    ExpenseLimit.objects.filter(rank="accountant").update(up_to_amount=50)
    with pytest.raises(NotYours, match="limit of ¥ 50"):
        decide(make_money.asked(order, buyer), finance)
    seed()
    assert ExpenseLimit.objects.get(rank="accountant").up_to_amount == 50


@pytest.mark.clause("4.6.2", "1.3.4")
def test_over_the_budget_only_general_management_decides(people, buyer, finance, finance_head, general_manager):
    order = make.at_procurement(people)
    make_money.plan_cost(order, finance, amount=1000)
    fits, over = make_money.asked(order, buyer, amount=100), make_money.asked(order, buyer, amount=1)
    decide(fits, finance)  # 1,000 planned and 10 % allowed
    for person in (finance, finance_head):
        with pytest.raises(NotYours, match="over the budget") as caught:
            decide(over, person)
        assert caught.value.who == (general_manager,)
    assert decide(over, general_manager).is_over_budget
    assert ExpenseRequest.objects.get(pk=over.pk).is_over_budget


def test_planned_expense_of_its_kind_is_within_the_budget(people, buyer, finance):
    order = make.at_procurement(people)
    make_money.plan_cost(order, finance, kind="expedite", amount=500)
    assert not decide(make_money.asked(order, buyer, amount=500), finance).is_over_budget


def test_refusal_says_why_and_books_nothing(order, buyer, finance):
    expense = make_money.asked(order, buyer)
    with pytest.raises(BadInput):
        decide(expense, finance, is_approved=False)
    assert decide(expense, finance, is_approved=False, reason="no need").state == "refused"
    assert not CostEntry.objects.filter(is_planned=False).exists()


def test_decided_request_stays_decided(order, buyer, finance, finance_head):
    expense = make_money.asked(order, buyer)
    decide(expense, finance, is_approved=False, reason="no")
    with pytest.raises(Changed):
        decide(expense, finance_head)
    with pytest.raises(IntegrityError), transaction.atomic():
        ExpenseRequest.objects.filter(pk=expense.pk).update(state="approved")


@pytest.mark.parametrize("amount", [0, -1])
def test_request_of_nothing_is_refused(amount, order, buyer):
    with pytest.raises(BadInput):
        make_money.asked(order, buyer, amount=amount)


def test_nothing_is_asked_for_an_ended_order(people, buyer):
    with pytest.raises(GateShut):
        make_money.asked(make.closed(people), buyer)


# Costs


@pytest.mark.clause("4.6.1", "1.3.4")
def test_cost_sheet_sets_planned_against_actual(order, people, buyer, finance):
    make_money.plan_cost(order, finance, kind="overtime", amount=300)
    actions.record_cost(order_id=order.pk, kind="material", amount=Decimal(98000), by=finance)
    decide(make_money.asked(order, buyer, kind="overtime", amount=450), finance)
    sheet = actions.sheet_of(order)
    rows = {row.kind: (row.planned, row.actual, row.difference, row.urgency) for row in sheet.rows}
    assert rows == {"material": (100000, 98000, -2000, 0), "overtime": (300, 450, 150, 450)}
    assert (sheet.planned, sheet.actual, sheet.urgency) == (100300, 98450, 450)
    assert [row.kind for row in sheet.rows] == ["material", "overtime"]


@pytest.mark.parametrize("values", [
    {"amount": Decimal(0)}, {"amount": Decimal(-5)}, {"is_none": True}, {"is_none": True, "text": " "},
])
def test_cost_of_nonsense_is_refused(values, order, finance):
    with pytest.raises(BadInput):
        actions.record_cost(order_id=order.pk, kind="machine", by=finance, **values)


def test_only_finance_records_costs(order, people, manager, general_manager):
    for person in (people.sales, people.buyer, people.production_head, manager, general_manager):
        with pytest.raises(NotYours):
            actions.record_cost(order_id=order.pk, kind="machine", amount=Decimal(5), by=person)


def test_none_with_a_reason_closes_a_planned_kind(order, finance):
    actions.record_cost(order_id=order.pk, kind="material", is_none=True, text="from stock", by=finance)
    assert not actions.sheet_of(order).rows[0].is_missing
    with pytest.raises(Changed):
        actions.record_cost(order_id=order.pk, kind="material", is_none=True, text="again", by=finance)


def test_wrong_amount_is_taken_back_once(order, finance):
    entry = actions.record_cost(order_id=order.pk, kind="machine", amount=Decimal(500), by=finance)
    with pytest.raises(BadInput):
        actions.reverse_cost(entry_id=entry.pk, reason="", by=finance)
    actions.reverse_cost(entry_id=entry.pk, reason="typed twice", by=finance)
    with pytest.raises(Changed):
        actions.reverse_cost(entry_id=entry.pk, reason="again", by=finance)
    assert actions.sheet_of(order).actual == 0
    with pytest.raises(GateShut):
        actions.reverse_cost(entry_id=CostEntry.objects.get(is_planned=True).pk, reason="x", by=finance)
    with pytest.raises(IntegrityError), transaction.atomic():
        CostEntry.objects.filter(pk=entry.pk).update(amount=1)


# Settlement


@pytest.mark.clause("3.5.3", "4.6.1")
def test_delivered_order_is_settled_and_closed(people, finance):
    order = make.at_settlement(people)
    order.lines.update(unit_price_amount=Decimal(200))
    UrgentOrder.objects.filter(pk=order.pk).update(rush_charge_amount=Decimal(300))
    make_money.plan_cost(order, finance, amount=900)
    with pytest.raises(GateShut) as caught:
        actions.settle(order_id=order.pk, by=finance)
    assert [row.is_met for row in caught.value.missing].count(False) >= 2
    actions.record_cost(order_id=order.pk, kind="material", amount=Decimal(1000), by=finance)
    statement = actions.issue_statement(order_id=order.pk, by=finance, invoice_number="INV-7")
    assert (statement.sales_amount, statement.cost_amount, statement.margin_amount) == (2300, 1000, 1300)
    assert statement.number.startswith("ST-")
    assert actions.settle(order_id=order.pk, by=finance).stage == "closed"
    for sql in ("UPDATE finance_settlement SET invoice_number = 'x'", "DELETE FROM finance_settlement"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    with pytest.raises(GateShut):
        actions.record_cost(order_id=order.pk, kind="machine", amount=Decimal(1), by=finance)


def test_statement_needs_an_invoice_or_a_reason(people, finance):
    order = make.at_settlement(people)
    for values in ({}, {"invoice_number": "1", "no_invoice_reason": "sample"}):
        with pytest.raises(BadInput):
            actions.issue_statement(order_id=order.pk, by=finance, **values)
    statement = actions.issue_statement(order_id=order.pk, by=finance, no_invoice_reason="a sample")
    for values in ({"no_invoice_reason": ""}, {"invoice_number": "1"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Settlement.objects.filter(pk=statement.pk).update(**values)


def test_statement_older_than_the_costs_settles_nothing(people, finance):
    order = make.at_settlement(people)
    actions.issue_statement(order_id=order.pk, by=finance, invoice_number="1")
    actions.record_cost(order_id=order.pk, kind="transport", amount=Decimal(40), by=finance)
    with pytest.raises(GateShut):
        actions.settle(order_id=order.pk, by=finance)
    again = actions.issue_statement(order_id=order.pk, by=finance, invoice_number="1")
    assert (again.version, again.urgency_amount) == (2, 40)
    assert Settlement.objects.count() == 1
    assert actions.settle(order_id=order.pk, by=finance).stage == "closed"


def test_open_expense_keeps_the_order_open(people, finance, buyer):
    order = make.at_settlement(people)
    expense = make_money.asked(order, buyer)
    actions.issue_statement(order_id=order.pk, by=finance, invoice_number="1")
    with pytest.raises(GateShut):
        actions.settle(order_id=order.pk, by=finance)
    decide(expense, finance, is_approved=False, reason="too late")
    assert actions.settle(order_id=order.pk, by=finance).stage == "closed"


def test_only_finance_settles(people, general_manager, sales_head):
    order = make.at_settlement(people)
    for person in (people.logistics, general_manager, sales_head):
        with pytest.raises(NotYours):
            actions.issue_statement(order_id=order.pk, by=person, invoice_number="1")
        with pytest.raises(NotYours):
            actions.settle(order_id=order.pk, by=person)


def test_no_statement_before_settlement(order, finance):
    with pytest.raises(GateShut):
        actions.issue_statement(order_id=order.pk, by=finance, invoice_number="1")


# After a cancellation


@pytest.mark.clause("4.6.1")
def test_cancelled_order_is_settled_when_every_department_has_stopped(people, sales_head, finance):
    order = make.at_procurement(people)
    orders.cancel(order_id=order.pk, by=sales_head, reason="gone", was_customer_told=True)
    actions.issue_statement(order_id=order.pk, by=finance, no_invoice_reason="cancelled")
    with pytest.raises(GateShut) as caught:
        actions.settle(order_id=order.pk, by=finance)
    assert any("reported" in str(row.text) for row in caught.value.missing)
    waiting = {"sales": people.sales, "production": people.planners[0], "procurement": people.buyer,
               "quality": people.inspector, "logistics": people.logistics, "finance": finance}
    for person in waiting.values():
        try:
            orders.report_stop(order_id=order.pk, by=person, text="stopped", amount=Decimal(10))
        except Changed:
            continue
    actions.issue_statement(order_id=order.pk, by=finance, no_invoice_reason="cancelled")
    assert actions.settle(order_id=order.pk, by=finance).stage == "cancelled"
    booked = CostEntry.objects.filter(order=order, cause="cancellation")
    assert booked.count() == order.sign_offs.filter(box="stopped").count() >= 2


def test_stop_is_reported_once_and_truly(people, sales_head):
    order = make.at_procurement(people)
    with pytest.raises(GateShut):
        orders.report_stop(order_id=order.pk, by=people.sales, text="stopped")
    orders.cancel(order_id=order.pk, by=sales_head, reason="gone", was_customer_told=True)
    with pytest.raises(BadInput):
        orders.report_stop(order_id=order.pk, by=people.sales, text="stopped", amount=Decimal(-1))
    with pytest.raises(BadInput):
        orders.report_stop(order_id=order.pk, by=people.sales, text=" ")
    orders.report_stop(order_id=order.pk, by=people.sales, text="stopped")
    with pytest.raises(Changed):
        orders.report_stop(order_id=order.pk, by=sales_head, text="stopped")


# Who sees which money

SEES = {
    "sales": "sales", "sales_head": "sales resource result", "planner": "resource", "production_head": "resource",
    "operator": "", "buyer": "purchase", "procurement_head": "purchase", "inspector": "", "logistics": "",
    "finance": "sales purchase resource result", "manager": "sales purchase resource result",
    "general_manager": "sales purchase resource result", "hr": "", "admin": "", "stranger": "",
}


@pytest.mark.clause("1.2")
@pytest.mark.parametrize("name", SEES)
def test_money_class_is_seen_by_exactly_these(name, request):
    person = request.getfixturevalue(name)
    seen = [money for money in ("sales", "purchase", "resource", "result") if may_see(person, money)]
    assert " ".join(seen) == SEES[name]
    assert may_see(person, "")
    assert not may_see(person, "unknown")


def test_amounts_of_events_are_left_out_for_others(order, buyer, operator, finance):
    expense = make_money.asked(order, buyer, amount=123)
    event = Event.objects.get(stream_id=order.stream, verb="order.expense_requested")
    assert visible_params(event, finance)["amount"] == "123"
    assert visible_params(event, buyer)["amount"] == "123"  # the own request
    assert visible_params(event, operator)["amount"] == "–"
    assert visible_params(event, operator)["reason"] == expense.reason


# At once


def outcomes(deeds):
    """The state each led to, or the kind of refusal it met."""
    return [type(answer) if isinstance(answer, Refusal) else answer.state for answer in at_once(*deeds)]


@pytest.mark.postgres
@pytest.mark.clause("4.6.2")
@pytest.mark.django_db(transaction=True)
def test_second_decision_at_once_is_refused(people, finance, finance_head, general_manager):
    order = make.at_procurement(people)
    make_money.plan_cost(order, finance)
    expense = make_money.asked(order, people.buyer, amount=50)
    found = outcomes([lambda by=by: decide(expense, by) for by in (finance, finance_head, general_manager, finance)])
    assert sorted(map(str, found)) == sorted(["approved", *[str(Changed)] * 3])
    assert CostEntry.objects.filter(order=order, is_planned=False).count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_requests_at_once_do_not_pass_the_budget_together(people, finance, finance_head):
    order = make.at_procurement(people)
    make_money.plan_cost(order, finance, amount=1000)
    asked = [make_money.asked(order, people.buyer, amount=60) for _ in range(4)]
    found = outcomes([lambda expense=expense: decide(expense, finance_head) for expense in asked])
    assert found.count("approved") == 1
    assert sum(CostEntry.objects.filter(is_planned=False).values_list("amount", flat=True)) == 60
