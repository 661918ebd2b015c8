"""From the missing material to the settled order, in a real browser: the way a buyer and an accountant go it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from finance import actions as finance_actions
from orders.models import Receipt, UrgentOrder
from orders.supply import accept_receipt
from procurement import actions
from tests.browser.axe import check
from tests.factories import finance as money
from tests.factories import orders as make
from tests.factories import procurement as buy

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def local(moment):
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def stage_of(order):
    return UrgentOrder.objects.values_list("stage", flat=True).get(pk=order.pk)


@pytest.mark.clause("3.3.1", "3.3.2", "4.3.1")
def test_buyer_gets_the_material(people, buyer, browser_page):
    order = make.at_procurement(people)
    line = buy.line_of(order)
    buy.source_of(line)
    page = browser_page(buyer)
    page.goto(reverse("procurement:board"))
    page.get_by_role("link", name="Order M-").click()
    page.get_by_label("Promised for").fill(local(line.needed_at - timedelta(minutes=10)))
    page.get_by_role("button", name="Order").click()
    page.get_by_role("link", name="Transport step").click()
    page.get_by_label("Dispatched", exact=True).check()
    page.get_by_role("button", name="Record the step").click()
    page.get_by_role("link", name="Receive").click()
    page.get_by_role("button", name="Receive").click()
    page.get_by_text("in inspection").wait_for()
    accept_receipt(receipt=Receipt.objects.get(), accepted=Decimal(5), rejected=Decimal(0), by=people.inspector)
    page.reload()
    page.get_by_role("link", name="Materials are ready").click()
    page.get_by_role("button", name="Materials are ready").click()
    page.get_by_text("Signed: materials ready.").wait_for()
    assert stage_of(order) == "production"


@pytest.mark.clause("3.5.3", "4.6.1", "4.6.2")
def test_accountant_decides_and_settles(people, buyer, finance, browser_page):
    order = make.at_settlement(people)
    money.plan_cost(order, finance, amount=1000)
    money.asked(order, buyer, amount=40, reason="night truck")
    page = browser_page(finance)
    page.goto(reverse("finance:board"))
    page.get_by_role("link", name="Decide: night truck").click()
    page.get_by_label("Approve", exact=True).check()
    page.get_by_role("button", name="Decide").click()
    page.get_by_role("link", name="to record").click()
    page.get_by_label("Amount").fill("950")
    page.get_by_role("button", name="Record").click()
    page.get_by_role("link", name="Issue the statement").click()
    page.get_by_label("Invoice number").fill("INV-9")
    page.get_by_role("button", name="Issue").click()
    page.get_by_role("link", name="Settle the order").click()
    page.get_by_role("button", name="Settle the order").click()
    page.get_by_text("The order is settled.").wait_for()
    assert stage_of(order) == "closed"


def test_pages_are_accessible_and_fit(people, buyer, finance, sales_head, browser_page):
    late, waiting = (buy.line_of(make.at_procurement(people)) for _ in range(2))
    purchase = buy.bought(late, buyer, promised_at=late.needed_at + timedelta(hours=4))
    actions.add_milestone(purchase_line_id=purchase.pk, kind="customs", by=buyer, text="two days")
    order = make.at_settlement(people)
    money.plan_cost(order, finance)
    money.asked(order, buyer)
    finance_actions.issue_statement(order_id=order.pk, by=finance, invoice_number="1")
    pages = {
        buyer: [
            reverse("procurement:board"), reverse("procurement:order_tab", args=[late.order_id]),
            reverse("procurement:line_order", args=[waiting.pk]), reverse("procurement:line_remedy", args=[late.pk]),
            reverse("procurement:suppliers"), reverse("procurement:supplier_detail", args=[purchase.supplier_id]),
        ],
        finance: [
            reverse("finance:board"), reverse("finance:order_tab", args=[order.pk]),
            reverse("finance:statement", args=[order.pk]), reverse("finance:cost_record", args=[order.pk]),
        ],
        sales_head: [reverse("kpi:weekly")],
    }
    for person, addresses in pages.items():
        page = browser_page(person, bypass_csp=True)
        for address in addresses:
            check(page, address)
