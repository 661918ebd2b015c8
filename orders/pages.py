"""The shell of an order's page: what every tab of it needs, whichever department draws the tab."""

from django.db.models import Prefetch, prefetch_related_objects
from django.http import Http404
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.faces import StageFace, TaskFace
from desk.text import day, duration, when
from orders import gates, kept
from orders.actions.hold import may_hold
from orders.actions.withdrawal import open_act
from orders.kept import Kept
from orders.machine import FORWARD, LATER_THAN_REVIEW, PATH, STAGE_DEPARTMENT, STEPS, Box, Stage
from orders.models import Promise, UrgentOrder
from orders.money import may_see
from people.models import Department
from people.roles import Right
from sla.models import WorkItem
from sla.panes import clock_buttons

# Where the work of a stage is done, and what its button says.
WORKPLACE = {
    Stage.IDENTIFICATION: ("orders:edit", lambda: _("Go on with the form")),
    Stage.CONFIRMATION: ("orders:confirmation", lambda: _("Confirm with the customer")),
    Stage.REVIEW: ("production:review", lambda: _("Go to the review")),
    Stage.PROCUREMENT: ("procurement:order_tab", lambda: _("Go to procurement")),
    Stage.PRODUCTION: ("production:order_tab", lambda: _("Go to production")),
    Stage.QC: ("quality:order_tab", lambda: _("Go to the inspection")),
    Stage.DELIVERY: ("logistics:order_tab", lambda: _("Go to delivery")),
    Stage.SETTLEMENT: ("finance:order_tab", lambda: _("Go to the settlement")),
}
# A gate with one box asks for what the papers say; with several the boxes themselves say it.
KIND_OF_BOX = {
    Box.PROCESS: "review_process", Box.CAPACITY: "review_capacity", Box.MATERIALS: "review_materials",
    Box.CUSTOMER_CONFIRMED: "confirmation", Box.MATERIALS_READY: "procurement", Box.MADE: "production",
    Box.PASSED: "qc", Box.DELIVERED: "delivery", Box.DOCUMENTS: "delivery", Box.COSTS: "settlement",
}  # fmt: skip


def visible_order(request, pk) -> UrgentOrder:
    """The order, or 404 for whom it is not open: its existence is not told either."""
    orders = UrgentOrder.objects.visible_to(request.user).select_related(
        "customer", "project", "follows", "created_by__department", "stage_item__department", "stage_item__assignee",
        "stage_item__policy_version", "hold__held_by",
    )
    order = orders.filter(pk=pk).first()
    if order is None:
        raise Http404
    request.order = order
    return order


def shell(request, order) -> dict:
    """Context of orders/order_base.html, in nine statements whatever the order holds."""
    order.kept = Kept(order)
    lines = order.kept.lines
    signed = {signature.box: signature for signature in order.kept.signatures}
    waiting = list(WorkItem.objects.living().filter(source=order.stream).select_related("department", "assignee"))
    request.order_waiting = waiting
    ledger = Promise.objects.select_related("requested_by", "approved_by", "recorded_by")
    prefetch_related_objects([order], Prefetch("promises", ledger))
    promises = list(order.promises.all())
    return {
        "order": order,
        "lines": lines,
        "title": title_of(order, lines),
        "amount": amount_of(request.user, order, lines),
        "stages": stage_faces(order),
        "clock": order.stage_item.face() if order.stage_item else None,
        "clock_item": order.stage_item,
        "clock_buttons": clock_buttons(order.stage_item, request.user) if order.stage_item else [],
        "workplace": workplace(request.user, order),
        "tasks": tasks(order, signed, waiting),
        "duties": order.duties.select_related("person", "department").order_by("department_id"),
        "promises": promises,
        "judged_promise": judged(promises),
        "promised_at": promises[-1].promised_at if promises else None,
        "is_late": is_late(order, promises),
        "order_acts": acts(request.user, order),
        "version": order.version,
        "withdrawable": open_act(order, request.user),
    }


