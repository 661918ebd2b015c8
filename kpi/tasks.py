"""The clock of the monthly scores."""

from celery import shared_task
from django.utils import timezone

from kpi.actions import incentives, runs
from kpi.models import MonthRun, RuleSet
from kpi.months import Month
from orders.models import UrgentOrder


@shared_task
def score_ended_month(now=None) -> int:
    """From the first day of a month on: the month before it, once; nothing where there was no order yet."""
    now = now or timezone.now()
    month = Month.now(now) - 1
    if MonthRun.objects.filter(month=month.first).exists() or RuleSet.objects.of(month.first) is None:
        return 0
    if not UrgentOrder.objects.filter(submitted_at__lt=month.end).exists():
        return 0
    runs.begin(month=month.first, now=now)
    return 1


@shared_task
def keep_deadlines(now=None) -> None:
    """What comes by itself when a time has passed: appeals begin, the general manager is asked."""
    runs.keep_deadlines(now)
    incentives.end_replies(now)
