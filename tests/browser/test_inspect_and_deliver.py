"""From the final inspection to the documents, in a real browser: the way an inspector and a dispatcher go it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from orders.models import UrgentOrder
from tests.browser.axe import check
from tests.factories import logistics as out
from tests.factories import orders as make
from tests.factories import quality as q

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def local(**delta):
    return (timezone.localtime() + timedelta(**delta)).strftime("%Y-%m-%dT%H:%M")


def stage_of(order):
    return UrgentOrder.objects.values_list("stage", flat=True).get(pk=order.pk)


@pytest.mark.clause("3.4.3")
def test_inspector_records_the_last_result(people, browser_page):
    order = make.at_qc(people)
    q.plan_of(order.lines.get())
    page = browser_page(people.inspector)
    page.goto(reverse("quality:board"))
    page.get_by_role("link", name="Inspect").click()
    for group in ("Ø 40 H7", "Roughness Ra 1.6"):
        page.get_by_role("group", name=group).get_by_label("in order", exact=True).check()
    page.get_by_role("button", name="Record and sign the result").click()
    page.get_by_role("heading", name="Where the pieces are").wait_for()
    assert stage_of(order) == "delivery"


@pytest.mark.clause("3.5.1", "3.5.2", "3.5.3")
def test_dispatcher_delivers(people, browser_page, tmp_path):
    order = make.at_delivery(people)
    out.carrier(name="速达专车", is_priority=True)
    paper = tmp_path / "signed.pdf"
    paper.write_bytes(b"%PDF-1.7\nsigned")
    page = browser_page(people.logistics)
    page.goto(reverse("logistics:order_tab", args=[order.pk]))
    page.get_by_role("link", name="Confirm with the customer").click()
    page.get_by_label("Call", exact=True).check()
    page.get_by_label("Delivery from").fill(local(hours=20))
    page.get_by_label("Delivery until").fill(local(hours=22))
    page.get_by_role("button", name="Confirmed with the customer").click()
    page.get_by_role("link", name="New delivery list").click()
    page.get_by_role("button", name="Make the delivery list").click()
    page.get_by_role("link", name="Pack (10 pieces left)").click()
    page.get_by_label("Packing and contents").fill("wooden crate")
    page.get_by_label("Weight, kg").fill("120")
    page.get_by_role("button", name="Add the package").click()
    page.get_by_role("link", name="Book a carrier").click()
    page.get_by_role("button", name="Carrier is booked").click()
    for item in ("Packages are labelled", "Documents are ready", "Customer is informed"):
        page.get_by_role("button", name=f"Done: {item}").click()
        page.get_by_role("button", name=f"Take back: {item}").wait_for()
    page.get_by_role("link", name="Dispatch").last.click()
    page.get_by_label("Vehicle or waybill").fill("苏J 12345")
    page.get_by_label("Freight").fill("1800")
    page.get_by_role("button", name="The vehicle leaves").click()
    page.get_by_role("link", name="Record proof").click()
    page.get_by_label("Signed by (at the customer)").fill("高远")
    page.get_by_label("The signed paper").set_input_files(str(paper))
    page.get_by_role("button", name="Record the proof").click()
    page.get_by_role("link", name="Hand the documents to Finance").click()
    page.get_by_role("button", name="Hand over").click()
    page.get_by_role("heading", name="Delivery documents").wait_for()
    assert stage_of(order) == "settlement"


def test_pages_are_accessible_and_fit(people, browser_page):
    held, found = q.held_at_final(people)
    ready, delivery = out.ready(people)
    _away, shipment = out.under_way(people)
    pages = {
        people.inspector: [
            reverse("quality:board"), reverse("quality:order_tab", args=[held.pk]),
            reverse("quality:decide", args=[found.pk]),
        ],
        people.logistics: [
            reverse("logistics:board"), reverse("logistics:order_tab", args=[ready.pk]),
            reverse("logistics:dispatch", args=[delivery.pk]), reverse("logistics:proof", args=[shipment.pk]),
        ],
    }
    for person, addresses in pages.items():
        page = browser_page(person, bypass_csp=True)
        for address in addresses:
            check(page, address)
