"""What the page of a month shows: rows with their figures, lines of the months before, and how one score came about."""

import math
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, F, Value
from django.db.models.functions import Coalesce
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from desk.keyset import paginate
from kpi import scoring
from kpi.actions import runs
from kpi.indicators import unit_of
from kpi.models import Adjustment, Appeal, Indicator, MonthRun, Score, ScoreCase, ScorePart
from kpi.months import Month
from kpi.visibility import mark_open, visible_scores

DEPARTMENTS, PEOPLE = "departments", "people"
MONTHS_SHOWN = 6
ROWS = 60
STRONG, FAIR, POOR = 90, 80, 70  # points: the tones of a bar
ORDER = ("-place", "-pk")


def tone(points) -> str:
    if points is None:
        return ""
    return "ok" if points >= STRONG else "" if points >= FAIR else "warn" if points >= POOR else "over"


def line_tone(grade) -> str:
    return {"A": "ok", "C": "warn", "D": "over"}.get(grade, "info")


def value_text(part: ScorePart) -> str:
    """`92.4 %`, `4.6 /5`."""
    return "–" if part.value is None else _amount(part.value, part.indicator)


def _amount(value, indicator) -> str:
    return f"{Decimal(value).quantize(Decimal('0.1'))} {unit_of(indicator).symbol}"


@dataclass
class Row:
    score: Score
    cells: list  # a part of each indicator, or None
    line: list = field(default_factory=list)
    is_own: bool = False

    @property
    def tone(self):
        return line_tone(self.score.grade)


@dataclass
class Step:
    label: object
    state: str  # done, now, todo
    note: object = ""

    @property
    def icon(self):
        return {"done": "check", "now": "play", "todo": "clock"}[self.state]


def steps(run, now) -> list[Step]:
    """Computing is done as soon as there is a run."""
    place = {"computed": 1, "appeals": 2, "published": 4}[run.state]
    labels = [_("Scored by itself"), _("Checked by departments"), _("Appeals"), _("Published")]
    found = [Step(label, "done" if number < place else "now" if number == place else "todo")
             for number, label in enumerate(labels)]  # fmt: skip
    if place in (1, 2):
        found[place].note = _left(run.checks_until if place == 1 else run.appeals_until, now)
    return found


def _left(until, now) -> str:
    if until is None or until <= now:
        return _("time is over")
    days = math.ceil((until - now).total_seconds() / 86400)
    return _("%(count)d days left") % {"count": days} if days > 1 else _("1 day left")


# The table


class Board:
    """One month for one person, departments or people."""

    def __init__(self, user, run, of, cursor=None, row=None):
        self.user, self.run = user, run
        self.all = visible_scores(user, run).select_related("department", "person")
        self.of = of if of in (DEPARTMENTS, PEOPLE) else self._usual()
        self.scores = self.all.filter(person__isnull=self.of == DEPARTMENTS)
        self.page = self._page(cursor)
        self.rows = self._rows()
        self.selected = self._selected(row)

    def _usual(self) -> str:
        return DEPARTMENTS if self.all.filter(person=None).exists() else PEOPLE

    def _page(self, cursor):
        others = self.scores.exclude(pk__in=[score.pk for score in self._own]).annotate(
            place=Coalesce("total", Value(Decimal(-1)))
        )
        return paginate(others, ORDER, cursor, size=ROWS)

    @cached_property
    def _own(self) -> list[Score]:
        mine = {"person__in": self.user.accounts} if self.of == PEOPLE else {"department": self.user.department_id}
        return list(self.scores.filter(**mine))

    def _rows(self) -> list[Row]:
        own = [] if self.page.previous_cursor else self._own  # one's own stands first, on the first page
        scores = [*own, *self.page]
        parts, lines = _parts(scores), _lines(self.run, scores)
        self.indicators = [one for one in Indicator if any(one in found for found in parts.values())]
        self.weights = _weights(parts, self.indicators)
        return [Row(score, [parts[score.pk].get(one) for one in self.indicators], lines.get(_subject(score), []),
                    score in own) for score in scores]  # fmt: skip

    def _selected(self, key) -> Row | None:
        wanted = next((row for row in self.rows if str(row.score.pk) == key), None)
        if wanted is None and (key or "").isdecimal() and (other := self.scores.filter(pk=key).first()):
            parts = _parts([other])[other.pk]
            wanted = Row(other, [parts.get(one) for one in self.indicators])
        return wanted or next(iter(self.rows), None)


def _subject(score) -> tuple:
    return (score.department_id if score.person_id is None else None, score.person_id)


