"""A small factory: two work centres, a routing of three operations, a bill with one material."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from catalog.actions import receive_stock
from catalog.models import BillOfMaterialLine
from orders.models import UrgentOrder
from production import actions
from production.models import Operation, OperationMaterial, RoutingOperation, WorkCentre
from sla.models import WorkCalendar
from tests.factories import orders as make

PROMISE = timedelta(days=20)


def work_centre(code, **values) -> WorkCentre:
    calendar = WorkCalendar.objects.get(code="factory")
    defaults = {
        "name": f"中心 {code}", "calendar": calendar, "slots": 1,
        "hourly_rate_amount": Decimal(120), "labour_rate_amount": Decimal(60),
    }
    return WorkCentre.objects.get_or_create(code=code, defaults=defaults | values)[0]


def routing(product, *rows) -> list[RoutingOperation]:
    """Each row: number, name, work centre code, minutes a piece, and other fields."""
    return [
        RoutingOperation.objects.create(
            product=product, number=number, name=name, work_centre=work_centre(code), setup_minutes=10,
            run_minutes_per_unit=Decimal(minutes), **values,
        )
        for number, name, code, minutes, values in rows
    ]


def usual_routing(product, **values):
    return routing(
        product, (10, "下料", "SAW", 2, {}), (20, "铣削", "CNC", 6, {}), (30, "去毛刺", "HAND", 1, {}), **values
    )


def bill(product, material=None, *, quantity_per=2, scrap_factor="0.05", stock=0, before=None, by=None):
    """A material of the product; `before` is the number of the operation it gates."""
    material = material or make.make_material(standard_cost_amount=Decimal(10))
    row = BillOfMaterialLine.objects.create(
        product=product, material=material, quantity_per=Decimal(quantity_per), scrap_factor=Decimal(scrap_factor)
    )
    if stock:
        receive_stock(material=material, quantity=Decimal(stock), source=f"opening:{material.pk}", by=by)
    if before:
        operation = RoutingOperation.objects.get(product=product, number=before)
        OperationMaterial.objects.create(operation=operation, bill_line=row)
    return row


def at_review(people, *, quantity=10, stock=1000, rows=None, **values) -> UrgentOrder:
    """In review, its product with routing and bill."""
    order = make.at_review(people, quantity=quantity, **values)
    for line in order.lines.select_related("product"):
        routing(line.product, *rows) if rows else usual_routing(line.product)
        bill(line.product, stock=stock, by=people.buyer)
    return order


def assess_all(order, people):
    for kind, person in zip(("process", "capacity", "materials"), people.planners, strict=True):
        actions.assess(order_id=order.pk, by=person, kind=kind, verdict="can", note_text="ok")


def own_all(order, owner):
    """The operator is responsible for every operation of the draft."""
    Operation.objects.filter(plan__order=order).update(owner=owner)


def planned(people, **values) -> UrgentOrder:
    """In review, assessed, the plan released: only the head's decision is missing."""
    order = at_review(people, **values)
    assess_all(order, people)
    actions.make_plan(order_id=order.pk, by=people.planners[1])
    own_all(order, people.operator)
    actions.release_plan(order_id=order.pk, by=people.planners[1])
    return UrgentOrder.objects.get(pk=order.pk)


def approved(people, **values) -> UrgentOrder:
    order = planned(people, **values)
    return actions.approve(
        order_id=order.pk, by=people.production_head, promised_at=timezone.now() + PROMISE, reason="agreed"
    )


def at_production(people, **values) -> UrgentOrder:
    """Everything from stock, so the buyer signs at once."""
    order = approved(people, **values)
    with transaction.atomic():
        return make.actions.sign_and_move(order=make.actions.lock(order.pk), box="materials_ready", by=people.buyer)


def run_step(step, operator, *, good=None, now=None):
    """Start and finish with all that is missing."""
    actions.start_step(step_id=step.pk, by=operator, now=now)
    step.refresh_from_db()
    return actions.finish_step(step_id=step.pk, by=operator, good=good or step.quantity - step.made, now=now)


def monday(hour=9) -> datetime:
    """A working Monday of the demo calendar, in the factory's zone."""
    return datetime.fromisoformat(f"2026-11-23T{hour:02}:00:00+08:00")
