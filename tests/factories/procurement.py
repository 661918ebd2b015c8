from datetime import timedelta
from decimal import Decimal

import factory
from django.utils import timezone

from orders.models import MaterialLine
from procurement import actions
from procurement.models import Supplier
from tests.factories.catalog import MaterialFactory
from tests.factories.people import UserFactory


class SupplierFactory(factory.django.DjangoModelFactory):
    """Approved by a second person."""

    class Meta:
        model = "procurement.Supplier"

    name = factory.Sequence(lambda n: f"钢材供应商{n}")
    latin_name = factory.Sequence(lambda n: f"Steel {n}")
    proposed_at = factory.LazyFunction(timezone.now)
    proposed_by = factory.SubFactory(UserFactory)
    approved_at = factory.LazyFunction(timezone.now)
    approved_by = factory.SubFactory(UserFactory)


class SupplierMaterialFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = "procurement.SupplierMaterial"

    supplier = factory.SubFactory(SupplierFactory)
    material = factory.SubFactory(MaterialFactory)
    price_amount = Decimal(20)
    lead_time_hours = 24
    proposed_at = factory.LazyFunction(timezone.now)
    proposed_by = factory.SubFactory(UserFactory)
    approved_at = factory.LazyFunction(timezone.now)
    approved_by = factory.SubFactory(UserFactory)


def line_of(order) -> MaterialLine:
    return MaterialLine.objects.filter(order=order).order_by("pk").first()


def source_of(line, **values) -> Supplier:
    """An existing supplier of the line's material."""
    return SupplierMaterialFactory(material=line.material, **values).supplier


def bought(line, by, *, quantity=None, unit_price=Decimal(20), **values):
    """The line ordered from an existing supplier, promised in time."""
    supplier = values.pop("supplier", None) or source_of(line)
    promised_at = values.pop("promised_at", line.needed_at - timedelta(minutes=5))
    return actions.order_line(
        material_line_id=line.pk, supplier=supplier, quantity=quantity or line.short_quantity, unit_price=unit_price,
        by=by, promised_at=promised_at, **values,
    )
