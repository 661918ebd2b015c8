"""What procurement decides about a material line of an order."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, Condition, GateShut, NotYours
from desk.text import moment
from orders import actions
from orders.actions import clocks
from orders.actions.door import touch, who_may
from orders.actions.trail import note
from orders.machine import Box
from orders.models import MaterialLine, UrgentOrder
from people.models import Department
from people.roles import Right
from procurement.models import PurchaseLine, SupplierRefusal
from sla import actions as sla

Decision = MaterialLine.Decision


def open_order(order_id, by, version=None) -> UrgentOrder:
    """The order, locked, where this buyer may still buy for it."""
    order = actions.lock(order_id, by=by, version=version)
    if not by.use(Right.SUPPLY_BUY):
        raise NotYours(_("Only Procurement buys materials."), who=who_may(Right.SUPPLY_BUY))
    if order.is_final or order.is_cancelled:
        raise GateShut(_("Nothing is bought for this order any more."), because=order.get_stage_display())
    return order


def line_of(material_line_id, by, version=None) -> tuple[MaterialLine, UrgentOrder]:
    """The material line as it is now, under the lock of its order."""
    order_id = MaterialLine.objects.values_list("order_id", flat=True).get(pk=material_line_id)
    order = open_order(order_id, by, version)
    line = MaterialLine.objects.select_related("material", "item", "step", "line").get(pk=material_line_id)
    return line, order


def check_wanted(line):
    """Still to get: neither accepted, waived, substituted nor dropped."""
    if line.decision not in (Decision.OPEN, Decision.GATING):
        raise GateShut(
            _("%(material)s needs no buying: it is %(state)s.")
            % {"material": line.material, "state": line.get_decision_display()}
        )


@transaction.atomic
def record_refusal(*, material_line_id, supplier, reason, by) -> SupplierRefusal:
    """An existing supplier cannot: kept with the line."""
    line, order = line_of(material_line_id, by)
    if not reason.strip():
        raise BadInput(_("Say why they cannot, in a few words."), field="reason")
    if SupplierRefusal.objects.filter(material_line=line, supplier=supplier).exists():
        raise Changed(_("The refusal of %(supplier)s is recorded already.") % {"supplier": supplier})
    refusal = SupplierRefusal.objects.create(
        material_line=line, supplier=supplier, reason=reason.strip()[:500], recorded_at=timezone.now(), recorded_by=by,
    )
    touch(order)
    note(order, "supplier_refused", gettext_noop("{supplier} cannot supply {material}: {reason}"), by=by,
         params={"supplier": str(supplier), "material": str(line.material), "reason": refusal.reason})
    return refusal


@transaction.atomic
def decide_gating(*, material_line_id, by, version=None) -> MaterialLine:
    """Promised in time for a later operation: production may begin, that operation waits for the material."""
    line, order = line_of(material_line_id, by, version)
    if line.decision == Decision.GATING:
        raise Changed(_("%(material)s gates its operation already.") % {"material": line.material})
    check_wanted(line)
    _check_gate(line)
    line.decision, line.decided_at, line.decided_by = Decision.GATING, timezone.now(), by
    if line.item and line.item.is_living:
        sla.finish(line.item, by=by)
    procurement = Department.objects.get(code="procurement")
    line.item = clocks.open_item(
        order, kind="purchase_line", subject=gettext_noop("{material} must be here for “{step}”"),
        params={"material": str(line.material), "step": line.step.name}, due_at=line.needed_at,
        department=procurement, assignee=by, by=by, url=reverse("procurement:order_tab", args=[order.pk]),
    )
    line.save(update_fields=["decision", "decided_at", "decided_by", "item"])
    touch(order)
    note(order, "line_gating", gettext_noop("{material} comes {at}: “{step}” does not start without it"), by=by,
         params={"material": str(line.material), "step": line.step.name, "at": moment(line.promised_at)})
    return line


def _check_gate(line):
    step = line.step
    conditions = [
        Condition(_("The supplier has promised a time"), bool(line.promised_at)),
        Condition(_("The need has a time, and the promise is not after it"),
                  bool(line.needed_at and line.promised_at and not line.is_promised_late)),
        Condition(_("It belongs to a later operation that has not started"),
                  bool(step and not step.started_at and step.get_predecessors())),
        Condition(_("Everything that is short is on order"), on_order(line) >= line.short_quantity),
    ]
    if not all(condition.is_met for condition in conditions):
        raise GateShut(
            _("%(material)s cannot come later than production begins.") % {"material": line.material},
            missing=conditions, who=who_may(Right.PLAN_MAKE, 2),
        )


def on_order(line):
    """What living purchases of this line still bring."""
    bought = PurchaseLine.objects.living().filter(material_line=line).with_amounts()
    return sum(max(0, purchase.quantity - purchase.received) for purchase in bought) + in_inspection(line)


def in_inspection(line):
    """Came in and not yet accepted or rejected."""
    return sum(line.receipts.filter(inspected_at__isnull=True).values_list("quantity", flat=True))


@transaction.atomic
def sign_materials_ready(*, order_id, by, version=None) -> UrgentOrder:
    """The buyer's signature that nothing is missing; the order moves on to production by it."""
    order = open_order(order_id, by, version)
    if not order.sign_offs.living().filter(box=Box.PLAN).exists():
        raise GateShut(
            _("Materials are ready for a plan, and the production plan is not signed."),
            missing=[Condition(Box.PLAN.label)], who=who_may(Right.PLAN_MAKE, 2),
        )
    return actions.sign_and_move(order=order, box=Box.MATERIALS_READY, by=by)
