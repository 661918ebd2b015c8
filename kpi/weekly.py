"""The figures of one week's meeting: last week against the week before, and what this week holds."""

from dataclasses import dataclass, field
from datetime import datetime

from django.core.cache import cache
from django.db.models import Count, Prefetch, Window
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from desk.text import shown
from kpi import reports
from kpi.models import Target
from kpi.weeks import Week
from orders.machine import Stage
from orders.models import Issue, OrderLine, UrgentOrder
from orders.pages import title_of
from orders.problems import ORDERING

HISTORY, HISTORY_SECONDS = 8, 600
F = Target.Figure


@dataclass(frozen=True)
class Kind:
    """How a figure is named, told and judged."""

    label: object
    unit: object
    meaning: object
    behind: str  # the list of orders it opens
    is_less_better: bool = False
    decimals: int = 0


KINDS = {
    F.ON_TIME: Kind(
        gettext_lazy("On-time delivery"), "%",
        gettext_lazy("First promises kept ÷ due. Judged anew only after a change of the customer."), "due",
    ),
    F.PROCESSING: Kind(
        gettext_lazy("Median processing time"), gettext_lazy("h"),
        gettext_lazy("From submission to delivery, paused time left out."), "timed", is_less_better=True,
    ),
    F.OVERRUNS: Kind(
        gettext_lazy("Confirmations over the limit"), "",
        gettext_lazy("Stays in confirmation that ended after their limit."), "overruns", is_less_better=True,
    ),
    F.FIRST_PASS: Kind(
        gettext_lazy("First-pass yield"), "%",
        gettext_lazy("Pieces passed the first time ÷ inspected, at final inspection."), "rejected", decimals=1,
    ),
    F.SATISFACTION: Kind(
        gettext_lazy("Customer satisfaction"), "/5",
        gettext_lazy("Mean of the customers' ratings that came in the week."), "rated", decimals=1,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Point:
    """A figure in one week, with what it was made of."""

    value: float | None
    source: str = ""
    counts: dict = field(default_factory=dict)

    @property
    def basis(self) -> str:
        return _(self.source) % self.counts


@dataclass(frozen=True)
class Figure:
    code: str
    kind: Kind
    points: list[Point]  # the week before last, and last week
    target: float | None
    history: list[float | None]  # the six weeks before them

    @property
    def last(self) -> Point:
        return self.points[-1]

    @property
    def before(self) -> Point:
        return self.points[-2]

    @property
    def tone(self) -> str:
        """Against the target: what is reached is green."""
        if self.last.value is None or self.target is None:
            return "none"
        is_low = self.last.value <= self.target
        is_reached = is_low if self.kind.is_less_better else not is_low or self.last.value == self.target
        return "ok" if is_reached else "over"

    @property
    def nothing(self) -> str:
        return _("no answers yet") if self.code == F.SATISFACTION else _("nothing to count")

    @property
    def before_text(self) -> str:
        return self._told(self.before.value)

    @property
    def target_text(self) -> str:
        return self._told(self.target)

    def _told(self, value) -> str:
        return f"{value:.{self.kind.decimals}f} {self.kind.unit}".strip()

    @property
    def line(self) -> list[float]:
        """Eight weeks, the oldest first."""
        values = [*self.history, *(point.value for point in self.points)]
        return [value for value in values if value is not None]


def figures(week: Week, now: datetime, on_time: list[reports.OnTime]) -> list[Figure]:
    """Last week and the week before from the records as they stand; the line before them may be minutes old."""
    recent = points([week - 2, week - 1], on_time[:2])
    history = cache.get_or_set(f"kpi-history-{week}", lambda: _history(week, now), HISTORY_SECONDS)
    targets = dict(Target.objects.values_list("figure", "value"))
    return [Figure(code, kind, recent[code], _number(targets.get(code)), history[code])
            for code, kind in KINDS.items()]  # fmt: skip


def points(weeks: list[Week], on_time: list[reports.OnTime]) -> dict[str, list[Point]]:
    return {
        F.ON_TIME: [_on_time(row) for row in on_time],
        F.PROCESSING: [_processing(row) for row in reports.processing_time(weeks)],
        F.OVERRUNS: [_overruns(row) for row in reports.confirmation_overruns(weeks)],
        F.FIRST_PASS: [_first_pass(row) for row in reports.first_pass(weeks)],
        F.SATISFACTION: [_satisfaction(row) for row in reports.satisfaction(weeks)],
    }


def _history(week, now) -> dict[str, list[float]]:
    weeks = [week - back for back in range(HISTORY, 2, -1)]
    found = points(weeks, reports.on_time(weeks, now))
    return {str(code): [point.value for point in found[code]] for code in found}


def _number(value) -> float | None:
    return None if value is None else float(value)


def _on_time(row) -> Point:
    return Point(row.percent, gettext_noop("%(kept)d of %(due)d due"), {"kept": row.kept, "due": row.due})


def _processing(row) -> Point:
    hours = None if row.seconds is None else round(row.seconds / 3600)
    return Point(hours, gettext_noop("%(count)d delivered"), {"count": row.orders})


def _overruns(row) -> Point:
    return Point(row.late if row.stays else None, gettext_noop("of %(count)d confirmations"), {"count": row.stays})


def _first_pass(row) -> Point:
    return Point(row.percent, gettext_noop("of %(count)d pieces"), {"count": row.inspected})


def _satisfaction(row) -> Point:
    stars = None if row.stars is None else round(float(row.stars), 1)
    return Point(stars, gettext_noop("%(count)d answers"), {"count": row.answers})


@dataclass(frozen=True)
class RiskRow:
    order: object
    what: str
    why: str | dict  # what somebody wrote, or a sentence of the desk's own
    face: object
    why_source: str = ""  # where the clock says it, not a person

    @property
    def said(self) -> str:
        return shown(self.why)


def risk_rows(user, now, limit: int) -> tuple[int, list[RiskRow]]:
    """How many, and the most pressing that this person may open; `user=None`: whoever opens them."""
    pressing = reports.at_risk(now).order_by("stage_item__due_at", "pk").annotate(every=Window(Count("*")))
    found = list(pressing.values_list("pk", "every")[:limit])
    keys = [pk for pk, _every in found]
    seen = UrgentOrder.objects.all() if user is None else UrgentOrder.objects.visible_to(user)
    shown = seen.filter(pk__in=keys).select_related("customer", "stage_item")
    problems = Issue.objects.filter(solved_at__isnull=True).order_by(*ORDERING)
    lines = OrderLine.objects.select_related("product")
    orders = shown.prefetch_related(Prefetch("lines", queryset=lines), Prefetch("issues", queryset=problems))
    rows = [_risk_row(order, now) for order in sorted(orders, key=lambda order: keys.index(order.pk))]
    return (found[0][1] if found else 0), rows


def _risk_row(order, now) -> RiskRow:
    face = order.stage_item.face(now) if order.stage_item else None
    problems = list(order.issues.all())
    source = "" if problems else _why(face)
    why = problems[0].told() if problems else why_text(source, order.stage)
    return RiskRow(order, title_of(order, list(order.lines.all())), why, face, source)


def _why(face) -> str:
    """What the clock says, where nobody has raised a problem in words."""
    if face and face.seconds_left < 0:
        return gettext_noop("%(stage)s takes longer than its limit")
    if face and face.state == "crit":
        return gettext_noop("The limit of %(stage)s is near")
    return gettext_noop("The promised time is near")


def why_text(source, stage) -> str:
    return _(source) % {"stage": Stage(stage).label}
