"""What the desk proposes from a month that was just published. People decide; every threshold stands here."""

from decimal import Decimal

from django.utils.translation import gettext_noop

from desk.text import word
from kpi import scoring
from kpi.actions import incentives
from kpi.indicators import unit_of
from kpi.models import Evidence, Incentive, Indicator, MonthRun, Score, ScorePart
from kpi.months import Month

MONTHS_OF_A = 3  # in a row: a bonus for a department, a certificate for a person
MONTHS_TO_PROMOTE = 6  # in a row: a promotion
LEAST_RISE = Decimal(5)  # points against the month before; the greatest rise of a person is honoured
FLOOR_POINTS = 60  # a part below it …
LEAST_MISTAKES = 2  # … with so many late or faulty cases of its own is a reason for a penalty, where the grade
POOR = (Score.Grade.C, Score.Grade.D)  # is one of these: one weak month of one figure is not
FAULTS = (Indicator.TIME, Indicator.ON_TIME, Indicator.QUALITY)  # a delay or a mistake (6.2.2), not cost or opinion
MEMORY_MONTHS = 6  # how long an approved penalty makes the next one more severe
SEVERITY = (Incentive.Form.WARNING, Incentive.Form.FINE, Incentive.Form.DEMOTION)
MOST_EVIDENCE = 10

Kind, Form = Incentive.Kind, Incentive.Form


def propose(run, *, now) -> list[Incentive]:
    scores = list(run.scores.select_related("department", "person").prefetch_related("parts"))
    history = _history(run)
    wanted = [*_for_steady_good_work(scores, history), *_for_the_best_rise(scores, history)]
    wanted += _for_mistakes(run, scores)
    return [incentives.enter(run=run, by=None, now=now, **values) for values in wanted]


def _subject(score) -> tuple:
    return score.department_id if score.person_id is None else None, score.person_id


def _history(run) -> dict:
    """The scores of the months before, newest first, by whom they are about; a missing month ends the row."""
    first = (Month.of(run.month) - (MONTHS_TO_PROMOTE - 1)).first
    earlier = Score.objects.filter(
        run__state=MonthRun.State.PUBLISHED, run__month__gte=first, run__month__lt=run.month
    ).select_related("run").prefetch_related("parts").order_by("-run__month")
    found = {}
    for score in earlier:
        row = found.setdefault(_subject(score), [])
        if score.run.month == (Month.of(run.month) - (len(row) + 1)).first:
            row.append(score)
    return found


def _values(score, kind, form, reason, evidence, **params) -> dict:
    return {"kind": kind, "form": form, "department": score.department, "person": score.person, "reason": reason,
            "params": params, "evidence": evidence}  # fmt: skip


def _weightiest(score) -> Evidence:
    return Evidence(part=max(score.parts.all(), key=lambda part: (part.weight, -part.pk)))


def _for_steady_good_work(scores, history):
    for score in scores:
        row = [score, *history.get(_subject(score), [])]
        length = next((place for place, one in enumerate(row) if one.grade != Score.Grade.A), len(row))
        if length < MONTHS_OF_A:
            continue
        form = Form.CERTIFICATE if score.person_id else Form.BONUS
        if score.person_id and length >= MONTHS_TO_PROMOTE:
            form = Form.PROMOTION
        evidence = [_weightiest(one) for one in row[:length] if one.parts.all()]
        yield _values(score, Kind.REWARD, form, gettext_noop("Grade A in {count} months in a row, {total} now"),
                      evidence, count=length, total=str(score.total))  # fmt: skip


def _for_the_best_rise(scores, history):
    rises = []
    for score in scores:
        before = next(iter(history.get(_subject(score), [])), None)
        if score.person_id and score.grade and before and before.grade:
            rises.append((score.total - before.total, -score.pk, score, before))
    rise, _place, score, before = max(rises, default=(Decimal(0), 0, None, None), key=lambda row: row[:2])
    if rise >= LEAST_RISE:
        yield _values(
            score, Kind.REWARD, Form.CERTIFICATE, gettext_noop("The greatest rise of the month: {before} → {total}"),
            [_weightiest(before), _weightiest(score)], before=str(before.total), total=str(score.total),
        )


def _for_mistakes(run, scores):
    """One penalty a department or person: for the worst part below the floor, if its own cases show it."""
    earlier = _penalties_before(run)
    for score in scores:
        if score.grade not in POOR:
            continue
        parts = [part for part in score.parts.all()
                 if part.indicator in FAULTS and part.points is not None and part.points < FLOOR_POINTS]
        for part in sorted(parts, key=lambda part: part.points):
            cases = mistakes(part)
            if len(cases) >= LEAST_MISTAKES:
                yield _values(
                    score, Kind.PENALTY, _severity(score, earlier), gettext_noop(
                        "{part}: {points} points; {count} cases late or faulty"),
                    [Evidence(part=part, case=case) for case in cases[:MOST_EVIDENCE]],
                    part=word(part.get_indicator_display()), points=str(part.points), count=len(cases),
                )  # fmt: skip
                break


def mistakes(part: ScorePart) -> list:
    """The cases that count and lie beyond the floor by themselves, the newest first."""
    return [case for case in part.case_rows.filter(left_out="").order_by("-at", "-pk") if _is_beyond(part, case)]


def _is_beyond(part, case) -> bool:
    value = scoring.ratio(case.numerator, case.denominator, unit_of(part.indicator).scale)
    if value is None:
        return False
    return value > part.floor if part.target < part.floor else value < part.floor


def _penalties_before(run) -> dict:
    first = (Month.of(run.month) - MEMORY_MONTHS).first
    found = {}
    for row in Incentive.objects.filter(
        kind=Kind.PENALTY, state=Incentive.State.APPROVED, run__month__gte=first, run__month__lt=run.month
    ):  # fmt: skip
        key = (None if row.person_id else row.department_id, row.person_id)
        found[key] = found.get(key, 0) + 1
    return found


def _severity(score, earlier) -> str:
    """A department cannot be demoted."""
    steps = SEVERITY if score.person_id else SEVERITY[:-1]
    return steps[min(earlier.get(_subject(score), 0), len(steps) - 1)]
