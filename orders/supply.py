"""Where procurement and quality meet: what came in for a material line, and what of it is good."""

from decimal import Decimal

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours
from desk.text import sentence
from orders import actions
from orders.actions import clocks, door, trail
from orders.machine import Fact
from orders.models import CostEntry, Issue, MaterialLine, Receipt
from people.models import Department
from people.roles import Right
from sla import actions as sla

Decision = MaterialLine.Decision


def plain(quantity) -> str:
    """12.5000 → 12.5, and 10 never as 1E+1."""
    text = f"{Decimal(quantity):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def ask_for(line, *, order, by) -> None:
    """Open procurement's work item for what is short, unless it runs already; the caller holds the lock."""
    if line.is_covered or (line.item and line.item.is_living):
        return
    department = Department.objects.select_related("head", "duty_person").get(code="procurement")
    line.item = clocks.open_item(
        order, kind="purchase_line", subject=gettext_noop("Buy {quantity} {unit} of {material}"),
        params={"quantity": plain(line.short_quantity), "unit": line.material.unit, "material": str(line.material)},
        department=department, assignee=clocks.person_on_duty(order, department), by=by,
        url=reverse("procurement:order_tab", args=[order.pk]),
    )
    line.save(update_fields=["item"])


@transaction.atomic
def accept_receipt(*, receipt, accepted, rejected, by, note="") -> Receipt:
    """Quality's finding on a receipt, whole: so much accepted, so much rejected.

    What is accepted covers the line; what is rejected takes back “Materials ready” and is not paid for.
    """
    order = door.lock(receipt.material_line.order_id, by=by)
    receipt = Receipt.objects.select_related(
        "item", "inspected_by", "received_by", "material_line__material", "material_line__item"
    ).get(pk=receipt.pk)
    _check(order, receipt, accepted, rejected, by, note)
    _find(receipt, accepted, rejected, note, by)
    _cover(order, receipt, by)
    if rejected:
        _reject(order, receipt, by)
    door.touch(order)
    return receipt


def _check(order, receipt, accepted, rejected, by, note):
    if not by.use(Right.QUALITY_INSPECT):
        raise NotYours(_("Only Quality accepts what came in."), who=door.who_may(Right.QUALITY_INSPECT))
    if order.is_final:
        raise GateShut(_("This order has ended."))
    if receipt.inspected_at:
        raise Changed(_("%(who)s has inspected this receipt already.") % {"who": receipt.inspected_by})
    if accepted < 0 or rejected < 0 or accepted + rejected != receipt.quantity:
        raise BadInput(
            _("Accepted and rejected together are what came in: %(quantity)s.") % {"quantity": plain(receipt.quantity)},
            field="accepted",
        )
    if rejected and not note.strip():
        raise BadInput(_("Say what is wrong with the rejected part."), field="note")


def _find(receipt, accepted, rejected, note, by):
    receipt.accepted_quantity, receipt.rejected_quantity = accepted, rejected
    receipt.inspection_note = note.strip()[:500]
    receipt.inspected_at, receipt.inspected_by = timezone.now(), by
    receipt.save(update_fields=[
        "accepted_quantity", "rejected_quantity", "inspection_note", "inspected_at", "inspected_by",
    ])
    if receipt.item and receipt.item.is_living:
        sla.finish(receipt.item, by=by)


def _cover(order, receipt, by):
    line = receipt.material_line
    line.accepted_quantity += receipt.accepted_quantity
    is_open = line.decision in (Decision.OPEN, Decision.GATING)
    if line.is_covered and is_open:
        line.decision, line.decided_at, line.decided_by = Decision.ACCEPTED, timezone.now(), by
    line.save(update_fields=["accepted_quantity", "decision", "decided_at", "decided_by"])
    trail.note(
        order, "receipt_inspected", by=by,
        text=gettext_noop("Incoming {material}: {accepted} {unit} accepted, {rejected} rejected"),
        params={
            "material": str(line.material), "unit": line.material.unit, "accepted": plain(receipt.accepted_quantity),
            "rejected": plain(receipt.rejected_quantity),
        },
    )
    if line.is_covered and is_open:
        _close_line(order, line, by)


def _close_line(order, line, by):
    if line.item and line.item.is_living:
        sla.finish(line.item, by=by)
    for issue in Issue.objects.filter(order=order, material_line=line, solved_at__isnull=True, severity="minor"):
        solution = sentence(gettext_noop("The material is here and accepted."), {})
        actions.solve_if_ready(issue=issue, by=by, solution=solution)


def _reject(order, receipt, by):
    """The line is short again: its decision is open, the money for the bad part is taken back."""
    line = receipt.material_line
    if not line.is_covered and line.decision in (Decision.ACCEPTED, Decision.GATING):
        line.decision, line.decided_at, line.decided_by = Decision.OPEN, None, None
        line.save(update_fields=["decision", "decided_at", "decided_by"])
    actions.revoke(order=order, by=by, facts=[Fact.RECEIPT_REJECTED])
    ask_for(line, order=order, by=by)
    event = trail.note(
        order, "receipt_rejected", gettext_noop("{quantity} {unit} of {material} were rejected: {reason}"), by=by,
        params={
            "quantity": plain(receipt.rejected_quantity), "unit": line.material.unit, "material": str(line.material),
            "reason": receipt.inspection_note,
        },
    )
    trail.inform(order, event, {receipt.received_by, line.item.assignee if line.item else None})
    _credit(order, receipt, by)


def _credit(order, receipt, by):
    booked = CostEntry.objects.filter(source=f"receipt:{receipt.pk}").first()
    if booked:
        actions.add_cost(
            order=order, kind=booked.kind, cause=booked.cause, is_planned=False, by=by, text=booked.text,
            amount=-booked.amount * receipt.rejected_quantity / receipt.quantity,
            source=f"receipt:{receipt.pk}:rejected",
        )
