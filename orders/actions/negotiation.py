"""與銷售溝通，協商解決方案: options go to sales, the customer's answer decides, every promise is kept in the ledger."""

from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours
from desk.text import moment, when
from orders.actions import clocks, door
from orders.actions.duties import person_on_duty
from orders.actions.sheet import issue_sheet
from orders.actions.trail import inform, note
from orders.machine import LATER_THAN_REVIEW, Fact, Stage
from orders.models import MaterialLine, Negotiation, NegotiationOption, OfferAnswer, OptionPart, OrderLine, Promise
from people.models import Department
from people.roles import Right
from records.models import CompanySettings
from sla import actions as sla
from sla.models import WorkItem


@transaction.atomic
def promise(
    *, order, promised_at, by, reason, cause=Promise.Cause.OURS, approved_by=None, requested_by=None, confidence=None
) -> Promise:
    """Append to the promise ledger. Indicators judge on the first; the whole order's clock runs to the latest.

    `requested_by`: who wanted it so, else who agreed it with the customer since the last promise.
    """
    entry = Promise.objects.create(
        order=order, requested_at=_wanted(order, cause), promised_at=promised_at, cause=cause, reason=reason,
        requested_by=requested_by or _asked_for_it(order) or by, confidence=confidence,
        recorded_at=timezone.now(), recorded_by=by, approved_by=approved_by or by,
    )
    clocks.aim_at(order, promised_at, by=by)
    note(order, "promised", gettext_noop("Promised delivery: {at}"), by=by, params={"at": moment(promised_at)})
    return entry


def _wanted(order, cause):
    """What the customer asked for by itself: before we agreed on another time, after its own last change."""
    if cause == Promise.Cause.CUSTOMER:
        return order.required_at
    own = order.promises.filter(cause=Promise.Cause.CUSTOMER).order_by("-pk").first()
    agreed = order.negotiations.filter(state=Negotiation.State.ACCEPTED, required_before__isnull=False)
    if own:
        agreed = agreed.filter(answered_at__gt=own.recorded_at)
    first = agreed.order_by("answered_at").first()
    return first.required_before if first else order.required_at


def _asked_for_it(order):
    """Who opened the negotiation that this promise follows from."""
    accepted = order.negotiations.filter(state=Negotiation.State.ACCEPTED).select_related("opened_by").first()
    last = order.promises.order_by("-pk").first()
    is_news = accepted and (last is None or last.recorded_at < accepted.answered_at)
    return accepted.opened_by if is_news else None


@transaction.atomic
def open_negotiation(*, order_id, by, reason, options: list[dict], version=None, now=None) -> Negotiation:
    """Send options to sales. Each: kind, description, finish_at, and what it would change.

    One of kind `parts` names them: [{"quantity": 70, "at": moment}, …], of the first line unless a part says `line`.
    The review's clock pauses while the customer is waited for.
    """
    now = now or timezone.now()
    order = door.lock(order_id, by=by, version=version)
    _check_opening(order, by, options, now)
    negotiation = Negotiation.objects.create(order=order, reason=reason, opened_at=now, opened_by=by)
    for option in options:
        _write_option(order, negotiation, option, now)
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


def _write_option(order, negotiation, option, now):
    valid_until = option.get("valid_until") or now + timedelta(hours=CompanySettings.current().option_valid_hours)
    parts = parts_of(order, option)
    if parts:
        option = option | {"required_at": max(part.promised_at for part in parts)}
    values = {name: value for name, value in option.items() if name != "parts"} | {"valid_until": valid_until}
    written = NegotiationOption.objects.create(negotiation=negotiation, **values)
    for part in parts:
        part.option = written
    OptionPart.objects.bulk_create(parts)


def parts_of(order, option) -> list[OptionPart]:
    """The parts as given, not saved; of what is no delivery in parts none."""
    if option["kind"] != NegotiationOption.Kind.PARTS:
        return []
    first = order.lines.first()
    return [
        OptionPart(line=part.get("line") or first, quantity=part["quantity"], promised_at=part["at"])
        for part in option.get("parts") or ()
    ]


