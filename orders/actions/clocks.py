"""The clocks of an order: its stage's work item, the whole order's, and the ones beside them."""

from django.urls import reverse
from django.utils.translation import gettext_noop

from orders import kept
from orders.actions.duties import person_on_duty
from orders.actions.trail import together
from orders.actions.waiting import stand_still as still
from orders.actions.waiting import start
from orders.machine import STAGE_DEPARTMENT, Stage
from orders.models import Negotiation, UrgentOrder
from people.duty import Roster, next_rank
from sla import actions as sla
from sla.models import Pause, WorkItem

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
    lines = kept.of(order).lines
    what = f"{lines[0].product} × {lines[0].agreed_quantity}" if lines else ""
    return {"number": str(order), "what": what + (" …" if len(lines) > 1 else ""), "customer": str(order.customer)}


def open_item(order, *, by=None, now=None, **options) -> WorkItem:
    """A work item about this order, with the order's own second line."""
    return start(order, [_opening(order, **options)], by=by, now=now)[0]


def open_apart(order, **options) -> WorkItem:
    """With a source of its own: it goes on when the order, and with it the order's clocks, has ended."""
    return sla.open_item(
        source_label=str(order), detail=ABOUT, detail_params=about(order), urgency_class=order.urgency_class, **options
    )


def ask(order, **options) -> None:
    """The same in an act that opens several (`trail.together`): written with the others."""
    order.kept.openings.append(_opening(order, **options))


def _opening(order, *, params=None, url=None, remark=None, **options) -> sla.Opening:
    """`remark`: a stored sentence that its line goes on with."""
    return sla.Opening(
        source=order.stream, source_label=str(order), params=params or {}, stage=order.stage, detail=ABOUT,
        detail_params=about(order) | ({"remark": remark} if remark else {}), url=url or order.get_absolute_url(),
        urgency_class=order.urgency_class, **options,
    )


def stand_still(order, by, now):
    """Every clock of the order that runs, or that a person stopped, waits for the end of its hold."""
    by_act = Pause.objects.filter(ended_at__isnull=True, awaits__isnull=True).values("item")
    for item in _waiting(order).exclude(state=WorkItem.State.PAUSED, pk__in=by_act):
        still(order, item, by, now)


def go_on(order, by, now):
    """After a hold: its clocks run; one that waits for the customer all the same waits on."""
    is_negotiating = order.negotiations.filter(state=Negotiation.State.OPEN).exists()
    ended = {"hold"} if is_negotiating else {"hold", "negotiation"}
    paused = _waiting(order).filter(state=WorkItem.State.PAUSED)
    for item in paused.filter(pauses__ended_at=None, pauses__reason__in=ended):
        sla.resume(item, by=by, now=now)
        if is_negotiating and item.pk == order.stage_item_id and order.stage == Stage.REVIEW:
            sla.pause(item, reason="negotiation", by=by, now=now)


def leave(order, source, by, now, *, is_return) -> WorkItem | None:
    """Close the clocks that end with a stage, once the order has ended all of them; the stage's own item, closed.

    After a return the stage's clock is cancelled with its reason, and its next cycle goes on with what is left.
    """
    item, order.stage_item = order.stage_item, None
    closed = item and (sla.cancel(item, reason="returned", by=by, now=now) if is_return
                       else sla.finish(item, by=by, now=now))
    if order.is_final:
        sla.cancel_all(_waiting(order), reason="ended", by=by, now=now)
    elif order.stage == Stage.SETTLEMENT:
        _close_whole(order, by, now)
    if source == Stage.REVIEW and not order.is_final:
        assessments = _waiting(order).filter(kind__in=ASSESSMENT_BOX)
        sla.cancel_all(assessments, reason="returned" if is_return else "done", by=by, now=now)
    return closed


def _waiting(order):
    return WorkItem.objects.living().filter(source=order.stream)


def _close_whole(order, by, now):
    """Kept when it was delivered; a cancelled order's clock judges nobody."""
    if not (order.whole_item and order.whole_item.is_living):
        return
    if order.is_cancelled:
        sla.cancel(order.whole_item, reason="cancelled", by=by, now=now)
    else:
        sla.finish(order.whole_item, by=by, now=now)


