import structlog
from django.db import transaction
from django.utils import timezone

from orders.actions import clocks
from orders.machine import FINAL, Stage
from orders.models import UrgentOrder

log = structlog.get_logger(__name__)


def repair_orders_without_item() -> int:
    """Open the missing clock of every living stage; gives how many there were."""
    stray = UrgentOrder.objects.submitted().exclude(stage__in=[*FINAL, Stage.IDENTIFICATION])
    keys = list(stray.filter(stage_item__isnull=True).values_list("pk", flat=True)[:500])
    for pk in keys:
        _open_missing(pk)
    return len(keys)


@transaction.atomic
def _open_missing(pk):
    order = UrgentOrder.objects.select_for_update(of=("self",)).get(pk=pk)
    run = order.runs.filter(left_at__isnull=True).first()
    if order.stage_item_id or run is None:
        return
    clocks.enter(order, run, None, timezone.now())
    order.save(update_fields=["stage_item"])
    log.warning("order_without_clock_repaired", order=order.number, stage=order.stage)
