"""The weekly meeting on the wall: accessible before and while it runs, and led by keys."""

from datetime import datetime

import pytest
import time_machine
from playwright.sync_api import expect

from coordination import actions
from kpi import defaults
from kpi.weeks import Week
from tests.browser.axe import violations
from tests.factories import orders as make

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.clause("5.2")]
AT = datetime.fromisoformat("2026-11-23T10:31:00+08:00")


def test_the_wall_is_accessible_and_follows_the_keys(people, browser_page):
    defaults.seed()
    with time_machine.travel(AT, tick=True):
        make.submitted(people)
        meeting = actions.make_meeting(monday=Week.now().monday, starts_at=AT)
        address = meeting.get_absolute_url()
        page = browser_page(meeting.chair, bypass_csp=True)
        page.goto(address)
        assert violations(page) == []
        actions.start_meeting(meeting_id=meeting.pk, by=meeting.chair)
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(address)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.set_viewport_size({"width": 1600, "height": 900})
        assert page.evaluate("document.documentElement.scrollHeight") == 900
        with page.expect_navigation():  # with its scripts: a page that is only drawn hears no key
            page.keyboard.press("ArrowRight")
        expect(page.locator("[aria-current=step]")).to_contain_text("Review of last week")
        page.locator(".rk a").click()
        sheet = page.locator("#brief")
        expect(sheet.get_by_role("heading", level=2)).to_be_focused()
        assert violations(page) == []
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Escape")
        expect(sheet).to_be_hidden()
        expect(page.locator(".rk a")).to_be_focused()
        expect(page.locator("[aria-current=step]")).to_contain_text("Review of last week")
        assert page.locator("html").get_attribute("data-theme") == "dark"
        page.keyboard.press("d")
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
