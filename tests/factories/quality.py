"""Pieces that wait for an inspector, and pieces that failed."""

from datetime import timedelta

from django.utils import timezone

from orders import ledger
from orders.models import Nonconformance, OrderStep
from quality import actions, defaults
from quality.models import InspectionPlan
from tests.factories import orders as make


def sampling_table():
    defaults.seed()


def plan_of(line, *, step=None, sampling="full", characteristics="Ø 40 H7\nRoughness Ra 1.6"):
    return InspectionPlan.objects.create(
        product=line.product, operation_number=step.number if step else None, sampling=sampling,
        characteristics=characteristics,
    )


def awaiting_at_step(people, quantity=10, **values):
    """In production: the first operation has made pieces and is inspected before the next one."""
    order = make.at_production(people, **values)
    step = order.steps.order_by("number").first()
    OrderStep.objects.filter(pk=step.pk).update(is_inspected=True)
    ledger.post(target=step, kind="make", quantity=quantity, by=people.operator)
    step.refresh_from_db()
    return order, step


def inspect_final(order, by, *, defective=0, line=None, lot=None):
    line = line or order.lines.first()
    lot = lot or line.awaiting
    return actions.inspect_final(
        line_id=line.pk, by=by, lot_quantity=lot, sample_quantity=lot, defective_quantity=defective,
        defect="scratch on the face" if defective else "",
    )


def held_at_final(people, defective=3, **values):
    """At quality check with some pieces held and undecided."""
    order = make.at_qc(people, **values)
    inspect_final(order, people.inspector, defective=defective)
    return order, Nonconformance.objects.get(order=order, disposition="open")


def decide(found, by, disposition, **values):
    if disposition == "rework":
        values = {"owner": values.pop("owner", None), "planned_end_at": timezone.now() + timedelta(hours=4)} | values
    return actions.decide_nonconformance(
        nonconformance_id=found.pk, by=by, disposition=disposition, reason="within reach of the tool", **values
    )
