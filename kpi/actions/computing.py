"""Computing a month: its cases inside the database, a statement for each kind; then the arithmetic of kpi.scoring."""

from collections import defaultdict
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from desk.refusals import GateShut
from kpi import scoring
from kpi.indicators import DEPARTMENT, PERSON, SOURCES, source_of, unit_of
from kpi.models import Appeal, MonthRun, RuleSet, Score, ScoreCase, ScorePart
from kpi.months import Month
from orders.machine import CONCERNED_DEPARTMENTS
from people.models import Department, User
from records.actions import record

ZERO = Decimal(0)


@transaction.atomic
def compute(*, month, by=None, now=None) -> MonthRun:
    """`month`: its first day. Again, while nothing is published, it counts anew and leaves out what people left out."""
    now = now or timezone.now()
    month = Month.of(month)
    rules = _refuse_unless_it_ended(month, now)
    run = MonthRun.objects.select_for_update().filter(month=month.first).first()
    if run and run.is_published:
        raise GateShut(_("%(month)s is published: its scores stay as they are.") % {"month": month})
    run = _begin(run, month, rules, by, now)
    _clear(run)
    _enter_scores(run)
    for source in SOURCES:
        _enter_cases(run, month, source)
    _value(Score.objects.filter(run=run))
    _forget_persons_without_cases(run)
    record("month_computed", gettext_noop("Scores of {month} computed by the rules {rules}"), by=by,
           stream=run.stream, params={"month": str(month), "rules": str(run.rule_set)})  # fmt: skip
    return run


def _refuse_unless_it_ended(month, now) -> RuleSet:
    if now < month.end:
        raise GateShut(
            _("%(month)s has not ended yet.") % {"month": month},
            because=_("A month is scored when all of it is in the records: from %(day)s on.")
            % {"day": (month + 1).first},
        )
    rules = RuleSet.objects.of(month.first)
    if rules is None:
        raise GateShut(_("No rules were in force in %(month)s.") % {"month": month})
    return rules


def _begin(run, month, rules, by, now) -> MonthRun:
    facts = {"figures_at": now, "computed_at": now, "computed_by": by}
    if run is None:
        return MonthRun.objects.create(month=month.first, rule_set=rules, **facts)
    MonthRun.objects.filter(pk=run.pk).update(version=run.version + 1, **facts)
    run.refresh_from_db()
    return run


# What is computed again


def _clear(run) -> None:
    """Cases that people decided about or speak of stay; what the records no longer hold does not count any more."""
    found = ScoreCase.objects.filter(part__score__run=run)
    spoken_of = Exists(Appeal.cases.through.objects.filter(scorecase=OuterRef("pk")))
    by_hand = Q(left_out__in=ScoreCase.DECIDED)
    gone = found.filter(~spoken_of, ~by_hand, adjustment__isnull=True)
    gone._raw_delete(gone.db)
    found.exclude(by_hand).update(left_out=ScoreCase.LeftOut.GONE)


def _enter_scores(run) -> None:
    """Those of the departments at work on orders, and of everybody who works in a department."""
    found = list(Score.objects.filter(run=run))
    departments, persons = {row.department_id for row in found if not row.person_id}, {row.person_id for row in found}
    Score.objects.bulk_create([
        *(Score(run=run, department=department) for department in
          Department.objects.filter(code__in=CONCERNED_DEPARTMENTS).exclude(pk__in=departments).order_by("pk")),
        *(Score(run=run, department_id=person.department_id, person=person) for person in
          User.objects.filter(department__isnull=False).exclude(pk__in=persons).order_by("pk")),
    ])  # fmt: skip
    _enter_parts(run)


def _enter_parts(run) -> None:
    rules = defaultdict(dict)
    for rule in run.rule_set.rules.all():
        rules[rule.scope, rule.department][rule.indicator] = rule
    scores = Score.objects.filter(run=run, parts__isnull=True).select_related("department").order_by("pk")
    ScorePart.objects.bulk_create([
        ScorePart(score=score, indicator=rule.indicator, weight=rule.weight, target=rule.target, floor=rule.floor,
                  least_cases=rule.least_cases)
        for score in scores for rule in _rules_of(score, rules)
    ])  # fmt: skip


def _rules_of(score, rules) -> list:
    """The department's own, else those for every department; only of what its cases can tell."""
    scope, code = PERSON if score.person_id else DEPARTMENT, score.department.code
    own = rules.get((scope, code)) or rules[scope, ""]
    return [rule for rule in own.values() if rule.weight and source_of(rule.indicator, scope, code)]


