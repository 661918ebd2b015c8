"""Figures of a span of time, each computed from the records by one query."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, OuterRef, Q, Subquery, Sum

from orders.machine import PATH, Stage
from orders.models import Promise, StageRun, UrgentOrder


@dataclass(frozen=True)
class StageFigures:
    stage: str
    runs: int = 0
    used_seconds: int = 0
    limit_seconds: int = 0
    in_time: int = 0

    @property
    def label(self):
        return Stage(self.stage).label

    @property
    def in_time_percent(self) -> int | None:
        return round(100 * self.in_time / self.runs) if self.runs else None

    @property
    def used_percent(self) -> int | None:
        """Used of the allowed time; above 100 the stage needs longer than its limit."""
        return round(100 * self.used_seconds / self.limit_seconds) if self.limit_seconds else None

    @property
    def mean_seconds(self) -> int | None:
        return self.used_seconds // self.runs if self.runs else None

    @property
    def is_late(self) -> bool:
        return self.used_seconds > self.limit_seconds


@dataclass(frozen=True)
class OnTime:
    due: int = 0
    kept: int = 0

    @property
    def percent(self) -> int | None:
        return round(100 * self.kept / self.due) if self.due else None


def lead_time_by_stage(start: datetime, end: datetime) -> list[StageFigures]:
    """Stays in each stage that ended in the span and had a clock; what was walked through does not count."""
    runs = StageRun.objects.filter(
        left_at__gte=start, left_at__lt=end, is_carried=False, used_seconds__isnull=False, limit_seconds__isnull=False
    )
    rows = runs.order_by().values("stage").annotate(
        runs=Count("pk"), used=Sum("used_seconds"), limit=Sum("limit_seconds"),
        in_time=Count("pk", filter=Q(used_seconds__lte=F("limit_seconds"))),
    )
    found = {
        row["stage"]: StageFigures(row["stage"], row["runs"], row["used"], row["limit"], row["in_time"]) for row in rows
    }
    return [found.get(stage, StageFigures(stage)) for stage in PATH[1:]]


def on_time_by_first_promise(start: datetime, end: datetime) -> OnTime:
    """Orders whose first promise fell due in the span, and how many came out of delivery by then.

    Judged on the first promise after the last change that the customer caused; cancelled orders are not due.
    """
    delivered = StageRun.objects.filter(order=OuterRef("pk"), stage=Stage.DELIVERY, left_at__isnull=False)
    living = UrgentOrder.objects.exclude(stage__in=[Stage.CANCELLED, Stage.DECLINED]).exclude(outcome="cancelled")
    orders = living.annotate(
        judged_at=Subquery(_judged_promise()),
        delivered_at=Subquery(delivered.order_by("-number").values("left_at")[:1]),
    ).filter(judged_at__gte=start, judged_at__lt=end)
    counts = orders.aggregate(due=Count("pk"), kept=Count("pk", filter=Q(delivered_at__lte=F("judged_at"))))
    return OnTime(**counts)


def _judged_promise():
    of_customer = Promise.objects.filter(order=OuterRef("order"), cause=Promise.Cause.CUSTOMER)
    turn = Subquery(of_customer.order_by("-pk").values("pk")[:1])
    judged = Promise.objects.filter(order=OuterRef("pk")).annotate(turn=turn)
    return judged.filter(Q(turn__isnull=True) | Q(pk__gte=F("turn"))).order_by("pk").values("promised_at")[:1]


@dataclass(frozen=True)
class Flow:
    submitted: int
    closed: int
    cancelled: int
    open_now: int
    late_now: int


def flow(start: datetime, end: datetime, now: datetime) -> Flow:
    """Orders that came, went and stand: one query."""
    return Flow(**UrgentOrder.objects.submitted().aggregate(
        submitted=Count("pk", filter=Q(submitted_at__gte=start, submitted_at__lt=end)),
        closed=Count("pk", filter=Q(stage=Stage.CLOSED, closed_at__gte=start, closed_at__lt=end)),
        cancelled=Count("pk", filter=Q(stage=Stage.CANCELLED, closed_at__gte=start, closed_at__lt=end)),
        open_now=Count("pk", filter=~Q(stage__in=[Stage.CLOSED, Stage.CANCELLED, Stage.DECLINED])),
        late_now=Count("pk", filter=Q(stage_item__due_at__lt=now)),
    ))
