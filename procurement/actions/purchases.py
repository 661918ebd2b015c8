"""A purchase from order to receipt, with every promise and every step of its way kept."""

from decimal import Decimal

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, Condition, GateShut
from desk.text import moment, sentence, word
from orders import actions
from orders.actions import clocks
from orders.actions.door import touch, who_may
from orders.actions.trail import inform, note
from orders.models import ExpenseRequest, Issue, MaterialLine, Receipt
from orders.models.money import CostKind
from orders.supply import ask_for, plain
from people.models import Department
from people.roles import Right
from procurement.actions.lines import check_wanted, line_of, on_order, open_order
from procurement.models import (
    Milestone,
    PurchaseLine,
    PurchasePromise,
    PurchaseReceipt,
    Supplier,
    SupplierRefusal,
)
from sla import actions as sla
from sla.models import WorkItem

State = PurchaseLine.State
Expedite = PurchaseLine.Expedite


@transaction.atomic
def order_line(
    *, material_line_id, supplier, quantity, unit_price, by, promised_at=None, is_expedited=False, fee=Decimal(0),
    version=None, now=None,
) -> PurchaseLine:
    """Buy from an approved supplier. With a fee for speed nothing is ordered before finance has approved it."""
    now = now or timezone.now()
    line, order = line_of(material_line_id, by, version)
    actions.refuse_while_held(order)
    check_wanted(line)
    _check_approved_order(order)
    _check_amounts(quantity, unit_price, fee, is_expedited, promised_at, now)
    _check_not_bought(line)
    check_supplier(line, supplier)
    purchase = PurchaseLine.objects.create(
        material_line=line, supplier=supplier, quantity=quantity, unit_price_amount=unit_price, created_at=now,
        created_by=by, state=State.WAITING if fee else State.ORDERED, ordered_at=None if fee else now,
        ordered_by=None if fee else by,
    )
    note(order, "purchase_ordered", _ORDERED[purchase.state], by=by, money="purchase", params=_said(purchase) | {
        "price_amount": str(unit_price)})
    if is_expedited:
        _ask(purchase, order, fee, by, now)
    if promised_at:
        _promise(purchase, line, order, promised_at, "", by, now)
    _settle_item(purchase, line, by, now)
    touch(order)
    return purchase


_ORDERED = {
    State.ORDERED: gettext_noop("Ordered {quantity} {unit} of {material} from {supplier}"),
    State.WAITING: gettext_noop("{quantity} {unit} of {material} from {supplier} wait for money"),
}


def _said(purchase) -> dict:
    material = purchase.material_line.material
    return {
        "quantity": plain(purchase.quantity), "unit": material.unit, "material": str(material),
        "supplier": str(purchase.supplier),
    }


def _check_approved_order(order):
    if not order.promises.exists():
        raise GateShut(
            _("Nothing is bought before the order review is approved."),
            missing=[Condition(_("The order is approved"))], who=who_may(Right.REVIEW_DECIDE, 2),
        )


def _check_amounts(quantity, unit_price, fee, is_expedited, promised_at, now):
    if quantity <= 0:
        raise BadInput(_("The quantity must be more than 0."), field="quantity")
    if unit_price < 0:
        raise BadInput(_("A price cannot be less than 0."), field="unit_price")
    if fee < 0:
        raise BadInput(_("A fee cannot be less than 0."), field="fee")
    if fee and not is_expedited:
        raise BadInput(_("A fee is paid for expedited service: tick that it is asked for."), field="fee")
    _check_future(promised_at, now)


def _check_future(promised_at, now):
    if promised_at and promised_at <= now:
        raise BadInput(_("A supplier cannot promise the past."), field="promised_at")


def _check_not_bought(line):
    ordered = on_order(line)
    if ordered >= line.short_quantity:
        raise GateShut(
            _("%(material)s is bought already: %(ordered)s %(unit)s are on order, %(short)s %(unit)s are short.")
            % {"material": line.material, "ordered": plain(ordered), "short": plain(line.short_quantity),
               "unit": line.material.unit},
            field="quantity",
        )


