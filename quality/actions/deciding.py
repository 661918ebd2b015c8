"""Held pieces: reworked, scrapped and made again, or taken as they are by two signatures."""

import secrets

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from catalog.models import BillOfMaterialLine
from desk.refusals import BadInput, Changed, OwnRequest
from desk.text import moment
from orders import actions, ledger
from orders.actions import clocks, trail
from orders.actions.door import touch, who_may
from orders.actions.duties import departments, person_on_duty
from orders.machine import Fact, Stage
from orders.models import CostEntry, Nonconformance, OrderStep, Remake
from orders.nonconforming import ask_for_decision
from people.duty import hands_of, head_of
from people.roles import Right
from quality.actions.passing import check_open, hand_to_final_inspection, require, sign_if_passed
from quality.models import Concession
from sla import actions as sla

Disposition = Nonconformance.Disposition
FIRST_REWORK_NUMBER = 900
TOKEN_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@transaction.atomic
def decide_nonconformance(
    *, nonconformance_id, by, disposition, reason, quantity=None, owner=None, planned_end_at=None, version=None
):
    """The inspector's decision on held pieces; on a part of them when `quantity` says so."""
    asked = {
        "nonconformance_id": nonconformance_id, "by": by, "reason": reason, "quantity": quantity, "version": version,
    }
    if disposition == Disposition.REWORK:
        return rework(**asked, owner=owner, planned_end_at=planned_end_at)
    if disposition == Disposition.SCRAP:
        return scrap(**asked)
    if disposition == Disposition.CONCESSION:
        return propose_concession(**asked)
    raise BadInput(_("Choose rework, scrap or concession."), field="disposition")


@transaction.atomic
def rework(
    *, nonconformance_id, by, reason, owner, planned_end_at, name="", quantity=None, version=None
) -> Nonconformance:
    """Back to an operation of its own; afterwards the pieces are inspected again."""
    order, found = _undecided(nonconformance_id, by, reason, quantity, version)
    if owner is None:
        raise BadInput(_("Name who reworks the pieces."), field="owner")
    if not owner.may(Right.OPERATION_RUN):
        raise BadInput(_("%(person)s cannot run operations.") % {"person": owner}, field="owner")
    if planned_end_at is None or planned_end_at <= timezone.now():
        raise BadInput(_("Say by when the pieces are reworked; it lies in the future."), field="planned_end_at")
    ledger.post(target=_place(found), kind="rework", quantity=found.quantity, by=by, source=_source(found))
    found.rework_step = _add_step(found, owner, planned_end_at, name)
    _decide(order, found, Disposition.REWORK, reason, by)
    _ask_owner(order, found, by)
    actions.revoke(order=order, by=by, facts=[Fact.STEP_ADDED])
    event = trail.note(
        order, "rework_decided", gettext_noop("{count} pieces go to rework until {until}: {reason}"), by=by,
        params={"count": found.quantity, "until": moment(planned_end_at), "reason": found.decision_reason},
    )
    trail.inform(order, event, {owner, order.created_by, head_of(departments()["production"])})
    if order.stage == Stage.QC:
        actions.move(order_id=order.pk, step="rework", by=by, reason=found.decision_reason)
    return found


@transaction.atomic
def scrap(*, nonconformance_id, by, reason, quantity=None, version=None) -> Nonconformance:
    """Thrown away; what the order still needs is made again, materials included."""
    order, found = _undecided(nonconformance_id, by, reason, quantity, version)
    missing = pieces_to_remake(found)
    ledger.post(target=_place(found), kind="scrap", quantity=found.quantity, by=by, source=_source(found))
    _decide(order, found, Disposition.SCRAP, reason, by)
    _book_scrap(order, found, by)
    event = trail.note(
        order, "scrap_decided", gettext_noop("{count} pieces scrapped, {again} made again: {reason}"), by=by,
        params={"count": found.quantity, "again": missing, "reason": found.decision_reason},
    )
    trail.inform(order, event, {order.created_by, head_of(departments()["production"])})
    if missing:
        _ask_for_remake(order, found, missing, by)
    else:
        sign_if_passed(order, by)
    return found


