"""Weeks of the company: Monday midnight to Monday midnight in its own time zone."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Case, IntegerField, Value, When
from django.utils import timezone
from django.utils.dateparse import parse_date

ISO_WEEK = re.compile(r"(\d{4})-W(\d{2})")


@dataclass(frozen=True, order=True)
class Week:
    monday: date

    @classmethod
    def of(cls, day: date) -> "Week":
        return cls(day - timedelta(days=day.weekday()))

    @classmethod
    def now(cls, now=None) -> "Week":
        return cls.of(timezone.localdate(now))

    @classmethod
    def read(cls, text, now=None) -> "Week":
        """`2026-W47`, or any day of it; nonsense is this week."""
        day = _day(text or "")
        return cls.of(day) if day and 2000 < day.year < 2100 else cls.now(now)

    def __add__(self, weeks: int) -> "Week":
        return Week(self.monday + timedelta(weeks=weeks))

    def __sub__(self, weeks: int) -> "Week":
        return self + -weeks

    def __str__(self):
        year, number, _day = self.monday.isocalendar()
        return f"{year}-W{number:02d}"

    @property
    def number(self) -> int:
        return self.monday.isocalendar().week

    @property
    def days(self) -> list[date]:
        return [self.monday + timedelta(days=number) for number in range(7)]

    @property
    def sunday(self) -> date:
        return self.days[-1]

    @property
    def start(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.monday, time.min))

    @property
    def end(self) -> datetime:
        return (self + 1).start


def _day(text) -> date | None:
    try:
        if found := ISO_WEEK.fullmatch(text):
            return date.fromisocalendar(int(found[1]), int(found[2]), 1)
        return parse_date(text)
    except ValueError:
        return None


def in_weeks(column: str, weeks: list[Week]) -> dict:
    """The filter of a span of consecutive weeks."""
    return {f"{column}__gte": weeks[0].start, f"{column}__lt": weeks[-1].end}


def place_in(column: str, weeks: list[Week]) -> Case:
    """Which of the consecutive weeks a moment inside them lies in, from 0."""
    whens = [When(**{f"{column}__lt": week.end}, then=Value(place)) for place, week in enumerate(weeks)]
    return Case(*whens, output_field=IntegerField())