def check_supplier(line, supplier):
    """Approved; and for a critical material an existing source, unless each of those has refused."""
    if not (supplier.is_approved and supplier.is_active):
        raise GateShut(
            _("%(supplier)s is not an approved supplier.") % {"supplier": supplier},
            who=who_may(Right.SUPPLIER_APPROVE), field="supplier",
        )
    if not line.is_key:
        return
    existing = list(Supplier.objects.existing_for(line.material))
    if supplier in existing:
        return
    refused = set(SupplierRefusal.objects.filter(material_line=line).values_list("supplier_id", flat=True))
    conditions = [
        Condition(_("%(supplier)s cannot supply it") % {"supplier": known}, known.pk in refused) for known in existing
    ]
    if not all(condition.is_met for condition in conditions):
        raise GateShut(
            _("%(material)s is critical: a new supplier is taken when the existing ones cannot.")
            % {"material": line.material}, missing=conditions, field="supplier",
        )


def _settle_item(purchase, line, by, now):
    """Buying is done when the order is placed and its time is known; it pauses while finance decides."""
    item = WorkItem.objects.filter(pk=line.item_id).first()
    if item is None or not item.is_living or line.decision == MaterialLine.Decision.GATING:
        return
    if purchase.is_waiting:
        if item.state != item.State.PAUSED:
            sla.pause(item, reason="decision", by=by, now=now)
    elif line.promised_at and on_order(line) >= line.short_quantity:
        sla.finish(item, by=by, now=now)


def purchase_of(purchase_line_id, by, version=None):
    """The purchase as it is now, its material line and its order, locked."""
    purchase = PurchaseLine.objects.select_related("material_line").get(pk=purchase_line_id)
    order = open_order(purchase.material_line.order_id, by, version)
    purchase = PurchaseLine.objects.with_amounts().select_related(
        "supplier", "expense", "promise_item", "material_line__material", "material_line__item", "material_line__step"
    ).get(pk=purchase_line_id)
    if purchase.state == State.CANCELLED:
        raise Changed(_("This purchase was cancelled: %(reason)s") % {"reason": purchase.cancelled_reason})
    return purchase, purchase.material_line, order


@transaction.atomic
def place_order(*, purchase_line_id, by, without_expedite=False, version=None) -> PurchaseLine:
    """Order what waited for money: with speed when finance approved the fee, else without."""
    purchase, line, order = purchase_of(purchase_line_id, by, version)
    if not purchase.is_waiting:
        raise Changed(_("This is ordered already."))
    actions.refuse_while_held(order)
    check_supplier(line, purchase.supplier)
    if without_expedite:
        purchase.expedite, purchase.expedite_fee_amount, purchase.expense = Expedite.REFUSED, 0, None
    else:
        _check_money(purchase)
        purchase.expedite = Expedite.GRANTED
    now = timezone.now()
    purchase.expedite_answered_at, purchase.expedite_answered_by = now, by
    purchase.state, purchase.ordered_at, purchase.ordered_by = State.ORDERED, now, by
    purchase.save()
    item = WorkItem.objects.filter(pk=line.item_id).first()
    if item and item.state == item.State.PAUSED:
        sla.resume(item, by=by, now=now)
    _hold_to_promise(purchase, order, by, now)
    _settle_item(purchase, line, by, now)
    touch(order)
    note(order, "purchase_ordered", _ORDERED[State.ORDERED], by=by, params=_said(purchase))
    return purchase


def _check_money(purchase):
    expense = purchase.expense
    if expense is None or expense.state == ExpenseRequest.State.APPROVED:
        return
    if expense.state == ExpenseRequest.State.REFUSED:
        raise GateShut(
            _("Finance refused the fee for expedited service."), because=expense.decision_reason,
            who=[expense.decided_by],
        )
    if expense.state == ExpenseRequest.State.WITHDRAWN:
        raise GateShut(
            _("The fee for expedited service is not asked for any more."), who=[expense.requested_by],
            missing=[Condition(_("Order it without expedited service"))],
        )
    raise GateShut(
        _("The fee for expedited service is not approved yet."),
        missing=[Condition(_("The expense request is approved"))], who=who_may(Right.EXPENSE_DECIDE),
    )


