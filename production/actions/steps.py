"""The work items of operations: who makes what until when."""

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_noop

from orders.actions import clocks
from orders.actions.duties import departments, person_on_duty
from orders.models import OrderStep
from sla import actions as sla
from sla.models import WorkItem

KIND = "operation"


def scan_url(step) -> str:
    return reverse("production:scan", args=[step.token])


def item_of(step) -> WorkItem | None:
    mine = Q(url=scan_url(step)) | Q(params__step=step.pk)
    return WorkItem.objects.living().filter(mine, kind=KIND, source=step.order.stream).first()


def open_step(step, *, by, now) -> WorkItem | None:
    """The owner's task; due at the time node. Once, however often it is asked for."""
    if step.finished_at or item_of(step):
        return None
    due_at = max(step.planned_end_at, now) if step.planned_end_at else None
    return clocks.open_item(
        step.order, kind=KIND, subject=gettext_noop("Operation {operation}, {quantity} pieces"),
        params={"operation": str(step), "quantity": step.quantity - step.made, "step": step.pk}, url=scan_url(step),
        department=departments()["production"], assignee=step.owner, by=by, now=now, due_at=due_at,
    )


def finish_item(step, *, by, now) -> None:
    if item := item_of(step):
        sla.finish(item, by=by, now=now)


def cancel_item(step, *, reason, by, now) -> None:
    if item := item_of(step):
        sla.cancel(item, reason=reason, by=by, now=now)


def open_first_steps(order, *, by, now) -> None:
    """Of each line the first operation that is not finished."""
    opened = set()
    unfinished = OrderStep.objects.filter(order=order).unfinished().exclude(kind=OrderStep.Kind.REWORK)
    for step in unfinished.select_related("order__customer", "owner").order_by("line__position", "number"):
        if step.line_id not in opened:
            opened.add(step.line_id)
            open_step(step, by=by, now=now)


def next_step(step) -> OrderStep | None:
    """The operation after this one on its line."""
    if step.kind == OrderStep.Kind.REWORK:
        return None
    later = OrderStep.objects.filter(line_id=step.line_id, number__gt=step.number).living()
    later = later.exclude(kind=OrderStep.Kind.REWORK).select_related("order__customer", "owner")
    return later.order_by("number").first()


def call_inspector(step, *, by, text) -> None:
    """Quality's work item, once for each operation that waits."""
    waiting = WorkItem.objects.living().filter(kind="inspection", source=step.order.stream, params__step=step.pk)
    if waiting.exists():
        return
    quality = departments()["quality"]
    clocks.open_item(
        step.order, kind="inspection", subject=text, params={"operation": str(step), "step": step.pk},
        department=quality, assignee=person_on_duty(step.order, quality), by=by,
    )
