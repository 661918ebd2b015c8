"""Two people at once, on PostgreSQL: nothing is counted twice, no slot is given twice."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import LedgerEntry, OrderLine, OrderStep, Promise, SignOff, UrgentOrder
from production import actions, capacity, ways
from production.models import Operation, Plan, TimeSegment, WorkCentre
from production.moves import Place
from tests.factories import production as make
from tests.together import at_once, refusals

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.mark.clause("1.3.3", "3.4.3")
def test_two_operators_finish_the_last_operations_of_two_lines_at_once(people):
    order = make.at_production(people, lines=2)
    last = {}
    for step in OrderStep.objects.filter(order=order).order_by("line", "number"):
        if step.number < 30:
            make.run_step(step, people.operator)
        else:
            actions.start_step(step_id=step.pk, by=people.operator)
            last[step.line_id] = step
    results = at_once(*[
        lambda step=step: actions.finish_step(step_id=step.pk, by=people.operator, good=10) for step in last.values()
    ])
    assert not refusals(results)
    assert UrgentOrder.objects.get(pk=order.pk).stage == "qc"
    assert SignOff.objects.living().filter(order=order, box="made").count() == 1
    assert list(OrderLine.objects.filter(order=order).values_list("made", "awaiting")) == [(10, 10), (10, 10)]


@pytest.mark.clause("3.4.3")
def test_the_same_pieces_are_reported_once(people):
    order = make.at_production(people)
    step = OrderStep.objects.filter(order=order).order_by("number").first()
    actions.start_step(step_id=step.pk, by=people.operator)
    deed = lambda: actions.report_pieces(step_id=step.pk, by=people.operator, good=6)  # noqa: E731
    assert len(refusals(at_once(deed, deed))) == 1
    step.refresh_from_db()
    assert (step.made, step.passed) == (6, 6)
    assert LedgerEntry.objects.filter(step=step, kind="make").count() == 1


def test_one_person_at_a_time_runs_an_operation(people):
    order = make.at_production(people)
    step = OrderStep.objects.filter(order=order).order_by("number").first()
    results = at_once(*[
        lambda person=person: actions.start_step(step_id=step.pk, by=person)
        for person in (people.operator, people.planners[0], people.production_head)
    ])
    assert len(refusals(results)) == 2
    assert TimeSegment.objects.running().count() == 1


def test_two_plans_never_get_the_same_slot(people):
    orders = [make.at_review(people, quantity=100) for _order in range(2)]
    for order in orders:
        make.assess_all(order, people)
        actions.make_plan(order_id=order.pk, by=people.planners[1])
        make.own_all(order, people.operator)
    results = at_once(*[
        lambda order=order: actions.release_plan(order_id=order.pk, by=people.planners[1]) for order in orders
    ])
    assert len(refusals(results)) == 1
    assert Plan.objects.filter(state="released").count() == 1
    assert Operation.objects.in_force().count() == 3


@pytest.mark.clause("3.2.1")
def test_two_ways_that_need_the_same_hours_are_not_both_approved(people):
    orders = []
    for _turn in range(2):
        order = make.at_review(people, quantity=50)
        WorkCentre.objects.update(foreman=people.operator)
        make.assess_all(order, people)
        orders.append(order)
    now = timezone.now()
    choices = {order.pk: ways.choice_of(capacity.race(order, now=now).base) for order in orders}
    results = at_once(*[
        lambda pk=pk, choice=choice: actions.approve_way(
            order_id=pk, by=people.production_head, choice=choice, promised_at=now + timedelta(days=20))
        for pk, choice in choices.items()
    ])
    refused = refusals(results)
    assert len(refused) == 1 and refused[0].status == 409
    assert Plan.objects.filter(state=Plan.State.RELEASED).count() == Promise.objects.count() == 1
    assert not Plan.objects.filter(state=Plan.State.DRAFT).exists()


def test_two_planners_move_two_operations_to_one_slot_at_once(people):
    orders = [make.approved(people, quantity=12, rows=((10, "铣削", "CNC", 10, {}),)) for _order in range(2)]
    rows = [Operation.objects.in_force().select_related("work_centre", "plan").get(plan__order=order)
            for order in orders]
    start = capacity.calendar_with(rows[1].work_centre).add(rows[1].ends_at, 4 * 3600).replace(second=0, microsecond=0)
    results = at_once(*[
        lambda row=row: actions.move_operation(
            step_id=row.step_id, by=people.planners[1], plan_version=1, place=Place(start, row.work_centre, 1)
        ) for row in rows
    ])
    assert [type(refusal).__name__ for refusal in refusals(results)] == ["BadInput"]
    assert Operation.objects.in_force().filter(starts_at=start).count() == 1
    moved = Operation.objects.in_force().get(starts_at=start)
    again = [lambda: actions.move_operation(
        step_id=moved.step_id, by=people.planners[1], plan_version=2,
        place=Place(start + timedelta(minutes=5), moved.work_centre, 1),
    )] * 2
    assert [type(refusal).__name__ for refusal in refusals(at_once(*again))] == ["Changed"]
    assert Plan.objects.filter(state="released").count() == 2