@transaction.atomic
def propose_concession(*, nonconformance_id, by, reason, quantity=None, version=None) -> Concession:
    """The first signature. The pieces stay held until another person has signed too."""
    order, found = _undecided(nonconformance_id, by, reason, quantity, version)
    concession = Concession.objects.create(
        nonconformance=found, reason=reason.strip()[:500], proposed_at=timezone.now(), proposed_by=by
    )
    second = _second_signer(by)
    if second and found.item and found.item.is_living:
        sla.reassign(found.item, second, by)
    touch(order)
    event = trail.note(
        order, "concession_proposed", gettext_noop("Concession for {count} pieces proposed: {reason}"), by=by,
        params={"count": found.quantity, "reason": concession.reason},
    )
    trail.inform(order, event, {second, order.created_by})
    return concession


def _second_signer(first):
    head = head_of(departments()["quality"])
    if head and head.pk != first.pk:
        return head
    return next((person for person in who_may(Right.QUALITY_DECIDE) if person.pk != first.pk), None)


@transaction.atomic
def confirm_concession(*, concession_id, by, version=None) -> Concession:
    """The second signature, by another person: now the pieces pass as they are."""
    order, concession, found = _proposed(concession_id, by, version)
    first = hands_of([(concession.proposed_by, concession.proposed_at)], Right.QUALITY_DECIDE)
    if by.hands & first:
        raise OwnRequest(
            _("You signed this concession first, so somebody else signs second."),
            who=[person for person in who_may(Right.QUALITY_DECIDE) if person.natural_id not in first],
        )
    concession.confirmed_at, concession.confirmed_by = timezone.now(), by
    concession.save(update_fields=["confirmed_at", "confirmed_by"])
    ledger.post(target=_place(found), kind="concede", quantity=found.quantity, by=by, source=_source(found))
    _decide(order, found, Disposition.CONCESSION, concession.reason, by)
    if found.step:
        hand_to_final_inspection(found.step, found.quantity, by, _source(found))
    event = trail.note(
        order, "concession_confirmed", gettext_noop("Concession for {count} pieces: {first} and {second} signed"),
        by=by, params={"count": found.quantity, "first": str(concession.proposed_by), "second": str(by)},
    )
    trail.inform(order, event, {concession.proposed_by, order.created_by, found.step.owner if found.step else None})
    sign_if_passed(order, by)
    return concession


@transaction.atomic
def refuse_concession(*, concession_id, by, reason, version=None) -> Concession:
    """No: the pieces stay held and wait for another decision."""
    order, concession, found = _proposed(concession_id, by, version)
    if not reason.strip():
        raise BadInput(_("Say why not, so that the pieces can be decided another way."), field="reason")
    concession.refused_at, concession.refused_by = timezone.now(), by
    concession.refused_reason = reason.strip()[:500]
    concession.save(update_fields=["refused_at", "refused_by", "refused_reason"])
    if found.item and found.item.is_living and concession.proposed_by_id != by.pk:
        sla.reassign(found.item, concession.proposed_by, by)
    touch(order)
    event = trail.note(
        order, "concession_refused", gettext_noop("Concession for {count} pieces refused: {reason}"), by=by,
        params={"count": found.quantity, "reason": concession.refused_reason},
    )
    trail.inform(order, event, {concession.proposed_by})
    return concession


def _locked(nonconformance_id, by, version):
    order_id = Nonconformance.objects.values_list("order_id", flat=True).get(pk=nonconformance_id)
    order = actions.lock(order_id, by=by, version=version)
    require(by, Right.QUALITY_DECIDE)
    check_open(order)
    return order, Nonconformance.objects.select_related("line__product", "step__line", "step__owner", "item").get(
        pk=nonconformance_id
    )


def _undecided(nonconformance_id, by, reason, quantity, version):
    order, found = _locked(nonconformance_id, by, version)
    if found.disposition != Disposition.OPEN:
        raise Changed(
            _("%(who)s has decided these pieces already: %(what)s.")
            % {"who": found.decided_by, "what": found.get_disposition_display()}
        )
    living = Concession.objects.filter(nonconformance=found, refused_at__isnull=True)
    waiting = living.select_related("proposed_by").first()
    if waiting:
        raise Changed(_("%(who)s has proposed a concession for these pieces.") % {"who": waiting.proposed_by},
                      because=_("It is confirmed or refused first."))
    if not reason.strip():
        raise BadInput(_("Say why in a few words."), field="reason")
    _split(order, found, quantity, by)
    return order, found


