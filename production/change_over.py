"""What it costs to set machines up again for the operations that a rush order pushed behind itself."""

from decimal import Decimal

from django.db.models import Q
from django.urls import reverse

from orders import actions as orders
from orders.models import CostEntry
from orders.models.money import CostKind
from production.models import Plan, RoutingOperation


def book_change_over(order, *, by) -> None:
    """Once for each order that gave way, as an estimate: that order's operations had the machine first."""
    mine = Plan.objects.filter(order=order, state=Plan.State.RELEASED).prefetch_related("operations").first()
    if mine is None:
        return
    for plan in _gave_way(order, mine):
        amount = _amount(mine, plan)
        if amount > 0:
            orders.add_cost(
                order=order, kind=CostKind.CHANGEOVER, cause=CostEntry.Cause.URGENCY, is_planned=True, amount=amount,
                source=f"plan:{order.pk}:changeover:{plan.pk}", text=str(plan.order), by=by,
                url=reverse("production:order_tab", args=[plan.order_id]),
            )


def _gave_way(order, mine) -> list[Plan]:
    """The versions that others' plans got because of this one."""
    behind = Q(order=mine.goes_before_id, made_at=mine.released_at) if mine.goes_before_id else Q(pk__in=())
    plans = Plan.objects.filter(Q(gave_way_to=order) | behind).select_related("order")
    return list(plans.prefetch_related("operations__line", "operations__step", "operations__work_centre"))


def _amount(mine, plan) -> Decimal:
    taken = {(row.work_centre_id, row.slot) for row in mine.operations.all()}
    before = Plan.objects.filter(order=plan.order_id, version__lt=plan.version).order_by("-version").first()
    starts = {(row.line_id, row.number): row.starts_at for row in before.operations.all()} if before else {}
    pushed = [
        row for row in plan.operations.all()
        if (row.work_centre_id, row.slot) in taken and not row.is_external and not (row.step and row.step.started_at)
        and row.starts_at > starts.get((row.line_id, row.number), row.starts_at)
    ]
    minutes = _setups(pushed)
    return sum((_cost(row, minutes.get((row.line.product_id, row.number), 0)) for row in pushed), Decimal(0))


def _setups(operations) -> dict:
    products = {row.line.product_id for row in operations}
    rows = RoutingOperation.objects.filter(product__in=products).order_by("-variant")  # the normal one counts last
    return {(row.product_id, row.number): row.setup_minutes for row in rows}


def _cost(operation, minutes) -> Decimal:
    centre = operation.work_centre
    return (Decimal(minutes) / 60 * (centre.hourly_rate_amount + centre.labour_rate_amount)).quantize(Decimal("0.01"))
