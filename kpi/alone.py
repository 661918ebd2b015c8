"""The month's decisions of one person in a case of their own."""

from datetime import datetime, time, timedelta

from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date

from desk.keyset import paginate
from people.roles import Right
from records.acts import require
from records.models import SoleDecision


def decided_alone(start: datetime, end: datetime):
    return SoleDecision.objects.filter(decided_at__gte=start, decided_at__lt=end).select_related("decided_by")


def month_page(request):
    """`?month=2026-11`; without it this month."""
    require(request.user, Right.SEE_FIGURES)
    now = timezone.now()
    start = month_start(request.GET.get("month"), now)
    end = month_after(start)
    page = paginate(decided_alone(start, end), ("-decided_at", "-pk"), request.GET.get("after"))
    return render(request, "kpi/alone.html", {
        "page": page, "start": start, "previous": start - timedelta(days=1), "following": end if end <= now else None,
    })


def month_start(text, now) -> datetime:
    """The first day 00:00 in the company's time zone; nonsense is this month."""
    try:
        day = parse_date(f"{text}-01")
    except ValueError:
        day = None
    day = day if day and 2000 < day.year < 2100 else timezone.localdate(now)
    return timezone.make_aware(datetime.combine(day.replace(day=1), time.min))


def month_after(start) -> datetime:
    day = (timezone.localdate(start) + timedelta(days=31)).replace(day=1)
    return timezone.make_aware(datetime.combine(day, time.min))
