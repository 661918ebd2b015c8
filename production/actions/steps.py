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
    """Of each line the operations that wait for no other one: the first, and those beside it."""
    unfinished = OrderStep.objects.filter(order=order).unfinished().exclude(kind=OrderStep.Kind.REWORK)
    numbers = {}
    for step in unfinished.select_related("order__customer", "owner").order_by("line__position", "number"):
        before = numbers.setdefault(step.line_id, [])
        waits = before if step.after is None else set(before) & set(step.after)
        if not waits:
            open_step(step, by=by, now=now)
        before.append(step.number)


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
