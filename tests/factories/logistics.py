"""An order on its way to the customer, by the acts of logistics."""

from datetime import timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from logistics import actions
from logistics.models import Carrier, DeliveryList
from tests.factories import orders as make


def carrier(**values):
    return Carrier.objects.create(**{"name": f"速达{next(make.numbers)}"} | values)


def paper(name="proof.pdf", content=b"%PDF-1.7\nsigned"):
    return SimpleUploadedFile(name, content)


def confirm(order, by, **values):
    now = timezone.now()
    return actions.confirm_delivery(
        order_id=order.pk, by=by,
        **{
            "contact": "高远", "how": "call", "place": order.place, "slot_from": now + timedelta(hours=20),
            "slot_until": now + timedelta(hours=24),
        } | values,
    )


def make_list(order, by, quantity=None) -> DeliveryList:
    quantities = {line.pk: line.shippable if quantity is None else quantity for line in order.lines.all()}
    return actions.make_list(order_id=order.pk, by=by, quantities=quantities)


def prepare(found, by, **carrier_values):
    """Everything of the checklist."""
    quantities = dict(found.lines.values_list("line_id", "quantity"))
    actions.pack(list_id=found.pk, by=by, contents="wooden crate", weight_kg=120, quantities=quantities)
    actions.book_carrier(
        list_id=found.pk, by=by, carrier=carrier(**carrier_values), pickup_at=timezone.now() + timedelta(hours=2)
    )
    for item in ("labelled", "documents", "informed"):
        actions.prepare(list_id=found.pk, by=by, item=item)


def ready(people, quantity=None, **values):
    """At delivery, confirmed, with a prepared list."""
    order = make.at_delivery(people, **values)
    confirm(order, people.logistics)
    found = make_list(order, people.logistics, quantity)
    prepare(found, people.logistics)
    return order, DeliveryList.objects.get(pk=found.pk)


def dispatch(found, by, **values):
    return actions.dispatch(
        list_id=found.pk, by=by,
        **{"vehicle": "苏J 12345", "eta_at": timezone.now() + timedelta(hours=21), "freight_amount": 1800} | values,
    )


def under_way(people, quantity=None, **values):
    order, found = ready(people, quantity, **values)
    return order, dispatch(found, people.logistics)


def prove(shipment, by, **values):
    return actions.record_proof(
        shipment_id=shipment.pk, by=by,
        **{"signed_by_name": "高远", "delivered_at": timezone.now(), "files": [paper()]} | values,
    )