# What is not a stage's daily work: name of the page, its label, who may, and when.
ACTS = (
    ("orders:contact", gettext_lazy("Log a talk with the customer"), Right.ORDER_CONFIRM, lambda order: True),
    ("orders:negotiation_open", gettext_lazy("Offer the customer solutions"), Right.ORDER_NEGOTIATE,
     lambda order: order.stage in (Stage.REVIEW, *LATER_THAN_REVIEW)),
    ("orders:silence", gettext_lazy("The customer does not answer"), Right.ORDER_CONFIRM,
     lambda order: order.stage == Stage.CONFIRMATION),
    ("orders:change", gettext_lazy("Change request of the customer"), Right.ORDER_NEGOTIATE,
     lambda order: order.stage in (Stage.REVIEW, *LATER_THAN_REVIEW) and not order.is_held),
    ("orders:short_close", gettext_lazy("Close the order short"), Right.ORDER_NEGOTIATE,
     lambda order: order.stage in LATER_THAN_REVIEW and not order.is_held),
    ("orders:hold", gettext_lazy("Put the order on hold"), Right.ISSUE_RAISE, lambda order: not order.is_held),
    ("orders:hold_end", gettext_lazy("End the hold"), Right.ISSUE_RAISE, lambda order: order.is_held),
    ("orders:send_back", gettext_lazy("Return the order"), Right.ISSUE_RAISE,
     lambda order: STEPS["send_back"].target_from(order.stage)),
    ("orders:propose_decline", gettext_lazy("Propose to decline"), Right.ISSUE_RAISE,
     lambda order: STEPS["decline"].target_from(order.stage)),
    ("orders:decline", gettext_lazy("Decline the order"), Right.ORDER_DECIDE,
     lambda order: STEPS["decline"].target_from(order.stage)),
    ("orders:cancel", gettext_lazy("Cancel the order"), Right.ORDER_DECIDE,
     lambda order: STEPS["cancel"].target_from(order.stage)),
    ("orders:report_stop", gettext_lazy("Stop and report cost"), Right.ISSUE_RAISE, lambda order: order.is_cancelled),
)  # fmt: skip


def acts(user, order) -> list[dict]:
    """The ones this person may do now; a return belongs to the department that has the order."""
    if order.is_draft or order.is_final:
        return []
    found = [(name, label) for name, label, right, is_now in ACTS if user.may(right) and is_now(order)]
    return [
        {"url": reverse(name, args=[order.pk]), "label": label}
        for name, label in found
        if name not in MINE or MINE[name](user, order)
    ]


# The acts that ask for more than a right.
MINE = {
    "orders:send_back": lambda user, order: user.department_code == order.department_code,
    "orders:propose_decline": lambda user, order: not user.may(Right.ORDER_DECIDE),
    "orders:hold": may_hold,
    "orders:hold_end": may_hold,
}


def title_of(order, lines) -> str:
    """Product × quantity, as the order's name for people."""
    named = [f"{line.product.name} × {line.agreed_quantity}" for line in lines[:2]]
    if len(lines) > 2:
        named.append(_("%(count)d more") % {"count": len(lines) - 2})
    return ", ".join(named) or _("Draft of an urgent order")


def amount_of(user, order, lines):
    """The order's price with its rush charge, for those who may see it and where it is known."""
    if not may_see(user, "sales") or not lines or any(line.unit_price_amount is None for line in lines):
        return None
    return sum(line.unit_price_amount * line.agreed_quantity for line in lines) + (order.rush_charge_amount or 0)


def judged(promises):
    """The indicators judge on the first, after the customer's own last change on that one (kpi.reports)."""
    own = [promise for promise in promises if promise.cause == Promise.Cause.CUSTOMER]
    return own[-1] if own else promises[0] if promises else None


