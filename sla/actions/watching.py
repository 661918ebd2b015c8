"""Who looks after the clock itself."""

import logging

from django.db import transaction
from django.utils import timezone

from sla.actions.common import calls_of
from sla.models import Heartbeat, WorkItem
from sla.projection import point_at, project

log = logging.getLogger(__name__)

SWEEP_SECONDS, RECONCILE_SECONDS = 5, 600


def beat(name, *, period_seconds, now=None, lag_seconds=0, counts=None, behind_since=None) -> None:
    Heartbeat.objects.update_or_create(
        name=name,
        defaults={"period_seconds": period_seconds, "ok_at": now or timezone.now(), "lag_seconds": lag_seconds,
                  "counts": counts or {}, "behind_since": behind_since},
    )


def reconcile(now=None) -> dict:
    """Repair what should not be: an item whose next moment does not follow from its truth."""
    now = now or timezone.now()
    living = WorkItem.objects.living().filter(failures=0).select_related("policy_version").order_by("pk")
    suspects = [item.pk for item in living.prefetch_related(*TRUTH).iterator(chunk_size=500) if _is_wrong(item)]
    repaired = [pk for pk in suspects if _repair(pk)]
    if repaired:
        log.warning("Reconciled work items %s", repaired)
    counts = {"repaired": len(repaired), "items": repaired[:50]}
    beat("reconcile", period_seconds=RECONCILE_SECONDS, now=now, counts=counts)
    return counts


TRUTH = ("escalations", "pauses")


def _is_wrong(item) -> bool:
    """Whether what is stored differs from what follows from budget, used seconds and the escalations written."""
    stored = _derived(item)
    calls = calls_of(item)
    done = {(row.level, row.repeat) for row in item.escalations.all()}
    point_at(item, next((call for call in calls if call.place not in done), None))
    open_pause = next((row for row in item.pauses.all() if row.ended_at is None), None)
    project(item, calls, open_pause and open_pause.until)
    return stored != _derived(item)


def _derived(item) -> tuple:
    return (item.due_at, item.next_fire_at, item.next_level, item.next_repeat, item.is_provisional)


@transaction.atomic
def _repair(pk) -> bool:
    item = (WorkItem.objects.living().select_for_update(skip_locked=True, of=("self",))
            .select_related("policy_version").prefetch_related(*TRUTH).filter(pk=pk).first())
    if item is None or not _is_wrong(item):
        return False
    item.save()
    return True
