"""The clock's pages in a browser: accessible, and a drill is seen to travel without a key pressed."""

from datetime import timedelta

import pytest
from django.urls import reverse

from sla import drills
from sla.actions import beat, sweep
from sla.models import Policy
from tests.browser.axe import check

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_the_clock_is_accessible_and_a_drill_is_followed(browser_page, admin, company_of_the_clock):
    beat("sweep", period_seconds=3600)
    page = browser_page(admin, bypass_csp=True)
    check(page, reverse("sla:drill_new"))
    policy = Policy.objects.get(kind="confirmation")
    drill = drills.start(policy=policy, department=company_of_the_clock["sales"], minutes=10, by=admin)
    check(page, reverse("sla:clock"))
    check(page, drill.url)
    assert page.get_by_text("not yet").count() == 5
    sweep(now=drill.opened_at + timedelta(minutes=3))
    page.wait_for_function("document.body.innerText.split('not yet').length === 5")


@pytest.fixture
def company_of_the_clock(clock_defaults, departments, manager, general_manager):
    return departments
