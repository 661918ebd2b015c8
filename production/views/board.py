"""Who makes what now: the board by work centre, and production's part of an order."""

from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from desk.keyset import paginate
from orders.seeing import open_among
from people.roles import Right
from production import reports, tracing
from production.forms import DelayForm
from production.models import Slip
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
    order, now = context["order"], timezone.now()
    tab = reports.order_tab(order, now=now)
    slips = list(Slip.objects.open().filter(order=order)) if tab.plan else []
    is_asked = bool(slips) or "why" in request.GET
    context |= {
        "tab": tab, "now": now, "slips": slips, "slack": _slack(tab),
        "may_ask_delay": bool(tab.plan and may_ask(request.user)),
        "chain": tracing.chain(order, now=now) if tab.plan and is_asked else [],
    }
    return render(request, "production/order_tab.html", context)


def _slack(tab) -> dict:
    """Of the spare time that the plan left, so much is used up as things go."""
    finish = tab.plan.finish_at if tab.plan else None
    if not (finish and tab.promised_at and tab.predicted_finish):
        return {}
    return {
        "total": int((tab.promised_at - finish).total_seconds()),
        "used": max(0, int((tab.predicted_finish - finish).total_seconds())),
    }


def may_ask(user) -> bool:
    return any(map(user.may, (Right.PLAN_MAKE, Right.SUPPLY_BUY, Right.SEE_ALL)))


def delay(request, pk):
    """If a material came later: which operations and orders move, and what of it is felt after the spare time."""
    if not may_ask(request.user):
        require(request.user, Right.PLAN_MAKE)
    context = tab_context(request, pk)
    order = context["order"]
    form = DelayForm(request.GET or None, order=order)
    context |= {"form": form, "shifts": None}
    if form.is_valid():
        context |= _effects(request.user, form.cleaned_data)
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, "production/delay.html", context, status=status)


def _effects(user, asked) -> dict:
    shifts, lost, names = tracing.effects(asked["material"], asked["hours"], now=timezone.now())
    seen = open_among(user, names)
    hidden = _("another order")
    return {
        "shifts": [{"shift": shift, "name": shift.node.label if shift.node.order in seen else hidden}
                   for shift in shifts],
        "losses": [{"loss": loss, "name": str(names[loss.order]) if loss.order in seen else hidden} for loss in lost],
    }
