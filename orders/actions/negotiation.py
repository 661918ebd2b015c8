"""與銷售溝通，協商解決方案: options go to sales, the customer's answer decides, every promise is kept in the ledger."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours
from desk.text import moment
from orders.actions import clocks, door
from orders.actions.duties import person_on_duty
from orders.actions.sheet import issue_sheet
from orders.actions.trail import inform, note
from orders.machine import LATER_THAN_REVIEW, Fact, Stage
from orders.models import MaterialLine, Negotiation, NegotiationOption, OrderLine, Promise
from people.models import Department
from people.roles import Right
from records.models import CompanySettings
from sla import actions as sla
from sla.models import WorkItem


@transaction.atomic
def promise(*, order, promised_at, by, reason, cause=Promise.Cause.OURS, approved_by=None) -> Promise:
    """Append to the promise ledger; the whole order's clock stays as it is (judged on the first)."""
    entry = Promise.objects.create(
        order=order, requested_at=order.required_at, promised_at=promised_at, cause=cause, reason=reason,
        recorded_at=timezone.now(), recorded_by=by, approved_by=approved_by or by,
    )
    note(order, "promised", gettext_noop("Promised delivery: {at}"), by=by, params={"at": moment(promised_at)})
    return entry


@transaction.atomic
def open_negotiation(*, order_id, by, reason, options: list[dict], version=None, now=None) -> Negotiation:
    """Send options to sales. Each: kind, description, finish_at, and what it would change.

    The review's clock pauses while the customer is waited for.
    """
    now = now or timezone.now()
    order = door.lock(order_id, by=by, version=version)
    _check_opening(order, by, options, now)
    negotiation = Negotiation.objects.create(order=order, reason=reason, opened_at=now, opened_by=by)
    for option in options:
        valid_until = option.get("valid_until") or now + timedelta(hours=CompanySettings.current().option_valid_hours)
        NegotiationOption.objects.create(negotiation=negotiation, **{**option, "valid_until": valid_until})
    sales = Department.objects.get(code="sales")
    negotiation.item = clocks.open_item(
        order, kind="negotiation", subject=gettext_noop("Agree a solution with the customer"), department=sales,
        assignee=person_on_duty(order, sales), by=by, now=now,
    )
    negotiation.save(update_fields=["item"])
    if order.stage == Stage.REVIEW and order.stage_item and not order.is_held:
        sla.pause(order.stage_item, reason="negotiation", by=by, now=now)
    door.touch(order)
    event = note(
        order, "negotiation_opened", gettext_noop("Not possible as asked: {reason}. {count} options for the customer"),
        by=by, params={"reason": reason, "count": len(options)},
    )
    inform(order, event, {negotiation.item.assignee, order.created_by})
    return negotiation


def _check_opening(order, by, options, now):
    if not any(map(by.use, (Right.REVIEW_ASSESS, Right.SUPPLY_BUY, Right.ORDER_NEGOTIATE))):
        raise NotYours(_("Production, procurement or sales opens a negotiation."))
    if order.stage not in (Stage.REVIEW, *LATER_THAN_REVIEW):
        raise GateShut(_("There is nothing to negotiate in %(stage)s.") % {"stage": order.get_stage_display()})
    if order.negotiations.filter(state=Negotiation.State.OPEN).exists():
        raise Changed(_("A negotiation is open already."))
    if not options:
        raise BadInput(_("Name at least one option."), field="options")
    for option in options:
        if option["finish_at"] <= now:
            raise BadInput(_("An option cannot finish in the past."), field="finish_at")


@transaction.atomic
def accept_option(*, negotiation_id, option_id, by, contact, how, answer="", now=None) -> Negotiation:
    """The customer takes one: the order changes, the sheet is issued again, and it is reviewed again."""
    now = now or timezone.now()
    negotiation, order = _answering(negotiation_id, by)
    option = negotiation.options.filter(pk=option_id).first()
    if option is None:
        raise BadInput(_("Choose one of the options."), field="option")
    if option.valid_until < now:
        raise GateShut(_("This option ended; ask production for a new one."), who=[negotiation.opened_by])
    _answer(order, negotiation, Negotiation.State.ACCEPTED, by, contact, how, answer, now, option)
    facts = _apply(order, option, by)
    event = note(order, "negotiation_accepted", gettext_noop("The customer accepted: {option}"), by=by,
                 params={"option": option.description})
    door.revoke(order=order, by=by, facts=facts)
    issue_sheet(order=order, by=by, reason=gettext_noop("Changed by agreement with the customer"))
    if order.stage in LATER_THAN_REVIEW:
        door.move(order_id=order.pk, step="renegotiate", by=by, reason=option.description)
    elif order.stage == Stage.REVIEW:
        clocks.open_assessments(order, by, now)
    inform(order, event, {negotiation.opened_by})
    return negotiation


