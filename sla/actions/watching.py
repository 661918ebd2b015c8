"""Who looks after the clock itself."""

import logging
import time
from datetime import timedelta
from http.client import HTTPException
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from records.actions import CLOCK, record
from records.models import Event
from sla.actions.common import calls_of
from sla.models import Heartbeat, WorkItem
from sla.projection import point_at, project

log = logging.getLogger(__name__)

SWEEP_SECONDS, RECONCILE_SECONDS = 5, 600
JUMPED = "clock_jumped"
LARGEST_JUMP_SECONDS = 30
ONE_JUMP = timedelta(minutes=2)  # each process sees it
PING_SECONDS = 5


def beat(name, *, period_seconds, now=None, lag_seconds=0, counts=None, behind_since=None) -> None:
    heart = Heartbeat(name=name, period_seconds=period_seconds, ok_at=now or timezone.now(), lag_seconds=lag_seconds,
                      counts=counts or {}, behind_since=behind_since)
    fields = ["period_seconds", "ok_at", "lag_seconds", "counts", "behind_since"]
    Heartbeat.objects.bulk_create([heart], update_conflicts=True, unique_fields=["name"], update_fields=fields)


class ClockWatch:
    """The wall clock of this process held against the monotonic one."""

    def __init__(self):
        self.difference = time.time() - time.monotonic()

    def look(self) -> float:
        """By how many seconds it jumped since the last look."""
        difference = time.time() - time.monotonic()
        jump, self.difference = difference - self.difference, difference
        return jump


watch = ClockWatch()


def look_at_the_clock(now=None) -> None:
    """Say that the wall clock jumped, or that it stands before the last sweep. Deadlines go by it, whatever it says."""
    now = now or timezone.now()
    jump = watch.look()
    if abs(jump) <= LARGEST_JUMP_SECONDS:
        swept_at = Heartbeat.objects.filter(name="sweep").values_list("ok_at", flat=True).first()
        jump = min(0, (now - swept_at).total_seconds()) if swept_at else 0
    if abs(jump) > LARGEST_JUMP_SECONDS and not jumps(now - ONE_JUMP, now + ONE_JUMP).exists():
        log.warning("The clock of this machine jumped by %.0f seconds", jump)
        text = gettext_noop("The clock of this machine jumped by {seconds} seconds.")
        record(JUMPED, text, by=None, stream=CLOCK, params={"seconds": round(jump)}, at=now)


def jumps(since, until):
    return Event.objects.filter(stream=CLOCK, verb=JUMPED, at__gte=since, at__lte=until)


class NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


def ping(now=None) -> dict:
    """Tell a watch outside that the clock is wound: where this stays away, somebody else raises the alarm."""
    heart = Heartbeat.objects.filter(name="sweep").first()
    if not settings.HEARTBEAT_URL or heart is None or heart.is_late(now):
        return {}
    request = Request(settings.HEARTBEAT_URL, headers={"User-Agent": "urgent-order-desk"})
    try:
        with build_opener(NoRedirect).open(request, timeout=PING_SECONDS):
            return {}
    except (URLError, OSError, ValueError, HTTPException) as problem:
        host = urlsplit(settings.HEARTBEAT_URL).hostname  # the path may be a secret
        log.warning("The watch at %s was not reached: %s", host, problem)
        return {"fault": f"{host}: {problem}"[:300]}


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
