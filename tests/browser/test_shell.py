"""The style page shows every part in every state: what holds there holds on the pages made of them."""

import pytest
from django.urls import reverse

from sla.actions import beat
from tests.browser.axe import SIZES, violations

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def styles_page(browser_page, admin):
    beat("sweep", period_seconds=3600)  # a desk whose clock runs shows administrators no alarm

    def open_styles(**options):
        page = browser_page(admin, **options)
        page.goto(reverse("desk:styles"))
        return page

    return open_styles


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_every_part_is_accessible(styles_page, admin, language):
    type(admin).objects.filter(pk=admin.pk).update(language=language)
    page = styles_page(bypass_csp=True)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width, height in SIZES if theme == "light" else SIZES[:1]:
            page.set_viewport_size({"width": width, "height": height})
            assert not violations(page), f"{theme}, {width} wide"


def test_the_sign_in_is_accessible(browser_page):
    page = browser_page(bypass_csp=True)
    page.goto(reverse("access:sign_in"))
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert not violations(page), f"{width} wide"


def test_nothing_scrolls_sideways(styles_page):
    page = styles_page()
    for width in (320, 390, 820, 1100, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{width} wide"


def test_the_security_policy_stops_nothing_of_ours(browser_page, admin):
    page = browser_page(admin)
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(reverse("desk:styles"))
    page.wait_for_function("window.htmx")
    assert not complaints
    assert page.evaluate("htmx.config.allowEval") is False


def test_the_keyboard_reaches_the_content_first(styles_page):
    page = styles_page()
    assert page.evaluate("document.querySelector('a, button, input').className") == "skip"
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_j_and_k_move_in_a_list_but_not_while_typing(styles_page):
    page = styles_page()
    page.locator("[data-row] a").first.focus()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == "Approve production review"
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent") == "Confirm with customer"
    page.fill("#id_fresh-place", "")
    page.type("#id_fresh-place", "jk")
    assert page.input_value("#id_fresh-place") == "jk"


def test_a_clock_counts_as_the_server_would(browser_page, admin):
    page = browser_page(admin)
    page.clock.install()
    page.goto(reverse("desk:styles"))
    clock = page.locator(".fuse[data-s=crit] [data-value]").first
    paused = page.locator(".fuse[data-s=pause]").first.inner_text()
    page.clock.run_for(10 * 60 * 1000)
    assert clock.inner_text() in ("0:32", "0:33")
    assert page.locator(".fuse[data-s=pause]").first.inner_text() == paused


def test_a_clock_that_runs_out_says_so(browser_page, admin):
    page = browser_page(admin)
    page.clock.install()
    page.goto(reverse("desk:styles"))
    late = page.locator(".fuse[data-s=over]")
    before = late.count()
    page.clock.run_for(50 * 60 * 1000)
    assert late.count() > before
    assert page.locator(".fuse[data-s=over] [data-word]").first.inner_text() == "over"