def _answering(negotiation_id, by):
    order_id = Negotiation.objects.values_list("order_id", flat=True).get(pk=negotiation_id)
    order = door.lock(order_id, by=by)
    negotiation = Negotiation.objects.select_related("item", "opened_by").get(pk=negotiation_id)
    if not by.use(Right.ORDER_NEGOTIATE):
        raise NotYours(_("Sales records the customer's answer."), who=[order.created_by])
    if negotiation.state != Negotiation.State.OPEN:
        raise Changed(
            _("This negotiation was answered already: %(state)s.") % {"state": negotiation.get_state_display()}
        )
    return negotiation, order


def _answer(order, negotiation, state, by, contact, how, answer, now, option=None):
    negotiation.state, negotiation.accepted_option = state, option
    negotiation.contact, negotiation.how, negotiation.answer = contact, how, answer
    negotiation.answered_at, negotiation.answered_by = now, by
    negotiation.save()
    if negotiation.item.is_living:
        sla.finish(negotiation.item, by=by, now=now)
    stage_item = WorkItem.objects.filter(pk=order.stage_item_id).first()
    if stage_item and stage_item.state == stage_item.State.PAUSED and not order.is_held:
        sla.resume(stage_item, by=by, now=now)


def _apply(order, option, by) -> list[Fact]:
    """What the accepted option changes, and the facts that follow."""
    facts = []
    if option.required_at and option.required_at != order.required_at:
        order.required_at = option.required_at
        facts.append(Fact.DATE)
    if option.surcharge_amount is not None:
        order.rush_charge_amount = (order.rush_charge_amount or 0) + option.surcharge_amount
    order.save(update_fields=["required_at", "rush_charge_amount"])
    if option.agreed_quantity:
        facts += _change_quantity(order, option.agreed_quantity)
    if option.substitute_id and option.material_line_id:
        _substitute(option.material_line, option.substitute, by, option.description)
        facts.append(Fact.SUBSTITUTE_MATERIAL)
    return facts or [Fact.DATE]


def _change_quantity(order, quantity) -> list[Fact]:
    line = order.lines.first()
    if quantity == line.agreed_quantity:
        return []
    if quantity < line.shipped:
        raise GateShut(_("%(count)d pieces are shipped already.") % {"count": line.shipped})
    OrderLine.objects.filter(pk=line.pk).update(agreed_quantity=quantity)
    return [Fact.QUANTITY_UP if quantity > line.agreed_quantity else Fact.QUANTITY_DOWN]


def _substitute(line, material, by, reason):
    MaterialLine.objects.create(
        order_id=line.order_id, line=line.line, step=line.step, kind=line.kind, material=material,
        is_key=material.is_key, required_quantity=line.short_quantity or line.required_quantity,
        needed_at=line.needed_at, substitute_for=line,
    )
    line.decision, line.decided_at, line.decided_by = MaterialLine.Decision.SUBSTITUTED, timezone.now(), by
    line.decided_reason = reason[:500]
    line.save(update_fields=["decision", "decided_at", "decided_by", "decided_reason"])
    if line.item and line.item.is_living:
        sla.cancel(line.item, reason="substituted", by=by)


@transaction.atomic
def refuse_options(*, negotiation_id, by, contact, how, answer, now=None) -> Negotiation:
    """None accepted: the sales head cancels with a reason, or production offers again."""
    negotiation, order = _answering(negotiation_id, by)
    _answer(order, negotiation, Negotiation.State.REFUSED, by, contact, how, answer, now or timezone.now())
    door.touch(order)
    event = note(order, "negotiation_refused", gettext_noop("The customer accepted none: {answer}"), by=by,
                 params={"answer": answer})
    sales = Department.objects.select_related("head").get(code="sales")
    inform(order, event, {negotiation.opened_by, sales.head})
    return negotiation


@transaction.atomic
def withdraw_negotiation(*, negotiation_id, by, answer="") -> Negotiation:
    """It has become pointless: we can after all."""
    order_id = Negotiation.objects.values_list("order_id", flat=True).get(pk=negotiation_id)
    order = door.lock(order_id, by=by)
    negotiation = Negotiation.objects.select_related("item").get(pk=negotiation_id)
    if negotiation.state != Negotiation.State.OPEN:
        raise Changed(
            _("This negotiation was answered already: %(state)s.") % {"state": negotiation.get_state_display()}
        )
    if by.department_id != negotiation.opened_by.department_id:
        raise NotYours(_("Who opened the negotiation withdraws it."), who=[negotiation.opened_by])
    _answer(order, negotiation, Negotiation.State.WITHDRAWN, by, "", "", answer, timezone.now())
    door.touch(order)
    note(order, "negotiation_withdrawn", gettext_noop("Negotiation withdrawn"), by=by)
    return negotiation
