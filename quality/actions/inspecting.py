"""Inspections by quantity: what passes moves on, what fails is held, what nobody looked at waits."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Condition, GateShut, OwnRequest
from desk.text import word
from orders import actions, ledger, nonconforming
from orders.actions import trail
from orders.actions.door import touch, who_may
from orders.models import LedgerEntry, OrderLine, OrderStep, Receipt
from orders.supply import accept_receipt
from people.duty import hands_of, head_of
from people.models import Department
from people.roles import Right
from quality import sampling
from quality.actions.passing import check_open, hand_to_final_inspection, require, sign_if_passed
from quality.models import Inspection, InspectionPlan, SamplingRow
from records.files import attach
from sla import actions as sla
from sla.models import WorkItem

Kind = Inspection.Kind
FirstArticle = OrderStep.FirstArticle


def plan_for(line, step=None) -> InspectionPlan | None:
    plans = InspectionPlan.objects.filter(product_id=line.product_id)
    return plans.filter(operation_number=step.number if step else None).first()


def sample_for(line, step, lot) -> sampling.Sample:
    """What must be looked at; after a refused lot every piece."""
    plan = plan_for(line, step)
    last = Inspection.objects.filter(line=line, step=step, kind=Kind.IN_PROCESS if step else Kind.FINAL).first()
    if plan is None or plan.sampling == InspectionPlan.Sampling.FULL or (last and last.is_lot_refused):
        return sampling.full(lot)
    return sampling.sample_of(lot, SamplingRow.objects.values_list("lot_up_to", "sample_size", "accept_number"))


@transaction.atomic
def inspect_step(
    *, step_id, by, lot_quantity, sample_quantity, defective_quantity, findings=(), defect="", photo=None, version=None
) -> Inspection:
    """In-process inspection: the next operation can take what passes here, and nothing else."""
    order, step = _locked(OrderStep, step_id, by, version)
    _refuse_the_maker(by, LedgerEntry.objects.filter(step=step, kind="make"))
    _check_first_article(step)
    inspection = _inspect(
        order, step.line, step, by=by, kind=Kind.IN_PROCESS, lot=lot_quantity, checked=sample_quantity,
        defective=defective_quantity, findings=findings, defect=defect, photo=photo,
    )
    passed = int(inspection.passed)
    if passed and step.kind == OrderStep.Kind.REWORK:
        reworked = step.reworks or step.line
        ledger.post(target=reworked, kind="reworked", quantity=passed, by=by, source=_source(inspection))
    hand_to_final_inspection(step, passed, by, _source(inspection))
    _finish_call(order, step, by)
    return inspection


@transaction.atomic
def inspect_final(
    *, line_id, by, lot_quantity, sample_quantity, defective_quantity, findings=(), defect="", photo=None, version=None
) -> Inspection:
    """Final inspection of a line. The result that completes the order signs “passed” and hands it to logistics."""
    order, line = _locked(OrderLine, line_id, by, version)
    made_by_step = LedgerEntry.objects.filter(line=line, step__isnull=False, kind="make")
    _refuse_the_maker(by, made_by_step | LedgerEntry.objects.filter(line=line, kind="reworked"))
    inspection = _inspect(
        order, line, None, by=by, kind=Kind.FINAL, lot=lot_quantity, checked=sample_quantity,
        defective=defective_quantity, findings=findings, defect=defect, photo=photo,
    )
    sign_if_passed(order, by)
    return inspection


def _locked(model, pk, by, version):
    order_id = model.objects.values_list("order_id", flat=True).get(pk=pk)
    order = actions.lock(order_id, by=by, version=version)
    require(by, Right.QUALITY_INSPECT)
    check_open(order)
    related = ("line__product", "owner", "reworks__line") if model is OrderStep else ("product",)
    return order, model.objects.select_related(*related).get(pk=pk)


def _refuse_the_maker(by, entries):
    acts = [(entry.posted_by, entry.posted_at) for entry in entries.select_related("posted_by")]
    makers = hands_of(acts, Right.OPERATION_RUN)
    if by.hands & makers:
        raise OwnRequest(
            _("You made these pieces, so somebody else inspects them."),
            who=[person for person in who_may(Right.QUALITY_INSPECT) if person.natural_id not in makers],
        )


def _inspect(order, line, step, *, by, kind, lot, checked, defective, findings, defect, photo):
    target = step or line
    sample = _check(target, line, step, lot, checked, defective, findings, defect)
    verdict = sampling.judge(lot=lot, checked=checked, defective=defective, accepts=sample.accepts)
    inspection = Inspection.objects.create(
        order=order, line=line, step=step, kind=kind, lot_quantity=lot, sample_quantity=checked,
        passed=verdict.passed, failed=verdict.failed, findings=list(findings), defect=defect.strip()[:500],
        photo=_keep(photo, order, by), inspected_at=timezone.now(), inspected_by=by,
    )
    for movement, quantity in (("pass", verdict.passed), ("hold", verdict.failed)):
        if quantity:
            ledger.post(target=target, kind=movement, quantity=quantity, by=by, source=_source(inspection))
    _tell(order, inspection, verdict, by)
    if verdict.failed:
        nonconforming.report(order=order, line=line, step=step, quantity=verdict.failed, defect=defect, by=by)
    touch(order)
    return inspection


def _source(inspection):
    return f"inspection:{inspection.pk}"


def _keep(photo, order, by):
    return attach(photo, subject=order.stream, purpose="inspection", by=by) if photo else None


def _check(target, line, step, lot, checked, defective, findings, defect):
    if lot < 1:
        raise BadInput(_("Say how many pieces, one at least."), field="lot_quantity")
    target.refresh_from_db(fields=["awaiting", "held", "passed"])
    if lot > target.awaiting:
        raise GateShut(
            _("%(lot)d pieces cannot be inspected: only %(awaiting)d wait for inspection.")
            % {"lot": lot, "awaiting": target.awaiting},
            because=_("%(passed)d have passed, %(held)d are held.") % {"passed": target.passed, "held": target.held},
        )
    sample = sample_for(line, step, lot)
    if not sample.size <= checked <= lot:
        raise BadInput(
            _("Of %(lot)d pieces at least %(size)d are inspected.") % {"lot": lot, "size": sample.size},
            field="sample_quantity",
        )
    _check_findings(checked, defective, findings, defect)
    return sample


def _check_findings(checked, defective, findings, defect):
    if not 0 <= defective <= checked:
        raise BadInput(
            _("Bad pieces are among the %(checked)d inspected ones.") % {"checked": checked}, field="defective_quantity"
        )
    wrong = [finding["characteristic"] for finding in findings if finding["result"] == "bad"]
    if wrong and not defective:
        raise BadInput(
            _("Not in order: %(what)s. Say how many pieces fail.") % {"what": ", ".join(wrong)},
            field="defective_quantity",
        )
    if defective and not defect.strip():
        raise BadInput(_("Say what is wrong with the bad pieces."), field="defect")


INSPECTED = gettext_noop("{kind} of {place}: {passed} passed, {failed} failed")
LOT_REFUSED = gettext_noop(
    "{kind} of {place}: {passed} passed, {failed} failed. The sample is refused: {left} wait, every piece is inspected"
)


def _tell(order, inspection, verdict, by):
    trail.note(
        order, "inspected", LOT_REFUSED if verdict.is_lot_refused else INSPECTED, by=by,
        params={
            "kind": word(Kind(inspection.kind).label), "place": str(inspection.step or inspection.line),
            "passed": verdict.passed, "failed": verdict.failed, "left": verdict.left,
        },
    )


def _finish_call(order, step, by):
    """The call for an inspector ends when nothing waits at the operation any more."""
    step.refresh_from_db(fields=["awaiting", "first_article"])
    if step.first_article == FirstArticle.OPEN or (step.awaiting and step.is_inspected):
        return
    for item in WorkItem.objects.living().filter(source=order.stream, kind="inspection", params__step=step.pk):
        sla.finish(item, by=by)


def _check_first_article(step):
    if step.first_article in (FirstArticle.OPEN, FirstArticle.FAILED):
        raise GateShut(
            _("Nothing of “%(step)s” passes before its first article has: it is %(state)s.")
            % {"step": step, "state": step.get_first_article_display()},
            missing=[Condition(FirstArticle(FirstArticle.PASSED).label)],
        )


@transaction.atomic
def first_article(*, step_id, by, is_passed, findings=(), defect="", photo=None, version=None) -> Inspection:
    """The first piece of an operation: until it has passed, the operation goes no further."""
    order, step = _locked(OrderStep, step_id, by, version)
    _refuse_the_maker(by, LedgerEntry.objects.filter(step=step, kind="make"))
    if step.first_article not in (FirstArticle.OPEN, FirstArticle.FAILED):
        raise GateShut(
            _("“%(step)s” has no first article to inspect: %(state)s.")
            % {"step": step, "state": step.get_first_article_display()}
        )
    if not is_passed and not defect.strip():
        raise BadInput(_("Say what is wrong with the first article."), field="defect")
    inspection = Inspection.objects.create(
        order=order, line=step.line, step=step, kind=Kind.FIRST_ARTICLE, lot_quantity=1, sample_quantity=1,
        passed=int(is_passed), failed=int(not is_passed), findings=list(findings), defect=defect.strip()[:500],
        photo=_keep(photo, order, by), inspected_at=timezone.now(), inspected_by=by,
    )
    step.first_article = FirstArticle.PASSED if is_passed else FirstArticle.FAILED
    step.save(update_fields=["first_article"])
    touch(order)
    _tell_first_article(order, step, inspection, by)
    _finish_call(order, step, by)
    return inspection


def _tell_first_article(order, step, inspection, by):
    text = gettext_noop("First article of {step} passed")
    if inspection.failed:
        text = gettext_noop("First article of {step} failed: {defect}")
    event = trail.note(order, "first_article", text, by=by, params={"step": str(step), "defect": inspection.defect})
    production = Department.objects.select_related("head").get(code="production")
    trail.inform(order, event, {step.owner, head_of(production) if inspection.failed else None})


@transaction.atomic
def inspect_receipt(*, receipt_id, by, accepted, rejected, findings=(), defect="", photo=None) -> Inspection:
    """Incoming inspection: what is rejected goes back to the supplier and the line is short again."""
    receipt = Receipt.objects.select_related("material_line__order", "material_line__line").get(pk=receipt_id)
    require(by, Right.QUALITY_INSPECT)
    check_open(receipt.material_line.order)
    receivers = hands_of([(receipt.received_by, receipt.received_at)], Right.SUPPLY_BUY)
    if by.hands & receivers:
        raise OwnRequest(
            _("You received these goods, so somebody else inspects them."),
            who=[person for person in who_may(Right.QUALITY_INSPECT) if person.natural_id not in receivers],
        )
    receipt = accept_receipt(receipt=receipt, accepted=accepted, rejected=rejected, by=by, note=defect)
    line = receipt.material_line
    return Inspection.objects.create(
        order_id=line.order_id, line_id=line.line_id, step_id=line.step_id, receipt=receipt, kind=Kind.INCOMING,
        lot_quantity=receipt.quantity, sample_quantity=receipt.quantity, passed=accepted, failed=rejected,
        findings=list(findings), defect=defect.strip()[:500], photo=_keep(photo, line.order, by),
        inspected_at=receipt.inspected_at, inspected_by=by,
    )
