"""The sheet of the time limits: accessible, and its preview follows what is typed."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from sla.actions import beat
from sla.limit_changes import Terms, change
from sla.limits import rule_of
from sla.models import Policy, PolicyVersion
from tests.browser.axe import check, violations
from tests.factories.sla import open_item

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(browser_page, admin, general_manager, departments, clock_defaults):
    beat("sweep", period_seconds=3600)
    return browser_page(admin, bypass_csp=True)


def test_the_pages_of_the_limits_are_accessible(page, admin):
    policy = Policy.objects.get(kind="confirmation")
    waiting = change([rule_of(policy.current)], Terms(reason="Customers wait less"), by=admin, asks=True)
    for address in (reverse("sla:limits"), reverse("sla:limit_edit", args=[policy.pk])):
        check(page, address)
    page.goto(reverse("sla:limit_change", args=[waiting.pk]))
    assert violations(page) == []


def test_the_preview_follows_what_is_typed(page, departments, sales):
    open_item(departments["sales"], assignee=sales, now=timezone.now() - timedelta(minutes=1))
    policy = Policy.objects.get(kind="confirmation")
    page.goto(reverse("sla:limits"))
    page.click("details > summary")
    assert violations(page) == []
    page.fill(f"#id_limit_{policy.pk}", "1:30")
    page.keyboard.press("Tab")
    page.locator(f"#was-target_seconds-{policy.pk}", has_text="was 2").wait_for()
    page.locator(".effect__n", has_text="orders concerned").wait_for()
    assert page.inner_text("#save-label") == "Save as version 2"
    assert violations(page) == []
    page.fill(f"#id_limit_{policy.pk}", "0")
    page.keyboard.press("Tab")
    page.locator("#effect [role=alert]", has_text="Confirmation, limit").wait_for()
    assert not PolicyVersion.objects.filter(number=2).exists()
    page.fill(f"#id_limit_{policy.pk}", "1:30")
    page.fill("#id_reason", "Customers wait less")
    page.click("#save-label")
    page.wait_for_url(reverse("sla:limits"))
    assert policy.current.target_seconds == 5400
