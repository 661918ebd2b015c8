"""Amounts are appended by the act that causes them; money is asked for before it is spent."""

from decimal import Decimal

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, GateShut, NotYours
from desk.text import word
from orders.actions import clocks, door
from orders.actions.rush import warn_of_cost
from orders.actions.trail import note
from orders.models import CostEntry, ExpenseRequest
from orders.models.money import CostKind
from people.models import Department
from people.roles import Right


def add_cost(
    *, order, kind, amount, is_planned, source, by, cause=CostEntry.Cause.NORMAL, text="", url="", is_none=False
) -> CostEntry:
    """Once for each `source`: the same act told twice adds nothing."""
    entry, is_new = CostEntry.objects.get_or_create(
        source=source,
        defaults={
            "order": order, "kind": kind, "cause": cause, "is_planned": is_planned, "is_none": is_none,
            "amount": Decimal(amount).quantize(Decimal("0.01")), "text": text, "url": url,
            "recorded_at": timezone.now(), "recorded_by": by,
        },
    )
    if is_new and entry.cause == CostEntry.Cause.URGENCY and not is_planned and entry.amount > 0:
        warn_of_cost(order, entry.amount, by=by)
    return entry


@transaction.atomic
def request_expense(*, order_id, by, kind, amount, reason, source="", department=None, cause="") -> ExpenseRequest:
    """Ask finance for money for this order; `cause`: where its kind does not say it, such as outside work."""
    if not by.may(Right.ISSUE_RAISE) or not by.department_id:
        raise NotYours(_("You cannot ask for money for this order."))
    if amount <= 0:
        raise BadInput(_("The amount must be more than 0."), field="amount")
    order = door.lock(order_id, by=by)
    if order.is_final:
        raise GateShut(_("This order has ended: nothing is spent for it any more."))
    expense = ExpenseRequest.objects.create(
        order=order, department=department or by.department, kind=kind, amount=amount, reason=reason, source=source,
        cause=cause, requested_at=timezone.now(), requested_by=by,
    )
    finance = Department.objects.select_related("head").get(code="finance")
    expense.item = clocks.open_item(
        order, kind="expense", subject=gettext_noop("Decide the expense request: {reason}"),
        params={"reason": reason[:120]}, department=finance, by=by,
        url=reverse("finance:expense_decide", args=[expense.pk]),
    )
    expense.save(update_fields=["item"])
    note(order, "expense_requested", gettext_noop("Asked for money: {kind}, {reason}"), by=by, money="resource",
         params={"kind": word(CostKind(kind).label), "reason": reason, "amount": str(amount)})
    return expense
