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


@dataclass(frozen=True)
class Message:
    """One thing to tell to some people; the key makes sure that each is told once, however often it is said.

    `is_urgent` passes quiet hours; `hold_seconds` keeps it back while the deed may be withdrawn.
    """

    key: str
    recipients: list
    text: str
    url: str
    params: dict | None = None
    source: str = ""
    channels: tuple = (Channel.IN_APP, Channel.EMAIL)
    hold_seconds: int = 0
    is_urgent: bool = False

    @property
    def people(self) -> list:
        return list({person.pk: person for person in self.recipients}.values())

    @property
    def said(self) -> dict:
        return {"text": self.text, "params": self.params or {}, "url": self.url, "source": self.source}


def tell(*, by=None, now=None, **message) -> None:
    tell_all([Message(**message)], by=by, now=now)


@transaction.atomic(savepoint=False)
def tell_all(messages, *, by=None, now=None) -> None:
    """Three statements, whatever the number of messages and recipients."""
    now = now or timezone.now()
    shown = [
        Notification(key=message.key, recipient=person, created_by=by, created_at=now,
                     shown_from=now + timedelta(seconds=message.hold_seconds), **message.said)
        for message in messages if Channel.IN_APP in message.channels for person in message.people
    ]
    if shown:
        Notification.objects.bulk_create(shown, ignore_conflicts=True)
    if letters := _letters(messages, now):
        Outbox.objects.bulk_create(letters, ignore_conflicts=True)


def _letters(messages, now) -> list[Outbox]:
    outward = [
        (message, channel, person) for message in messages for person in message.people if person.email
        for channel in message.channels if channel in OUTWARD
    ]
    people = {person.pk for _message, _channel, person in outward}
    preferences = {row.person_id: row for row in Preference.objects.filter(person__in=people)} if people else {}
    return [
        _letter(message, channel, person, preferences.get(person.pk), now) for message, channel, person in outward
        if person.pk not in preferences or preferences[person.pk].by_email
    ]


def _letter(message, channel, person, preference, now) -> Outbox:
    start = now + timedelta(seconds=message.hold_seconds)
    return Outbox(
        key=f"{message.key}:{channel}:{person.pk}", event=message.key, channel=channel, recipient=person,
        next_try_at=start if message.is_urgent else after_quiet_hours(start, preference), created_at=now,
        **message.said,
    )


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


@transaction.atomic(savepoint=False)
def void(*sources: str, now=None) -> int:
    """Withdraw what has not been sent or shown yet; the number of letters kept back."""
    return _void(Notification.objects.filter(source__in=sources), Outbox.objects.filter(source__in=sources), now)


@transaction.atomic(savepoint=False)
def void_messages(*keys: str, now=None) -> int:
    """The same for single messages."""
    return _void(Notification.objects.filter(key__in=keys), Outbox.objects.filter(event__in=keys), now)


def _void(shown, letters, now) -> int:
    now = now or timezone.now()
    shown.filter(shown_from__gt=now, voided_at__isnull=True).update(voided_at=now)
    return _keep_back(letters)


def void_letters(*sources: str) -> int:
    """The same for sources whose messages are shown at once."""
    return _keep_back(Outbox.objects.filter(source__in=sources))


def _keep_back(letters) -> int:
    return letters.unsent().update(state=Outbox.State.VOID, lease=None, next_try_at=None)


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
