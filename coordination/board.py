"""The figures on the wall: computed from the records before the start, stored as they stand when the meeting starts.

What is stored is numbers and English sources, so that it reads in three languages for ever; money lies apart.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from operator import attrgetter

from django.core.cache import cache
from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from desk.faces import ClockFace
from desk.text import shown
from kpi import reports, weekly
from kpi.weeks import Week
from orders.machine import PATH, Stage
from orders.models import CostEntry, Issue, UrgentOrder
from orders.money import may_see
from orders.seeing import open_among
from production.models import Operation, WorkCentre
from sla.models import PolicyVersion, calendar_of

RISKS_SHOWN, CAUSES_SHOWN, CENTRES_SHOWN = 5, 5, 4
KEPT_SECONDS = 30  # before the start everybody looks at once
LABELS = {"paused": PolicyVersion.PauseReason, "stopped": Issue.Kind}


@dataclass(frozen=True)
class Month:
    """To the end of the meeting's week, from the first: beside weeks in the same reports."""

    monday: date
    until: date

    @classmethod
    def around(cls, week: Week) -> "Month":
        """The month of the week's Monday: the days that have been are last week's month where it has just begun."""
        return cls(week.monday.replace(day=1), week.sunday)

    @property
    def days(self) -> list[date]:
        return [self.monday + timedelta(days=number) for number in range((self.until - self.monday).days + 1)]

    @property
    def start(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.monday, datetime.min.time()))

    @property
    def end(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.until + timedelta(days=1), datetime.min.time()))


def computed(week: Week, now: datetime) -> tuple[dict, dict]:
    """The board of a week as it stands, and its money."""
    spans = [Month.around(week), week - 2, week - 1, week]
    days = reports.on_time_by_day(sorted(spans, key=attrgetter("start")), now)
    in_month, *on_time = [sum((days[day] for day in span.days), reports.OnTime()) for span in spans]
    flows = reports.flows([week - 1, week], on_time[-2:], with_money=True)
    flows += reports.flows(spans[:1], [in_month], with_money=True)
    lost = reports.time_lost(week - 1)
    count, risks = weekly.risk_rows(None, now, RISKS_SHOWN)
    figures = [_figure(figure) for figure in weekly.figures(week, now, on_time)]
    board = {
        "figures": figures, "risk_count": count, "risks": [_risk(row) for row in risks], "at_work": _at_work(),
        "lost": [{"list": row.list, "cause": row.cause, "seconds": row.seconds, "of_most": row.of_most}
                 for row in lost[:CAUSES_SHOWN]],
        "lost_seconds": sum(row.seconds for row in lost),
        "flows": [_flow(row) for row in flows],
        "due": on_time[-1].due, "load": load(week, now),
    }  # fmt: skip
    money = {"flows": [str(row.urgency_amount) for row in flows], "planned": str(_planned_cost(week))}
    return json.loads(json.dumps(board, default=float)), money  # PostgreSQL counts in decimals


def _figure(figure) -> dict:
    return {"code": str(figure.code), "points": [asdict(point) for point in figure.points], "target": figure.target,
            "history": figure.history}


def _risk(row) -> dict:
    face = row.face
    return {
        "order": row.order.pk, "number": str(row.order), "customer": str(row.order.customer), "what": row.what,
        "why": "" if row.why_source else row.why, "why_source": row.why_source, "stage": row.order.stage,
        "department": row.order.department_code,
        "face": face and {"state": face.state, "seconds_left": face.seconds_left, "percent": face.percent,
                          "due_at": face.due_at and face.due_at.isoformat(), "limit_seconds": face.limit_seconds},
    }  # fmt: skip


def _flow(row) -> dict:
    return {"new": row.new, "finished": row.finished, "late": row.late}


def _at_work() -> int:
    return UrgentOrder.objects.order_by().filter(stage__in=PATH[1:]).count()


def _planned_cost(week) -> Decimal:
    """What the plans of this week's orders let urgency cost."""
    due = reports.judged_promises().filter(promised_at__gte=week.start, promised_at__lt=week.end).values("order")
    planned = CostEntry.objects.filter(cause=CostEntry.Cause.URGENCY, is_planned=True, order__in=due)
    return planned.order_by().aggregate(total=Sum("amount"))["total"] or Decimal(0)


