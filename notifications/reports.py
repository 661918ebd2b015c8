"""What is on its way and what is not."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone

from notifications.models import Notification, Outbox

STATE = Outbox.State


@dataclass(frozen=True)
class Backlog:
    waiting: int
    dead: int
    oldest_seconds: int  # since the oldest letter should have gone out


def unread_count(user) -> int:
    """For the bell."""
    return Notification.objects.inbox_of(user).unread().count()


def backlog(now=None) -> Backlog:
    """Letters given up count for a week: then somebody has seen them."""
    now = now or timezone.now()
    facts = Outbox.objects.filter(state__in=[STATE.WAITING, STATE.LEASED, STATE.DEAD]).aggregate(
        waiting=Count("pk", filter=~Q(state=STATE.DEAD)),
        dead=Count("pk", filter=Q(state=STATE.DEAD, created_at__gt=now - timedelta(days=7))),
        oldest=Min("next_try_at", filter=~Q(state=STATE.DEAD)),
    )
    oldest = facts["oldest"]
    late = int((now - oldest).total_seconds()) if oldest and oldest < now else 0
    return Backlog(facts["waiting"], facts["dead"], late)
