"""Robots, the outbox and one's own preferences: readable by everybody, on a desk and on a phone."""

import pytest
from django.urls import reverse

from notifications.actions import add_robot, tell
from notifications.models import Outbox
from tests.browser.axe import check
from tests.factories.people import UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_pages_of_the_post_break_no_rule(browser_page, departments):
    admin = UserFactory(name="配置员", role="administrator", language="zh-hans")
    robot = add_robot(by=admin, name="急单群", kind="wecom", address=f"wecombot://{'k' * 20}", language="zh-hans")
    tell(key="e:1", recipients=[admin], text="Monday", url="/", channels=("in_app", "email", "robot"))
    Outbox.objects.update(state="dead", next_try_at=None, attempts=5, error="451")
    page = browser_page(admin, bypass_csp=True)
    for name, args in (("robots", ()), ("robot", [robot.pk]), ("outbox", ()), ("preferences", ())):
        check(page, reverse(f"notifications:{name}", args=args))
    page.goto(reverse("notifications:outbox"))
    page.check("tbody tr:first-child input[name=letters]")
    page.fill("#id_reason", "离职")
    page.press("#id_reason", "Enter")
    page.wait_for_url("**/outbox/**")
    page.wait_for_selector("[data-toast]")
    assert sorted(Outbox.objects.values_list("state", flat=True)) == ["dead", "given_up"]
