"""Who makes what now: the board by work centre, and production's part of an order."""

from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from desk.keyset import paginate
from people.roles import Right
from production import reports
from production.views.base import tab_context
from records.acts import require

SHOWN = {"": _("All"), "running": _("Running"), "waiting": _("Waiting"), "late": _("Late")}


def board(request):
    if not request.user.may(Right.SEE_ALL):
        require(request.user, Right.OPERATION_RUN)
    now = timezone.now()
    centre, shown = request.GET.get("centre", ""), request.GET.get("show", "")
    steps = _filtered(reports.board_steps(request.user), centre, shown, now).select_related(
        "owner", "order__customer", "line__product", "reworks"
    )
    page = paginate(steps, ("planned_end_at", "pk"), request.GET.get("after"), size=40)
    return render(request, "production/board.html", {
        "tiles": reports.tiles(request.user, now), "page": page, "rows": reports.step_rows(page.rows, now),
        "centre": centre, "shown": shown if shown in SHOWN else "", "choices": SHOWN.items(),
        "to_plan": reports.orders_to_plan(request.user) if request.user.may(Right.PLAN_MAKE) else [],
        "may_plan": request.user.may(Right.PLAN_MAKE), "now": now,
    })


def _filtered(steps, centre, shown, now):
    if centre:
        steps = steps.filter(work_centre=centre)
    if shown in ("running", "waiting"):
        steps = steps.filter(is_running=shown == "running")
    return steps.filter(planned_end_at__lt=now) if shown == "late" else steps


def order_tab(request, pk):
    context = tab_context(request, pk)
    context["tab"] = reports.order_tab(context["order"])
    context["now"] = timezone.now()
    return render(request, "production/order_tab.html", context)
