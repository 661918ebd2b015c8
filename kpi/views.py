from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from access import throttle
from desk.keyset import paginate
from desk.paper import pdf_response
from kpi import reports, weekly
from kpi.behind import BEHIND
from kpi.dossier import dossier
from kpi.weeks import Week
from orders.models import UrgentOrder
from orders.money import may_see
from orders.pages import visible_order
from people.roles import Right
from records.acts import require

RISKS_SHOWN = 5
CAUSES_SHOWN = 5
PAGE_SIZE = 50


def week_page(request):
    """The week of `?week=2026-W48`, or this one: last week against the week before, and what this week holds."""
    require(request.user, Right.SEE_FIGURES)
    now = timezone.now()
    week = Week.read(request.GET.get("week"), now)
    days = reports.on_time_by_day([week - 2, week - 1, week], now)
    on_time = [sum((days[day] for day in of.days), reports.OnTime()) for of in (week - 2, week - 1, week)]
    with_money = may_see(request.user, "result")
    lost = reports.time_lost(week - 1)
    is_now = week == Week.now(now)
    flows = reports.flows([week - 1, week], on_time[-2:], with_money=with_money)
    risk_count, risks = weekly.risk_rows(request.user, now, RISKS_SHOWN) if is_now else (0, [])
    return render(request, "kpi/weekly.html", {
        "week": week, "last": week - 1, "is_now": is_now, "now": now, "with_money": with_money,
        "following": week + 1 if week < Week.now(now) else None, "previous": week - 1,
        "figures": weekly.figures(week, now, on_time),
        "flows": list(zip((week - 1, week), flows, strict=True)),
        "stages": reports.lead_time_by_stage(week - 1),
        "lost": lost[:CAUSES_SHOWN], "lost_seconds": sum(loss.seconds for loss in lost),
        "risk_count": risk_count, "risks": risks,
        "dues": [(day, days[day]) for day in week.days], "dues_all": on_time[-1],
    })  # fmt: skip


def dossier_pdf(request, pk):
    """The whole order as one PDF, as far as this person may see it."""
    order = visible_order(request, pk)
    if order.is_draft:
        raise Http404
    throttle.hit("export", request.user.pk)
    paper = dossier(request.user, order)
    return pdf_response(paper, f"{paper.title} {order}")


def orders_behind(request, figure, of=""):
    """The orders that a number of the week counts, as far as this person may open them."""
    require(request.user, Right.SEE_FIGURES)
    behind = BEHIND.get(figure)
    if behind is None or (of not in behind.choices if behind.choices else of):
        raise Http404
    if figure == "urgency" and not may_see(request.user, "result"):
        raise Http404
    now = timezone.now()
    week = Week.read(request.GET.get("week"), now)
    orders = UrgentOrder.objects.visible_to(request.user).submitted().filter(pk__in=behind.keys(week, now, of))
    orders = orders.select_related("customer", "stage_item").annotate(wanted_at=reports.wanted_at())
    page = paginate(orders, ("-submitted_at", "-pk"), request.GET.get("after"), size=PAGE_SIZE)
    for order in page:
        order.face = order.stage_item.face(now) if order.stage_item else None
    return render(request, "kpi/orders.html", {
        "title": behind.title, "of": behind.choices[of] if of else "", "week": week, "page": page,
        "is_of_a_week": figure != "risk", "back_url": reverse("kpi:weekly"),
        "back_week": request.GET.get("week", ""),
    })
