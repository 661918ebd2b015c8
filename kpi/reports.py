"""Figures of weeks, each computed from the records by one statement, however many weeks and orders.

What a figure means stands beside it on the page; tests/kpi/test_definitions.py says the same in plain Python.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Avg, Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, When, Window
from django.db.models.functions import Coalesce, RowNumber, TruncDate

from kpi.weeks import Week, in_weeks, place_in
from orders.machine import PATH, Stage
from orders.models import CostEntry, Issue, Promise, Rating, StageRun, UrgentOrder
from quality.models import Inspection
from sla.kinds import Kind
from sla.models import Pause, PolicyVersion, WorkItem

DELIVERED_STATES = (WorkItem.State.MET, WorkItem.State.MET_LATE)


def percent(part, whole) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def _by_week(rows, weeks, nothing) -> list:
    found = {row.pop("week"): row for row in rows}
    return [nothing(**found[place]) if place in found else nothing() for place in range(len(weeks))]


# On time: first promises kept ÷ due


@dataclass(frozen=True)
class OnTime:
    due: int = 0
    kept: int = 0
    missed: int = 0  # the promised moment has passed and the order was not delivered by then

    def __add__(self, other: "OnTime") -> "OnTime":
        return OnTime(self.due + other.due, self.kept + other.kept, self.missed + other.missed)

    @property
    def percent(self) -> float | None:
        """Of those that are decided: what may still be kept is neither."""
        return percent(self.kept, self.kept + self.missed)


def first_promises() -> QuerySet:
    """The first promise of each order, and every one that the customer caused."""
    earlier = Promise.objects.filter(order=OuterRef("order"), pk__lt=OuterRef("pk"))
    return Promise.objects.filter(Q(cause=Promise.Cause.CUSTOMER) | ~Exists(earlier)).order_by()


def is_overtaken() -> Exists:
    """By a later change of the customer's own."""
    later = Promise.objects.filter(order=OuterRef("order"), pk__gt=OuterRef("pk"))
    return Exists(later.filter(cause=Promise.Cause.CUSTOMER))


def is_given_up() -> Exists:
    """Before the review, which is the third stage, nothing is promised: those given up earlier need no look."""
    runs = StageRun.objects.filter(order=OuterRef("order"), entered_step__in=("cancel", "decline"), number__gt=3)
    return Exists(runs)


def judged_promises() -> QuerySet:
    """One promise an order: the first, or the customer's own last change; none of orders that were given up."""
    return first_promises().filter(~is_overtaken(), ~is_given_up())


def with_delivery(promises) -> QuerySet:
    """`delivered_at`: when the order last left for the customer with its proof."""
    deliveries = StageRun.objects.filter(order=OuterRef("order"), entered_step="deliver").order_by("-entered_at")
    return promises.annotate(delivered_at=Subquery(deliveries.values("entered_at")[:1]))


def is_kept() -> Q:
    return Q(delivered_at__lte=F("promised_at"))


def is_missed(now) -> Q:
    return Q(promised_at__lt=now) & (Q(delivered_at__isnull=True) | Q(delivered_at__gt=F("promised_at")))


def on_time_by_day(weeks: list[Week], now: datetime) -> dict[date, OnTime]:
    """Grouped by the verdict, so that the delivery is looked up once an order."""
    promises = with_delivery(judged_promises().filter(**in_weeks("promised_at", weeks)))
    verdict = Case(When(is_kept(), then=True), default=False)
    rows = promises.values(day=TruncDate("promised_at"), verdict=verdict).annotate(
        due=Count("pk"), past=Count("pk", filter=Q(promised_at__lt=now))
    )
    found = {day: OnTime() for week in weeks for day in week.days}
    for row in rows:
        kept, missed = (row["due"], 0) if row["verdict"] else (0, row["past"])
        found[row["day"]] += OnTime(row["due"], kept, missed)
    return found


def on_time(weeks: list[Week], now: datetime) -> list[OnTime]:
    days = on_time_by_day(weeks, now)
    return [sum((days[day] for day in week.days), OnTime()) for week in weeks]


# Processing time: from submission to delivery, by the clock of the whole order


@dataclass(frozen=True)
class Median:
    orders: int = 0
    seconds: float | None = None


def processing_times() -> QuerySet:
    """Clocks of whole orders that ended with the delivery; while an order is paused its clock stands."""
    return WorkItem.objects.filter(kind=Kind.ORDER, state__in=DELIVERED_STATES)


