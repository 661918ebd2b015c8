from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from catalog.models import Material, StockEntry
from tests.factories.catalog import (
    BillOfMaterialLineFactory,
    CustomerFactory,
    MaterialFactory,
    ProductFamilyFactory,
    ProjectFactory,
)

pytestmark = pytest.mark.django_db


def refused(act, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        act()


def test_display_name_is_the_name_and_the_latin_one():
    assert CustomerFactory.build().display_name == "启明风电装备有限公司 Qiming Wind"
    assert CustomerFactory.build(latin_name="").display_name == "启明风电装备有限公司"


@pytest.mark.parametrize(("balance", "constraint"), [
    ({"on_hand": -1}, "stock"),  # PostgreSQL names another one first
    ({"reserved": -1}, "reserved_stock_is_not_negative"),
    ({"on_hand": 1, "reserved": 2}, "reserved_stock_is_on_hand"),
])
def test_database_refuses_an_impossible_balance(balance, constraint):
    MaterialFactory()
    refused(lambda: Material.objects.update(**balance), constraint)


@pytest.mark.parametrize(("kind", "quantity"), [
    ("receipt", -1), ("receipt", 0), ("reserve", -1), ("issue", 1), ("issue", 0), ("release", 1), ("adjust", 0),
    ("other", 1),
])
def test_database_refuses_a_movement_against_its_kind(kind, quantity):
    material = MaterialFactory()
    refused(lambda: StockEntry.objects.create(material=material, kind=kind, quantity=quantity, source="x"),
            "stock_movement_goes_the_way_of_its_kind")


def test_project_name_is_unique_for_its_customer():
    project = ProjectFactory()
    ProjectFactory(name=project.name)
    with pytest.raises(IntegrityError), transaction.atomic():
        ProjectFactory(name=project.name, customer=project.customer)


def test_family_takes_some_working_time():
    assert ProductFamilyFactory(normal_lead_time_hours=16).normal_lead_time == timedelta(hours=16)
    refused(lambda: ProductFamilyFactory(normal_lead_time_hours=0), "product_family_takes_some_working_time")


def test_bill_of_materials_plans_the_scrap_too():
    line = BillOfMaterialLineFactory.build(quantity_per=Decimal("2.5"), scrap_factor=Decimal("0.05"))
    assert line.required_for(40) == Decimal("105.0000")
