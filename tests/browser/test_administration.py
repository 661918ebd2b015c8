"""The administration comes from a library; its own policy must let it work and nothing more."""

import pytest
from django.urls import reverse

from sla.models import WorkCalendar
from tests.browser.axe import check, violations
from tests.factories.catalog import BillOfMaterialLineFactory, CustomerFactory
from tests.factories.people import UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(browser_page, departments):
    page = browser_page(UserFactory(name="配置员", role="administrator"))
    page.complaints = []
    page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    return page


def test_pages_run_without_a_complaint_of_the_browser(page):
    line = BillOfMaterialLineFactory()
    addresses = [
        reverse("admin:index"), reverse("admin:people_user_changelist"), reverse("admin:people_absence_add"),
        reverse("admin:catalog_product_change", args=[line.product_id]),
    ]
    for address in addresses:
        page.goto(address)
        page.wait_for_load_state("networkidle")
    assert page.complaints == []


def test_a_customer_is_changed(page):
    customer = CustomerFactory()
    page.goto(reverse("admin:catalog_customer_change", args=[customer.pk]))
    page.fill("#id_contact_name", "王经理")
    page.click("button[name=_save], input[name=_save]")
    customer.refresh_from_db()
    assert customer.contact_name == "王经理"
    assert page.complaints == []


def test_working_calendars_are_read_with_any_aid(page, clock_defaults):
    calendar = WorkCalendar.objects.get()
    check(page, reverse("sla:calendars"))
    check(page, f"{reverse('sla:calendar', args=[calendar.pk])}?year=2026")
    page.goto(reverse("sla:calendar_import", args=[calendar.pk]))
    page.fill("#id_text", "date,kind,name\n2026-10-01,班,国庆节\n2027-01-01,off,元旦\n")
    page.click("form[data-act] button.btn--pri")
    page.wait_for_selector("text=What was read")
    assert violations(page) == []
    assert page.complaints == []
