from datetime import datetime, time, timedelta

from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date

from kpi import reports
from people.roles import Right
from records.acts import require

WEEK = timedelta(days=7)


def weekly(request):
    """One week's figures; `?week=2026-11-16` shows the week of that day."""
    require(request.user, Right.SEE_FIGURES)
    now = timezone.now()
    start = week_start(request.GET.get("week"), now)
    end = start + WEEK
    return render(request, "kpi/weekly.html", {
        "start": start, "last_day": end - timedelta(days=1),
        "previous": (start - WEEK).date(), "following": end.date() if end <= now else None,
        "stages": reports.lead_time_by_stage(start, end),
        "on_time": reports.on_time_by_first_promise(start, min(end, now)),
        "flow": reports.flow(start, end, now),
    })


def week_start(text, now) -> datetime:
    """Monday 00:00 in the company's time zone; nonsense is this week."""
    try:
        day = parse_date(text or "")
    except ValueError:
        day = None
    day = day if day and 2000 < day.year < 2100 else timezone.localdate(now)
    monday = day - timedelta(days=day.weekday())
    return timezone.make_aware(datetime.combine(monday, time.min))
