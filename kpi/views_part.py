"""What stands behind one part of a score: its formula, and every order or event that it counts or leaves out."""

from django.db.models import Count
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _

from desk.keyset import paginate
from desk.text import duration, money
from kpi.actions.appeals import may_appeal_now, may_correct
from kpi.indicators import source_of, unit_of
from kpi.models import Indicator, MonthRun, Rule, ScoreCase
from kpi.months import Month
from kpi.rules import plain
from kpi.visibility import mark_open, visible_scores
from orders.money import may_see

PAGE_SIZE = 50
COLUMNS = {  # above and below the line of the formula
    Indicator.TIME: (_("Time used"), _("Time limit")), Indicator.ON_TIME: (_("Kept"), _("Due")),
    Indicator.QUALITY: (_("Without fault"), _("All")), Indicator.COST: (_("Actual"), _("Planned")),
    Indicator.SATISFACTION: (_("Stars"), _("Ratings")),
}  # fmt: skip
SHOWS = ("", "counted", "left")


def part_page(request, month, score, indicator):
    """`?show=counted` or `?show=left`; without it all."""
    of = Month.read(month)
    run = get_object_or_404(MonthRun.objects.select_related("rule_set"), month=of.first if of else None)
    scores = visible_scores(request.user, run).select_related("department", "person", "run")
    found = get_object_or_404(scores, pk=score)
    part = get_object_or_404(found.parts, indicator=indicator)
    show = request.GET.get("show", "")
    if show not in SHOWS:
        raise Http404
    cases = part.case_rows.select_related("order", "adjustment__adjusted_by")
    if show:
        cases = cases.filter(left_out="") if show == "counted" else cases.exclude(left_out="")
    page = paginate(cases, ("-at", "-pk"), request.GET.get("after"), size=PAGE_SIZE)
    scope = Rule.Scope.PERSON if found.person_id else Rule.Scope.DEPARTMENT
    source = source_of(indicator, scope, found.department.code)
    with_money = not source.is_money or may_see(request.user, "result")
    _draw(page, request.user, found, indicator, with_money)
    counts = dict(part.case_rows.order_by().values_list("left_out").annotate(Count("pk")))
    return render(request, "kpi/part.html", {
        "run": run, "month": of, "score": found, "part": part, "source": source, "page": page, "show": show,
        "unit": unit_of(indicator).symbol, "with_money": with_money, "columns": COLUMNS[indicator],
        "target": plain(part.target), "floor": plain(part.floor), "all_cases": sum(counts.values()),
        "may_leave_out": not run.is_published and may_correct(request.user, found),
        "may_appeal": may_appeal_now(request.user, run, found),
        "left_out": [(ScoreCase.LeftOut(reason).label, count) for reason, count in sorted(counts.items()) if reason],
    })  # fmt: skip


def _draw(page, user, score, indicator, with_money) -> None:
    """What the row may say to this person, and its two figures in their unit."""
    mark_open(user, score, page.rows)
    shown = FIGURES[indicator] if with_money else _nothing
    for case in page:
        case.above, case.below = shown(case.numerator), shown(case.denominator)


def _nothing(_figure) -> str:
    return "–"


FIGURES = {
    Indicator.TIME: lambda seconds: duration(float(seconds)), Indicator.ON_TIME: plain, Indicator.QUALITY: plain,
    Indicator.COST: money, Indicator.SATISFACTION: plain,
}  # fmt: skip
