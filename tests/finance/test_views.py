from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from finance import actions
from finance.models import ExpenseLimit, Settlement
from orders import actions as orders
from orders.models import CostEntry, ExpenseRequest, UrgentOrder
from tests.factories import finance as make_money
from tests.factories import orders as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(people, finance):
    order = make.at_procurement(people)
    order.lines.update(unit_price_amount=Decimal("211.11"))
    UrgentOrder.objects.filter(pk=order.pk).update(rush_charge_amount=Decimal("322.22"))
    make_money.plan_cost(order, finance, amount=433)
    return order


def page(client, name, pk):
    return client.get(reverse(f"finance:{name}", args=[pk]))


def post(client, name, pk, **data):
    return client.post(reverse(f"finance:{name}", args=[pk]), data)


def queries_of(client, url):
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    assert response.status_code == 200
    return len(captured)


@pytest.mark.parametrize(("status", "names"), [
    (200, ("finance", "finance_head", "general_manager", "manager", "sales_head")),
    (403, ("sales", "buyer", "planner", "operator", "stranger")),
])
def test_board_is_for_who_decides_or_sees_results(status, names, request, client_of):
    for name in names:
        board = client_of(request.getfixturevalue(name)).get(reverse("finance:board"))
        assert board.status_code == status, name


# The tab: rush charge (sales class) and estimate (result class), by person; None = there is no tab.
SEES = {
    "finance": (True, True), "sales_head": (True, True), "general_manager": (True, True), "manager": (True, True),
    "sales": (True, False), "planner": (False, False), "production_head": (False, False), "buyer": None,
    "operator": None, "inspector": None, "logistics": None, "stranger": None,
}


@pytest.mark.clause("1.2", "4.6.1")
def test_tab_shows_only_the_money_somebody_may_see(order, request, client_of):
    for name, seen in SEES.items():
        response = page(client_of(request.getfixturevalue(name)), "order_tab", order.pk)
        assert response.status_code == (200 if seen else 404), name
        assert not seen or ("¥ 322.22" in response.text, "¥ 433" in response.text) == seen, name


def test_who_asked_sees_the_own_request_and_nothing_else(order, people, buyer, client_of):
    make_money.asked(order, buyer, amount="77.77", reason="my freight")
    make_money.asked(order, people.logistics, amount="88.88", reason="their freight")
    response = page(client_of(buyer), "order_tab", order.pk)
    assert "77.77" in response.text
    for hidden in ("88.88", "their freight", "¥ 433", "322.22"):
        assert hidden not in response.text


def test_board_asks_the_same_for_one_and_three_rows(order, people, buyer, finance, client_of):
    client, url = client_of(finance), reverse("finance:board")
    make_money.asked(order, buyer), make.at_settlement(people)
    one = queries_of(client, url)
    for _ in range(2):
        make_money.asked(make.at_procurement(people), buyer), make.at_settlement(people)
    assert queries_of(client, url) == one


def test_tab_asks_the_same_for_one_and_three_rows(people, buyer, finance, client_of):
    numbers = []
    for rows in (1, 3):
        order = make.at_procurement(people)
        for kind in ("material", "labour", "machine")[:rows]:
            make_money.plan_cost(order, finance, kind=kind)
            actions.record_cost(order_id=order.pk, kind=kind, amount=Decimal(5), by=finance)
            make_money.asked(order, buyer)
        numbers.append(queries_of(client_of(finance), reverse("finance:order_tab", args=[order.pk])))
    assert numbers[0] == numbers[1]


@pytest.mark.clause("4.6.2")
def test_expense_is_asked_and_decided_on_pages(order, people, finance, client_of):
    asked = {"kind": "transport", "amount": "40", "reason": "night truck"}
    assert post(client_of(people.logistics), "expense_request", order.pk, **asked).status_code == 302
    expense = ExpenseRequest.objects.get()
    assert "night truck" in client_of(finance).get(reverse("finance:board")).text
    decide = page(client_of(finance), "expense_decide", expense.pk)
    assert "¥ 40" in decide.text
    assert "its budget is ¥ 476.30" in decide.text
    assert post(client_of(finance), "expense_decide", expense.pk, is_approved="no").status_code == 422
    assert post(client_of(finance), "expense_decide", expense.pk, is_approved="yes").status_code == 302
    assert post(client_of(finance), "expense_decide", expense.pk, is_approved="yes").status_code == 409
    assert CostEntry.objects.get(source=f"expense:{expense.pk}").amount == 40


@pytest.mark.clause("4.6.2")
def test_own_limit_and_budget_are_refused_on_pages(order, finance, buyer, general_manager, client_of):
    own = make_money.asked(order, finance, amount=1)
    over = make_money.asked(order, buyer, amount=500)
    response = post(client_of(finance), "expense_decide", own.pk, is_approved="yes")
    assert (response.status_code, "somebody else decides" in response.text) == (403, True)
    response = post(client_of(finance), "expense_decide", over.pk, is_approved="yes")
    assert (response.status_code, "over the budget" in response.text) == (403, True)
    assert general_manager.name in response.text
    assert post(client_of(general_manager), "expense_decide", over.pk, is_approved="yes").status_code == 302