@transaction.atomic
def ask_expedite(*, purchase_line_id, by, fee=Decimal(0), version=None) -> PurchaseLine:
    """Ask the supplier for expedited service; what it costs is asked for at finance first."""
    purchase, _line, order = purchase_of(purchase_line_id, by, version)
    if fee < 0:
        raise BadInput(_("A fee cannot be less than 0."), field="fee")
    if purchase.expedite in (Expedite.ASKED, Expedite.GRANTED):
        raise Changed(_("Expedited service was asked for already."))
    if purchase.expense_id:
        raise GateShut(_("A fee was asked for this purchase before: %(state)s.")
                       % {"state": purchase.expense.get_state_display()})
    _ask(purchase, order, fee, by, timezone.now())
    touch(order)
    return purchase


def _ask(purchase, order, fee, by, now):
    purchase.expedite, purchase.expedite_fee_amount = Expedite.ASKED, fee
    purchase.expedite_asked_at, purchase.expedite_asked_by = now, by
    purchase.expedite_answered_at = purchase.expedite_answered_by = None
    if fee:
        purchase.expense = actions.request_expense(
            order_id=order.pk, by=by, kind=CostKind.EXPEDITE, amount=fee, source=f"purchase:{purchase.pk}:expedite",
            reason=_("Expedited service by %(supplier)s for %(material)s")
            % {"supplier": purchase.supplier, "material": purchase.material_line.material},
        )
    purchase.save()
    note(order, "expedite_asked", gettext_noop("Asked {supplier} for expedited service: {material}"), by=by,
         money="purchase", params=_said(purchase) | {"fee_amount": str(fee)})


@transaction.atomic
def answer_expedite(*, purchase_line_id, is_granted, by, version=None) -> PurchaseLine:
    """The supplier's answer. Speed that costs is taken only when finance approved the fee."""
    purchase, _line, order = purchase_of(purchase_line_id, by, version)
    if purchase.expedite != Expedite.ASKED:
        raise Changed(_("No answer is waited for: %(state)s.") % {"state": purchase.get_expedite_display()})
    if purchase.is_waiting:
        raise GateShut(_("This purchase waits for money: order it, with expedited service or without."))
    if is_granted:
        _check_money(purchase)
    purchase.expedite = Expedite.GRANTED if is_granted else Expedite.REFUSED
    purchase.expedite_answered_at, purchase.expedite_answered_by = timezone.now(), by
    purchase.save(update_fields=["expedite", "expedite_answered_at", "expedite_answered_by"])
    touch(order)
    note(order, "expedite_answered", gettext_noop("Expedited service by {supplier} for {material}: {answer}"), by=by,
         params=_said(purchase) | {"answer": word(purchase.get_expedite_display())})
    return purchase


@transaction.atomic
def record_promise(*, purchase_line_id, promised_at, by, reason="", version=None, now=None) -> PurchasePromise:
    """What the supplier promises now. Later than needed: production and sales are told, a problem is opened."""
    now = now or timezone.now()
    purchase, line, order = purchase_of(purchase_line_id, by, version)
    if purchase.state == State.RECEIVED and purchase.received >= purchase.quantity:
        raise Changed(_("This purchase came in already."))
    _check_future(promised_at, now)
    promise = _promise(purchase, line, order, promised_at, reason, by, now)
    _settle_item(purchase, line, by, now)
    touch(order)
    return promise


def _promise(purchase, line, order, promised_at, reason, by, now):
    promise = PurchasePromise.objects.create(
        purchase_line=purchase, promised_at=promised_at, reason=reason.strip()[:300], recorded_at=now, recorded_by=by,
    )
    note(order, "supplier_promised", gettext_noop("{supplier} promises {material} for {at}"), by=by,
         params=_said(purchase) | {"at": moment(promised_at)})
    _hold_to_promise(purchase, order, by, now)
    pass_on_promise(line)
    _watch(line, order, by)
    return promise


def _hold_to_promise(purchase, order, by, now):
    """Until it is in, the buyer's clock runs out when the supplier's promise does; a new promise starts a new one."""
    _end_clock(purchase, by, now, reason="promised anew")
    promise = purchase.promises.last()
    if promise is None or purchase.is_waiting:
        return
    department = Department.objects.select_related("head", "duty_person").get(code="procurement")
    purchase.promise_item = clocks.open_item(
        order, kind="purchase_promise", subject=gettext_noop("Get {quantity} {unit} of {material} in from {supplier}"),
        params=_said(purchase), department=department, assignee=clocks.person_on_duty(order, department), by=by,
        now=now, due_at=promise.promised_at, url=reverse("procurement:order_tab", args=[order.pk]),
    )
    purchase.save(update_fields=["promise_item"])