def _check_parts(order, option, now):
    """Two at least, each later than the one before, and together what the option delivers of each line."""
    if option["kind"] != NegotiationOption.Kind.PARTS:
        return
    parts = parts_of(order, option)
    if len(parts) < 2:
        raise BadInput(_("A delivery in parts has two parts at least, each with its quantity and time."), field="parts")
    if min(part.promised_at for part in parts) <= now:
        raise BadInput(_("A part cannot be delivered in the past."), field="parts")
    if len({(part.line.pk, part.promised_at) for part in parts}) < len(parts):
        raise BadInput(_("Two parts have the same time: make them one."), field="parts")
    if any(part.quantity < 1 for part in parts):
        raise BadInput(_("A part has one piece at least."), field="parts")
    first = order.lines.first()
    for line in {part.line.pk: part.line for part in parts}.values():
        wanted = option.get("agreed_quantity") if line == first else None
        _check_sum(line, [part for part in parts if part.line == line], wanted or line.agreed_quantity)


def _check_sum(line, parts, wanted):
    total = sum(part.quantity for part in parts)
    if total != wanted:
        raise BadInput(
            _("The parts of %(product)s are %(total)d pieces together; %(wanted)d are agreed.")
            % {"product": line.product, "total": total, "wanted": wanted}, field="parts",
        )


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
        if option.get("valid_until") and option["valid_until"] <= now:
            raise BadInput(_("An option is valid for some time still."), field="valid_until")
        _check_parts(order, option, now)


@transaction.atomic
def accept_option(*, negotiation_id, option_id, by, contact, how, answer="", now=None) -> Negotiation:
    """The customer takes one: the order changes, the sheet is issued again, and it is reviewed again."""
    now = now or timezone.now()
    negotiation, order = _answering(negotiation_id, by)
    option = negotiation.options.filter(pk=option_id).first()
    if option is None:
        raise BadInput(_("Choose one of the options."), field="option")
    said = said_on_link(negotiation)
    _check_against(said, option, answer)
    chosen_at = said.answered_at if said and said.option_id == option.pk else now
    if option.valid_until < chosen_at:
        raise GateShut(_("This option ended; ask production for a new one."), who=[negotiation.opened_by])
    _answer(order, negotiation, Negotiation.State.ACCEPTED, by, contact, how, answer, now, option)
    facts = _apply(order, negotiation, option, by)
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


def said_on_link(negotiation) -> OfferAnswer | None:
    return OfferAnswer.objects.filter(negotiation=negotiation).select_related("option").first()


def _check_against(said, option, answer):
    """Sales records what the customer says last; where it differs from the link, with words."""
    if said and said.option_id != (option and option.pk) and not answer.strip():
        raise BadInput(_("On the link the customer answered otherwise: say what changed."), field="answer")


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


def _apply(order, negotiation, option, by) -> list[Fact]:
    """What the accepted option changes, and the facts that follow."""
    facts = []
    if option.required_at and option.required_at != order.required_at:
        Negotiation.objects.filter(pk=negotiation.pk).update(required_before=order.required_at)
        order.required_at = option.required_at
        facts.append(Fact.DATE)
    if option.surcharge_amount is not None:
        order.rush_charge_amount = (order.rush_charge_amount or 0) + option.surcharge_amount
    if option.kind == option.Kind.PARTS:
        order.parts_option, order.is_partial_allowed = option, True
    elif option.required_at or option.agreed_quantity:
        order.parts_option = None  # agreed anew, as one delivery
    order.save(update_fields=["required_at", "rush_charge_amount", "parts_option", "is_partial_allowed"])
    clocks.aim_at(order, order.required_at, by=by)
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
    _check_against(said_on_link(negotiation), None, answer)
    _answer(order, negotiation, Negotiation.State.REFUSED, by, contact, how, answer, now or timezone.now())
    door.touch(order)
    event = note(order, "negotiation_refused", gettext_noop("The customer accepted none: {answer}"), by=by,
                 params={"answer": answer})
    sales = Department.objects.select_related("head").get(code="sales")
    inform(order, event, {negotiation.opened_by, sales.head}, url=reverse("orders:negotiation", args=[order.pk]))
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
    if said := said_on_link(negotiation):
        raise Changed(
            _("The customer has answered on the link: the options cannot be withdrawn any more."),
            because=_("%(who)s, %(when)s.") % {"who": said.contact, "when": when(said.answered_at)},
            who=[negotiation.item.assignee] if negotiation.item.assignee else [],
        )
    _answer(order, negotiation, Negotiation.State.WITHDRAWN, by, "", "", answer, timezone.now())
    door.touch(order)
    note(order, "negotiation_withdrawn", gettext_noop("Negotiation withdrawn"), by=by)
    return negotiation