def _parts(scores) -> dict:
    found = {score.pk: {} for score in scores}
    for part in ScorePart.objects.filter(score__in=found):
        part.tone, part.shown = tone(part.points), value_text(part)
        found[part.score_id][part.indicator] = part
    return found


def _weights(parts, indicators) -> list:
    """The weight of each column, where all rows have the same."""
    found = [{one[name].weight for one in parts.values() if name in one} for name in indicators]
    return [(name, next(iter(weights)) if len(weights) == 1 else None)
            for name, weights in zip(indicators, found, strict=True)]  # fmt: skip


def _months(run):
    first = (Month.of(run.month) - (MONTHS_SHOWN - 1)).first
    rows = MonthRun.objects.filter(month__gte=first, month__lt=run.month, state=MonthRun.State.PUBLISHED)
    return [*rows.values_list("pk", flat=True), run.pk]


def _lines(run, scores) -> dict:
    people = [score.person_id for score in scores if score.person_id]
    departments = [score.department_id for score in scores if not score.person_id]
    rows = Score.objects.filter(run__in=_months(run), total__isnull=False)
    rows = rows.filter(person__in=people) if people else rows.filter(person=None, department__in=departments)
    found = {}
    for score in rows.order_by("run__month"):
        found.setdefault(_subject(score), []).append(score.total)
    return found


# How a score came about


@dataclass
class Card:
    part: ScorePart
    line: list
    counts: list  # (label, number) of what was left out
    worst: list  # (order, value)

    @property
    def tone(self):
        return self.part.tone or "info"

    @property
    def bounds(self) -> tuple:
        return _amount(self.part.target, self.part.indicator), _amount(self.part.floor, self.part.indicator)


def cards(user, row) -> list[Card]:
    parts = [part for part in row.cells if part]
    lines, counts = _part_lines(row.score, parts), _counts(parts)
    worst = {part.pk: _worst(part) for part in parts}
    mark_open(user, row.score, [case for cases in worst.values() for case in cases])
    return [
        Card(part, lines.get(part.indicator, []), counts.get(part.pk, []),
             [(case.order, _amount(case.own, part.indicator)) for case in worst[part.pk] if case.is_linked])
        for part in parts
    ]  # fmt: skip


def _part_lines(score, parts) -> dict:
    rows = ScorePart.objects.filter(
        score__run__in=_months(score.run), score__department=score.department_id, score__person=score.person_id,
        points__isnull=False, indicator__in=[part.indicator for part in parts],
    )
    if score.person_id:
        rows = ScorePart.objects.filter(score__run__in=_months(score.run), score__person=score.person_id,
                                        points__isnull=False)  # fmt: skip
    found = {}
    for part in rows.order_by("score__run__month"):
        found.setdefault(part.indicator, []).append(part.points)
    return found


def _counts(parts) -> dict:
    rows = ScoreCase.objects.filter(part__in=parts).exclude(left_out="").order_by("left_out").values_list(
        "part", "left_out"
    ).annotate(count=Count("pk"))  # fmt: skip
    found = {}
    for part, why, count in rows:
        found.setdefault(part, []).append((ScoreCase.LeftOut(why).label, count))
    return found


def _worst(part, most=2) -> list[ScoreCase]:
    """The cases that missed the target most, where an order can be named."""
    rows = part.case_rows.filter(left_out="", denominator__gt=0, order__isnull=False).select_related("order")
    way = F("numerator") / F("denominator")
    rows = rows.order_by(way.desc() if part.target < part.floor else way.asc(), "pk")[:most]
    found = []
    for case in rows:
        case.own = scoring.ratio(case.numerator, case.denominator, unit_of(part.indicator).scale)
        if (case.own > part.target) if part.target < part.floor else (case.own < part.target):
            found.append(case)
    return found


# The rail


def appeals_of(board) -> list[Appeal]:
    rows = Appeal.objects.filter(run=board.run, part__score__in=board.all.values("pk"))
    return list(rows.select_related("part__score__person", "part__score__department", "raised_by", "decided_by"))


def adjustments_of(board) -> list[Adjustment]:
    rows = Adjustment.objects.filter(case__part__score__in=board.all.values("pk"))
    rows = rows.select_related("case__part__score__person", "case__part__score__department", "adjusted_by")
    return list(rows.select_related("case__order").order_by("-adjusted_at"))


def checks_of(run) -> list[tuple]:
    checked = {check.department_id: check for check in run.checks.select_related("checked_by")}
    return [(department, checked.get(department.pk)) for department in runs.scored(run)]
