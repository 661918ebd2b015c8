"""The clocks of an order: its stage's work item, the whole order's, and the ones beside them."""

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_noop

from orders.actions.duties import department_of_stage, departments, person_on_duty
from orders.machine import Stage
from orders.models import Negotiation, StageRun
from sla import actions as sla
from sla.models import WorkItem

LEAST_SHARE_OF_A_REPEATED_STAGE = 0.25

STAGE_KIND = {
    Stage.CONFIRMATION: "confirmation", Stage.REVIEW: "review_decision", Stage.PROCUREMENT: "procurement",
    Stage.PRODUCTION: "production", Stage.QC: "qc", Stage.DELIVERY: "delivery", Stage.SETTLEMENT: "settlement",
}
TASK = {
    "confirmation": gettext_noop("Confirm with the customer"),
    "review_decision": gettext_noop("Decide the order review"),
    "review_process": gettext_noop("Assess the production process"),
    "review_capacity": gettext_noop("Assess the production capacity"),
    "review_materials": gettext_noop("Assess the material needs"),
    "procurement": gettext_noop("Get the materials"),
    "production": gettext_noop("Make the pieces"),
    "qc": gettext_noop("Inspect the pieces"),
    "delivery": gettext_noop("Deliver to the customer"),
    "settlement": gettext_noop("Settle the order"),
}
ABOUT = "{number} · {what} · {customer}"
ASSESSMENT_BOX = {"review_process": "process", "review_capacity": "capacity", "review_materials": "materials"}


def about(order) -> dict:
    """The second line of each of its work items: number, product × quantity, customer."""
    lines = list(order.lines.select_related("product")[:2])
    what = f"{lines[0].product} × {lines[0].agreed_quantity}" if lines else ""
    return {"number": str(order), "what": what + (" …" if len(lines) > 1 else ""), "customer": str(order.customer)}


def open_item(order, *, kind, subject, department, url=None, params=None, by=None, **options) -> WorkItem:
    """A work item about this order, with the order's own second line; under a hold its clock stands from the start."""
    item = sla.open_item(
        kind=kind, source=order.stream, source_label=str(order), subject=subject, params=params or {},
        detail=ABOUT, detail_params=about(order), url=url or order.get_absolute_url(),
        department=department, urgency_class=order.urgency_class, by=by, **options,
    )
    return _still(order, item, by, options.get("now") or timezone.now()) if order.is_held else item


def _still(order, item, by, now) -> WorkItem:
    is_over = order.hold.until <= now
    return item if is_over else sla.pause(item, reason="hold", by=by, until=order.hold.until, now=now)


def stand_still(order, by, now):
    """Every running clock of the order waits for the end of its hold."""
    for item in _waiting(order).exclude(state=WorkItem.State.PAUSED):
        _still(order, item, by, now)


def go_on(order, by, now):
    """After a hold: its clocks run; one that waits for the customer all the same waits on."""
    is_negotiating = order.negotiations.filter(state=Negotiation.State.OPEN).exists()
    ended = {"hold"} if is_negotiating else {"hold", "negotiation"}
    paused = _waiting(order).filter(state=WorkItem.State.PAUSED)
    for item in paused.filter(pauses__ended_at=None, pauses__reason__in=ended):
        sla.resume(item, by=by, now=now)
        if is_negotiating and item.pk == order.stage_item_id and order.stage == Stage.REVIEW:
            sla.pause(item, reason="negotiation", by=by, now=now)


def leave(order, by, now, *, is_return):
    """Close the clocks that end with a stage; once the order has ended nothing waits for anybody any more."""
    _close_stage(order, by, now, is_return)
    if order.is_final:
        return _cancel(_waiting(order), "ended", by, now)
    if order.stage == Stage.SETTLEMENT:
        _close_whole(order, by, now)
    if order.stage != Stage.REVIEW:
        _cancel(_waiting(order).filter(kind__in=ASSESSMENT_BOX), "returned" if is_return else "done", by, now)


def _close_stage(order, by, now, is_return):
    """After a return the clock is cancelled with its reason, and its next cycle goes on with what is left."""
    item, order.stage_item = order.stage_item, None
    if item is None:
        return
    closed = sla.cancel(item, reason="returned", by=by, now=now) if is_return else sla.finish(item, by=by, now=now)
    run = order.runs.get(item=item)
    run.used_seconds = max(0, closed.consumed_seconds - (closed.budget_seconds - run.limit_seconds))
    run.save(update_fields=["used_seconds"])


def _waiting(order):
    return WorkItem.objects.living().filter(source=order.stream)


def _cancel(items, reason, by, now):
    for item in items:
        sla.cancel(item, reason=reason, by=by, now=now)


def _close_whole(order, by, now):
    """Kept when it was delivered; a cancelled order's clock judges nobody."""
    if not (order.whole_item and order.whole_item.is_living):
        return
    if order.is_cancelled:
        sla.cancel(order.whole_item, reason="cancelled", by=by, now=now)
    else:
        sla.finish(order.whole_item, by=by, now=now)


def enter(order, run, by, now):
    """Open the clock of the stage that the order has come into."""
    kind = STAGE_KIND.get(order.stage)
    if kind is None:
        return
    department = department_of_stage(order.stage)
    last = order.runs.filter(stage=order.stage, item__isnull=False, number__lt=run.number).order_by("-number").first()
    item = open_item(
        order, kind=kind, subject=TASK[kind], department=department, assignee=_assignee(order, department, now),
        by=by, now=now, consumed_seconds=last.item.consumed_seconds if last else 0,
        minimum_share=LEAST_SHARE_OF_A_REPEATED_STAGE,
    )
    order.stage_item = item
    left = item.budget_seconds - item.consumed_seconds
    StageRun.objects.filter(pk=run.pk).update(item=item, limit_seconds=left)
    if order.stage == Stage.REVIEW:
        open_assessments(order, department, by, now)


def _assignee(order, department, now):
    if order.stage == Stage.CONFIRMATION:
        return order.created_by
    if order.stage == Stage.REVIEW:
        return None if department.head_id == order.created_by_id else department.head
    return person_on_duty(order, department, now)


def open_assessments(order, department, by, now=None):
    """One item for each assessment whose box is not signed (or no longer)."""
    living = set(order.sign_offs.living().values_list("box", flat=True))
    waiting = set(WorkItem.objects.living().filter(source=order.stream).values_list("kind", flat=True))
    for kind, box in ASSESSMENT_BOX.items():
        if box not in living and kind not in waiting:
            open_item(order, kind=kind, subject=TASK[kind], department=department, by=by, now=now)


def finish_items(order, *, kinds, by, now=None):
    """Somebody did what these items waited for."""
    for item in WorkItem.objects.living().filter(source=order.stream, kind__in=kinds):
        sla.finish(item, by=by, now=now)


def ask_to_stop(order, by):
    """After a cancellation each department that signed or holds open work stops and reports its costs."""
    signed = set(order.sign_offs.values_list("signed_by__department__code", flat=True))
    waiting = WorkItem.objects.living().filter(source=order.stream).exclude(pk=order.stage_item_id)
    working = set(waiting.values_list("department__code", flat=True))
    for item in waiting:
        sla.cancel(item, reason="order cancelled", by=by)
    everybody = departments()
    for code in sorted((signed | working) - {None, "management"}):
        open_item(
            order, kind="stop_report", subject=gettext_noop("Stop and report cost"), department=everybody[code], by=by,
            assignee=person_on_duty(order, everybody[code]), url=reverse("orders:report_stop", args=[order.pk]),
        )
