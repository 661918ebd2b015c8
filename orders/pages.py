"""The shell of an order's page: what every tab of it needs, whichever department draws the tab."""

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.faces import StageFace
from desk.text import when
from orders.machine import PATH, Stage
from orders.models import UrgentOrder


def visible_order(request, pk) -> UrgentOrder:
    """The order, or 404 for whom it is not open: its existence is not told either."""
    orders = UrgentOrder.objects.visible_to(request.user).select_related(
        "customer", "project", "created_by", "stage_item__department", "stage_item__assignee"
    )
    order = orders.filter(pk=pk).first()
    if order is None:
        raise Http404
    return order


def shell(request, order) -> dict:
    """Context of orders/order_base.html."""
    lines = list(order.lines.select_related("product"))
    return {
        "order": order,
        "lines": lines,
        "title": ", ".join(str(line) for line in lines) or _("Draft"),
        "stages": stage_faces(order),
        "clock": order.stage_item.face() if order.stage_item else None,
        "version": order.version,
    }


def stage_faces(order) -> list[StageFace]:
    """The eight stages for the stepper: when each was left and the time it used."""
    runs = {run.stage: run for run in order.runs.all()}
    here = PATH.index(order.stage) if order.stage in PATH else len(PATH)
    return [_face(order, stage, index, here, runs.get(stage)) for index, stage in enumerate(PATH)]


def _face(order, stage, index, here, run):
    if index == here:
        clock = order.stage_item.face(timezone.now()) if order.stage_item else None
        return StageFace(code=stage, name=Stage(stage).label, state="now", note="", percent=clock.percent if clock else 0)
    if index > here or run is None or run.left_at is None:
        return StageFace(code=stage, name=Stage(stage).label, state="todo", note="", percent=0)
    is_late = bool(run.limit_seconds and run.used_seconds and run.used_seconds > run.limit_seconds)
    return StageFace(
        code=stage, name=Stage(stage).label, state="late" if is_late else "done", note=when(run.left_at), percent=100
    )