def enter(order, by, now) -> WorkItem | None:
    """Open the clock of the stage that the order has come into, and those that start with it."""
    kind = STAGE_KIND.get(order.stage)
    if kind is None:
        return None
    papers = kept.of(order)
    department = papers.department(STAGE_DEPARTMENT[order.stage])
    used = [run.item.consumed_seconds for run in papers.runs if run.stage == order.stage and run.item]
    openings = [
        _opening(
            order, kind=kind, subject=TASK[kind], department=department, assignee=_assignee(order, department, now),
            consumed_seconds=used[-1] if used else 0, minimum_share=LEAST_SHARE_OF_A_REPEATED_STAGE,
        ),
        *(_assessments(order, department) if order.stage == Stage.REVIEW else []),
        *papers.openings,
    ]
    papers.openings.clear()
    if is_new := order.whole_item_id is None:
        openings.append(_whole(order, by))
    items = start(order, openings, by=by, now=now)
    order.stage_item = items[0]
    if is_new:
        order.whole_item = items[-1]
    return order.stage_item


def _whole(order, by) -> sla.Opening:
    """From submission to promise and delivery; never started afresh."""
    return _opening(
        order, kind="order", subject=gettext_noop("Deliver the order on time"), department=by.department, assignee=by,
        due_at=order.required_at,
    )


def aim_at(order, at, *, by, now=None) -> None:
    """The date changed: the whole order's clock ends there, with what it has used; its alerts are told for it anew."""
    item = order.whole_item
    if item is None or not item.is_living or item.due_at == at:
        return
    closed = sla.cancel(item, reason="date changed", by=by, now=now)
    order.whole_item = open_item(
        order, kind="order", subject=closed.subject, department=closed.department, assignee=closed.assignee,
        due_at=at, consumed_seconds=closed.consumed_seconds, by=by, now=now,
    )
    UrgentOrder.objects.filter(pk=order.pk).update(whole_item=order.whole_item)


def _assignee(order, department, now):
    if order.stage == Stage.CONFIRMATION:
        return order.created_by
    if order.stage == Stage.REVIEW:
        is_own = department.head and department.head.natural_id == order.created_by.natural_id
        return next_rank(department.head, now, without={order.created_by_id}) if is_own else department.head
    return person_on_duty(order, department, now)


def open_assessments(order, by, now=None) -> None:
    """What must be assessed again, while the order stays in review."""
    start(order, _assessments(order, kept.of(order).department("production")), by=by, now=now)


def _assessments(order, department) -> list:
    """One item for each assessment whose box is not signed (or no longer)."""
    living = {signature.box for signature in kept.of(order).signatures}
    is_first = not any(run.stage == Stage.REVIEW for run in kept.of(order).runs)
    waiting = set() if is_first else set(_waiting(order).values_list("kind", flat=True))
    return [
        _opening(order, kind=kind, subject=TASK[kind], department=department)
        for kind, box in ASSESSMENT_BOX.items() if box not in living and kind not in waiting
    ]


def finish_items(order, *, kinds, by, now=None):
    """Somebody did what these items waited for."""
    sla.finish_all(_waiting(order).filter(kind__in=kinds), by=by, now=now)


def ask_to_stop(order, by):
    """After a cancellation each department that signed or holds open work stops and reports its costs."""
    signed = set(order.sign_offs.values_list("signed_by__department__code", flat=True))
    waiting = list(_waiting(order).exclude(pk=order.stage_item_id).select_related("department"))
    working = {item.department.code for item in waiting}
    sla.cancel_all(waiting, reason="order cancelled", by=by)
    everybody = Roster().departments
    with together(order, by):
        for code in sorted((signed | working) - {None, "management"}):
            ask(
                order, kind="stop_report", subject=gettext_noop("Stop and report cost"), department=everybody[code],
                assignee=person_on_duty(order, everybody[code]), url=reverse("orders:report_stop", args=[order.pk]),
            )
