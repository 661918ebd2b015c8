"""Work items about an order as they start: under a hold their clocks stand from the first moment."""

from django.utils import timezone

from sla import actions as sla
from sla.models import WorkItem


def start(order, openings, *, by, now=None) -> list[WorkItem]:
    now = now or timezone.now()
    items = sla.open_items(openings, by=by, now=now)
    return [stand_still(order, item, by, now) for item in items] if order.is_held else items


def stand_still(order, item, by, now) -> WorkItem:
    is_over = order.hold.until <= now
    return item if is_over else sla.pause(item, reason="hold", by=by, until=order.hold.until, now=now)
