"""A made-up shop in the desk's own tables, and a rush order under review in it."""

from copy import copy
from datetime import timedelta
from decimal import Decimal
from random import Random

from django.db import connection, transaction
from django.utils import timezone

from bench import shops, work
from catalog.models import BillOfMaterialLine, Product
from desk import guards
from orders import actions
from orders.models import ConfirmationItem, OrderLine, OrderStep, UrgentOrder
from people.models import User
from production.capacity import Means, moment, read_shop
from production.engine import Diary, plan_all
from production.models import Operation, Plan, RoutingOperation, WorkCentre
from sla.models import WorkCalendar


@transaction.atomic
def build(orders=400, centres=30, per_order=6) -> UrgentOrder:
    """Plans in force for all of them; the rush order asks for the day after tomorrow."""
    random, now = Random(1), timezone.now()
    guards.drop(connection)
    rush = _in_review(random, _work_centres(centres, random), per_order, now)
    shop = read_shop(now=now)
    places = shop.engine_centres(Means(), shop.centres)
    codes = sorted(code for code in places if code.startswith("Y"))
    routings = [(number, shops.linear(number, codes, random, per_order)) for number in range(orders)]
    plan = plan_all(routings, Diary(places), int(shop.now.timestamp()))
    _write(rush, plan, shop.centres, now)
    guards.install(connection)
    return rush


def _work_centres(count, random) -> list[WorkCentre]:
    calendar = WorkCalendar.objects.get(code="factory")
    return WorkCentre.objects.bulk_create(
        WorkCentre(code=f"Y{number:03}", name=f"中心 {number}", calendar=calendar, slots=random.choice((1, 1, 1, 2, 3)),
                   overtime_hours="19:00-22:00", overtime_percent=50,
                   hourly_rate_amount=Decimal(120), labour_rate_amount=Decimal(60))
        for number in range(count)
    )


def _in_review(random, centres, per_order, now) -> UrgentOrder:
    by, product = work.sales(), Product.objects.order_by("pk").last()
    RoutingOperation.objects.filter(product=product).delete()
    BillOfMaterialLine.objects.filter(product=product).delete()
    for number, centre in enumerate(random.sample(centres, per_order), 1):
        RoutingOperation.objects.create(
            product=product, number=number * 10, name=f"工序 {number}", work_centre=centre, setup_minutes=15,
            run_minutes_per_unit=Decimal(random.randint(10, 30)),
        )
    order = work.draft(by)
    UrgentOrder.objects.filter(pk=order.pk).update(required_at=now + timedelta(days=2))
    order = actions.submit(order_id=order.pk, by=by)
    for item in ConfirmationItem.Item:
        actions.confirm_item(order_id=order.pk, by=by, item=item, contact="高远", how="call")
    return actions.confirm(order_id=order.pk, by=by)


def _write(rush, plan, centres, now) -> None:
    """Orders like the rush order, each with a plan in force."""
    line, by = rush.lines.get(), User.objects.get(username="gao")
    orders = UrgentOrder.objects.bulk_create(
        _like(rush, number=f"YD-{number}", form_number=f"YD-{number}",
              required_at=moment(max(row.end for row in rows) + 8 * 3600))
        for number, rows in plan.items()
    )
    lines = OrderLine.objects.bulk_create(_like(line, order=order) for order in orders)
    plans = Plan.objects.bulk_create(
        Plan(order=order, version=1, state=Plan.State.RELEASED, made_at=now, made_by=by, released_at=now,
             released_by=by)
        for order in orders
    )
    rows = [(*whose, row) for *whose, placed in zip(orders, lines, plans, plan.values(), strict=True) for row in placed]
    steps = OrderStep.objects.bulk_create(
        OrderStep(order=order, line=line, number=_number(row), name=f"工序 {_number(row)}", owner=by, quantity=10,
                  token=f"Y{at}", planned_start_at=moment(row.start), planned_end_at=moment(row.end))
        for at, (order, line, _plan, row) in enumerate(rows)
    )
    Operation.objects.bulk_create(
        Operation(plan=plan, line=line, step=step, number=step.number, name=step.name, owner=by, quantity=10,
                  work_centre=centres[row.slots[0][0]], slot=row.slots[0][1], work_seconds=row.way.seconds,
                  starts_at=moment(row.start), ends_at=moment(row.end))
        for (_order, line, plan, row), step in zip(rows, steps, strict=True)
    )


def _number(row) -> int:
    return row.key[1] * 10 + 10


def _like(other, **values):
    new = copy(other)
    new.pk, new._state = None, copy(other._state)
    new._state.adding = True
    for name, value in values.items():
        setattr(new, name, value)
    return new
