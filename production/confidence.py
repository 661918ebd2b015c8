"""How sure a plan is, from our own past: how much later than planned like orders were really finished."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from desk.text import duration
from orders.machine import Outcome
from orders.models import OrderLine, OrderStep, Promise, StageRun, UrgentOrder
from production.models import Operation

SHARES = (50, 80, 95)
LEAST = 30  # fewer finished orders say nothing
LAST = 200
READ = 2 * LAST  # of which the like ones are chosen


@dataclass(frozen=True)
class Row:
    share: int
    seconds: int  # after the plan's finish; 0 = by then
    at: datetime

    @property
    def within(self) -> str:
        return duration(self.seconds) if self.seconds else ""


@dataclass(frozen=True)
class Band:
    """By when so many percent of like orders would be finished, planned to finish then."""

    count: int
    is_of_family: bool  # else of all products
    rows: list[Row]

    def snapshot(self) -> dict:
        """As it is kept beside a promise."""
        return {
            "count": self.count, "is_of_family": self.is_of_family,
            "rows": [{"share": row.share, "seconds": row.seconds, "at": row.at.isoformat()} for row in self.rows],
        }


def quantile(values, percent) -> float:
    """The smallest of the values that so many percent of them do not exceed."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)]


def delay_share(released_at, planned_at, finished_at) -> float | None:
    """Later than planned, as a share of the planned lead time; below 0 where it was earlier."""
    planned = (planned_at - released_at).total_seconds()
    return (finished_at - planned_at).total_seconds() / planned if planned > 0 else None


def rows_of(delays, finish_at, now) -> list[Row]:
    lead = max(0.0, (finish_at - now).total_seconds())
    seconds = [(share, int(max(0.0, quantile(delays, share) * lead))) for share in SHARES]
    return [Row(share, late, finish_at + timedelta(seconds=late)) for share, late in seconds]


def band(order, finish_at, now=None) -> Band | None:
    """Of the last finished orders of the same product family, of all where those are too few; None: nobody knows yet.

    Two statements.
    """
    if finish_at is None:
        return None
    family = order.lines.values_list("product__family", flat=True).first()
    past = _past(order)
    like = [delay for of_family, delay in past if of_family == family][:LAST]
    delays = like if len(like) >= LEAST else [delay for _family, delay in past][:LAST]
    if len(delays) < LEAST:
        return None
    return Band(len(delays), delays is like, rows_of(delays, finish_at, now or timezone.now()))


def _past(order) -> list[tuple]:
    """(family, delay) of delivered orders, the newest first, against the plan in force at their release.

    Where the customer changed the date afterwards that plan judges nobody.
    """
    of_order = {"order": OuterRef("pk")}
    released = StageRun.objects.filter(entered_step="approve", **of_order).order_by("number").values("entered_at")
    in_force = Operation.objects.filter(plan__order=OuterRef("pk"), plan__released_at__lte=OuterRef("release"))
    steps = OrderStep.objects.filter(finished_at__isnull=False, is_cancelled=False, **of_order)
    changed = Promise.objects.filter(cause=Promise.Cause.CUSTOMER, **of_order)
    rows = UrgentOrder.objects.filter(~Exists(changed), outcome=Outcome.DELIVERED).exclude(pk=order.pk).annotate(
        release=Subquery(released[:1]),
        planned=Subquery(in_force.order_by("-plan__version", "-ends_at").values("ends_at")[:1]),
        finish=Subquery(steps.order_by("-finished_at").values("finished_at")[:1]),
        family=Subquery(OrderLine.objects.filter(**of_order).values("product__family")[:1]),
    ).order_by("-submitted_at", "-pk").values_list("family", "release", "planned", "finish")[:READ]
    found = ((family, delay_share(*times)) for family, *times in rows if all(times))
    return [(family, delay) for family, delay in found if delay is not None]
