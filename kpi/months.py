"""Months of the company's calendar: from the first day 00:00 to the next one's, in its time zone."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_date


@dataclass(frozen=True, order=True)
class Month:
    first: date

    @classmethod
    def of(cls, day: date) -> "Month":
        return cls(day.replace(day=1))

    @classmethod
    def now(cls, now: datetime | None = None) -> "Month":
        return cls.of(timezone.localdate(now or timezone.now()))

    @classmethod
    def read(cls, text) -> "Month | None":
        """`2026-10`; None for nonsense."""
        try:
            day = parse_date(f"{text}-01")
        except ValueError:
            return None
        return cls(day) if day and 2000 <= day.year <= 2100 else None

    def __add__(self, months: int) -> "Month":
        count = self.first.year * 12 + self.first.month - 1 + months
        return Month(date(count // 12, count % 12 + 1, 1))

    def __sub__(self, months: int) -> "Month":
        return self + -months

    def __str__(self):
        return f"{self.first:%Y-%m}"

    @property
    def start(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.first, time.min))

    @property
    def end(self) -> datetime:
        return (self + 1).start

    @property
    def last_day(self) -> date:
        return (self + 1).first - timedelta(days=1)

    def holds(self, column: str) -> dict:
        """As arguments of a filter: the moment in this column lies in the month."""
        return {f"{column}__gte": self.start, f"{column}__lt": self.end}
