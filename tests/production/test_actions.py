"""Review, plan and shop floor: what the acts write, and what they refuse."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.utils import timezone

from catalog.actions import receive_stock
from catalog.models import Material
from desk.refusals import BadInput, Changed, GateShut, NotYours, OwnRequest
from notifications.models import Notification
from orders import actions as order_actions
from orders.models import (
    CostEntry,
    ExpenseRequest,
    Issue,
    LedgerEntry,
    MaterialLine,
    Nonconformance,
    OrderStep,
    ProcessingSheet,
    Promise,
    Remake,
    SignOff,
    UrgentOrder,
)
from people.models import Qualification
from production import actions, capacity
from production.models import Assessment, Operation, Plan, RoutingLink, RoutingOperation, TimeSegment, WorkCentre
from quality.actions import inspect_step, rework, scrap
from sla.models import WorkItem
from tests.factories import orders as make_order
from tests.factories import production as make
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db
SOON = timedelta(days=20)


def steps_of(order):
    return list(OrderStep.objects.filter(order=order, is_cancelled=False).order_by("line__position", "number"))


def living_boxes(order):
    return set(SignOff.objects.living().filter(order=order).values_list("box", flat=True))


def items(order, kind):
    return WorkItem.objects.living().filter(source=order.stream, kind=kind)


def colleague(people, **values):
    department = people.operator.department
    return UserFactory(**{"role": "operator", "department": department} | values)


# Review


@pytest.mark.clause("3.2.1")
def test_can_signs_the_point_and_ends_its_task(people):
    order = make.at_review(people)
    assessment = actions.assess(order_id=order.pk, by=people.planners[1], kind="capacity", verdict="can")
    assert "capacity" in living_boxes(order)
    assert not items(order, "review_capacity").exists() and items(order, "review_process").exists()
    assert assessment.earliest_finish_at < order.required_at
    assert len(assessment.evidence["rows"]) == 3


@pytest.mark.clause("3.2.1", "3.2.3")
def test_cannot_signs_nothing_and_says_why(people):
    order = make.at_review(people)
    with pytest.raises(BadInput):
        actions.assess(order_id=order.pk, by=people.planners[1], kind="capacity", verdict="cannot")
    actions.assess(order_id=order.pk, by=people.planners[1], kind="capacity", verdict="cannot", note_text="no machine")
    assert "capacity" not in living_boxes(order)
    assert not items(order, "review_capacity").exists()


@pytest.mark.clause("3.2.1")
def test_capacity_is_computed_against_the_required_time(people):
    order = make.at_review(people, quantity=4000)
    with pytest.raises(BadInput, match="later than required"):
        actions.assess(order_id=order.pk, by=people.planners[1], kind="capacity", verdict="can")
    assessment = actions.assess(
        order_id=order.pk, by=people.planners[1], kind="capacity", verdict="can", note_text="second shift agreed"
    )
    assert assessment.evidence["late_seconds"] > 0


@pytest.mark.clause("3.2.1")
def test_committed_work_of_another_order_makes_this_one_later(people):
    order = make.at_review(people, quantity=200)
    before = capacity.propose(order, now=timezone.now())
    other = make.planned(people, quantity=200)
    after = capacity.propose(order, now=timezone.now())
    assert after.finish > before.finish
    assert other.number in after.bottleneck.wait_label
    taken = {row.work_centre.code: row for row in Operation.objects.committed().select_related("work_centre")}
    assert all(row.end <= taken[row.centre].starts_at or row.start >= taken[row.centre].ends_at for row in after.rows)


def test_each_point_is_assessed_once_by_living_word(people):
    order = make.at_review(people)
    actions.assess(order_id=order.pk, by=people.planners[0], kind="process", verdict="cannot", note_text="no fixture")
    actions.assess(order_id=order.pk, by=people.planners[0], kind="process", verdict="can", note_text="fixture found")
    assert Assessment.objects.filter(replaced_at__isnull=True).get().verdict == "can"
    with pytest.raises(Changed):
        actions.assess(order_id=order.pk, by=people.planners[1], kind="process", verdict="can")


@pytest.mark.clause("4.2.1")
@pytest.mark.parametrize("who", ["sales", "buyer", "operator"])
def test_others_do_not_assess_or_plan(people, who):
    order = make.at_review(people)
    person = getattr(people, who)
    with pytest.raises(NotYours):
        actions.assess(order_id=order.pk, by=person, kind="process", verdict="can")
    with pytest.raises(NotYours):
        actions.make_plan(order_id=order.pk, by=person)


def test_product_without_routing_needs_an_own_estimate(people):
    order = make_order.at_review(people)
    with pytest.raises(BadInput, match="no routing"):
        actions.assess(order_id=order.pk, by=people.planners[0], kind="capacity", verdict="can")
    estimate = actions.assess(
        order_id=order.pk, by=people.planners[0], kind="capacity", verdict="can", note_text="three days by hand"
    )
    assert estimate.evidence["is_manual"] and estimate.earliest_finish_at is None
    with pytest.raises(GateShut):
        actions.make_plan(order_id=order.pk, by=people.planners[0])


@pytest.mark.clause("1.3.3")
def test_one_person_cannot_give_all_three_assessments(people):
    order = make.at_review(people)
    actions.assess(order_id=order.pk, by=people.planners[0], kind="process", verdict="can")
    with pytest.raises(OwnRequest, match="3 different people"):
        actions.assess(order_id=order.pk, by=people.planners[0], kind="capacity", verdict="can")
    assert not Assessment.objects.filter(kind="capacity").exists()


@pytest.mark.clause("3.2.2")
def test_approval_promises_moves_and_issues_the_sheet_again(people):
    order = make.planned(people)
    promised_at = timezone.now() + SOON
    order = actions.approve(order_id=order.pk, by=people.production_head, promised_at=promised_at)
    assert order.stage == "procurement"
    assert Promise.objects.get().promised_at == promised_at
    sheet = ProcessingSheet.objects.filter(order=order).order_by("-version").first()
    assert sheet.version == 2 and [row["number"] for row in sheet.content["steps"]] == [10, 20, 30]
    task = items(order, "operation").get()
    first = steps_of(order)[0]
    assert task.assignee == people.operator and task.due_at == first.planned_end_at


def test_promise_before_the_plans_finish_needs_a_reason(people):
    order = make.planned(people, quantity=1000)
    finish = Plan.objects.get(order=order).finish_at
    early = finish - timedelta(hours=1)
    with pytest.raises(BadInput):
        actions.approve(order_id=order.pk, by=people.production_head, promised_at=early)
    with pytest.raises(BadInput):
        actions.approve(order_id=order.pk, by=people.production_head, promised_at=timezone.now(), reason="x")
    assert actions.approve(
        order_id=order.pk, by=people.production_head, promised_at=early, reason="weekend shift"
    ).stage == "procurement"


def test_only_the_head_approves(people):
    order = make.planned(people)
    with pytest.raises(NotYours):
        actions.approve(order_id=order.pk, by=people.planners[0], promised_at=timezone.now() + SOON)


def test_who_entered_the_order_does_not_decide_it(people):
    order = make.planned(people)
    UrgentOrder.objects.filter(pk=order.pk).update(created_by=people.production_head)
    with pytest.raises(OwnRequest):
        actions.approve(order_id=order.pk, by=people.production_head, promised_at=timezone.now() + SOON)


# Plan


@pytest.mark.clause("3.2.2", "4.2.1")
def test_released_plan_gives_each_operation_its_node_and_owner(people):
    order = make.planned(people)
    steps = steps_of(order)
    assert [step.number for step in steps] == [10, 20, 30]
    assert all(step.owner == people.operator and step.planned_end_at > step.planned_start_at for step in steps)
    assert all(one.planned_end_at <= other.planned_start_at for one, other in pairwise(steps))
    assert all(len(step.token) == 7 and not set(step.token) & set("01IOL") for step in steps)
    assert "plan" in living_boxes(order)
    told = Notification.objects.filter(text__startswith="Production plan version").values_list(
        "recipient__department__code", flat=True
    )
    assert {"procurement", "logistics"} <= set(told)


def test_plan_without_owner_is_not_released(people):
    order = make.at_review(people)
    make.assess_all(order, people)
    actions.make_plan(order_id=order.pk, by=people.planners[1])
    with pytest.raises(GateShut) as refused:
        actions.release_plan(order_id=order.pk, by=people.planners[1])
    assert len(refused.value.missing) == 3 and not OrderStep.objects.exists()


def test_the_usual_owner_is_proposed(people):
    order = make.at_review(people)
    WorkCentre.objects.update(foreman=people.operator)
    plan = actions.make_plan(order_id=order.pk, by=people.planners[1])
    assert {row.owner for row in plan.operations.all()} == {people.operator}


def test_making_the_draft_again_keeps_its_version(people):
    order = make.at_review(people)
    actions.make_plan(order_id=order.pk, by=people.planners[1])
    plan = actions.make_plan(
        order_id=order.pk, by=people.planners[1], means=capacity.Means(has_overtime=True, extra_slot_at="CNC")
    )
    assert (plan.version, plan.means) == (1, {"has_overtime": True, "extra_slot_at": "CNC"})
    assert Plan.objects.count() == 1 and plan.operations.count() == 3


def changed(row, people, *, starts_at=None, ends_at=None, owner=None):
    return actions.change_operation(
        operation_id=row.pk, by=people.planners[1], owner=owner or people.operator,
        starts_at=starts_at or row.starts_at, ends_at=ends_at or row.ends_at,
    )


def test_impossible_times_are_refused(people):
    order = make.at_review(people)
    plan = actions.make_plan(order_id=order.pk, by=people.planners[1])
    first, row = plan.operations.get(number=10), plan.operations.get(number=20)
    night = timezone.localtime(row.starts_at).replace(hour=23)
    for start, end, message in (
        (row.starts_at - timedelta(days=9), None, "in the past"), (None, row.starts_at, "after the start"),
        (first.starts_at, None, "comes first"), (night, night + timedelta(hours=1), "does not work then"),
    ):
        with pytest.raises(BadInput, match=message):
            changed(row, people, starts_at=start, ends_at=end)
    assert Operation.objects.get(pk=row.pk).starts_at == row.starts_at


def test_a_moved_operation_takes_what_follows_along(people):
    order = make.at_review(people)
    plan = actions.make_plan(order_id=order.pk, by=people.planners[1])
    row = plan.operations.get(number=20)
    later = row.ends_at + timedelta(days=1)
    changed(row, people, ends_at=later)
    assert plan.operations.get(number=30).starts_at >= later
    assert (plan.operations.get(number=20).owner, plan.operations.get(number=20).ends_at) == (people.operator, later)


def test_only_what_waits_for_a_moved_operation_moves(people):
    """Two branches that meet: 10 and 20 start freely, 30 comes after both."""
    order = make.at_review(people)
    product = order.lines.get().product
    first, second, last = RoutingOperation.objects.filter(product=product).order_by("number")
    RoutingOperation.objects.filter(pk=second.pk).update(starts_freely=True)
    for before in (first, second):
        RoutingLink.objects.create(operation=last, after=before)
    plan = actions.make_plan(order_id=order.pk, by=people.planners[1])
    saw, mill, deburr = plan.operations.order_by("number")
    assert (mill.after, deburr.after, mill.starts_at) == ([], [10, 20], saw.starts_at)
    later = saw.ends_at + timedelta(days=1)
    changed(saw, people, ends_at=later)
    _saw, moved, waits = plan.operations.order_by("number")
    assert (moved.starts_at, moved.ends_at) == (mill.starts_at, mill.ends_at)
    assert waits.starts_at >= later
    with pytest.raises(BadInput, match=r"10 .* comes first"):
        changed(waits, people, starts_at=mill.starts_at)


def test_an_owner_without_the_certificate_is_refused(people):
    order = make.at_review(people)
    plan = actions.make_plan(order_id=order.pk, by=people.planners[1])
    row = plan.operations.get(number=20)
    plan.operations.update(qualification=Qualification.objects.create(code="CNC5", name="五轴"))
    with pytest.raises(BadInput, match="does not have on that day"):
        changed(row, people)
    assert Operation.objects.get(pk=row.pk).owner != people.operator


def test_another_orders_slot_is_not_taken(people):
    booked = make.planned(people, quantity=200)
    taken = Operation.objects.get(plan__order=booked, number=10)
    order = make.at_review(people)
    plan = actions.make_plan(order_id=order.pk, by=people.planners[1])
    row = plan.operations.get(number=10)
    assert row.starts_at >= taken.ends_at
    with pytest.raises(BadInput, match="is taken then"):
        changed(row, people, starts_at=taken.starts_at, ends_at=taken.ends_at)


def test_a_slot_taken_meanwhile_is_found_at_release(people):
    orders = [make.at_review(people, quantity=200) for _order in range(2)]
    for order in orders:
        make.assess_all(order, people)
        actions.make_plan(order_id=order.pk, by=people.planners[1])
        make.own_all(order, people.operator)
    actions.release_plan(order_id=orders[0].pk, by=people.planners[1])
    with pytest.raises(Changed, match="was taken meanwhile") as refused:
        actions.release_plan(order_id=orders[1].pk, by=people.planners[1])
    assert orders[0].number in refused.value.because


def test_a_plan_from_yesterday_is_computed_again_first(people):
    order = make.at_review(people)
    make.assess_all(order, people)
    actions.make_plan(order_id=order.pk, by=people.planners[1])
    make.own_all(order, people.operator)
    with pytest.raises(Changed, match="out of date"):
        actions.release_plan(order_id=order.pk, by=people.planners[1], now=timezone.now() + SOON)


@pytest.mark.clause("3.3.1")
def test_materials_are_netted_against_the_stock(people):
    order = make.planned(people, stock=5)
    line = MaterialLine.objects.get(order=order)
    assert line.required_quantity == Decimal("21")  # 10 pieces, 2 each, 5 % scrap
    assert (line.reserved_quantity, line.decision) == (5, "open")
    assert line.needed_at == steps_of(order)[0].planned_start_at
    assert Material.objects.get(pk=line.material_id).reserved == 5


def test_what_the_stock_covers_is_accepted_at_once(people):
    line = MaterialLine.objects.get(order=make.planned(people, stock=100))
    assert (line.decision, line.reserved_quantity, line.decided_reason) == ("accepted", 21, "from stock")


def test_short_material_is_procurements_task_after_approval(people):
    order = make.planned(people, stock=0)
    assert not items(order, "purchase_line").exists()
    actions.approve(order_id=order.pk, by=people.production_head, promised_at=timezone.now() + SOON)
    assert items(order, "purchase_line").count() == 1


def test_material_of_a_later_operation_gates_that_one(people):
    order = make.at_review(people)
    make.bill(order.lines.get().product, before=20)
    make.assess_all(order, people)
    plan = actions.make_plan(order_id=order.pk, by=people.planners[1])
    assert plan.operations.get(number=20).wait["wait"] == "material"
    make.own_all(order, people.operator)
    actions.release_plan(order_id=order.pk, by=people.planners[1])
    line = MaterialLine.objects.get(order=order, decision="open")
    assert line.step.number == 20 and line.needed_at == line.step.planned_start_at


@pytest.mark.clause("1.3.4", "4.6.1")
def test_planned_costs_come_with_the_plan(people):
    order = make.planned(people)
    amounts = dict(CostEntry.objects.filter(order=order, is_planned=True).values_list("kind", "amount"))
    # 3 set-ups of 10 minutes and 90 minutes of work at 120 and 60 an hour; 21 kg at 10
    assert amounts == {"machine": Decimal("240.00"), "labour": Decimal("120.00"), "material": Decimal("210.00")}


def test_overtime_is_asked_for_before_it_is_worked(people):
    order = make.at_review(people, quantity=300)
    make.assess_all(order, people)
    actions.make_plan(order_id=order.pk, by=people.planners[1], means=capacity.Means(has_overtime=True))
    make.own_all(order, people.operator)
    actions.release_plan(order_id=order.pk, by=people.planners[1])
    expense = ExpenseRequest.objects.get()
    assert expense.kind == "overtime" and expense.state == "requested" and expense.amount > 0


@pytest.mark.clause("3.2.3")
def test_options_compute_finish_and_cost(people):
    order = make.at_review(people, quantity=600)
    now = timezone.now()
    base = capacity.propose(order, now=now)
    options = {option.code: option for option in capacity.race(order, now=now).remedies()}
    assert {code for code, option in options.items() if option.gains} == {"overtime", "overlap", "parts"}
    assert {"gives_way", "extra_slot"} < set(options)  # a single line gains nothing from one more slot
    assert options["date"].finish == base.finish and options["date"].extra_amount == 0
    assert options["overtime"].finish < base.finish and options["overtime"].extra_amount > 0
    assert options["overlap"].finish < base.finish


# Materials waived


def test_planner_waives_a_material_with_a_reason(people):
    order = make.planned(people, stock=0)
    line = MaterialLine.objects.get(order=order)
    with pytest.raises(BadInput):
        actions.waive_line(material_line_id=line.pk, by=people.planners[2], reason=" ")
    with pytest.raises(NotYours):
        actions.waive_line(material_line_id=line.pk, by=people.buyer, reason="no")
    actions.waive_line(material_line_id=line.pk, by=people.planners[2], reason="customer brings it")
    line.refresh_from_db()
    assert (line.decision, line.decided_by) == ("waived", people.planners[2])
    with pytest.raises(Changed):
        actions.waive_line(material_line_id=line.pk, by=people.planners[2], reason="again")


# Shop floor


@pytest.mark.clause("3.4.1", "4.2.2")
def test_finished_operation_calls_the_next_and_the_last_one_hands_over(people):
    order = make.at_production(people)
    first, second, third = steps_of(order)
    make.run_step(first, people.operator)
    assert items(order, "operation").get().params["step"] == second.pk
    for step in (second, third):
        make.run_step(step, people.operator)
    order = UrgentOrder.objects.get(pk=order.pk)
    assert order.stage == "qc" and "made" in living_boxes(order)
    assert SignOff.objects.get(box="made").signed_by == people.operator
    line = order.lines.get()
    assert (line.made, line.awaiting, line.passed) == (10, 10, 0)
    assert not items(order, "operation").exists()


def test_time_and_costs_come_from_the_segments(people):
    order = make.at_production(people)
    step, begin = steps_of(order)[0], timezone.now()
    actions.start_step(step_id=step.pk, by=people.operator, now=begin)
    actions.pause_step(step_id=step.pk, by=people.operator, reason="break", now=begin + timedelta(hours=1))
    actions.resume_step(step_id=step.pk, by=people.operator, now=begin + timedelta(hours=2))
    actions.finish_step(step_id=step.pk, by=people.operator, good=10, now=begin + timedelta(hours=2, minutes=30))
    costs = CostEntry.objects.filter(order=order, is_planned=False)
    assert sum(costs.filter(kind="labour").values_list("amount", flat=True)) == Decimal("90.00")
    assert sum(costs.filter(kind="machine").values_list("amount", flat=True)) == Decimal("180.00")
    assert costs.get(kind="material").amount == Decimal("210.00")
    step.refresh_from_db()
    assert step.started_at == begin and step.finished_at == begin + timedelta(hours=2, minutes=30)


def test_material_leaves_the_store_once_with_the_start(people):
    order = make.at_production(people)
    step = steps_of(order)[0]
    material = MaterialLine.objects.get(order=order).material
    actions.start_step(step_id=step.pk, by=people.operator)
    actions.pause_step(step_id=step.pk, by=people.operator, reason="break")
    actions.start_step(step_id=step.pk, by=people.operator)
    material.refresh_from_db()
    assert (material.on_hand, material.reserved) == (979, 0)


@pytest.mark.clause("3.4.3")
def test_start_before_the_operation_before_names_its_owner(people):
    order = make.at_production(people)
    with pytest.raises(GateShut) as refused:
        actions.start_step(step_id=steps_of(order)[1].pk, by=people.operator)
    assert refused.value.who == (people.operator,)
    assert "is not finished (陈伟, 10 pieces left)" in refused.value.what


def test_transfer_lot_is_what_the_next_one_waits_for(people):
    order = make.at_production(people)
    first, second, _third = steps_of(order)
    OrderStep.objects.filter(pk=first.pk).update(transfer_lot=4)
    actions.start_step(step_id=first.pk, by=people.operator)
    actions.report_pieces(step_id=first.pk, by=people.operator, good=3)
    with pytest.raises(GateShut):
        actions.start_step(step_id=second.pk, by=people.operator)
    actions.report_pieces(step_id=first.pk, by=people.operator, good=1)
    assert actions.start_step(step_id=second.pk, by=people.operator)
    with pytest.raises(GateShut):
        actions.report_pieces(step_id=second.pk, by=people.operator, good=5)


@pytest.mark.clause("3.4.3")
def test_pieces_beyond_the_plan_are_refused(people):
    order = make.at_production(people)
    step = steps_of(order)[0]
    actions.start_step(step_id=step.pk, by=people.operator)
    for good in (11, -1, 0):
        with pytest.raises((GateShut, BadInput)):
            actions.report_pieces(step_id=step.pk, by=people.operator, good=good)
    with pytest.raises(GateShut, match="8 of 10 pieces are missing"):
        actions.finish_step(step_id=step.pk, by=people.operator, good=2)
    assert not LedgerEntry.objects.filter(order=order).exists()


def test_report_needs_a_running_operation_of_ones_own(people):
    order = make.at_production(people)
    step = steps_of(order)[0]
    with pytest.raises(GateShut, match="start it first"):
        actions.report_pieces(step_id=step.pk, by=people.operator, good=1)
    actions.start_step(step_id=step.pk, by=people.operator)
    with pytest.raises(NotYours):
        actions.report_pieces(step_id=step.pk, by=people.planners[0], good=1)
    with pytest.raises(Changed):
        actions.start_step(step_id=step.pk, by=people.operator)


def test_another_operator_takes_over_with_a_reason(people):
    order = make.at_production(people)
    first, second, _third = steps_of(order)
    other = colleague(people)
    OrderStep.objects.filter(pk=second.pk).update(owner=other)
    actions.start_step(step_id=first.pk, by=people.operator)
    with pytest.raises(NotYours) as refused:
        actions.start_step(step_id=first.pk, by=other)
    assert refused.value.who == (people.operator,)
    actions.start_step(step_id=first.pk, by=other, take_over_reason="shift ended")
    first.refresh_from_db()
    assert first.owner == other
    assert TimeSegment.objects.running().get().person == other
    assert TimeSegment.objects.get(pause="taken_over").person == people.operator


def test_operator_without_an_operation_here_is_a_stranger(people, stranger):
    order = make.at_production(people)
    for person in (colleague(people), stranger, people.sales, people.inspector):
        with pytest.raises(NotYours):
            actions.start_step(step_id=steps_of(order)[0].pk, by=person, take_over_reason="let me")
    assert not TimeSegment.objects.exists()


def test_old_sheet_is_refused(people):
    order = make.at_production(people)
    step = steps_of(order)[0]
    with pytest.raises(Changed, match="version 1"):
        actions.start_step(step_id=step.pk, by=people.operator, sheet_version=1)
    assert actions.start_step(step_id=step.pk, by=people.operator, sheet_version=2)


def test_nothing_starts_before_the_review_is_decided(people):
    order = make.planned(people)
    with pytest.raises(GateShut):
        actions.start_step(step_id=steps_of(order)[0].pk, by=people.planners[0])


def test_missing_material_stops_its_operation(people):
    order = make.approved(people, stock=0)
    step = steps_of(order)[0]
    with pytest.raises(GateShut) as refused:
        actions.start_step(step_id=step.pk, by=people.operator)
    assert "21 kg missing" in str(refused.value.missing[0].text)
    MaterialLine.objects.filter(order=order).update(accepted_quantity=21)
    assert actions.start_step(step_id=step.pk, by=people.operator)


@pytest.mark.clause("3.4.3", "4.5.1")
def test_inspected_operation_waits_for_the_inspector(people):
    rows = ((10, "下料", "SAW", 2, {"is_inspected": True}), (20, "铣削", "CNC", 6, {}))
    order = make.at_production(people, rows=rows)
    first, second = steps_of(order)
    make.run_step(first, people.operator)
    first.refresh_from_db()
    assert (first.awaiting, first.passed) == (10, 0)
    assert items(order, "inspection").get().department.code == "quality"
    with pytest.raises(GateShut):
        actions.start_step(step_id=second.pk, by=people.operator)


@pytest.mark.clause("3.4.3")
def test_first_article_comes_alone_and_stops_the_rest(people):
    rows = ((10, "铣削", "CNC", 6, {"needs_first_article": True}),)
    order = make.at_production(people, rows=rows)
    step = steps_of(order)[0]
    actions.start_step(step_id=step.pk, by=people.operator)
    with pytest.raises(BadInput, match="comes alone"):
        actions.report_pieces(step_id=step.pk, by=people.operator, good=2)
    actions.report_pieces(step_id=step.pk, by=people.operator, good=1)
    with pytest.raises(GateShut, match="first article"):
        actions.report_pieces(step_id=step.pk, by=people.operator, good=1)
    OrderStep.objects.filter(pk=step.pk).update(first_article="passed")
    actions.finish_step(step_id=step.pk, by=people.operator, good=9)
    step.refresh_from_db()
    assert (step.passed, step.awaiting) == (10, 0)
    assert UrgentOrder.objects.get(pk=order.pk).stage == "qc"


def test_failed_first_article_is_held_and_another_one_made(people):
    rows = ((10, "铣削", "CNC", 6, {"needs_first_article": True}),)
    order = make.at_production(people, rows=rows)
    step = steps_of(order)[0]
    actions.start_step(step_id=step.pk, by=people.operator)
    actions.report_pieces(step_id=step.pk, by=people.operator, good=1)
    actions.pause_step(step_id=step.pk, by=people.operator, reason="break")
    OrderStep.objects.filter(pk=step.pk).update(first_article="failed")
    actions.start_step(step_id=step.pk, by=people.operator)
    actions.report_pieces(step_id=step.pk, by=people.operator, good=1)
    step.refresh_from_db()
    assert (step.held, step.awaiting, step.first_article) == (1, 1, "open")
    assert Nonconformance.objects.get().quantity == 1


@pytest.mark.clause("3.4.3")
def test_bad_pieces_are_held_for_quality(people):
    order = make.at_production(people)
    step = steps_of(order)[0]
    actions.start_step(step_id=step.pk, by=people.operator)
    actions.report_pieces(step_id=step.pk, by=people.operator, good=7, scrap=3, defect="bore too wide")
    step.refresh_from_db()
    assert (step.made, step.passed, step.held) == (10, 7, 3)
    found = Nonconformance.objects.get()
    assert (found.quantity, found.disposition, found.step) == (3, "open", step)


@pytest.mark.clause("3.4.3")
def test_scrapped_pieces_are_planned_again_up_to_their_operation(people):
    order = make.at_production(people)
    first, second, third = steps_of(order)
    make.run_step(first, people.operator)
    actions.start_step(step_id=second.pk, by=people.operator)
    actions.report_pieces(step_id=second.pk, by=people.operator, good=8, scrap=2, defect="burr")
    scrap(nonconformance_id=Nonconformance.objects.get().pk, by=people.inspector, reason="cannot be saved")
    assert Remake.objects.get().quantity == 2 and "plan" not in living_boxes(order)
    tokens = {step.number: step.token for step in steps_of(order)}

    actions.make_plan(order_id=order.pk, by=people.planners[1])
    plan = actions.release_plan(order_id=order.pk, by=people.planners[1])

    assert plan.version == 2 and "plan" in living_boxes(order)
    assert {step.number: step.quantity for step in steps_of(order)} == {10: 12, 20: 12, 30: 10}
    assert {step.number: step.token for step in steps_of(order)} == tokens
    first.refresh_from_db()
    assert first.started_at and first.finished_at is None
    assert sorted(MaterialLine.objects.filter(order=order).values_list("required_quantity", flat=True)) == [
        Decimal("4.2"), Decimal("21"),
    ]
    assert Remake.objects.get().planned_by == people.planners[1]
    assert sum(CostEntry.objects.filter(is_planned=True, kind="material").values_list("amount", flat=True)) == 252
    assert not items(order, "remake").exists()

    make.run_step(first, people.operator)
    actions.finish_step(step_id=second.pk, by=people.operator, good=2)
    make.run_step(third, people.operator)
    assert order.lines.get().made == 10


@pytest.mark.clause("3.4.3", "4.5.2")
def test_rework_goes_back_to_where_the_pieces_were_held(people):
    order = make.at_production(people)
    step = steps_of(order)[0]
    actions.start_step(step_id=step.pk, by=people.operator)
    actions.report_pieces(step_id=step.pk, by=people.operator, good=8, scrap=2, defect="burr")
    found = rework(
        nonconformance_id=Nonconformance.objects.get().pk, by=people.inspector, reason="file it",
        owner=people.operator, planned_end_at=timezone.now() + timedelta(days=2),
    )
    again = found.rework_step
    actions.start_step(step_id=again.pk, by=people.operator)
    actions.finish_step(step_id=again.pk, by=people.operator, good=2)
    step.refresh_from_db()
    assert (step.in_rework, step.awaiting, step.passed) == (0, 2, 8)
    assert not WorkItem.objects.living().filter(kind="operation", params__step=again.pk).exists()
    assert CostEntry.objects.filter(cause="rework", kind="labour").exists()


def test_unstarted_operations_that_the_routing_lost_are_cancelled(people):
    order = make.at_production(people)
    steps = steps_of(order)
    make.run_step(steps[0], people.operator)
    RoutingOperation.objects.filter(number=30).delete()
    actions.make_plan(order_id=order.pk, by=people.planners[1])
    actions.release_plan(order_id=order.pk, by=people.planners[1])
    assert [step.number for step in steps_of(order)] == [10, 20]
    with pytest.raises(Changed, match="not in the plan any more"):
        actions.start_step(step_id=steps[2].pk, by=people.operator)
    assert Plan.objects.filter(order=order).values_list("state", flat=True).order_by("version")[0] == "superseded"


@pytest.mark.clause("3.4.2", "4.2.3", "5.3")
def test_problem_that_breaks_the_promise_goes_to_the_superiors(people):
    order = make.at_production(people)
    step = steps_of(order)[0]
    issue = actions.report_problem(
        step_id=step.pk, by=people.operator, kind="machine", text="spindle", can_go_on=False
    )
    assert issue.severity == "minor"
    order_actions.promise(order=order, promised_at=timezone.now(), by=people.production_head, reason="test")
    issue = actions.report_problem(
        step_id=step.pk, by=people.operator, kind="machine", text="spindle again", can_go_on=False
    )
    assert issue.severity == "major"
    assert Notification.objects.filter(recipient__role="general_manager", text__startswith="Major problem").exists()
    assert Issue.objects.count() == 2


def test_planner_hands_an_operation_to_somebody_else(people):
    order = make.at_production(people)
    step, other = steps_of(order)[0], colleague(people)
    with pytest.raises(NotYours):
        actions.reassign_step(step_id=step.pk, by=people.operator, owner=other)
    with pytest.raises(BadInput):
        actions.reassign_step(step_id=step.pk, by=people.planners[0], owner=people.buyer)
    actions.reassign_step(step_id=step.pk, by=people.planners[0], owner=other)
    step.refresh_from_db()
    assert step.owner == other and items(order, "operation").get().assignee == other
    assert UrgentOrder.objects.visible_to(other).filter(pk=order.pk).exists()


def test_cancelled_order_stands_still(people):
    order = make.at_production(people)
    step = steps_of(order)[0]
    order_actions.cancel(
        order_id=order.pk, by=people.sales.department.head, reason="customer gave up", was_customer_told=True
    )
    with pytest.raises(GateShut):
        actions.start_step(step_id=step.pk, by=people.planners[0])
    with pytest.raises(GateShut):
        actions.make_plan(order_id=order.pk, by=people.planners[0])


def test_two_lines_run_side_by_side(people):
    order = make.at_production(people, lines=2)
    assert items(order, "operation").count() == 2
    for step in steps_of(order):
        make.run_step(step, people.operator)
    assert UrgentOrder.objects.get(pk=order.pk).stage == "qc"


def test_stock_is_reserved_for_one_order_only(people):
    order = make.planned(people, stock=21)
    line = MaterialLine.objects.get(order=order)
    other = make_order.at_review(people)
    product = other.lines.get().product
    make.usual_routing(product)
    make.bill(product, line.material)
    make.assess_all(other, people)
    actions.make_plan(order_id=other.pk, by=people.planners[1])
    make.own_all(other, people.operator)
    actions.release_plan(order_id=other.pk, by=people.planners[1])
    assert MaterialLine.objects.get(order=other).reserved_quantity == 0
    receive_stock(material=line.material, quantity=Decimal(1), source="count:1", by=people.buyer)
    assert Material.objects.get(pk=line.material_id).free == 1


@pytest.mark.clause("3.4.3", "4.2.2")
def test_made_is_signed_for_the_maker_when_the_inspector_had_the_last_word(people):
    order = make.at_production(people, rows=((10, "铣削", "CNC", 6, {"is_inspected": True}),))
    step = steps_of(order)[0]
    make.run_step(step, people.operator)
    assert actions.hand_over_made() == 0
    inspect_step(step_id=step.pk, by=people.inspector, lot_quantity=10, sample_quantity=10, defective_quantity=0)
    assert UrgentOrder.objects.get(pk=order.pk).stage == "production"
    assert actions.hand_over_made() == 1
    assert actions.hand_over_made() == 0
    assert UrgentOrder.objects.get(pk=order.pk).stage == "qc"
    assert SignOff.objects.get(box="made").signed_by == people.operator