def is_late(order, promises) -> bool:
    wanted = promises[-1].promised_at if promises else order.required_at
    return bool(wanted and not order.is_final and order.stage != Stage.SETTLEMENT and wanted < timezone.now())


def workplace(user, order) -> dict | None:
    """The primary action of this stage; primary only for the department that has it."""
    if order.stage not in WORKPLACE:
        return None
    name, label = WORKPLACE[order.stage]
    try:
        url = reverse(name, args=[order.pk])
    except NoReverseMatch:
        return None
    department = STAGE_DEPARTMENT[order.stage]
    return {
        "url": url, "label": label(), "is_mine": user.department_code == department, "department_code": department,
        "department": Department.Code(department).label,
    }  # fmt: skip


def tasks(order, signed, waiting) -> list[TaskFace]:
    """The conditions of this stage's forward step: done, to do now, or later."""
    step = step_of(order)
    if step is None or order.is_draft:
        return []
    people = {item.kind: item.assignee for item in waiting}
    faces = []
    if len(step.boxes) == 1 and step.boxes[0] not in signed and order.stage != Stage.SETTLEMENT:
        faces = [_condition_face(condition) for condition in gates.conditions(order, step.boxes[0])]
    is_ready = all(face.state == "done" for face in faces)
    faces += [_box_face(box, signed.get(box), people, is_ready) for box in step.boxes]
    if order.stage != Stage.SETTLEMENT:  # finance's own tab counts the costs
        faces += [_condition_face(condition) for condition in gates.beside_the_boxes(order, step)]
    return faces


def step_of(order):
    """The step that leads on from here."""
    if order.stage == Stage.SETTLEMENT:
        return STEPS["settle_cancelled" if order.is_cancelled else "settle"]
    return FORWARD.get(order.stage)


def _condition_face(condition):
    return TaskFace(label=condition.text, state="done" if condition.is_met else "now")


def _box_face(box, signature, people, is_ready):
    label = Box(box).label
    if signature:
        return TaskFace(label=label, state="done", note=signature.who)
    if not is_ready:
        return TaskFace(label=label, state="later", note=_("after the ones before"))
    return TaskFace(label=label, state="now", note=people.get(KIND_OF_BOX.get(box)) or "")


def stage_faces(order) -> list[StageFace]:
    """The eight stages for the stepper: when each was left and the time it used."""
    runs = {run.stage: run for run in kept.of(order).runs}
    here = PATH.index(order.stage) if order.stage in PATH else len(PATH)
    return [_face(order, stage, index, here, runs.get(stage)) for index, stage in enumerate(PATH)]


def _face(order, stage, index, here, run):
    name = Stage(stage).label
    if index == here:
        return _face_now(order, stage, name)
    if index > here or run is None or run.left_at is None:
        return StageFace(code=stage, name=name, state="todo")
    over = (run.used_seconds or 0) - (run.limit_seconds or 0)
    is_late = bool(run.limit_seconds and over > 0)
    note = when(run.left_at)
    if is_late:
        note = _("%(day)s, %(over)s over") % {"day": day(run.left_at), "over": duration(over)}
    elif run.used_seconds and run.used_seconds >= 60:
        note = _("%(day)s, took %(used)s") % {"day": day(run.left_at), "used": duration(run.used_seconds)}
    return StageFace(code=stage, name=name, state="late" if is_late else "done", note=note, percent=100)


def _face_now(order, stage, name):
    if order.stage_item is None:
        return StageFace(code=stage, name=name, state="now")
    clock = order.stage_item.face()
    if order.is_held:
        return StageFace(code=stage, name=name, state="now", note=_("on hold"), percent=clock.percent)
    pattern = _("%(time)s over") if clock.seconds_left < 0 else _("%(time)s left")
    note = pattern % {"time": duration(clock.seconds_left)}
    return StageFace(code=stage, name=name, state="now", note=note, percent=clock.percent)