def _end_clock(purchase, by, now, reason=""):
    item = purchase.promise_item
    if item is None or not item.is_living:
        return
    if reason:
        sla.cancel(item, reason=reason, by=by, now=now)
    else:
        sla.finish(item, by=by, now=now)


def pass_on_promise(line):
    """The line waits for the last of its purchases."""
    bought = PurchaseLine.objects.living().filter(material_line=line).with_amounts().select_related("supplier")
    coming = [purchase.latest_promise_at for purchase in bought if purchase.received < purchase.quantity]
    line.promised_at = max(filter(None, coming), default=None)
    line.supplier_name = ", ".join(dict.fromkeys(purchase.supplier.name for purchase in bought))[:120]
    line.save(update_fields=["promised_at", "supplier_name"])


def _watch(line, order, by):
    """One open problem for a line that comes late; it is solved when the promise is in time again."""
    issue = Issue.objects.filter(material_line=line, solved_at__isnull=True).first()
    if not line.is_promised_late:
        _solve(issue, line, by)
        return
    told = _production(order, line)
    if issue is None:
        _raise(line, order, by)
    else:
        told.add(order.created_by)
    event = note(order, "supply_late", gettext_noop("{material} comes {at}, needed by {needed}"), by=by, params={
        "material": str(line.material), "at": moment(line.promised_at), "needed": moment(line.needed_at)})
    inform(order, event, told)


def _raise(line, order, by):
    promise = order.promises.last()
    is_major = bool(promise and line.promised_at > promise.promised_at)
    actions.raise_issue(
        order_id=order.pk, by=by, kind=Issue.Kind.SUPPLY, material_line=line, step=line.step,
        severity=Issue.Severity.MAJOR if is_major else Issue.Severity.MINOR,
        text=sentence(gettext_noop("{supplier} is late: {material} comes {promised}, needed by {needed}."), {
            "supplier": line.supplier_name, "material": str(line.material), "promised": moment(line.promised_at),
            "needed": moment(line.needed_at),
        }),
    )


def _solve(issue, line, by):
    """A major problem stays open until a superior took note and it was decided together; so does one with actions."""
    if issue is None or issue.kind != Issue.Kind.SUPPLY:
        return
    actions.solve_if_ready(
        issue=issue, by=by,
        solution=sentence(gettext_noop("Promised in time again: {at}."), {"at": moment(line.promised_at)}),
    )


def _production(order, line) -> set:
    production = Department.objects.select_related("head", "duty_person").get(code="production")
    owner = line.step.owner if line.step else None
    return {clocks.person_on_duty(order, production), production.head, owner} - {None}


@transaction.atomic
def add_milestone(*, purchase_line_id, kind, by, happened_at=None, text="") -> Milestone:
    """One step of the transport, as it was heard of."""
    purchase, _line, order = purchase_of(purchase_line_id, by)
    now = timezone.now()
    if happened_at and happened_at > now:
        raise BadInput(_("A transport step is recorded when it has happened."), field="happened_at")
    if purchase.is_waiting:
        raise GateShut(_("This purchase waits for money: it is not on its way."))
    milestone = Milestone.objects.create(
        purchase_line=purchase, kind=kind, note=text.strip()[:300], happened_at=happened_at or now, recorded_at=now,
        recorded_by=by,
    )
    note(order, "milestone", gettext_noop("{material} from {supplier}: {step}"), by=by,
         params=_said(purchase) | {"step": word(Milestone.Kind(kind).label), "note": milestone.note})
    return milestone


