"""All the orders a person may see, with what is late or will be."""

from django.db.models import Max, OuterRef, Prefetch, Q, Subquery
from django.shortcuts import render
from django.utils import timezone

from desk.keyset import paginate
from orders.forms.listing import OrderFilter
from orders.machine import FINAL
from orders.models import OrderLine, OrderStep, Promise, UrgentOrder
from people.roles import Right

PAGE_SIZE = 30


def orders(request):
    form = OrderFilter(request.GET, user=request.user)
    found = form.apply(UrgentOrder.objects.visible_to(request.user).submitted())
    page = paginate(_with_all_a_row_shows(found), ("-submitted_at", "-pk"), request.GET.get("after"), size=PAGE_SIZE)
    now = timezone.now()
    for order in page:
        order.face = order.stage_item.face(now) if order.stage_item else None
        order.lateness = lateness(order, now)
    context = {"form": form, "page": page, "may_create": request.user.may(Right.ORDER_CREATE)}
    return render(request, "orders/order_list.html", context)


def _with_all_a_row_shows(orders):
    last_promise = Promise.objects.filter(order=OuterRef("pk")).order_by("-pk").values("promised_at")[:1]
    planned_end = (
        OrderStep.objects.filter(order=OuterRef("pk"), is_cancelled=False).values("order")
        .annotate(end=Max("planned_end_at")).values("end")
    )  # fmt: skip
    lines = OrderLine.objects.select_related("product")
    return (
        orders.select_related("customer", "created_by", "stage_item")
        .annotate(promised_at=Subquery(last_promise), planned_end_at=Subquery(planned_end))
        .prefetch_related(Prefetch("lines", queryset=lines))
    )


def lateness(order, now) -> int | None:
    """Seconds by which the plan ends after what was promised, or wanted; negative = to spare, None = not known."""
    wanted = order.promised_at or order.required_at
    if order.stage in FINAL or wanted is None:
        return None
    end = max(order.planned_end_at, now) if order.planned_end_at else (now if now > wanted else None)
    return int((end - wanted).total_seconds()) if end else None


def drafts(request):
    """One's own forms that are not submitted; the sales head sees everybody's."""
    found = UrgentOrder.objects.visible_to(request.user).filter(Q(submitted_at__isnull=True), closed_at__isnull=True)
    lines = OrderLine.objects.select_related("product")
    rows = found.select_related("customer", "created_by").prefetch_related(Prefetch("lines", queryset=lines))
    page = paginate(rows, ("-created_at", "-pk"), request.GET.get("after"), size=PAGE_SIZE)
    return render(request, "orders/draft_list.html", {"page": page, "may_create": request.user.may(Right.ORDER_CREATE)})
