"""Telling people: written with the deed in one transaction, sent afterwards."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from notifications import mail
from notifications.models import Channel, Notification, Outbox, Preference

log = logging.getLogger(__name__)

RETRY_MINUTES = (1, 5, 15, 60)
LEASE = timedelta(seconds=90)
OUTWARD = (Channel.EMAIL,)


@transaction.atomic
def tell(*, key, recipients, text, params=None, url, source="", channels=("in_app", "email"), hold_seconds=0,
         is_urgent=False, by=None, now=None) -> None:
    """One message for each person, however often it is said: the key makes it so.

    `is_urgent` passes quiet hours; `hold_seconds` keeps it back while the deed may be withdrawn.
    """
    people = list({person.pk: person for person in recipients}.values())
    if not people:
        return
    now = now or timezone.now()
    start = now + timedelta(seconds=hold_seconds)
    message = {"text": text, "params": params or {}, "url": url, "source": source, "created_at": now}
    if Channel.IN_APP in channels:
        Notification.objects.bulk_create(
            [Notification(key=key, recipient=person, created_by=by, shown_from=start, **message) for person in people],
            ignore_conflicts=True,
        )
    outward = [channel for channel in channels if channel in OUTWARD]
    if outward:
        Outbox.objects.bulk_create(_letters(key, people, outward, start, is_urgent, message), ignore_conflicts=True)


def _letters(key, people, channels, start, is_urgent, message) -> list[Outbox]:
    preferences = {row.person_id: row for row in Preference.objects.filter(person__in=people)}
    letters = []
    for person in people:
        preference = preferences.get(person.pk)
        if not person.email or (preference and not preference.by_email):
            continue
        letters += [
            Outbox(
                key=f"{key}:{channel}:{person.pk}", event=key, channel=channel, recipient=person,
                next_try_at=start if is_urgent else after_quiet_hours(start, preference), **message,
            )
            for channel in channels
        ]
    return letters


def after_quiet_hours(moment: datetime, preference: Preference | None) -> datetime:
    """The moment, or the end of the quiet hours it falls into."""
    if preference is None or preference.quiet_from is None or preference.quiet_from == preference.quiet_until:
        return moment
    local = timezone.localtime(moment)
    begin, end = (local.replace(hour=t.hour, minute=t.minute, second=0, microsecond=0)
                  for t in (preference.quiet_from, preference.quiet_until))
    if begin < end:
        return end if begin <= local < end else moment
    if local >= begin:
        return end + timedelta(days=1)
    return end if local < end else moment


@transaction.atomic
def void(source: str, now=None) -> int:
    """Withdraw what has not been sent or shown yet; the number of letters kept back."""
    now = now or timezone.now()
    Notification.objects.filter(source=source, shown_from__gt=now, voided_at__isnull=True).update(voided_at=now)
    return Outbox.objects.filter(source=source).unsent().update(
        state=Outbox.State.VOID, lease=None, next_try_at=None
    )


@transaction.atomic
def mark_read(*, by, notifications=None, now=None) -> int:
    """Mark one's own messages read: those given, or all."""
    mine = Notification.objects.filter(recipient=by).unread()
    if notifications is not None:
        mine = mine.filter(pk__in=[row.pk for row in notifications])
    return mine.update(read_at=now or timezone.now())


@dataclass
class DispatchResult:
    taken: int = 0
    sent: int = 0
    failed: int = 0
    dead: int = 0


def dispatch(limit=50, now=None) -> DispatchResult:
    """Send what is due. Each letter goes out outside any transaction and is marked with the lease's token."""
    result = DispatchResult()
    for letter in _take(limit, now or timezone.now()):
        result.taken += 1
        if not _hold(letter, now or timezone.now()):
            continue
        try:
            mail.send(letter)
        except Exception as problem:  # the next letter must go out whatever this one's server says
            _put_back(letter, problem, now or timezone.now(), result)
        else:
            result.sent += _mark(letter, state=Outbox.State.SENT, sent_at=now or timezone.now(), error="")
    return result


@transaction.atomic
def _take(limit, now) -> list[Outbox]:
    letters = list(Outbox.objects.due(now).select_for_update(skip_locked=True, of=("self",))
                   .select_related("recipient")[:limit])
    lease = uuid4()
    Outbox.objects.filter(pk__in=[letter.pk for letter in letters]).update(
        state=Outbox.State.LEASED, lease=lease, next_try_at=now + LEASE
    )
    for letter in letters:
        letter.lease = lease
    return letters


def _hold(letter, now) -> bool:
    """Just before sending: still ours and not withdrawn? Then the try counts and the lease starts afresh."""
    letter.attempts += 1
    return bool(_ours(letter).update(next_try_at=now + LEASE, attempts=letter.attempts))


def _ours(letter):
    return Outbox.objects.filter(pk=letter.pk, state=Outbox.State.LEASED, lease=letter.lease)


def _mark(letter, **values) -> int:
    return _ours(letter).update(**({"lease": None, "next_try_at": None} | values))


@transaction.atomic
def _put_back(letter, problem, now, result) -> None:
    log.warning("Message %s was not sent: %s", letter.key, problem)
    result.failed += 1
    if letter.attempts <= len(RETRY_MINUTES) and not mail.is_final(problem):
        wait = timedelta(minutes=RETRY_MINUTES[letter.attempts - 1])
        _mark(letter, state=Outbox.State.WAITING, next_try_at=now + wait, error=str(problem))
        return
    if _mark(letter, state=Outbox.State.DEAD, error=str(problem)):
        result.dead += 1
        _another_channel(letter, now)


def _another_channel(letter, now) -> None:
    """What no server took is at least in the inbox."""
    Notification.objects.bulk_create(
        [Notification(key=letter.event, recipient=letter.recipient, text=letter.text, params=letter.params,
                      url=letter.url, source=letter.source, created_at=now, shown_from=now)],
        ignore_conflicts=True,
    )
