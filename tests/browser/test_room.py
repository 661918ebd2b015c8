"""The room in a browser: what somebody else writes appears without a reload, and what one types stays."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from coordination.models import Post
from tests.browser.axe import check
from tests.coordination.test_room import say
from tests.factories import orders as make

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.clause("5.1")]
REFRESH = "document.body.dispatchEvent(new CustomEvent('desk:refresh', {bubbles: true}))"


def test_a_post_appears_while_somebody_types_and_a_name_completes(people, browser_page):
    order = make.submitted(people)
    problem = say(order, people.buyer, "夹具只有一套", kind="problem", issue_kind="machine", severity="minor")
    page = browser_page(people.sales, bypass_csp=True)
    for address in (order.get_absolute_url(), reverse("coordination:rooms")):
        check(page, address)
    page.goto(order.get_absolute_url())
    page.locator("#id_text").focus()
    page.keyboard.type(f"@{people.buyer.name[0]}")
    page.keyboard.press("Enter")
    expect(page.locator("#id_text")).to_have_value(f"@{people.buyer.name} ")
    said = say(order, people.buyer, "板料到了")
    say(order, people.planners[0], "改用 CNC-4", kind="solution", issue=problem.issue)
    page.evaluate(REFRESH)
    expect(page.locator(f"#entry-{said.number}")).to_contain_text("板料到了")
    expect(page.locator("#room-said")).to_have_text("2 new posts")
    expect(page.locator(f"#entry-{problem.number}")).to_contain_text("Problem, solved")
    page.evaluate(REFRESH)
    assert page.locator(f"#entry-{said.number}").count() == 1
    assert page.evaluate("document.activeElement.id") == "id_text"
    page.keyboard.type("几点？")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".bub").first).to_contain_text("几点？")
    assert Post.objects.filter(mentions__person=people.buyer, author=people.sales).count() == 1
