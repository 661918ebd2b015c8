"""The customer chooses in a real browser; the pages of the negotiation and of the rush charge for everybody."""

import pytest
from django.urls import reverse

from orders import actions
from orders.models import Negotiation, OfferAnswer
from tests.browser.axe import check
from tests.factories import orders as make
from tests.finance.test_urgency import freight
from tests.orders.test_offers import later, negotiated, parts, sent

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.clause("3.2.3")
def test_the_customer_chooses_and_sales_confirms(people, browser_page):
    order = make.at_review(people)
    talk = negotiated(order, people, later(), parts())
    _link, token = sent(talk, people, charges={talk.options.last().pk: 1200}, text="Sorry for the trouble.")
    offer = reverse("customer:offer", args=[token])
    customer = browser_page(bypass_csp=True)
    check(customer, offer)
    customer.get_by_role("button", name="Send the answer").click()  # nothing is chosen: the browser says so
    assert not OfferAnswer.objects.exists()
    customer.get_by_role("radio", name="In parts").check()
    customer.get_by_label("What you want to tell us").fill("The first 7 are urgent.")
    customer.get_by_role("button", name="Send the answer").click()
    customer.get_by_role("heading", name="Thank you. We have your answer.").wait_for()

    sales, tab = browser_page(people.sales, bypass_csp=True), reverse("orders:negotiation", args=[order.pk])
    check(sales, tab)
    sales.get_by_role("link", name="Confirm the answer").click()
    sales.get_by_role("button", name="Confirm the answer").click()
    sales.wait_for_url(f"**{tab}")
    assert Negotiation.objects.get().state == "accepted"


def test_the_price_of_urgency_and_the_budgets_are_accessible_and_fit(people, admin, sales_head, finance, browser_page):
    order = make.at_procurement(people)
    order.lines.update(unit_price_amount=790)
    freight(order, finance, 377)
    actions.set_rush_budget(by=admin, scope="customer", orders_a_week=3, cost_a_week_amount=500, reason="试行")
    check(browser_page(sales_head, bypass_csp=True), reverse("finance:order_tab", args=[order.pk]))
    check(browser_page(admin, bypass_csp=True), reverse("orders:rush_budgets"))
