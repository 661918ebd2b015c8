from collections import defaultdict
from decimal import Decimal

import structlog
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy, gettext_noop

from orders.actions import clocks
from orders.machine import FINAL, Stage
from orders.models import CostEntry, UrgentOrder
from people.models import Department
from records.actions import CLOCK, record
from sla.models import PolicyVersion

log = structlog.get_logger(__name__)


def repair_orders_without_item() -> int:
    """Open the missing clock of every living stage; gives how many there were."""
    stray = UrgentOrder.objects.submitted().exclude(stage__in=[*FINAL, Stage.IDENTIFICATION])
    keys = list(stray.filter(stage_item__isnull=True).values_list("pk", flat=True)[:500])
    numbers = [number for pk in keys if (number := _open_missing(pk))]
    if numbers:
        text = gettext_noop("{number} orders had no clock for their stage and got one: {orders}.")
        record("orders_wound", text, by=None, stream=CLOCK,
               params={"number": len(numbers), "orders": ", ".join(numbers[:20])})
    return len(numbers)


@transaction.atomic
def _open_missing(pk) -> str:
    order = UrgentOrder.objects.select_for_update(of=("self",)).get(pk=pk)
    run = order.runs.filter(left_at__isnull=True).first()
    if order.stage_item_id or run is None:
        return ""
    run.item = clocks.enter(order, None, timezone.now())
    run.limit_seconds = run.item.budget_seconds - run.item.consumed_seconds
    run.save(update_fields=["item", "limit_seconds"])
    order.save(update_fields=["stage_item"])
    log.warning("order_without_clock_repaired", order=order.number, stage=order.stage)
    return order.number


# What follows a submission, in the policy's order: kind of clock, department, what is done.
NEXT = (
    ("confirmation", "sales", gettext_lazy("You confirm with the customer")),
    ("review_decision", "production", gettext_lazy("Production reviews and plans")),
    ("procurement", "procurement", gettext_lazy("Procurement gets the materials")),
    ("production", "production", gettext_lazy("Production makes the pieces")),
    ("qc", "quality", gettext_lazy("Quality inspects")),
    ("delivery", "logistics", gettext_lazy("Logistics delivers")),
    ("settlement", "finance", gettext_lazy("Finance settles")),
)


def next_steps(urgency_class) -> list[dict]:
    """Each with the department's person and the limit in force, in two statements."""
    people = {
        department.code: department.duty_person or department.head
        for department in Department.objects.select_related("head", "duty_person")
    }
    limits = _limits([kind for kind, _code, _text in NEXT], urgency_class)
    return [
        {"department": code, "text": text, "person": people.get(code), "limit": limits.get(kind)}
        for kind, code, text in NEXT
    ]


def _limits(kinds, urgency_class) -> dict:
    found = {}
    versions = PolicyVersion.objects.in_force().filter(
        policy__kind__in=kinds, policy__urgency_class__in=["", urgency_class]
    )
    for version in sorted(versions.select_related("policy"), key=lambda row: (row.policy.urgency_class, row.number)):
        found[version.policy.kind] = version.target_seconds
    return found


def quality_costs(order_ids) -> dict[int, Decimal]:
    """What complaints have cost each of these orders, in two statements: credits, and all that the orders
    which follow it have spent."""
    found = defaultdict(Decimal)
    entries = CostEntry.objects.filter(is_planned=False).order_by()
    credits = entries.filter(order__in=order_ids, cause=CostEntry.Cause.COMPLAINT)
    for order, amount in credits.values_list("order").annotate(Sum("amount")):
        found[order] += amount
    followed = entries.filter(order__follows__in=order_ids)
    for order, amount in followed.values_list("order__follows").annotate(Sum("amount")):
        found[order] += amount
    return dict(found)
