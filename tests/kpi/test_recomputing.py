"""A month computed again, before it is published; and what the database itself refuses."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from config.load.aside import guards_aside
from desk.refusals import GateShut
from kpi import actions, defaults
from kpi.models import Adjustment, Appeal, MonthRun, Rule, RuleSet, Score, ScoreCase
from orders.models import StageRun
from records.models import Event
from tests.factories import orders as make

pytestmark = [pytest.mark.django_db, pytest.mark.clause("6.1.2")]
OCTOBER, NOVEMBER = date(2026, 10, 1), datetime(2026, 11, 1, 1, tzinfo=UTC)
DECEMBER, JANUARY = date(2026, 12, 1), date(2027, 1, 1)


def used(orders, *hours):
    """Of two hours: the stays in the confirmation of these orders."""
    with guards_aside([]):
        for order, spent in zip(orders, hours, strict=True):
            StageRun.objects.filter(order=order, stage="confirmation").update(
                used_seconds=int(spent * 3600), limit_seconds=7200
            )


@pytest.fixture
def orders(people):
    defaults.seed()
    with time_machine.travel(datetime(2026, 10, 14, 2, tzinfo=UTC)):
        found = [make.at_review(people) for _number in range(4)]
    used(found, 1, 1, 1, 3)
    return found


def compute(now=NOVEMBER):
    return actions.compute(month=OCTOBER, now=now)


def sales_of(run):
    return Score.objects.get(run=run, department__code="sales", person=None)


def leave_out(case, by):
    Adjustment.objects.create(case=case, reason="Typhoon", adjusted_by=by)
    ScoreCase.objects.filter(pk=case.pk).update(left_out=ScoreCase.LeftOut.ADJUSTED)


def whole(run):
    cases = ScoreCase.objects.filter(part__score__run=run)
    columns = ("part_id", "origin", "numerator", "denominator", "left_out")
    return set(cases.values_list(*columns)), set(run.scores.values_list("department", "person", "total", "grade"))


def time_of(score):
    part = score.parts.get(indicator="time")
    return part.cases, part.value, part.points


def test_computed_again_what_people_left_out_stays_out(orders, hr, people):
    run = compute()
    first = whole(run)
    assert compute() == run and whole(run) == first, "the same records give the same scores"
    score = sales_of(run)
    assert time_of(score) == (4, Decimal("75.00"), Decimal("85.0"))
    part, before = score.parts.get(indicator="time"), score.total
    late = part.case_rows.get(order=orders[3])
    promised = actions.effect(part, [late])
    assert promised > before and sales_of(run).total == before, "a look changes nothing"
    leave_out(late, hr)
    actions.rescore(score)
    score = sales_of(run)
    assert (time_of(score), score.total) == ((3, Decimal("50.00"), Decimal("110.0")), promised)
    assert score.computed_total == before and actions.effect(part, [late]) == promised
    used(orders, 2, 1, 1, 2.5)
    again = compute(NOVEMBER + timedelta(hours=1))
    late.refresh_from_db()
    assert (again.pk, again.version, late.left_out, late.numerator) == (run.pk, 3, "adjusted", 9000)
    assert time_of(sales_of(run)) == (3, Decimal("66.67"), Decimal("93.3"))
    assert ScoreCase.objects.filter(part=part).count() == 4
    with guards_aside([]):
        appeal = Appeal.objects.create(run=run, part=part, text="Not ours", raised_at=NOVEMBER, raised_by=people.sales)
        appeal.cases.add(part.case_rows.get(order=orders[2]))
        StageRun.objects.filter(order__in=orders[1:]).update(is_carried=True)
    compute()
    assert [case.left_out for case in part.case_rows.order_by("order")] == ["", "gone", "adjusted"]
    assert time_of(sales_of(run)) == (1, Decimal("100.00"), None), "too few cases for points"
    assert Event.objects.filter(stream__name="month:2026-10", verb="month_computed").count() == 4


def test_a_month_is_computed_when_it_has_ended_and_until_it_is_published(departments, general_manager):
    with pytest.raises(GateShut, match="No rules were in force"):
        compute()
    defaults.seed()
    for early in (datetime(2026, 10, 20, tzinfo=UTC), datetime(2026, 10, 31, 15, 59, tzinfo=UTC)):
        with pytest.raises(GateShut, match="2026-10 has not ended yet"):
            compute(early)
    run = compute(datetime(2026, 10, 31, 16, tzinfo=UTC))
    assert {score.department.code for score in run.scores.all()} == {
        "sales", "production", "procurement", "quality", "logistics", "finance"}, "persons without cases have no score"
    assert {(score.total, score.grade) for score in run.scores.all()} == {(None, "")}
    later = NOVEMBER + timedelta(days=3)
    MonthRun.objects.filter(pk=run.pk).update(
        state="appeals", checks_until=NOVEMBER, appeals_from=NOVEMBER, appeals_until=later
    )
    MonthRun.objects.filter(pk=run.pk).update(state="published", published_at=later, published_by=general_manager)
    with pytest.raises(GateShut, match="is published"):
        compute()
    part = run.scores.first().parts.first()
    fresh = ScoreCase(part=part, origin="x", text="x", at=NOVEMBER, numerator=1, denominator=1)
    attack(lambda: ScoreCase.objects.bulk_create([fresh]), "frozen")
    attack(lambda: run.scores.update(total=120), "frozen")


def attack(statement, says):
    with pytest.raises(IntegrityError, match=says), transaction.atomic():
        statement()


def test_the_database_keeps_the_rules_of_months_that_have_begun(departments):
    rules = defaults.seed_rules()
    now = timezone.now()
    fresh = {"number": 2, "reason": "why", "made_at": now}
    attack(lambda: RuleSet.objects.create(valid_from=DECEMBER, made_on=DECEMBER, **fresh), "next_month_on")
    attack(lambda: RuleSet.objects.create(valid_from=date(2027, 1, 2), made_on=DECEMBER, **fresh), "begin_with_a_month")
    attack(lambda: RuleSet.objects.filter(pk=rules.pk).update(valid_from=DECEMBER), "append-only")
    attack(lambda: Rule.objects.filter(indicator="time").update(weight=5), "append-only")
    attack(lambda: Rule.objects.filter(rule_set=rules)._raw_delete("default"), "append-only")
    run = {"figures_at": now, "computed_at": now}
    later = RuleSet.objects.create(valid_from=JANUARY, made_on=DECEMBER, **fresh)
    attack(lambda: MonthRun.objects.create(month=DECEMBER, rule_set=later, **run), "in force in it")
    made = MonthRun.objects.create(month=DECEMBER, rule_set=rules, **run)
    attack(lambda: MonthRun.objects.filter(pk=made.pk).update(rule_set=later), "in force in it")
    half = {"scope": "department", "indicator": "time", "target": 60, "floor": 100}
    attack(lambda: Rule.objects.create(rule_set=rules, department="hr", weight=100, **half), "no further rule")
    Rule.objects.create(rule_set=later, weight=60, **half)
    attack(lambda: MonthRun.objects.create(month=JANUARY, rule_set=later, **run), "add up to 100")