def test_request_of_nonsense_is_refused(order, buyer, client_of):
    client, data = client_of(buyer), {"kind": "transport", "amount": "1", "reason": "x"}
    for wrong in ({"amount": "-1"}, {"kind": "nothing"}, {"amount": "0"}, {"reason": ""}):
        assert post(client, "expense_request", order.pk, **data | wrong).status_code == 422, wrong
    assert not ExpenseRequest.objects.exists()


@pytest.mark.clause("3.5.3", "4.6.1")
def test_order_is_settled_on_pages(people, finance, sales_head, client_of):
    order = make.at_settlement(people)
    make_money.plan_cost(order, finance, kind="overtime", amount=50)
    client, tab = client_of(finance), reverse("finance:order_tab", args=[order.pk])
    assert "Actual cost of Overtime" in client.get(tab).text
    assert post(client, "settle", order.pk).status_code == 409
    record = reverse("finance:cost_record", args=[order.pk])
    assert 'value="overtime" selected' in client.get(f"{record}?kind=overtime").text
    assert post(client, "cost_record", order.pk, kind="overtime", is_none="on").status_code == 422
    assert post(client, "cost_record", order.pk, kind="overtime", is_none="on", text="nobody stayed").status_code == 302
    assert post(client, "cost_record", order.pk, kind="machine", amount="60").status_code == 302
    entry = CostEntry.objects.get(kind="machine")
    assert page(client, "cost_reverse", entry.pk).status_code == 200
    assert post(client, "cost_reverse", entry.pk, reason="twice").status_code == 302
    assert post(client, "statement_issue", order.pk).status_code == 422
    assert post(client, "statement_issue", order.pk, invoice_number="INV-3").status_code == 302
    printed = page(client_of(sales_head), "statement", order.pk)
    for part in (Settlement.objects.get().number, "INV-3", "nobody stayed"):
        assert part in printed.text
    assert page(client, "settle", order.pk).status_code == 200
    assert post(client, "settle", order.pk).status_code == 302
    assert UrgentOrder.objects.get(pk=order.pk).stage == "closed"
    assert reverse("finance:settle", args=[order.pk]) not in client.get(tab).text


def test_statement_is_for_the_result_class(people, finance, request, client_of):
    order = make.at_settlement(people)
    actions.issue_statement(order_id=order.pk, by=finance, invoice_number="1")
    for name in ("sales", "buyer", "planner", "operator", "stranger"):
        statement = page(client_of(request.getfixturevalue(name)), "statement", order.pk)
        assert statement.status_code == 404, name


ACTS = ("cost_record", "cost_reverse", "statement_issue", "settle")


def test_acts_of_finance_are_its_own(order, people, finance, manager, general_manager, stranger, client_of):
    theirs = client_of(finance)
    others = [client_of(person) for person in (people.sales, people.buyer, people.production_head, manager,
                                               general_manager, stranger)]  # fmt: skip
    for act in ACTS:
        url = reverse(f"finance:{act}", args=[order.costs.get().pk if act == "cost_reverse" else order.pk])
        assert theirs.get(url).status_code == 200, act
        for client in others:
            assert client.get(url).status_code == 403, act
            assert client.post(url).status_code == 403, act
        assert theirs.get(reverse(f"finance:{act}", args=[10**9])).status_code == 404, act


# Stop after a cancellation


@pytest.mark.clause("4.6.1")
def test_department_reports_its_stop_on_a_page(people, sales_head, stranger, client_of):
    order = make.at_procurement(people)
    url = reverse("orders:report_stop", args=[order.pk])
    assert client_of(people.sales).get(url).status_code == 404
    orders.cancel(order_id=order.pk, by=sales_head, reason="gone", was_customer_told=True)
    assert client_of(stranger).get(url).status_code == 403
    assert client_of(people.sales).get(url).status_code == 200
    for wrong in ({}, {"text": "x", "amount": "-1"}):
        assert client_of(people.sales).post(url, wrong).status_code == 422
    assert client_of(people.sales).post(url, {"text": "stopped", "amount": "12.50"}).status_code == 302
    assert client_of(people.sales).post(url, {"text": "again"}).status_code == 409
    assert CostEntry.objects.get(order=order, cause="cancellation").amount == Decimal("12.50")
    assert order.sign_offs.living().get(box="stopped").department == "sales"


@pytest.mark.clause("4.6.2")
def test_the_page_of_the_limits(client_of, admin, finance):
    url = reverse("finance:limits")
    assert client_of(finance).get(url).status_code == 403
    client = client_of(admin)
    page = client.get(url)
    sent = {name: page.context["form"][name].value() for name in ("accountant", "finance_head")}
    sent |= {"reason": "Prices rose", "once": "l", "version": page.context["version"]}
    assert client.post(url, sent | {"accountant": "60000"}).status_code == 422  # more than the head of Finance
    assert client.post(url, sent | {"accountant": "-1"}).status_code == 422
    assert client.post(url, sent | {"accountant": "8000"}).status_code == 302
    assert ExpenseLimit.objects.get(rank="accountant").up_to_amount == 8000
    stale = client.post(url, sent | {"accountant": "9000", "once": "m"})
    assert stale.status_code == 409
    assert "9000" in stale.text  # what was typed is kept
    assert ExpenseLimit.objects.get(rank="accountant").up_to_amount == 8000
