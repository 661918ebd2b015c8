"""What is on its way and what is not."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Min
from django.utils import timezone

from notifications.models import Notification, Outbox


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
    dead = Outbox.objects.dead().filter(created_at__gt=now - timedelta(days=7)).count()
    return Backlog(unsent["waiting"], dead, late)
