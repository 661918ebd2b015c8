"""Orders like the one that is being entered: perhaps the same wish, told twice."""

from datetime import timedelta

from django.db.models import Prefetch, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from orders.machine import Stage
from orders.models import OrderLine, UrgentOrder
from records.models import CompanySettings


def like_orders(*, user, customer, products, besides=None, now=None) -> list[UrgentOrder]:
    """Same customer and product, submitted within the company's window; the newest three a person may see.

    The window is asked for in the same statement: every submission asks this.
    """
    if customer is None or not products:
        return []
    now, window = now or timezone.now(), CompanySettings.objects.values("duplicate_window_days")[:1]
    lines = OrderLine.objects.filter(product__in=products).select_related("product")
    found = (
        UrgentOrder.objects.visible_to(user)
        .filter(customer=customer, submitted_at__isnull=False, pk__in=lines.values("order"))
        .exclude(stage__in=[Stage.DECLINED, Stage.CANCELLED])
        .exclude(pk=besides)
        .annotate(window_days=Coalesce(Subquery(window), CompanySettings().duplicate_window_days))
        .prefetch_related(Prefetch("lines", queryset=lines, to_attr="like_lines"))
    )
    newest = found.order_by("-submitted_at")[:3]
    return [order for order in newest if order.submitted_at >= now - timedelta(days=order.window_days)]
