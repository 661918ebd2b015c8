"""What is on its way and what is not."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.db.models import Count, Min, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from notifications.models import Notification, Outbox, Robot
from people.models import User

SEEN_AFTER = timedelta(days=7)
LONG = timedelta(minutes=5)
LOAD_DAYS = 7


@dataclass(frozen=True)
class Backlog:
    waiting: int
    dead: int
    oldest_seconds: int  # since the oldest letter should have gone out


def unread(user):
    """For the bell."""
    return Notification.objects.inbox_of(user).unread()


def unread_count(user) -> int:
    return unread(user).count()


def backlog(now=None) -> Backlog:
    """Letters given up count for a week: then somebody has seen them."""
    now = now or timezone.now()
    unsent = Outbox.objects.unsent().aggregate(waiting=Count("pk"), oldest=Min("next_try_at"))
    oldest = unsent["oldest"]
    late = int((now - oldest).total_seconds()) if oldest and oldest < now else 0
    return Backlog(unsent["waiting"], undelivered_count(now), late)


def undelivered_count(now=None) -> int:
    """For the red line on every page of an administrator."""
    since = (now or timezone.now()) - SEEN_AFTER
    return Outbox.objects.dead().filter(created_at__gt=since).count()


def letters(state="open", channel="", now=None):
    """What did not arrive, or is late to."""
    now = now or timezone.now()
    late = Q(next_try_at__isnull=False) & (Q(attempts__gt=0) | Q(next_try_at__lt=now - LONG))
    dead = Q(state=Outbox.State.DEAD)
    chosen = {"open": late | dead, "dead": dead, "late": late, "given_up": Q(state=Outbox.State.GIVEN_UP)}
    found = Outbox.objects.filter(chosen[state]).select_related("recipient", "robot", "given_up_by")
    return found.filter(channel=channel) if channel else found


@dataclass(frozen=True)
class Load:
    """How many messages a person got on each of the last days."""

    person: User
    numbers: list

    @property
    def total(self) -> int:
        return sum(self.numbers)


def days(now=None) -> list:
    """The last days, today first."""
    today = timezone.localdate(now)
    return [today - timedelta(days=number) for number in range(LOAD_DAYS)]


def loads(now=None, most=20) -> list[Load]:
    """Who gets most comes first: too many messages are read by nobody."""
    shown = days(now)
    begin = timezone.make_aware(datetime.combine(shown[-1], time()))
    rows = Notification.objects.filter(created_at__gte=begin, voided_at__isnull=True).order_by().values_list(
        "recipient", TruncDate("created_at")
    )
    counted = defaultdict(dict)
    for person, day, number in rows.annotate(Count("pk")):
        counted[person][day] = number
    first = sorted(counted, key=lambda person: (-sum(counted[person].values()), person))[:most]
    people = User.objects.in_bulk(first)
    return [Load(people[pk], [counted[pk].get(day, 0) for day in shown]) for pk in first]


def robots_of_rooms(kind) -> list[Robot]:
    """Those that say in their groups what is said in the rooms of orders, of this kind."""
    wanted = Robot.Rooms.PROGRESS if kind == "progress" else Robot.Rooms.ISSUES
    return list(Robot.objects.active().filter(rooms__in=[Robot.Rooms.ALL, wanted]))
