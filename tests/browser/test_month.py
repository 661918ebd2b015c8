"""The month, its appeals and its incentives: accessible on a desk and on a phone, and an appeal shows its effect."""

import pytest
from django.urls import reverse
from django.utils import timezone

from kpi.actions import incentives
from kpi.models import Evidence, Incentive, Score
from sla.actions import beat
from tests.browser.axe import check, violations
from tests.factories import kpi

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_the_pages_of_a_month_are_accessible(
    browser_page, departments, clock_defaults, general_manager, buyer, planner, hr
):
    beat("sweep", period_seconds=3600)
    run = kpi.published(departments, general_manager, people={buyer: kpi.BAD, planner: kpi.GOOD})
    score = Score.objects.get(person=planner)
    incentives.propose(
        run=run, kind="reward", form="bonus", department=score.department, person=planner, reason="Well done", by=hr,
        evidence=[Evidence(part=score.parts.first())],
    )  # fmt: skip
    page = browser_page(general_manager, bypass_csp=True)
    for address in (reverse("kpi:months"), run.get_absolute_url(), f"{run.get_absolute_url()}?of=people",
                    reverse("kpi:incentives"), Incentive.objects.get(person=buyer).get_absolute_url(),
                    reverse("kpi:propose", args=[score.pk, "penalty"])):  # fmt: skip
        check(page, address)


def test_an_appeal_shows_its_effect_before_it_is_sent(browser_page, departments, clock_defaults, procurement_head):
    run = kpi.in_appeals(departments, now=timezone.now())
    case = kpi.case_of(run, 2, score__person=None, score__department=departments["procurement"])
    page = browser_page(procurement_head, bypass_csp=True)
    page.goto(reverse("kpi:appeal_new", args=[case.part_id]))
    page.check(f"#case-{case.pk}")
    page.click("#effect button")
    page.locator("#effect b", has_text="accepted: ").wait_for()
    assert page.is_checked(f"#case-{case.pk}"), "the rest of the form is as it was"
    assert violations(page) == []
    page.fill("#id_text", "A typhoon")
    page.click("form .actions button")
    page.wait_for_url("**/figures/appeals/*/")
    check(page, page.url)
