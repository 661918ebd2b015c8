"""Repairs what should not be, and says so: each clock against its truth, each escalation against its messages."""

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from notifications.actions import tell_all
from notifications.models import Notification, Outbox
from people.models import User
from records.actions import CLOCK, record
from sla.actions.common import calls_of
from sla.actions.sweeping import key_of, message, words_of
from sla.actions.watching import beat
from sla.models import Escalation, Heartbeat, WorkItem
from sla.projection import point_at, project

log = logging.getLogger(__name__)

RECONCILE_SECONDS = 600
MOST_ITEMS = 20_000  # of a run; the next one goes on behind them
MOST_ESCALATIONS = 10_000
LOOKED_BACK = timedelta(hours=1)
SETTLED = timedelta(minutes=1)


def reconcile(now=None) -> dict:
    now = now or timezone.now()
    after = _after()
    suspects, last = _suspects(after)
    repaired = [pk for pk in sorted(suspects) if _repair(pk)]
    untold = _tell_untold(now)
    _say("items_repaired", REPAIRED, repaired, now)
    _say("untold_told", UNTOLD, untold, now)
    counts = {"repaired": len(repaired), "items": repaired[:50], "untold": len(untold), "after": last}
    beat("reconcile", period_seconds=RECONCILE_SECONDS, now=now, counts=counts)
    return counts


REPAIRED = gettext_noop("{number} clocks did not follow from what they had used and were set right.")
UNTOLD = gettext_noop("{number} tasks had an escalation without its message, which was written.")


def _say(verb, text, items, now) -> None:
    if items:
        log.warning("Reconciled work items (%s): %s", verb, items[:50])
        params = {"number": len(items), "work_items": items[:50]}
        record(verb, text, by=None, stream=CLOCK, at=now, params=params)


def _after() -> int:
    heart = Heartbeat.objects.filter(name="reconcile").first()
    return heart.counts.get("after", 0) if heart else 0


def _suspects(after) -> tuple[set, int]:
    """Those of this run's share that look wrong, and any that would never fire; behind whom the next run begins."""
    living = WorkItem.objects.living().filter(failures=0).select_related("policy_version").order_by("pk")
    share = living.filter(pk__gt=after)[:MOST_ITEMS].prefetch_related(*TRUTH)
    found, number, last = set(), 0, after
    for item in share.iterator(chunk_size=500):
        number, last = number + 1, item.pk
        if _is_wrong(item):
            found.add(item.pk)
    forgotten = living.filter(next_fire_at__isnull=True, next_level__isnull=False)
    found |= set(forgotten.values_list("pk", flat=True)[:MOST_ITEMS]) if after or number == MOST_ITEMS else set()
    return found, last if number == MOST_ITEMS else 0


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


def _tell_untold(now) -> list[int]:
    """Items of which the record says that somebody was told, and nothing was written to them."""
    rows = Escalation.objects.select_related("item__department", "item__assignee", "item__policy_version")
    newest = Escalation.objects.order_by("-pk").values("pk")[:MOST_ESCALATIONS]
    recent = rows.filter(
        pk__in=newest, fired_at__gt=now - LOOKED_BACK, fired_at__lt=now - SETTLED, level__gt=0,
        outcome=Escalation.Outcome.FIRED, item__closed_at__isnull=True,
    )
    calls = {row.pk: _call_of(row) for row in recent}
    missing = [row for row in recent if calls[row.pk]]
    keys = [key_of(row.item, calls[row.pk]) for row in missing]
    known = set(Notification.objects.filter(key__in=keys).values_list("key", "recipient"))
    told = []
    for row, key in zip(missing, keys, strict=True):
        people = [pk for pk in _recipients(row) if (key, pk) not in known and not _was_told(row.item, key, pk)]
        if people and _tell(row.item, calls[row.pk], key, people, now):
            told.append(row.item_id)
    return sorted(set(told))


def _call_of(row):
    return next((call for call in calls_of(row.item) if call.place == (row.level, row.repeat)), None)


def _recipients(row) -> list[int]:
    return [person["id"] for person in row.recipients]


def _was_told(item, key, person) -> bool:
    """By letter alone, or with what else piled up in an outage."""
    behind = f"{item.source}:behind:"
    letters = Outbox.objects.filter(recipient=person)
    return (
        letters.filter(event=key).exists() or letters.filter(event__startswith=behind).exists()
        or Notification.objects.filter(recipient=person, key__startswith=behind).exists()
    )


def _tell(item, call, key, people, now) -> bool:
    found = list(User.objects.filter(pk__in=people, is_active=True))
    if found:
        tell_all([message(item, key, found, words_of(item, call), source=item.message_source, step=call.step)], now=now)
    return bool(found)
