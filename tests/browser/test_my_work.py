"""An inbox cleared by keys alone: nothing is decided but where its consequences stand, and the focus is never lost."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from orders.models import SheetReceipt
from sla.models import WorkItem
from tests.browser.axe import violations
from tests.factories import orders as make
from tests.factories.sla import open_item

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FOCUS = "document.activeElement === document.body ? 'body' : document.activeElement.textContent.trim()"


def focus(page):
    return page.evaluate(FOCUS)


def open_pane(page):
    page.keyboard.press("a")
    page.locator("#pane h2:focus").wait_for()


def test_ten_tasks_are_cleared_without_the_mouse(people, browser_page):
    order = make.at_review(people)
    receipt = WorkItem.objects.get(source=order.stream, kind="sheet_receipt", department__code="quality")
    person, due = people.inspector, timezone.now() + timedelta(minutes=30)
    WorkItem.objects.filter(pk=receipt.pk).update(assignee=person)
    for number in range(9):
        open_item(person.department, kind="plan", source=f"plan:{number}", assignee=person, by=people.sales,
                  due_at=due + timedelta(minutes=number), is_decision=False, url=reverse("orders:list"))
    page = browser_page(person)
    page.goto(reverse("sla:my_work"))
    assert page.locator("[data-row]").count() == 10
    for key in ("j", "x", "j", "j", "Shift+X"):
        page.keyboard.press(key)
    assert page.locator("[data-row] input:checked").count() == 3
    page.get_by_text("3 selected").wait_for()
    page.keyboard.press("Escape")
    assert page.locator("[data-row] input:checked").count() == 0
    assert focus(page) == "Confirm with the customer"
    for left in range(9, 0, -1):  # handed on, one by one: T in the pane
        page.locator("[data-row] [data-open]", has_text="Confirm with").first.focus()
        open_pane(page)
        page.keyboard.press("t")
        page.get_by_label("Person").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Control+Enter")
        expect(page.locator("[data-row]")).to_have_count(left)
        assert focus(page) != "body"
    page.keyboard.press("j")
    page.keyboard.press("k")
    open_pane(page)
    assert not SheetReceipt.objects.exists(), "one key opens, and decides nothing"
    page.keyboard.press("a")
    page.get_by_text("All clear").wait_for()
    assert SheetReceipt.objects.get().received_by == person
    assert focus(page) == "My work"


def test_keys_sleep_while_one_types_or_has_switched_them_off(people, browser_page):
    person = people.sales
    for number in range(2):
        open_item(person.department, source=f"plan:{number}", kind="plan", assignee=person)
    person.shortcuts = False
    person.save()
    page = browser_page(person)
    page.goto(reverse("sla:my_work"))
    page.locator("[data-open]").first.focus()
    page.keyboard.press("x")
    page.keyboard.press("j")
    assert page.locator("[data-row] input:checked").count() == 0
    assert page.evaluate("document.querySelector('[data-row]').contains(document.activeElement)")


@pytest.mark.parametrize(("size", "theme"), [((1440, 900), "dark"), ((320, 700), "light")])
def test_the_list_and_its_preview_are_accessible_and_fit(people, browser_page, size, theme):
    person = people.production_head
    order = make.at_review(people)
    page = browser_page(person, viewport={"width": size[0], "height": size[1]}, color_scheme=theme, bypass_csp=True)
    page.goto(reverse("sla:my_work"))
    page.locator("[data-open]", has_text="Decide the order review").click()
    page.get_by_text("Approval path").wait_for()
    found = violations(page)
    item = WorkItem.objects.get(source=order.stream, kind="review_decision")
    page.goto(f"{reverse('sla:transfer_many')}?item={item.pk}")
    found += violations(page)
    page.goto(item.pane_url)
    found += violations(page)
    assert not found
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
