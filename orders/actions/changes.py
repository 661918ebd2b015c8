"""The customer changes something after the confirmation: kept as it was agreed, and what it undoes is done again."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours
from desk.text import moment, sentence
from orders import gates
from orders.actions import clocks, door
from orders.actions.hold import concerned, refuse_while_held
from orders.actions.negotiation import promise
from orders.actions.sheet import issue_sheet
from orders.actions.trail import inform, note
from orders.machine import LATER_THAN_REVIEW, REVOKES, Box, Fact, Stage
from orders.models import ChangedLine, ChangeRequest, Negotiation, OrderLine, Promise
from people.duty import who_may
from people.roles import Right
from sla import actions as sla
from sla.models import WorkItem

# After these facts the order is reviewed again; fewer pieces only where some are still to be made.
REVIEWED_AGAIN = (Fact.SPECIFICATION, Fact.QUANTITY_UP, Fact.DATE)


def what_follows(order) -> list[tuple]:
    """(fact, boxes signed now that it takes back): for the page, before the click."""
    signed = [Box(signature.box) for signature in gates.signatures(order)]
    facts = (Fact.QUANTITY_UP, Fact.QUANTITY_DOWN, Fact.DATE, Fact.PLACE, Fact.SPECIFICATION)
    return [(fact, [box for box in signed if box in REVOKES[fact]]) for fact in facts]


def check_changeable(order, by) -> None:
    if not by.use(Right.ORDER_NEGOTIATE):
        raise NotYours(_("Sales records what the customer changes."), who=who_may(Right.ORDER_NEGOTIATE, 3))
    if order.is_cancelled or order.stage not in (Stage.REVIEW, *LATER_THAN_REVIEW):
        raise GateShut(
            _("This order cannot be changed now: it is in %(stage)s.") % {"stage": order.get_stage_display()},
            because=_("Before the review it is corrected with the customer; after delivery nothing is left to change."),
        )
    refuse_while_held(order)
    if order.negotiations.filter(state=Negotiation.State.OPEN).exists():
        raise Changed(_("A negotiation is open: record the customer's answer there."))


@transaction.atomic
def request_change(
    *, order_id, by, reason, contact, how, required_at=None, place="", quantities=None, specifications=None,
    version=None, joins=None, now=None,
) -> ChangeRequest:
    """`quantities`, `specifications`: {line pk: what the customer wants now}. Only what differs is a change.

    `joins`: a form not submitted yet whose wish is added here; it is declined as duplicate of this order.
    """
    now = now or timezone.now()
    order = door.lock(order_id, by=by, version=version)
    check_changeable(order, by)
    lines = _changed_lines(order, quantities or {}, specifications or {})
    if required_at == order.required_at:
        required_at = None
    _check(order, by, lines, required_at, reason, contact, now)
    place = "" if place.strip() == order.place else place.strip()
    if not (lines or required_at or place):
        raise BadInput(_("Nothing differs from what the order says."), field="reason")
    change = _record(order, by, lines, reason, contact, how, now, required_at=required_at, place=place)
    facts = _apply(order, change)
    if joins is not None:
        _join(order, joins, by)
    _follow(order, change, facts, by, now)
    return change


def _changed_lines(order, quantities, specifications) -> list[ChangedLine]:
    found = []
    for line in order.lines.select_related("product"):
        quantity = quantities.get(line.pk, line.agreed_quantity)
        specification = specifications.get(line.pk, line.specification)
        if (quantity, specification) != (line.agreed_quantity, line.specification):
            found.append(ChangedLine(
                line=line, quantity_before=line.agreed_quantity, quantity=quantity,
                specification_before=line.specification, specification=specification,
            ))
    return found


def _check(order, by, lines, required_at, reason, contact, now):
    if not reason.strip():
        raise BadInput(_("Say in a few words what the customer wants."), field="reason")
    if not contact.strip():
        raise BadInput(_("Name who at the customer agreed."), field="contact")
    if required_at and required_at <= now:
        raise BadInput(_("The required delivery time has already passed."), field="required_at")
    for row in lines:
        if row.quantity < 1:
            raise BadInput(_("A line needs one piece at least."), field=f"quantity_{row.line_id}")
        if row.quantity < row.line.shipped:
            raise GateShut(
                _("%(line)s: %(shipped)d pieces are shipped already, so it cannot be less.")
                % {"line": row.line.product, "shipped": row.line.shipped}, field=f"quantity_{row.line_id}",
            )


def _record(order, by, lines, reason, contact, how, now, *, kind=ChangeRequest.Kind.CHANGE, required_at=None, place=""):
    change = ChangeRequest.objects.create(
        order=order, kind=kind, reason=reason.strip()[:1000], contact=contact.strip(), how=how, agreed_at=now,
        required_at=required_at, required_before=order.required_at if required_at else None,
        place=place, place_before=order.place if place else "", facts=_facts(lines, required_at, place),
        recorded_at=now, recorded_by=by,
    )
    for row in lines:
        row.change = change
    ChangedLine.objects.bulk_create(lines)
    return change


def _facts(lines, required_at, place) -> list[str]:
    found = {
        Fact.SPECIFICATION: any(row.specification != row.specification_before for row in lines),
        Fact.QUANTITY_UP: any(row.quantity > row.quantity_before for row in lines),
        Fact.QUANTITY_DOWN: any(row.quantity < row.quantity_before for row in lines),
        Fact.DATE: bool(required_at), Fact.PLACE: bool(place),
    }
    return [fact.value for fact, is_so in found.items() if is_so]


def _apply(order, change) -> list[Fact]:
    for row in change.lines.all():
        OrderLine.objects.filter(pk=row.line_id).update(agreed_quantity=row.quantity, specification=row.specification)
    order.required_at = change.required_at or order.required_at
    order.place = change.place or order.place
    if {Fact.DATE, Fact.QUANTITY_UP, Fact.QUANTITY_DOWN}.intersection(change.facts):
        order.parts_option = None  # the parts were agreed for another time or quantity
    order.save(update_fields=["required_at", "place", "parts_option"])
    return [Fact(code) for code in change.facts]


def _follow(order, change, facts, by, now):
    """The timeline, the signatures that die, the sheet's next version, and where the order goes."""
    text = gettext_noop("The customer changes ({contact}): {what}. {reason}")
    if change.kind == ChangeRequest.Kind.SHORT_CLOSE:
        text = gettext_noop("Closed short with the consent of {contact}: {what}. {reason}")
    event = note(order, "changed", text, by=by, params={
        "contact": change.contact, "what": _said(change), "reason": change.reason, "change": change.pk,
    })
    door.revoke(order=order, by=by, facts=facts)
    if change.required_at:
        promise(order=order, promised_at=change.required_at, by=by, cause=Promise.Cause.CUSTOMER,
                reason=gettext_noop("The customer changed the date"))
    sheet = issue_sheet(order=order, by=by, reason=gettext_noop("Changed by the customer"))
    ChangeRequest.objects.filter(pk=change.pk).update(sheet=sheet)
    inform(order, event, concerned(order))
    if order.stage in LATER_THAN_REVIEW and _is_reviewed_again(order, facts):
        door.move(order_id=order.pk, step="renegotiate", by=by, reason_code="changed", reason=change.reason)
    elif order.stage == Stage.REVIEW:
        clocks.open_assessments(order, by, now)


