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
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from desk.refusals import Changed
from desk.text import sentence
from records.actions import CLOCK, record
from records.models import Event
from sla.models import Heartbeat, WorkItem

log = logging.getLogger(__name__)

SWEEP_SECONDS = 5
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


@transaction.atomic
def try_again(item, *, by, now=None) -> WorkItem:
    """An item that could not be escalated: the next sweep takes it."""
    now = now or timezone.now()
    item = WorkItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
    if not item.is_living or not item.failures:
        raise Changed(_("This task needs no other try any more."))
    item.failures, item.next_fire_at = 0, now
    item.save(update_fields=["failures", "next_fire_at"])
    text = gettext_noop("{what} is to be tried again. It failed with: {fault}")
    record("try_again", text, by=by, stream=CLOCK, at=now,
           params={"what": sentence(item.subject, item.params), "fault": item.fault, "work_items": [item.pk]})
    return item


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
