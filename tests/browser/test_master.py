"""Master data in a real browser: from a branch drawn to a workbook put in, with any aid and on a phone."""

import pytest
from django.urls import reverse

from catalog.models import ProductFamily
from production.models import RoutingOperation, WorkCentre
from tests.browser.axe import check, violations
from tests.factories import production as make
from tests.factories.orders import make_product
from tests.production.test_import import WHOLE, filled

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def product(clock_defaults):
    ProductFamily.objects.create(name="支架", normal_lead_time_hours=100)
    product = make_product()
    make.usual_routing(product)
    make.bill(product, before=20)
    return product


def test_a_branch_is_drawn_and_a_workbook_is_put_in(product, production_head, browser_page, tmp_path):
    page = browser_page(production_head, bypass_csp=True)
    for address in (
        reverse("production:master"), reverse("production:centre", args=[WorkCentre.objects.get(code="CNC").pk]),
        reverse("production:master_product", args=[product.pk]), reverse("production:routing_new", args=[product.pk]),
        reverse("production:master_materials"), reverse("production:imports"),
    ):  # fmt: skip
        check(page, address)
    page.goto(reverse("production:routing_new", args=[product.pk]))
    page.get_by_label("No.").fill("25")
    page.get_by_label("Name required").fill("车环")
    page.get_by_label("Work centre required").select_option(label="SAW 中心 SAW")
    page.get_by_label("Minutes per piece").fill("4")
    page.get_by_label("Starts without an operation before it").check()
    page.locator("[name=followed_by][value='30']").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("cell", name="20, 25").wait_for()
    assert RoutingOperation.objects.get(number=30).links.count() == 2
    path = tmp_path / "基础数据.xlsx"
    filled(WHOLE | {"Links": [*WHOLE["Links"], ("P-9", 10, 30)]}).save(path)
    page.goto(reverse("production:import_new"))
    page.set_input_files("input[type=file]", path)
    page.get_by_role("button", name="Preview").click()
    page.get_by_text("10 → 30 → 10").wait_for()
    assert violations(page) == []
    filled(WHOLE).save(path)
    page.get_by_role("link", name="Upload a workbook").click()
    page.set_input_files("input[type=file]", path)
    page.get_by_role("button", name="Preview").click()
    page.get_by_text("Nothing is changed yet").wait_for()
    assert violations(page) == []
    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_role("button", name="Import").click()
    page.get_by_text("It was imported as shown here").wait_for()
    assert RoutingOperation.objects.filter(product__number="P-9").count() == 3