def load(week, now) -> list[dict]:
    """The fullest work centres: what is planned there this week, against what is open of it; two statements."""
    booked = Operation.objects.committed().order_by().filter(
        starts_at__gte=week.start, starts_at__lt=week.end, is_external=False
    )
    found = booked.values("work_centre").annotate(seconds=Sum("work_seconds"), operations=Count("pk"))
    rows = {row["work_centre"]: row for row in found}
    centres = WorkCentre.objects.filter(pk__in=rows).select_related("calendar")
    full = [_loaded(centre, rows[centre.pk], week) for centre in centres]
    return sorted(full, key=lambda row: -row["percent"])[:CENTRES_SHOWN]


def _loaded(centre, row, week) -> dict:
    opened = calendar_of(centre.calendar.edition_id).between(week.start, week.end) * centre.slots
    return {"centre": str(centre), "seconds": row["seconds"], "operations": row["operations"],
            "percent": (percent := round(100 * row["seconds"] / opened) if opened else 100), "bar": min(100, percent)}


# Read again


@dataclass(frozen=True)
class Risk:
    order_id: int
    number: str
    customer: str
    what: str
    why: str | dict
    why_source: str
    stage: str
    department: str
    face: ClockFace | None
    is_open: bool = True  # to the reader

    @property
    def stage_label(self):
        return Stage(self.stage).label

    @property
    def why_text(self) -> str:
        return weekly.why_text(self.why_source, self.stage) if self.why_source else shown(self.why)


@dataclass
class Row:
    """A line of "last week and this week"."""

    label: str
    week: Week | None
    new: int | None
    finished: int | None
    late: int | None
    amount: Decimal | None = None
    is_plan: bool = False


@dataclass
class Board:
    week: Week
    said: dict
    money: dict | None
    at: datetime
    reader: object
    is_frozen: bool = False

    @cached_property
    def figures(self) -> list[weekly.Figure]:
        return [
            weekly.Figure(row["code"], weekly.KINDS[row["code"]], [weekly.Point(**point) for point in row["points"]],
                          row["target"], row["history"])
            for row in self.said["figures"]
        ]  # fmt: skip

    @cached_property
    def risks(self) -> list[Risk]:
        found = [_thawed(row) for row in self.said["risks"]]
        seen = open_among(self.reader, [row.order_id for row in found])
        return [replace(row, is_open=row.order_id in seen) for row in found]

    @property
    def last(self) -> Week:
        return self.week - 1

    @property
    def lost(self) -> list[reports.Loss]:
        return [reports.Loss(row["list"], row["cause"], LABELS[row["list"]](row["cause"]).label, 0, row["seconds"],
                             row["of_most"]) for row in self.said["lost"]]  # fmt: skip

    @property
    def rows(self) -> list[Row]:
        last, this, month = self.said["flows"]
        amounts = [Decimal(amount) for amount in self.money["flows"]] if self.money else [None] * 3
        planned = Decimal(self.money["planned"]) if self.money else None
        return [
            Row(_("Last week (actual)"), self.week - 1, **last, amount=amounts[0]),
            Row(_("This week so far"), self.week, **this, amount=amounts[1]),
            Row(_("This week (planned)"), self.week, None, self.said["due"], None, planned, is_plan=True),
            Row(_("This month"), None, **month, amount=amounts[2]),
        ]


def _thawed(row) -> Risk:
    face = row["face"]
    if face:
        due = face["due_at"] and datetime.fromisoformat(face["due_at"])
        face = ClockFace(**face | {"due_at": due})
    return Risk(row["order"], *(row[name] for name in ("number", "customer", "what", "why", "why_source", "stage",
                                                       "department")), face)  # fmt: skip


def board_of(meeting, reader, now=None) -> Board:
    """The frozen one of a started meeting; before it what the records say, kept a short while."""
    now = now or timezone.now()
    with_money = may_see(reader, "result")
    if meeting.figures is not None:
        return Board(meeting.week, meeting.figures, meeting.money_figures if with_money else None, meeting.figures_at,
                     reader, is_frozen=True)
    said, money, at = cache.get_or_set(
        f"meeting-board-{meeting.week}", lambda: (*computed(meeting.week, now), now), KEPT_SECONDS
    )
    return Board(meeting.week, said, money if with_money else None, at, reader)
