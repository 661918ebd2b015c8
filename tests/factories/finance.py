from decimal import Decimal

from django.utils import timezone

from finance import actions
from orders import actions as orders


def plan_cost(order, by, kind="material", amount=1000):
    """A planned cost as the release of a plan books it."""
    return orders.add_cost(
        order=order, kind=kind, amount=Decimal(amount), is_planned=True, by=by,
        source=f"plan:{order.pk}:{kind}:{timezone.now().timestamp()}",
    )


def asked(order, by, amount=100, kind="expedite", reason="faster"):
    return orders.request_expense(order_id=order.pk, by=by, kind=kind, amount=Decimal(amount), reason=reason)


def settled(order, by, invoice_number="INV-1"):
    actions.issue_statement(order_id=order.pk, by=by, invoice_number=invoice_number)
    return actions.settle(order_id=order.pk, by=by)
