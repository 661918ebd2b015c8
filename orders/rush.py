"""What was urgent this week for a customer and a salesperson, against the budget an administrator set."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import Decimal

from django.db.models import Count, Q, Sum
from django.utils import timezone

from orders.machine import Stage
from orders.models import CostEntry, RushBudget, UrgentOrder

Scope = RushBudget.Scope
ZERO = Decimal(0)


@dataclass(frozen=True)
class Use:
    """Of one budget in this week."""

    scope: str
    whom: object
    orders: int
    cost: Decimal
    orders_limit: int | None
    cost_limit: Decimal | None

    @property
    def has_many_orders(self) -> bool:
        return self.orders_limit is not None and self.orders > self.orders_limit

    @property
    def has_high_cost(self) -> bool:
        return self.cost_limit is not None and self.cost > self.cost_limit

    @property
    def is_passed(self) -> bool:
        return self.has_many_orders or self.has_high_cost


def week_start(now) -> datetime:
    """Monday 00:00 in the company's time zone."""
    today = timezone.localdate(now)
    return timezone.make_aware(datetime.combine(today - timedelta(days=today.weekday()), time()))


def uses(customer, person, now=None) -> list[Use]:
    """Of the customer and of the salesperson, where a budget is set: one statement where none is, else three."""
    budgets = budgets_of(customer, person)
    if not budgets:
        return []
    start = week_start(now or timezone.now())
    orders = _orders(customer, person, start)
    costs = _costs(customer, person, start)
    return [
        Use(scope, {Scope.CUSTOMER: customer, Scope.PERSON: person}[scope], orders[scope], costs[scope] or ZERO,
            budget.orders_a_week, budget.cost_a_week_amount)
        for scope, budget in budgets.items()
    ]  # fmt: skip


def budgets_of(customer, person) -> dict[str, RushBudget]:
    """{scope: the row of its own, else everybody's}."""
    everybody = Q(customer__isnull=True, person__isnull=True)
    rows = RushBudget.objects.filter(everybody | Q(customer=customer or 0) | Q(person=person or 0))
    found = {}
    for row in sorted(rows, key=lambda row: bool(row.customer_id or row.person_id)):
        found[row.scope] = row
    whom = {Scope.CUSTOMER: customer, Scope.PERSON: person}
    return {scope: row for scope, row in found.items()
            if whom[scope] and not (row.orders_a_week is None and row.cost_a_week_amount is None)}  # fmt: skip


def _orders(customer, person, start) -> dict:
    rows = UrgentOrder.objects.filter(submitted_at__gte=start).exclude(stage=Stage.DECLINED).order_by()
    return rows.aggregate(
        customer=Count("pk", filter=Q(customer=customer or 0)), person=Count("pk", filter=Q(created_by=person or 0))
    )


def _costs(customer, person, start) -> dict:
    rows = CostEntry.objects.filter(cause=CostEntry.Cause.URGENCY, is_planned=False, recorded_at__gte=start).order_by()
    return rows.aggregate(
        customer=Sum("amount", filter=Q(order__customer=customer or 0)),
        person=Sum("amount", filter=Q(order__created_by=person or 0)),
    )


def with_one_more(customer, person, now=None) -> list[Use]:
    """As they would stand with the order that is being entered; only those that are passed."""
    coming = [replace(use, orders=use.orders + 1) for use in uses(customer, person, now)]
    return [use for use in coming if use.is_passed]
