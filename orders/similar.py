"""Orders like the one that is being entered: perhaps the same wish, told twice."""

from datetime import timedelta

from django.db.models import Prefetch
from django.utils import timezone

from orders.machine import Stage
from orders.models import OrderLine, UrgentOrder
from records.models import CompanySettings


def like_orders(*, user, customer, products, besides=None, now=None) -> list[UrgentOrder]:
    """Same customer and product, submitted within the company's window; the newest three a person may see."""
    if customer is None or not products:
        return []
    since = (now or timezone.now()) - timedelta(days=CompanySettings.current().duplicate_window_days)
    lines = OrderLine.objects.filter(product__in=products).select_related("product")
    found = (
        UrgentOrder.objects.visible_to(user)
        .filter(customer=customer, submitted_at__gte=since, pk__in=lines.values("order"))
        .exclude(stage__in=[Stage.DECLINED, Stage.CANCELLED])
        .exclude(pk=besides)
        .prefetch_related(Prefetch("lines", queryset=lines, to_attr="like_lines"))
    )
    return list(found.order_by("-submitted_at")[:3])