def processing_time(weeks: list[Week]) -> list[Median]:
    """The middle one, or the mean of the two in the middle."""
    clocks = processing_times().filter(**in_weeks("closed_at", weeks)).annotate(week=place_in("closed_at", weeks))
    placed = clocks.annotate(
        turn=Window(RowNumber(), partition_by="week", order_by=["consumed_seconds", "pk"]),
        orders=Window(Count("pk"), partition_by="week"),
    )
    middle = placed.filter(turn__gte=F("orders") / 2.0, turn__lte=F("orders") / 2.0 + 1)
    found = {}
    for week, orders, seconds in middle.values_list("week", "orders", "consumed_seconds"):
        found.setdefault(week, (orders, []))[1].append(seconds)
    medians = {week: Median(orders, sum(middle) / len(middle)) for week, (orders, middle) in found.items()}
    return [medians.get(place, Median()) for place in range(len(weeks))]


# Stays in a stage against their limits


@dataclass(frozen=True)
class StageFigures:
    stage: str
    runs: int = 0
    used_seconds: int = 0
    limit_seconds: int = 0
    late: int = 0
    over_seconds: int = 0

    @property
    def label(self):
        return Stage(self.stage).label

    @property
    def in_time_percent(self) -> float | None:
        return percent(self.runs - self.late, self.runs)

    @property
    def used_percent(self) -> float | None:
        """Used of the allowed time; above 100 the stage needs longer than its limit."""
        return percent(self.used_seconds, self.limit_seconds)

    @property
    def late_percent(self) -> float:
        return percent(self.late, self.runs) or 0.0


def timed_runs() -> QuerySet:
    """Stays that ended and had a clock; what was walked through does not count, paused time is not used time.

    Its index holds all that is asked of them, so count `left_at`, which is always there, and not the key.
    """
    return StageRun.objects.filter(
        is_carried=False, used_seconds__isnull=False, limit_seconds__isnull=False, left_at__isnull=False
    ).order_by()


IS_OVER = Q(used_seconds__gt=F("limit_seconds"))


def lead_time_by_stage(week: Week) -> list[StageFigures]:
    runs = timed_runs().filter(stage__in=PATH[1:], **in_weeks("left_at", [week]))
    rows = runs.values("stage").annotate(
        runs=Count("left_at"), used=Sum("used_seconds"), limit=Sum("limit_seconds"),
        late=Count("left_at", filter=IS_OVER),
        over=Coalesce(Sum(F("used_seconds") - F("limit_seconds"), filter=IS_OVER), 0),
    )
    found = {row["stage"]: StageFigures(*(row[name] for name in ("stage", "runs", "used", "limit", "late", "over")))
             for row in rows}  # fmt: skip
    return [found.get(stage, StageFigures(stage)) for stage in PATH[1:]]


@dataclass(frozen=True)
class Overruns:
    stays: int = 0
    late: int = 0


def confirmation_overruns(weeks: list[Week]) -> list[Overruns]:
    runs = timed_runs().filter(stage=Stage.CONFIRMATION, **in_weeks("left_at", weeks))
    rows = runs.values(week=place_in("left_at", weeks)).annotate(
        stays=Count("left_at"), late=Count("left_at", filter=IS_OVER)
    )
    return _by_week(rows, weeks, Overruns)


# First-pass yield: passed the first time ÷ inspected


@dataclass(frozen=True)
class FirstPass:
    inspected: int = 0
    passed: int = 0

    @property
    def percent(self) -> float | None:
        return percent(self.passed, self.inspected)


def first_inspections() -> QuerySet:
    """Final inspections, without those of a line where an earlier one found bad pieces: they come again."""
    earlier = Inspection.objects.filter(
        line=OuterRef("line"), kind=Inspection.Kind.FINAL, failed__gt=0, pk__lt=OuterRef("pk")
    )
    return Inspection.objects.filter(~Exists(earlier), kind=Inspection.Kind.FINAL).order_by()


def first_pass(weeks: list[Week]) -> list[FirstPass]:
    rows = first_inspections().filter(**in_weeks("inspected_at", weeks)).values(week=place_in("inspected_at", weeks))
    return _by_week(rows.annotate(inspected=Sum(F("passed") + F("failed")), passed=Sum("passed")), weeks, FirstPass)