def _is_reviewed_again(order, facts) -> bool:
    is_unmade = order.lines.filter(made__lt=F("agreed_quantity") + F("scrapped")).exists()
    return bool(set(facts) & set(REVIEWED_AGAIN)) or (Fact.QUANTITY_DOWN in facts and is_unmade)


def _said(change) -> list:
    said = []
    for row in change.lines.select_related("line__product"):
        if row.quantity != row.quantity_before:
            said.append(sentence(gettext_noop("{product}: {before} → {after} pieces"), {
                "product": str(row.line.product), "before": row.quantity_before, "after": row.quantity}))
        if row.specification != row.specification_before:
            said.append(sentence(gettext_noop("{product}: {specification}"), {
                "product": str(row.line.product), "specification": row.specification or "–"}))
    if change.required_at:
        said.append(sentence(gettext_noop("delivery time {before} → {after}"), {
            "before": moment(change.required_before), "after": moment(change.required_at)}))
    if change.place:
        said.append(sentence(gettext_noop("delivery place {before} → {after}"), {
            "before": change.place_before, "after": change.place}))
    return said


def _join(order, draft_id, by):
    draft = door.lock(draft_id, by=by)
    if not draft.is_draft or draft.is_final or draft.customer_id != order.customer_id:
        raise GateShut(_("Only a form of the same customer that is not submitted is added to another order."))
    door.end_as_duplicate(draft, order, by)


# Short-close


@transaction.atomic
def short_close(*, order_id, by, reason, contact, how, quantities, version=None, now=None) -> ChangeRequest:
    """The customer takes what is there: the quantity goes down to what has passed, or to what is shipped."""
    now = now or timezone.now()
    order = door.lock(order_id, by=by, version=version)
    check_changeable(order, by)
    lines = _changed_lines(order, quantities, {})
    _check(order, by, lines, None, reason, contact, now)
    _check_short(lines)
    change = _record(order, by, lines, reason, contact, how, now, kind=ChangeRequest.Kind.SHORT_CLOSE)
    facts = _apply(order, change)
    for row in lines:
        _end_operations(order, row, by, now)
    _follow(order, change, facts, by, now)
    _sign_passed(order)
    return change


def _check_short(lines):
    if not lines:
        raise BadInput(_("Nothing differs from what the order says."), field="reason")
    for row in lines:
        if row.quantity not in (row.line.passed, row.line.shipped) or row.quantity > row.quantity_before:
            raise BadInput(
                _("%(line)s: %(passed)d pieces passed, %(shipped)d are shipped; it is closed short to one of these.")
                % {"line": row.line.product, "passed": row.line.passed, "shipped": row.line.shipped},
                field=f"quantity_{row.line_id}",
            )


def _end_operations(order, row, by, now):
    """What is not begun is not made any more; what is begun ends with the pieces it has."""
    for step in row.line.steps.unfinished().filter(made__lt=F("quantity")):
        if step.started_at and not step.made:
            raise GateShut(
                _("“%(step)s” has begun: report its pieces first.") % {"step": step},
                who=[step.owner] if step.owner_id else [],
            )
        if step.made:
            step.quantity = step.made
        else:
            step.is_cancelled = True
            for item in WorkItem.objects.living().filter(
                source=order.stream, kind="operation", params__step=step.pk
            ):
                sla.cancel(item, reason="closed short", by=by, now=now)
        step.save(update_fields=["quantity", "is_cancelled"])


def _sign_passed(order):
    """Nothing is left to inspect: who passed the last pieces signs by that."""
    last = order.ledger.filter(step=None, kind__in=["pass", "concede"]).select_related("posted_by").last()
    is_signed = order.sign_offs.living().filter(box=Box.PASSED).exists()
    is_met = all(condition.is_met for condition in gates.conditions(order, Box.PASSED))
    if order.stage == Stage.QC and last and is_met and not is_signed:
        door.sign_and_move(order=order, box=Box.PASSED, by=last.posted_by)