def _split(order, found, quantity, by):
    """A decision on a part leaves the rest undecided, as a nonconformance of its own."""
    if quantity is None or quantity == found.quantity:
        return
    if not 0 < quantity < found.quantity:
        raise BadInput(_("%(count)d pieces are held here.") % {"count": found.quantity}, field="quantity")
    rest = Nonconformance.objects.create(
        order=order, line=found.line, step=found.step, quantity=found.quantity - quantity, defect=found.defect,
        found_at=found.found_at, found_by=found.found_by,
    )
    ask_for_decision(order, rest, by)
    found.quantity = quantity
    found.save(update_fields=["quantity"])


def _proposed(concession_id, by, version):
    found_id = Concession.objects.values_list("nonconformance_id", flat=True).get(pk=concession_id)
    order, found = _locked(found_id, by, version)
    concession = Concession.objects.select_related("proposed_by").get(pk=concession_id)
    if not concession.is_open:
        raise Changed(_("This concession has its second answer already."))
    return order, concession, found


def _place(found):
    return found.step or found.line


def _source(found):
    return f"nonconformance:{found.pk}"


def _decide(order, found, disposition, reason, by):
    found.disposition, found.decision_reason = disposition, reason.strip()[:500]
    found.decided_at, found.decided_by = timezone.now(), by
    found.save(update_fields=["disposition", "decision_reason", "decided_at", "decided_by", "rework_step"])
    if found.item and found.item.is_living:
        sla.finish(found.item, by=by)
    touch(order)


def _add_step(found, owner, planned_end_at, name):
    steps = OrderStep.objects.filter(line=found.line, number__gte=FIRST_REWORK_NUMBER)
    numbers = steps.values_list("number", flat=True)
    return OrderStep.objects.create(
        order_id=found.order_id, line=found.line, number=max(numbers, default=FIRST_REWORK_NUMBER - 1) + 1,
        name=(name or found.defect)[:80], kind=OrderStep.Kind.REWORK, reworks=found.step, owner=owner,
        work_centre=found.step.work_centre if found.step else "", quantity=found.quantity,
        planned_start_at=timezone.now(), planned_end_at=planned_end_at,
        token="".join(secrets.choice(TOKEN_LETTERS) for _letter in range(6)),
    )


def _ask_owner(order, found, by):
    step = found.rework_step
    clocks.open_item(
        order, kind="operation", subject=gettext_noop("Rework {count} pieces: {defect}"), by=by,
        params={"count": found.quantity, "defect": found.defect[:120], "step": step.pk},
        department=departments()["production"], assignee=step.owner, due_at=step.planned_end_at,
        url=reverse("production:scan", args=[step.token]),
    )


def pieces_to_remake(found) -> int:
    """How many of these the order cannot do without, counting what is planned, scrapped and asked for already."""
    line = found.line
    steps = list(line.steps.living().exclude(kind=OrderStep.Kind.REWORK).order_by("number"))
    if not steps:
        return 0
    scrapped = line.scrapped + sum(step.scrapped for step in steps) + found.quantity
    asked_for = sum(line.remakes.filter(planned_at__isnull=True).values_list("quantity", flat=True))
    short = line.agreed_quantity - (steps[0].quantity - scrapped + asked_for)
    return max(0, min(found.quantity, short))


def _ask_for_remake(order, found, quantity, by):
    production = departments()["production"]
    remake = Remake.objects.create(
        order=order, line=found.line, nonconformance=found, quantity=quantity, requested_at=timezone.now(),
        requested_by=by,
    )
    remake.item = clocks.open_item(
        order, kind="remake", subject=gettext_noop("Plan {count} scrapped pieces again"), params={"count": quantity},
        department=production, assignee=person_on_duty(order, production), by=by,
        url=reverse("production:order_tab", args=[order.pk]),
    )
    remake.save(update_fields=["item"])
    actions.revoke(order=order, by=by, facts=[Fact.REMAKE])
    if order.stage == Stage.QC:
        actions.move(order_id=order.pk, step="remake", by=by, reason=found.decision_reason)


def _book_scrap(order, found, by):
    """The materials in the scrapped pieces, at standard cost; those of the remake are booked when they come."""
    bill = BillOfMaterialLine.objects.filter(product=found.line.product).select_related("material")
    amount = sum(row.required_for(found.quantity) * row.material.standard_cost_amount for row in bill)
    actions.add_cost(
        order=order, kind="scrap", cause=CostEntry.Cause.SCRAP, is_planned=False, amount=amount, by=by,
        source=f"{_source(found)}:scrap", text=f"{found.line.product} × {found.quantity}: {found.defect}"[:300],
    )
