"""After a cancellation each department stops and says what it has cost."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours
from orders.actions import door
from orders.actions.money import add_cost
from orders.actions.trail import note
from orders.machine import Box
from orders.models import CostEntry, SignOff
from orders.models.money import CostKind
from sla import actions as sla
from sla.models import WorkItem


def stop_item(order, department):
    """The department's open “Stop and report cost”, or None."""
    items = WorkItem.objects.living().filter(source=order.stream, kind="stop_report", department=department)
    return items.select_related("department", "assignee").first()


@transaction.atomic
def report_stop(*, order_id, by, text, amount=Decimal(0), version=None) -> SignOff:
    """The department has stopped; `amount` is what it spent that stands in no other entry yet."""
    order = door.lock(order_id, by=by, version=version)
    _check(order, by, amount, text)
    item = stop_item(order, by.department)
    if item is None:
        raise Changed(_("Your department has nothing to report, or somebody reported it already."))
    text = text.strip()[:1000]
    signed = door.sign(order=order, box=Box.STOPPED, by=by, department=by.department_code, note_text=text)
    if amount:
        add_cost(
            order=order, kind=CostKind.OTHER, cause=CostEntry.Cause.CANCELLATION, is_planned=False, amount=amount,
            source=f"stop:{order.pk}:{by.department_code}:{signed.pk}", by=by, text=text[:300],
        )
    sla.finish(item, by=by)
    note(order, "stopped", gettext_noop("Stopped work: {text}"), by=by, money="result",
         params={"text": text, "amount": str(amount)})
    return signed


def _check(order, by, amount, text):
    if not by.department_id:
        raise NotYours(_("Only a department can report its stop."))
    if not order.is_cancelled or order.is_final:
        raise GateShut(_("This order is not being cancelled."))
    if amount < 0:
        raise BadInput(_("The amount cannot be less than 0."), field="amount")
    if not text.strip():
        raise BadInput(_("Say where work stopped, in a few words."), field="text")
