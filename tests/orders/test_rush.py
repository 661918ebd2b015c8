"""The weekly rush budget: whose counts, when it is passed, who hears it, and that it blocks nothing."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from access.models import Session
from desk.refusals import BadInput, NotYours
from notifications.models import Notification
from orders import actions
from orders.models import RushBudget, UrgentOrder
from orders.rush import uses, week_start, with_one_more
from records.models import Event
from tests.factories import orders as make

pytestmark = pytest.mark.django_db


def budget(admin, scope="customer", **values):
    return actions.set_rush_budget(by=admin, scope=scope, reason="试行", **values)


def test_a_week_begins_on_monday_in_the_company_time_zone():
    sunday_night = timezone.make_aware(datetime(2026, 11, 29, 23, 59))
    assert week_start(sunday_night) == timezone.make_aware(datetime(2026, 11, 23))
    assert week_start(sunday_night + timedelta(minutes=1)) == timezone.make_aware(datetime(2026, 11, 30))


@pytest.mark.clause("2.1", "1.3.4")
def test_a_passed_budget_warns_the_form_and_the_head_of_sales_and_blocks_nothing(people, admin, sales_head, client_of):
    first = make.submitted(people)
    assert uses(first.customer, people.sales) == []
    assert not Notification.objects.filter(recipient=sales_head, text__contains="rush budget").exists()
    budget(admin, orders_a_week=2)  # every customer
    budget(admin, "person", person=people.sales, orders_a_week=2)
    assert with_one_more(first.customer, people.sales) == []  # the second one is within
    make.submitted(people, customer=first.customer)
    coming = with_one_more(first.customer, people.sales)
    assert [(use.scope, use.orders) for use in coming] == [("customer", 3), ("person", 3)]
    hints = client_of(people.sales).post(reverse("orders:form_hints"), {"customer": first.customer.code})
    assert "with this one 3 urgent orders this week; the budget is 2" in hints.content.decode()

    third = make.submitted(people, customer=first.customer)  # submitted all the same
    assert third.number
    said = Event.objects.filter(stream=third.stream, verb="order.rush_budget_passed")
    assert [event.params["orders"] for event in said] == [3, 3]
    assert Notification.objects.filter(recipient=sales_head, text__contains="rush budget").count() == 2
    actions.withdraw(order_id=third.pk, by=people.sales)  # the warning stands in nobody's way

    budget(admin, customer=first.customer)  # this one without limit: only the salesperson's is left
    assert [use.scope for use in with_one_more(first.customer, people.sales)] == ["person"]
    UrgentOrder.objects.filter(created_by=people.sales).update(submitted_at=timezone.now() - timedelta(days=8))
    assert with_one_more(first.customer, people.sales) == []


@pytest.mark.clause("1.3.4")
def test_the_extra_cost_of_a_week_is_told_once_when_it_passes(people, admin, sales_head, client_of, finance):
    order = make.submitted(people)
    budget(admin, customer=order.customer, cost_a_week_amount=500)

    def spend(amount, source, **values):
        actions.add_cost(**{"order": order, "by": finance, "kind": "transport", "amount": amount, "is_planned": False,
                            "cause": "urgency", "source": source} | values)
        return Notification.objects.filter(recipient=sales_head, text__contains="rush budget").count()

    assert spend(500, "a") == 0
    assert spend(900, "b", cause="normal") == spend(900, "c", is_planned=True) == 0
    assert spend(1, "d") == 1
    assert spend(1, "d") == spend(300, "e") == 1  # the same act twice; past it already
    event = Event.objects.get(stream=order.stream, verb="order.rush_budget_passed")
    assert event.money == "resource" and event.params["cost_amount"] == "¥ 501"
    hints = client_of(people.sales).post(reverse("orders:form_hints"), {"customer": order.customer.code})
    assert "used up this week" in hints.content.decode() and "¥ 801" not in hints.content.decode()
    own = client_of(sales_head).post(reverse("orders:form_hints"), {"customer": order.customer.code})
    assert "¥ 801" in own.content.decode()


def test_an_administrator_sets_budgets_with_a_reason(people, admin, client_of, sales_head):
    url, customer = reverse("orders:rush_budgets"), make.make_customer()
    assert client_of(sales_head).get(url).status_code == 403
    with pytest.raises(NotYours):
        budget(sales_head, orders_a_week=1)
    client = client_of(admin)
    given = {"scope": "customer", "customer": customer.code, "orders_a_week": "3", "reason": "常常加急"}
    assert client.post(url, given | {"person": str(people.sales.pk)}).status_code == 422
    assert client.post(url, given | {"reason": ""}).status_code == 422
    assert client.post(url, given | {"version": "0"}).status_code == 302
    assert client.post(url, given | {"version": "0", "orders_a_week": "4"}).status_code == 409
    with pytest.raises(BadInput):
        budget(admin, customer=customer, orders_a_week=3)
    page = client.get(url).content.decode()
    assert customer.name in page and "常常加急" in page

    def statements():
        with CaptureQueriesContext(connection) as caught:
            assert client.get(url).status_code == 200
        return len(caught)

    one = statements()
    for _more in range(2):
        budget(admin, customer=make.make_customer(), orders_a_week=1)
    assert statements() == one
    for row in ({"scope": "customer", "person": people.sales}, {"scope": "customer", "customer": customer},
                {"scope": "person", "orders_a_week": 1, "cost_a_week_amount": -1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            RushBudget.objects.bulk_create([RushBudget(**row)])
    RushBudget.objects.create(scope="person")
    with pytest.raises(IntegrityError), transaction.atomic():
        RushBudget.objects.bulk_create([RushBudget(scope="person")])
    Session.objects.update(begun_at=timezone.now() - timedelta(minutes=11))
    stale = client.post(url, given)
    assert stale.status_code == 403 and "confirm_password" in stale.content.decode()
