"""The month's run: its steps, who takes them, what is refused, and what stands for ever."""

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from desk.refusals import BadInput, Changed, GateShut, NotYours, OwnRequest
from kpi.actions import appeals, runs
from kpi.models import MonthRun, Score, ScoreCase
from notifications.models import Notification
from records.models import Event
from sla.models import WorkItem
from tests.factories import kpi
from tests.together import at_once, refusals

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.mark.clause("6.1.2")
def test_from_checking_to_publishing(
    departments, clock_defaults, production_head, procurement_head, planner, general_manager
):
    run = kpi.month_run(departments, people={planner: kpi.GOOD})
    tasks = WorkItem.objects.living().of(run.stream)
    assert {task.assignee for task in tasks} == {production_head, procurement_head}
    now = kpi.BEGUN + MINUTE
    with pytest.raises(NotYours):
        runs.check(run_id=run.pk, department=departments["production"], by=planner, now=now)
    runs.check(run_id=run.pk, department=departments["production"], by=production_head, note="seen", now=now)
    with pytest.raises(Changed):
        runs.check(run_id=run.pk, department=departments["production"], by=production_head, now=now)
    runs.uncheck(run_id=run.pk, department=departments["production"], by=production_head, now=now)
    assert tasks.all().count() == 2
    runs.check(run_id=run.pk, department=departments["production"], by=production_head, now=now)
    with pytest.raises(GateShut) as refused:
        runs.publish(run_id=run.pk, by=general_manager, now=now)
    assert [str(one.text) for one in refused.value.missing] == ["Procurement has not checked"]
    runs.check(run_id=run.pk, department=departments["procurement"], by=procurement_head, now=now)
    run.refresh_from_db()
    assert (run.state, tasks.all().count()) == ("appeals", 0)
    assert run.appeals_until == now + timedelta(days=3), "three working days from a Monday"
    with pytest.raises(GateShut, match="time to check"):
        runs.uncheck(run_id=run.pk, department=departments["production"], by=production_head, now=now)
    with pytest.raises(GateShut, match="before the appeals end"):
        runs.publish(run_id=run.pk, by=general_manager, now=run.appeals_until - MINUTE)
    with pytest.raises(NotYours):
        runs.publish(run_id=run.pk, by=production_head, now=run.appeals_until)
    with pytest.raises(Changed):
        runs.publish(run_id=run.pk, by=general_manager, version=1, now=run.appeals_until)
    runs.publish(run_id=run.pk, by=general_manager, version=run.version, now=run.appeals_until)
    told = Notification.objects.filter(key=f"{run.stream}:published")
    own = told.get(recipient=planner)
    assert own.params["total"] == str(Score.objects.get(person=planner).total)
    assert f"row={Score.objects.get(person=planner).pk}" in own.url
    assert "total" not in told.get(recipient=general_manager).params
    with pytest.raises(GateShut, match="published"):
        runs.publish(run_id=run.pk, by=general_manager, now=run.appeals_until + MINUTE)
    assert set(Event.objects.filter(stream=run.stream).values_list("verb", flat=True)) == {
        "month_checked", "month_unchecked", "month_appeals", "month_published",
    }


@pytest.mark.clause("6.1.2")
def test_an_accepted_appeal_leaves_its_cases_out(
    departments, clock_defaults, procurement_head, buyer, hr, general_manager
):
    run = kpi.in_appeals(departments, people={buyer: kpi.BAD})
    hr_head = departments["hr"].head
    own = Score.objects.get(person=buyer)
    part = own.parts.get(indicator="time")
    worst = part.case_rows.filter(numerator__gt=100)
    now = run.appeals_from + MINUTE
    raise_it = {"part_id": part.pk, "cases": worst, "text": "A typhoon", "now": now}
    with pytest.raises(NotYours):
        appeals.raise_appeal(by=hr, **raise_it)
    with pytest.raises(BadInput):
        appeals.raise_appeal(by=buyer, **raise_it | {"cases": []})
    with pytest.raises(GateShut, match="has passed"):
        appeals.raise_appeal(by=buyer, **raise_it | {"now": run.appeals_until + MINUTE})
    appeal = appeals.raise_appeal(by=buyer, **raise_it)
    with pytest.raises(Changed, match="already"):
        appeals.raise_appeal(by=procurement_head, **raise_it)
    assert WorkItem.objects.living().of(f"appeal:{appeal.pk}").get().assignee == hr_head
    with pytest.raises(GateShut, match="an appeal is open") as refused:
        runs.publish(run_id=run.pk, by=general_manager, now=run.appeals_until)
    assert refused.value.remedy.url == f"/figures/appeals/{appeal.pk}/"
    for by, refusal in ((buyer, NotYours), (procurement_head, NotYours), (hr, NotYours)):
        with pytest.raises(refusal):
            appeals.decide(appeal_id=appeal.pk, is_accepted=True, reason="It is so", by=by, now=now)
    before = own.total
    decided = appeals.decide(appeal_id=appeal.pk, is_accepted=True, reason="It is so", by=hr_head, now=now)
    own.refresh_from_db()
    assert decided.total_before == before
    assert decided.total_after == own.total > before or own.total is None
    assert set(worst.all().values_list("left_out", flat=True)) == {ScoreCase.LeftOut.APPEAL}
    with pytest.raises(Changed):
        appeals.decide(appeal_id=appeal.pk, is_accepted=False, reason="No more", by=hr_head, now=now)
    runs.publish(run_id=run.pk, by=general_manager, now=run.appeals_until)


def test_a_case_is_left_out_by_hand_with_its_reason(departments, clock_defaults, general_manager):
    hr_head = departments["hr"].head
    run = kpi.month_run(departments, people={hr_head: kpi.BAD})
    foreign, own = kpi.case_of(run, 2, score__person=None, score__department=departments["procurement"]), kpi.case_of(
        run, 2, score__person=hr_head
    )
    with pytest.raises(OwnRequest) as refused:
        appeals.leave_out(case_id=own.pk, reason="I say so", by=hr_head)
    assert refused.value.who == (general_manager,)
    with pytest.raises(BadInput):
        appeals.leave_out(case_id=foreign.pk, reason=" ", by=hr_head)
    before = foreign.part.score.total
    appeals.leave_out(case_id=foreign.pk, reason="A typhoon", by=hr_head)
    with pytest.raises(Changed):
        appeals.leave_out(case_id=foreign.pk, reason="A typhoon", by=hr_head)
    after = Score.objects.get(pk=foreign.part.score_id)
    assert (after.computed_total, after.total != before) == (before, True)
    assert Event.objects.get(stream=run.stream, verb="score_adjusted").params["reason"] == "A typhoon"


def test_the_clock_scores_opens_and_asks(departments, clock_defaults, general_manager):
    run = kpi.month_run(departments)
    runs.keep_deadlines(run.checks_until - MINUTE)
    assert MonthRun.objects.get().state == "computed"
    runs.keep_deadlines(run.checks_until)
    run = MonthRun.objects.get()
    assert (run.state, run.appeals_from) == ("appeals", run.checks_until)
    for _twice in range(2):
        runs.keep_deadlines(run.appeals_until)
    assert WorkItem.objects.get(kind="score_publish").assignee == general_manager
    assert Decimal(0) < Score.objects.first().total


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_published_once_by_two_at_once(departments, clock_defaults, general_manager):
    run = kpi.in_appeals(departments)
    publish = partial(runs.publish, run_id=run.pk, by=general_manager, version=run.version, now=run.appeals_until)
    assert len(refusals(at_once(publish, publish))) == 1
    assert Event.objects.filter(stream=run.stream, verb="month_published").count() == 1