ENTER = """
    WITH found (subject, order_id, origin, at, numerator, denominator, left_out, text, params) AS ({found})
    INSERT INTO kpi_scorecase (part_id, order_id, origin, at, numerator, denominator, left_out, text, params)
    SELECT part.id, found.order_id, found.origin, found.at, found.numerator, found.denominator, found.left_out,
        found.text, found.params
    FROM found
    JOIN people_department department ON {department}
    JOIN kpi_score score ON score.run_id = %s AND score.department_id = department.id AND {person}
    JOIN kpi_scorepart part ON part.score_id = score.id AND part.indicator = %s
    WHERE true
    ON CONFLICT (part_id, origin) DO UPDATE SET at = excluded.at, numerator = excluded.numerator,
        denominator = excluded.denominator, text = excluded.text, params = excluded.params,
        left_out = CASE WHEN kpi_scorecase.left_out IN ('appeal', 'adjusted') THEN kpi_scorecase.left_out
            ELSE excluded.left_out END"""


def _enter_cases(run, month, source) -> None:
    """The rows go from the records into the cases without leaving the database."""
    if source.scope == PERSON:
        people = Score.objects.filter(run=run, person__isnull=False).values("person")
        places = {"person": "score.person_id = found.subject", "department": _one_of(source.departments)}
        statements = source.cases(month, people)
    else:
        places = {"person": "score.person_id IS NULL", "department": "department.code = found.subject"}
        statements = source.cases(month)
    for rows in statements:
        sql, params = rows.query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(ENTER.format(found=sql, **places), [*params, run.pk, source.indicator])


def _one_of(codes) -> str:
    """The codes are ours (people.models.Department)."""
    return f"department.code IN ({', '.join(map(repr, codes))})" if codes else "true"


def _forget_persons_without_cases(run) -> None:
    cases = ScoreCase.objects.filter(part__score=OuterRef("pk"))
    empty = list(Score.objects.filter(~Exists(cases), run=run, person__isnull=False).values_list("pk", flat=True))
    ScorePart.objects.filter(score__in=empty).delete()
    Score.objects.filter(pk__in=empty).delete()


# The arithmetic


COUNTS = Q(left_out=ScoreCase.LeftOut.NO)
BEFORE = COUNTS | Q(left_out__in=ScoreCase.DECIDED)  # as if nobody had left anything out


def _sums(parts, counted) -> dict:
    """{part: (Σ numerator, Σ denominator, cases)}"""
    rows = ScoreCase.objects.filter(counted, part__in=parts).order_by().values("part").annotate(
        above=Sum("numerator"), below=Sum("denominator"), cases=Count("pk")
    )
    return {row["part"]: (row["above"], row["below"], row["cases"]) for row in rows}


def _judged(part, sums) -> ScorePart:
    """A copy of the part with what these sums make of it."""
    above, below, cases = sums
    value = scoring.ratio(above, below, unit_of(part.indicator).scale)
    points = scoring.points_of(value, cases, target=part.target, floor=part.floor, least_cases=part.least_cases)
    return ScorePart(pk=part.pk, score_id=part.score_id, indicator=part.indicator, weight=part.weight,
                     target=part.target, floor=part.floor, least_cases=part.least_cases, cases=cases, value=value,
                     points=points)  # fmt: skip


NOTHING = (ZERO, ZERO, 0)


def _value(scores) -> None:
    parts = ScorePart.objects.filter(score__in=scores.values("pk"))
    now, before = _sums(parts.values("pk"), COUNTS), _sums(parts.values("pk"), BEFORE)
    judged, earlier = defaultdict(list), defaultdict(list)
    for part in parts:
        judged[part.score_id].append(_judged(part, now.get(part.pk, NOTHING)))
        earlier[part.score_id].append(_judged(part, before.get(part.pk, NOTHING)))
    ScorePart.objects.bulk_update([part for group in judged.values() for part in group], ["cases", "value", "points"],
                                  batch_size=500)  # fmt: skip
    changed = list(scores)
    for score in changed:
        score.total, score.computed_total = scoring.total(judged[score.pk]), scoring.total(earlier[score.pk])
        score.grade = scoring.grade(score.total)
    Score.objects.bulk_update(changed, ["total", "computed_total", "grade"], batch_size=500)


@transaction.atomic
def rescore(score, *, by=None, now=None) -> Score:
    """Its parts and total from the cases it has, after some of them were left out."""
    _value(Score.objects.filter(pk=score.pk))
    score.refresh_from_db()
    return score


def effect(part, cases) -> Decimal | None:
    """What the total would be without these cases of the part."""
    parts = list(part.score.parts.all())
    sums = _sums([other.pk for other in parts], COUNTS)
    left = ScoreCase.objects.filter(COUNTS, part=part).exclude(pk__in=[case.pk for case in cases])
    found = left.aggregate(above=Sum("numerator"), below=Sum("denominator"), cases=Count("pk"))
    sums[part.pk] = (found["above"] or ZERO, found["below"] or ZERO, found["cases"])
    return scoring.total([_judged(other, sums.get(other.pk, NOTHING)) for other in parts])
