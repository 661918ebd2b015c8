"""Ctrl K from anywhere: found while typing, opened by keys, and the focus goes back to where it was."""

import pytest

from tests.browser.axe import violations
from tests.factories import orders as make

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FOCUS = "document.activeElement.textContent.trim()"


def test_an_act_is_reached_by_keys_alone(people, browser_page):
    order = make.at_review(people)
    page = browser_page(people.planners[0], bypass_csp=True)
    page.goto("/orders/")
    page.locator("[data-row] a").first.focus()
    page.keyboard.press("Control+k")
    field = page.locator("#palette input")
    field.type(order.number[-4:])
    page.locator("#palette [data-q] .mono").wait_for()
    page.keyboard.press("ArrowDown")
    assert order.number in page.evaluate(FOCUS)
    assert not violations(page)
    page.keyboard.press("ArrowUp")
    field.evaluate("field => field.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowDown', isComposing: true}))")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.press("Escape")
    assert page.evaluate(FOCUS) == order.number
    page.keyboard.press("Control+k")
    field.fill(f"return {order.number}")
    page.locator(f"#palette a[href='/orders/{order.pk}/return/']").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/orders/{order.pk}/return/")
