"""The scores of a month as a workbook and as the notice on paper (考核通报)."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from desk import paper
from desk.export import book_response, xlsx_book
from kpi.board import value_text
from kpi.models import Adjustment, Appeal, Indicator, Score
from kpi.visibility import visible_scores
from records.models import CompanySettings


def _scores(user, run) -> list[Score]:
    """The best first; without a total last."""
    rows = list(visible_scores(user, run).select_related("department", "person").prefetch_related("parts"))
    return sorted(rows, key=lambda score: (score.total is None, -(score.total or 0), score.pk))


def _tables(user, run) -> list[tuple]:
    """(title, header, rows with the parts' points, rows with their values): departments, then persons."""
    scores, found = _scores(user, run), []
    groups = ((_("Departments"), [one for one in scores if not one.person_id]),
              (_("Persons"), [one for one in scores if one.person_id]))  # fmt: skip
    for title, group in groups:
        used = [one for one in Indicator if any(part.indicator == one for score in group for part in score.parts.all())]
        found.append((title, group, used))
    return found


def _parts(score, used) -> list:
    by_name = {part.indicator: part for part in score.parts.all()}
    return [by_name.get(name) for name in used]


def sheet(user, run):
    sheets = []
    for title, group, used in _tables(user, run):
        values = [_("%(figure)s, value") % {"figure": name.label} for name in used]
        columns = [label for pair in zip((str(name.label) for name in used), values, strict=True) for label in pair]
        header = [title, _("Department"), *columns, _("Total"), _("Grade")]
        rows = [[
            str(score), str(score.department),
            *(cell for part in _parts(score, used) for cell in ((part.points, part.value) if part else (None, None))),
            score.total, score.grade or _("too few cases"),
        ] for score in group]  # fmt: skip
        sheets.append((title, header, rows))
    return book_response(_("Scores %(month)s") % {"month": run}, xlsx_book(sheets))


def notice(user, run):
    """What is hung out: the tables, what was appealed, what was left out, by which rules."""
    blocks = []
    for title, group, used in _tables(user, run):
        blocks.append(paper.Heading(title))
        blocks.append(paper.Table(
            header=[_("Rank"), title, *(str(name.label) for name in used), _("Total"), _("Grade")],
            rows=[_paper_row(place, score, used) for place, score in enumerate(group, 1)],
            numeric=[0, *range(2, len(used) + 3)], empty=_("No scores."),
        ))  # fmt: skip
    blocks += [paper.Heading(_("Appeals")), _appeals(run), paper.Heading(_("Left out by hand")), _adjustments(run)]
    if not run.is_published:
        blocks.insert(0, paper.Text(_("Not published yet: for preparing it only."), "warn"))
    content = paper.Paper(
        title=_("Notice of the monthly assessment"), subtitle=_("Urgent orders, %(month)s") % {"month": run},
        facts=_facts(run), blocks=blocks, company=CompanySettings.current().company_name, number=f"KPI-{run}",
        printed_by=str(user), stamp=paper.urgent_stamp(),
    )  # fmt: skip
    return paper.pdf_response(content, _("Notice of the monthly assessment %(month)s") % {"month": run})


def _facts(run) -> list[tuple]:
    return [
        (_("Orders finished"), run.finished_orders), (_("Orders late"), run.late_orders),
        (_("Figures as of"), run.figures_at),
        (_("Scoring rules"), _("%(version)s, in force from %(day)s")
         % {"version": run.rule_set, "day": run.rule_set.valid_from}),
        (_("Published"), run.published_at), (_("Published by"), str(run.published_by) if run.published_by else None),
    ]  # fmt: skip


def _paper_row(place, score, used) -> list:
    cells = []
    for part in _parts(score, used):
        if part is None:
            cells.append("–")
        elif part.points is None:
            cells.append(_("too few cases"))
        else:
            cells.append(f"{part.points} ({value_text(part)})")
    return [place, str(score), *cells, score.total, score.grade or _("too few cases")]


def _appeals(run) -> paper.Table:
    rows = Appeal.objects.filter(run=run).select_related("part__score__person", "part__score__department", "raised_by")
    return paper.Table(
        header=[_("About"), _("Indicator"), _("Why"), pgettext("of an appeal", "Outcome"), _("Total"), _("Reason")],
        rows=[[str(one.part.score), str(one.part), one.text, one.get_state_display(),
               f"{one.total_before} → {one.total_after}" if one.state == Appeal.State.ACCEPTED else one.total_before,
               one.reason or None] for one in rows],
        widths=[1.2, 1.2, 3, 1, 1.2, 2.4], empty=_("Nobody appealed."),
    )  # fmt: skip


def _adjustments(run) -> paper.Table:
    rows = Adjustment.objects.filter(case__part__score__run=run).select_related(
        "case__part__score__person", "case__part__score__department", "case__order", "adjusted_by"
    )
    return paper.Table(
        header=[_("About"), _("Indicator"), _("Case"), _("Reason"), _("By")],
        rows=[[str(one.case.part.score), str(one.case.part), str(one.case.order or "–"), one.reason,
               str(one.adjusted_by)] for one in rows],
        widths=[1.2, 1.2, 1.2, 3, 1], empty=_("Nothing was left out by hand."),
    )  # fmt: skip
