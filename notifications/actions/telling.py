"""What is told to whom, by which channel and when."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from notifications.models import Channel, Notification, Outbox, Preference, Robot


@dataclass(frozen=True)
class Message:
    """One thing to tell to some people; the key makes sure that each is told once, however often it is said.

    `is_urgent` passes quiet hours and the daily letter; `hold_seconds` keeps it back while the deed may be withdrawn.
    `department` (its key): whose robots hear it, where the channels name them; the company's where it has none. A
    group reads along, so only what any colleague may read goes by robot, and nothing with an amount in it ever does.
    `robots`: those that hear it, where the channels name them and not the department chooses.
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
    department: int | None = None
    robots: tuple = ()
    calendar: str = ""  # an invitation (ICS), which the letter carries as a file

    @property
    def is_for_groups(self) -> bool:
        return Channel.ROBOT in self.channels and "¥" not in f"{self.text}{self.params}"

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
    """Three statements, whatever the number of messages and recipients; a fourth where robots speak."""
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
    return [*_mails(messages, now), *_lines(messages, now)]


def _mails(messages, now) -> list[Outbox]:
    outward = [
        (message, person) for message in messages if Channel.EMAIL in message.channels
        for person in message.people if person.email
    ]
    people = {person.pk for _message, person in outward}
    preferences = {row.person_id: row for row in Preference.objects.filter(person__in=people)} if people else {}
    return [
        _mail(message, person, preferences.get(person.pk), now) for message, person in outward
        if person.pk not in preferences or preferences[person.pk].by_email
    ]


def _mail(message, person, preference, now) -> Outbox:
    start = now + timedelta(seconds=message.hold_seconds)
    has_digest = preference is not None and preference.digest_at is not None
    is_digest = has_digest and not message.is_urgent and not message.calendar
    if is_digest:
        start = next_time(start, preference.digest_at)
    elif not message.is_urgent:
        start = after_quiet_hours(start, preference)
    return _letter(message, Channel.EMAIL, person, start, now, recipient=person, is_digest=is_digest,
                   calendar=message.calendar)


def _lines(messages, now) -> list[Outbox]:
    """A group has no quiet hours: it is looked at by who is there."""
    loud = [message for message in messages if message.is_for_groups]
    robots = defaultdict(list)
    for robot in Robot.objects.active() if any(not message.robots for message in loud) else ():
        robots[robot.department_id].append(robot)
    return [
        _letter(message, Channel.ROBOT, robot, now + timedelta(seconds=message.hold_seconds), now, robot=robot)
        for message in loud for robot in message.robots or robots.get(message.department) or robots[None]
    ]


def _letter(message, channel, addressee, start, now, **values) -> Outbox:
    return Outbox(
        key=f"{message.key}:{channel}:{addressee.pk}", event=message.key, channel=channel, next_try_at=start,
        created_at=now, **message.said, **values,
    )


def next_time(moment: datetime, at: time) -> datetime:
    """When the clock shows this next, in the company's time zone."""
    local = timezone.localtime(moment)
    found = local.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return found if found >= local else found + timedelta(days=1)


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
    """What was given up by the machine is pointless now too: nobody need look at it."""
    return letters.open().update(state=Outbox.State.VOID, lease=None, next_try_at=None)


@transaction.atomic
def mark_read(*, by, notifications=None, now=None) -> int:
    """Mark one's own messages read: those given, or all."""
    mine = Notification.objects.filter(recipient=by).unread()
    if notifications is not None:
        mine = mine.filter(pk__in=[row.pk for row in notifications])
    return mine.update(read_at=now or timezone.now())