# Customers' ratings


@dataclass(frozen=True)
class Satisfaction:
    answers: int = 0
    stars: float | None = None


def satisfaction(weeks: list[Week]) -> list[Satisfaction]:
    rows = Rating.objects.order_by().filter(**in_weeks("rated_at", weeks)).values(week=place_in("rated_at", weeks))
    return _by_week(rows.annotate(answers=Count("pk"), stars=Avg("stars")), weeks, Satisfaction)


# Time lost, by cause


@dataclass(frozen=True)
class Loss:
    list: str  # where its orders are: paused | stopped
    cause: str
    label: object
    cases: int
    seconds: float
    of_most: int = 0  # per cent of the longest


def pauses() -> QuerySet:
    return Pause.objects.filter(ended_at__isnull=False, item__source__startswith="order:").order_by()


def problems() -> QuerySet:
    """Solved ones for which the work had stopped."""
    return Issue.objects.filter(solved_at__isnull=False, is_stopping=True).order_by()


def time_lost(week: Week) -> list[Loss]:
    """Pauses and stops that ended in the week, hours of day and night, the longest first; two statements."""
    paused = _spent(pauses().filter(**in_weeks("ended_at", [week])).values("reason"), "ended_at", "started_at")
    stopped = _spent(problems().filter(**in_weeks("solved_at", [week])).values("kind"), "solved_at", "raised_at")
    found = [("paused", row["reason"], PolicyVersion.PauseReason(row["reason"]).label, row) for row in paused]
    found += [("stopped", row["kind"], Issue.Kind(row["kind"]).label, row) for row in stopped]
    most = max((_seconds(row) for *_name, row in found), default=0)
    losses = [Loss(*name, row["cases"], _seconds(row), round(100 * _seconds(row) / most) if most else 0)
              for *name, row in found]  # fmt: skip
    return sorted(losses, key=lambda loss: -loss.seconds)


def _spent(rows, end, start):
    return rows.annotate(cases=Count("pk"), spent=Sum(F(end) - F(start)))


def _seconds(row) -> float:
    return row["spent"].total_seconds()


# What came, what went, what it cost


@dataclass(frozen=True)
class Flow:
    new: int = 0
    finished: int = 0
    late: int = 0
    urgency_amount: Decimal | int = 0


def deliveries() -> QuerySet:
    return StageRun.objects.filter(entered_step="deliver").order_by()


def urgency_costs() -> QuerySet:
    return CostEntry.objects.filter(cause=CostEntry.Cause.URGENCY, is_planned=False).order_by()


def flows(weeks: list[Week], kept: list[OnTime], *, with_money: bool) -> list[Flow]:
    new = _one_by_week(UrgentOrder.objects.order_by(), "submitted_at", weeks, Count("pk"))
    finished = _one_by_week(deliveries(), "entered_at", weeks, Count("order", distinct=True))
    costs = _one_by_week(urgency_costs(), "recorded_at", weeks, Sum("amount")) if with_money else {}
    return [
        Flow(new.get(place, 0), finished.get(place, 0), kept[place].missed, costs.get(place, 0))
        for place in range(len(weeks))
    ]


def _one_by_week(rows, column, weeks, aggregate) -> dict:
    rows = rows.filter(**in_weeks(column, weeks)).values(week=place_in(column, weeks)).annotate(total=aggregate)
    return {row["week"]: row["total"] for row in rows}


# Orders at risk now

SOON, PROMISE_SOON = timedelta(hours=4), timedelta(days=1)


def wanted_at():
    """What stands promised now, else what the customer asked for."""
    last = Promise.objects.filter(order=OuterRef("pk")).order_by("-pk").values("promised_at")[:1]
    return Coalesce(Subquery(last), F("required_at"))


def at_risk(now: datetime) -> QuerySet:
    """Living orders whose stage is past its limit or will be within 4 hours, or whose promise is within a day."""
    living = UrgentOrder.objects.filter(stage__in=PATH[1:], stage_item__closed_at__isnull=True)
    living = living.exclude(stage_item=None).annotate(wanted_at=wanted_at())
    is_promise_near = Q(wanted_at__lt=now + PROMISE_SOON) & ~Q(stage=Stage.SETTLEMENT)
    return living.filter(Q(stage_item__due_at__lt=now + SOON) | is_promise_near)
