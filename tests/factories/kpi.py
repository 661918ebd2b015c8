"""A month's run with scores whose cases are made up; everything else about it is done by the real acts."""

from datetime import date
from decimal import Decimal
from itertools import count

from django.utils import timezone

from kpi import defaults
from kpi.actions import rescore, runs
from kpi.models import MonthRun, RuleSet, Score, ScoreCase, ScorePart
from sla.calendars import working_days_after

OCTOBER = date(2026, 10, 1)
BEGUN = timezone.make_aware(timezone.datetime(2026, 11, 2, 9))  # a Monday
numbers = count(1)

# indicator: weight, target, floor, and the cases (numerator, denominator)
GOOD = {
    "time": (60, 60, 100, [(50, 100), (60, 100), (55, 100)]),
    "quality": (40, 98, 90, [(97, 100), (99, 100), (98, 100)]),
}
BAD = GOOD | {"time": (60, 60, 100, [(70, 100), (140, 100), (150, 100)])}
FEW = {"time": (40, 60, 100, [(70, 100)]), "quality": (60, 98, 90, [])}


def score(run, department, person=None, of=GOOD, order=None) -> Score:
    row = Score.objects.create(run=run, department=department, person=person)
    for indicator, (weight, target, floor, cases) in of.items():
        part = ScorePart.objects.create(
            score=row, indicator=indicator, weight=weight, target=Decimal(target), floor=Decimal(floor), least_cases=3
        )
        ScoreCase.objects.bulk_create([
            ScoreCase(
                part=part, origin=f"made:{next(numbers)}", order=order, text="{what}", params={"what": f"Case {place}"},
                at=run.figures_at, numerator=above, denominator=below,
            )
            for place, (above, below) in enumerate(cases, 1)
        ])
    rescore(row)
    Score.objects.filter(pk=row.pk).update(computed_total=row.total)
    return row


def scored(departments, month=OCTOBER, now=BEGUN, order=None, **of) -> MonthRun:
    """`of`: for a department's code its figures; `people`: {person: figures}."""
    if not RuleSet.objects.exists():
        defaults.seed_rules()
    people = of.pop("people", {})
    run = MonthRun.objects.create(
        month=month, rule_set=RuleSet.objects.of(month), figures_at=now, computed_at=now, finished_orders=37,
        late_orders=5, checks_until=working_days_after(now, 3),
    )
    for code, figures in (of or {"production": GOOD, "procurement": BAD}).items():
        score(run, departments[code], of=figures, order=order)
    for person, figures in people.items():
        score(run, person.department, person, of=figures, order=order)
    return run


def month_run(departments, now=BEGUN, **values) -> MonthRun:
    """Its heads are asked to check."""
    run = scored(departments, now=now, **values)
    runs._ask_heads(run, None, now)
    return run


def in_appeals(departments, **values) -> MonthRun:
    run = month_run(departments, **values)
    runs._begin_appeals(run.pk, run.checks_until)
    return MonthRun.objects.get(pk=run.pk)


def published(departments, by, **values) -> MonthRun:
    run = in_appeals(departments, **values)
    return runs.publish(run_id=run.pk, by=by, now=run.appeals_until)


def case_of(run, number=0, indicator="time", **whose) -> ScoreCase:
    part = ScorePart.objects.get(score__run=run, indicator=indicator, **whose)
    return part.case_rows.order_by("pk")[number]
