"""An order at any stage, brought there through the real door by the fixed cast."""

import itertools
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from catalog.models import Customer, Material, Product, ProductFamily
from orders import actions, ledger
from orders.machine import ASSESSMENTS, Box
from orders.models import ConfirmationItem, MaterialLine, OrderLine, OrderStep, UrgentOrder

numbers = itertools.count(1)


def make_customer(**values):
    number = next(numbers)
    names = {"name": f"客户{number}", "latin_name": f"Customer {number}", "code": f"C{number}"}
    return Customer.objects.create(**names | values)


def make_product(**values):
    number = next(numbers)
    family, _ = ProductFamily.objects.get_or_create(name="支架", defaults={"normal_lead_time_hours": 108})
    return Product.objects.create(**{"number": f"P-{number}", "name": f"支架{number}", "family": family} | values)


def make_material(**values):
    number = next(numbers)
    return Material.objects.create(**{"number": f"M-{number}", "name": f"板材{number}", "unit": "kg"} | values)


def form_values(**values):
    return {
        "customer": values.pop("customer", None) or make_customer(), "contact_name": "高远", "contact_phone": "138",
        "ground": UrgentOrder.Ground.CUSTOMER_ASKED, "asked_by": "高远", "asked_how": "call",
        "reason": UrgentOrder.Reason.LINE_DOWN, "required_at": timezone.now() + timedelta(days=4),
        "place": "盐城大丰港 7 号泊位",
    } | values


@dataclass
class People:
    """The part of the cast that an order meets on its way."""

    sales: object
    planners: tuple  # three, for the three assessments
    production_head: object
    operator: object
    buyer: object
    inspector: object
    logistics: object
    finance: object


def draft(by, *, quantity=10, lines=1, **values) -> UrgentOrder:
    rows = [{"product": make_product(), "quantity": quantity} for _ in range(lines)]
    return actions.save_draft(by=by, values=form_values(**values), lines=rows)


def submitted(people, **values) -> UrgentOrder:
    order = draft(people.sales, **values)
    return actions.submit(order_id=order.pk, by=people.sales)


def confirm_all(order, people):
    for item in ConfirmationItem.Item:
        actions.confirm_item(order_id=order.pk, by=people.sales, item=item, contact="高远", how="call")


def at_review(people, **values) -> UrgentOrder:
    order = submitted(people, **values)
    confirm_all(order, people)
    return actions.confirm(order_id=order.pk, by=people.sales)


def plan(order, people, *, step_count=2, has_material=True) -> UrgentOrder:
    """Border papers as a released plan writes them."""
    start = timezone.now()
    for line in order.lines.all():
        for number in range(1, step_count + 1):
            step = OrderStep.objects.create(
                order=order, line=line, number=number * 10, name=f"工序{number}", owner=people.operator,
                work_centre="CNC", quantity=line.agreed_quantity, token=f"T{next(numbers):06d}",
                planned_start_at=start + timedelta(hours=number), planned_end_at=start + timedelta(hours=number + 1),
            )
        if has_material:
            MaterialLine.objects.create(
                order=order, line=line, step=step, material=make_material(), required_quantity=Decimal(5),
                needed_at=start + timedelta(hours=1),
            )
    return order


@transaction.atomic
def sign(order, box, by):
    actions.sign(order=actions.lock(order.pk), box=box, by=by)


@transaction.atomic
def sign_and_move(order, box, by) -> UrgentOrder:
    return actions.sign_and_move(order=actions.lock(order.pk), box=box, by=by)


def assessed(people, **values) -> UrgentOrder:
    """At review with everything signed: only the head's decision is missing."""
    order = at_review(people, **values)
    for box, person in zip(ASSESSMENTS, people.planners, strict=True):
        sign(order, box, person)
    plan(order, people)
    sign(order, Box.PLAN, people.planners[1])
    return UrgentOrder.objects.get(pk=order.pk)


def at_procurement(people, **values) -> UrgentOrder:
    order = assessed(people, **values)
    actions.promise(order=order, promised_at=order.required_at, by=people.production_head, reason="as asked")
    return actions.move(order_id=order.pk, step="approve", by=people.production_head)


def at_production(people, **values) -> UrgentOrder:
    order = at_procurement(people, **values)
    MaterialLine.objects.filter(order=order).update(decision="accepted", accepted_quantity=Decimal(5))
    return sign_and_move(order, Box.MATERIALS_READY, people.buyer)


def make_everything(order, people):
    """Every operation makes and passes its pieces, the line gets them for final inspection."""
    steps = OrderStep.objects.living().filter(order=order).exclude(kind="rework")
    for step in steps.order_by("line", "number"):
        missing = step.quantity - step.made
        if missing:
            ledger.post(target=step, kind="make", quantity=missing, by=people.operator)
            ledger.post(target=step, kind="pass", quantity=missing, by=people.operator)
    for line in OrderLine.objects.filter(order=order):
        missing = line.agreed_quantity - line.net_made
        if missing:
            ledger.post(target=line, kind="make", quantity=missing, by=people.operator)


def at_qc(people, **values) -> UrgentOrder:
    order = at_production(people, **values)
    make_everything(order, people)
    return sign_and_move(order, Box.MADE, people.operator)


def at_delivery(people, **values) -> UrgentOrder:
    order = at_qc(people, **values)
    for line in order.lines.all():
        ledger.post(target=line, kind="pass", quantity=line.awaiting, by=people.inspector)
    return sign_and_move(order, Box.PASSED, people.inspector)


def at_settlement(people, **values) -> UrgentOrder:
    order = at_delivery(people, **values)
    sign(order, Box.DELIVERY_CONFIRMED, people.logistics)
    for line in order.lines.all():
        ledger.post(target=line, kind="ship", quantity=line.agreed_quantity, by=people.logistics)
    sign(order, Box.DELIVERED, people.logistics)
    return sign_and_move(order, Box.DOCUMENTS, people.logistics)


def closed(people, **values) -> UrgentOrder:
    order = at_settlement(people, **values)
    sign(order, Box.COSTS, people.finance)
    return actions.move(order_id=order.pk, step="settle", by=people.finance)


AT = {
    "identification": lambda people: draft(people.sales),
    "confirmation": submitted,
    "review": at_review,
    "procurement": at_procurement,
    "production": at_production,
    "qc": at_qc,
    "delivery": at_delivery,
    "settlement": at_settlement,
    "closed": closed,
}