@transaction.atomic
def receive(*, purchase_line_id, quantity, by, delivery_note="", now=None) -> Receipt:
    """Goods are here, the whole or a part: booked at the purchase's price and given to quality."""
    now = now or timezone.now()
    purchase, line, order = _received_purchase(purchase_line_id, by)
    _check_receipt(purchase, line, quantity)
    receipt = Receipt.objects.create(
        material_line=line, quantity=quantity, delivery_note=delivery_note.strip()[:60], received_at=now,
        received_by=by,
    )
    PurchaseReceipt.objects.create(purchase_line=purchase, receipt=receipt)
    _ask_inspection(receipt, line, order, by)
    if purchase.received + quantity >= purchase.quantity and purchase.state != State.RECEIVED:
        purchase.state = State.RECEIVED
        purchase.save(update_fields=["state"])
        _end_clock(purchase, by, now)
    actions.add_cost(
        order=order, kind=CostKind.OUTSIDE if line.kind == MaterialLine.Kind.SERVICE else CostKind.MATERIAL,
        amount=quantity * purchase.unit_price_amount, is_planned=False, source=f"receipt:{receipt.pk}", by=by,
        text=f"{line.material} · {purchase.supplier}"[:300],
    )
    touch(order)
    event = note(order, "received", gettext_noop("{received} {unit} of {material} came in from {supplier}"), by=by,
                 params=_said(purchase) | {"received": plain(quantity)})
    inform(order, event, {receipt.item.assignee})
    return receipt


def _received_purchase(purchase_line_id, by):
    """Goods arrive for a cancelled order too, and are paid for; a closed order gets nothing more."""
    order_id = PurchaseLine.objects.values_list("material_line__order_id", flat=True).get(pk=purchase_line_id)
    order = actions.lock(order_id, by=by)
    if not order.is_cancelled:
        return purchase_of(purchase_line_id, by)
    if order.is_final or not by.use(Right.SUPPLY_BUY):
        open_order(order_id, by)
    purchase = PurchaseLine.objects.with_amounts().select_related(
        "supplier", "promise_item", "material_line__material", "material_line__item"
    ).get(pk=purchase_line_id)
    return purchase, purchase.material_line, order


def _check_receipt(purchase, line, quantity):
    if quantity <= 0:
        raise BadInput(_("The quantity must be more than 0."), field="quantity")
    if purchase.state not in (State.ORDERED, State.RECEIVED):
        raise GateShut(_("This purchase is not ordered: %(state)s.") % {"state": purchase.get_state_display()})
    missing = purchase.quantity - purchase.received
    if quantity > missing:
        raise GateShut(
            _("%(quantity)s %(unit)s are more than ordered: %(missing)s are missing.")
            % {"quantity": plain(quantity), "missing": plain(missing), "unit": line.material.unit},
            because=_("%(received)s of %(ordered)s came in.")
            % {"received": plain(purchase.received), "ordered": plain(purchase.quantity)},
            field="quantity",
        )


def _ask_inspection(receipt, line, order, by):
    quality = Department.objects.select_related("head", "duty_person").get(code="quality")
    receipt.item = clocks.open_item(
        order, kind="inspection", subject=gettext_noop("Inspect incoming {quantity} {unit} of {material}"),
        params={"quantity": plain(receipt.quantity), "unit": line.material.unit, "material": str(line.material)},
        department=quality, assignee=clocks.person_on_duty(order, quality), by=by,
        url=reverse("quality:inspect_receipt", args=[receipt.pk]),
    )
    receipt.save(update_fields=["item"])


@transaction.atomic
def cancel_purchase(*, purchase_line_id, reason, by, version=None) -> PurchaseLine:
    """Nothing of it comes any more; what came in already stays bought."""
    purchase, line, order = purchase_of(purchase_line_id, by, version)
    if not reason.strip():
        raise BadInput(_("Say why in a few words, so that the others can act."), field="reason")
    if purchase.received >= purchase.quantity:
        raise Changed(_("This purchase came in already."))
    if purchase.received:
        purchase.quantity, purchase.state = purchase.received, State.RECEIVED
    else:
        purchase.state, purchase.cancelled_at, purchase.cancelled_by = State.CANCELLED, timezone.now(), by
    purchase.cancelled_reason = reason.strip()[:500]
    purchase.save()
    _end_clock(purchase, by, timezone.now(), reason="purchase cancelled")
    if line.decision == MaterialLine.Decision.GATING:
        line.decision, line.decided_at, line.decided_by = MaterialLine.Decision.OPEN, None, None
        line.save(update_fields=["decision", "decided_at", "decided_by"])
    pass_on_promise(line)
    line.refresh_from_db()
    if line.decision == MaterialLine.Decision.OPEN:
        ask_for(line, order=order, by=by)
    touch(order)
    note(order, "purchase_cancelled", gettext_noop("Purchase of {material} from {supplier} cancelled: {reason}"), by=by,
         params=_said(purchase) | {"reason": purchase.cancelled_reason})
    return purchase
