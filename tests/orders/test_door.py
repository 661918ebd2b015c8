"""Returns, cancellation, the walk, and what the door tells whom."""

import pytest

from desk.refusals import BadInput, GateShut, NotYours, OwnRequest, Refusal
from notifications.models import Outbox
from orders import actions
from orders.machine import Box
from orders.models import StageRun, UrgentOrder
from records.models import CompanySettings, Event
from sla.models import WorkItem
from tests.factories import orders as make

pytestmark = pytest.mark.django_db


def fresh(order):
    return UrgentOrder.objects.get(pk=order.pk)


@pytest.mark.clause("3.1.1")
def test_submission_starts_the_confirmation_clock(people):
    order = make.submitted(people)
    item = fresh(order).stage_item
    assert (item.kind, item.assignee, item.state) == ("confirmation", people.sales, "running")
    assert item.budget_seconds == 2 * 3600
    assert order.number.startswith("UO-") and order.form_number.startswith("IF-")


@pytest.mark.clause("2.2.2")
def test_submission_tells_every_concerned_department(people, departments):
    order = make.submitted(people)
    told = set(Outbox.objects.filter(source=order.stream).values_list("recipient__department__code", flat=True))
    assert told >= {"production", "procurement", "quality", "logistics", "finance"}
    granted = set(order.group_grants.values_list("group__name", flat=True))
    assert granted == {f"department:{code}" for code in
                       ("sales", "production", "procurement", "quality", "logistics", "finance")}


@pytest.mark.clause("1.2")
def test_order_is_visible_to_concerned_departments_only(people, hr, stranger, manager, operator, departments):
    order = make.submitted(people)
    sees = lambda user: UrgentOrder.objects.visible_to(user).filter(pk=order.pk).exists()  # noqa: E731
    for person in (people.sales, people.buyer, people.inspector, people.logistics, people.finance, manager):
        assert sees(person)
    for person in (hr, stranger, operator):
        assert not sees(person)


def test_draft_is_for_its_author_and_the_sales_head(people, sales_head, manager):
    order = make.draft(people.sales)
    sees = [user for user in (people.sales, sales_head, people.buyer, manager)
            if UrgentOrder.objects.visible_to(user).filter(pk=order.pk).exists()]
    assert sees == [people.sales, sales_head]


def test_operator_sees_the_orders_of_own_operations(people):
    order = make.at_procurement(people)
    assert UrgentOrder.objects.visible_to(people.operator).get() == order


def test_incomplete_form_is_refused_with_what_is_missing(people):
    order = actions.save_draft(by=people.sales, values={"place": "somewhere"})
    with pytest.raises(GateShut) as caught:
        actions.submit(order_id=order.pk, by=people.sales)
    missing = [str(row.text) for row in caught.value.missing if not row.is_met]
    assert "Customer" in missing and "Product and quantity" in missing and "Delivery place" not in missing


@pytest.mark.clause("3.1.1")
def test_confirm_without_all_four_is_refused(people):
    order = make.submitted(people)
    actions.confirm_item(order_id=order.pk, by=people.sales, item="place", contact="Gao", how="call")
    with pytest.raises(GateShut) as caught:
        actions.confirm(order_id=order.pk, by=people.sales)
    assert [row.is_met for row in caught.value.missing] == [False, False, False, True]
    assert fresh(order).stage == "confirmation"


@pytest.mark.clause("3.1.1", "3.1.2")
def test_confirmation_issues_the_sheet_and_hands_over(people):
    order = make.at_review(people)
    sheet = order.sheets.get()
    assert (sheet.version, sheet.number) == (1, order.number.replace("UO", "PS"))
    waiting = WorkItem.objects.living().filter(source=order.stream, kind="sheet_receipt")
    assert set(waiting.values_list("department__code", flat=True)) == {
        "production", "procurement", "quality", "logistics", "finance",
    }
    assert "price" not in str(sheet.content)


def test_correction_is_kept_beside_what_the_form_said(people):
    order = make.submitted(people)
    item = actions.confirm_item(
        order_id=order.pk, by=people.sales, item="place", contact="Gao", how="call", correction="Gate 9"
    )
    assert (item.value, item.corrected_from) == ("Gate 9", "盐城大丰港 7 号泊位")
    assert fresh(order).place == "Gate 9"


@pytest.mark.clause("3.1.2")
def test_department_receives_the_sheet_once_and_old_versions_not_at_all(people):
    order = make.at_review(people)
    actions.receive_sheet(order_id=order.pk, by=people.buyer, version=1)
    assert order.sheets.get().receipts.get().received_by == people.buyer
    assert not WorkItem.objects.living().filter(kind="sheet_receipt", department=people.buyer.department).exists()
    actions.issue_sheet(order=actions.lock(order.pk), by=people.sales, reason="changed")
    with pytest.raises(Refusal) as caught:
        actions.receive_sheet(order_id=order.pk, by=people.inspector, version=1)
    assert caught.value.status == 409


def test_head_who_entered_the_order_does_not_decide_it(people, sales_head):
    order = make.draft(sales_head)
    actions.submit(order_id=order.pk, by=sales_head)
    with pytest.raises(OwnRequest):
        actions.cancel(order_id=order.pk, by=sales_head, reason="no", was_customer_told=True)


def test_approval_needs_three_different_assessors(people):
    order = make.at_review(people)
    one = people.planners[0]
    CompanySettings.objects.update_or_create(pk=1, defaults={"review_people": 1})
    for box in ("process", "capacity", "materials"):
        make.sign(order, box, one)
    make.plan(order, people)
    make.sign(order, Box.PLAN, one)
    actions.promise(order=order, promised_at=order.required_at, by=people.production_head, reason="x")
    CompanySettings.objects.update(review_people=3)
    with pytest.raises(GateShut) as caught:
        actions.move(order_id=order.pk, step="approve", by=people.production_head)
    assert [str(row.text) for row in caught.value.missing if not row.is_met] == [
        "The assessments come from 3 different people (now 1)"
    ]


def test_approval_without_a_promise_is_refused(people):
    order = make.assessed(people)
    with pytest.raises(GateShut):
        actions.move(order_id=order.pk, step="approve", by=people.production_head)


def test_return_goes_one_stage_back_and_takes_its_signatures(people):
    order = make.at_procurement(people)
    head = people.buyer.department.head
    actions.send_back(order_id=order.pk, by=head, reason_code="plan", reason="material not in the bill", boxes=["plan"])
    order = fresh(order)
    assert order.stage == "review"
    assert "plan" not in order.sign_offs.living().values_list("box", flat=True)
    assert StageRun.objects.get(order=order, left_at__isnull=True).reason == "material not in the bill"


def test_return_without_a_reason_is_refused(people):
    order = make.at_procurement(people)
    with pytest.raises(BadInput) as caught:
        actions.send_back(order_id=order.pk, by=people.buyer.department.head, reason_code="plan", reason=" ")
    assert caught.value.field == "reason"
    assert fresh(order).stage == "procurement"


def test_member_returns_only_while_nothing_was_signed_in_this_run(people):
    order = make.at_review(people)
    make.sign(order, Box.PROCESS, people.planners[0])
    with pytest.raises(NotYours):
        actions.send_back(order_id=order.pk, by=people.planners[0], reason_code="x", reason="unclear")


def test_another_department_does_not_return(people):
    order = make.at_review(people)
    with pytest.raises(NotYours):
        actions.send_back(order_id=order.pk, by=people.buyer, reason_code="x", reason="unclear")


def test_order_walks_on_through_gates_that_still_hold(people):
    """Sent back for the materials alone: once they are ready again nobody passes the rest by hand."""
    order = make.at_production(people)
    head = people.production_head
    actions.send_back(order_id=order.pk, by=head, reason_code="plan", reason="wrong fixture", boxes=["plan"])
    assert fresh(order).stage == "review"
    make.sign(order, Box.PLAN, people.planners[1])
    actions.move(order_id=order.pk, step="approve", by=head)
    assert fresh(order).stage == "production"
    carried = StageRun.objects.filter(order=order, is_carried=True)
    assert [run.stage for run in carried] == ["procurement"]
    assert carried.get().item is None
    assert fresh(order).stage_item.kind == "production"


def test_repeated_stage_has_the_seconds_left_but_a_quarter_at_least(people):
    order = make.at_procurement(people)
    WorkItem.objects.filter(pk=order.stage_item_id).update(consumed_seconds=64800)
    actions.send_back(
        order_id=order.pk, by=people.buyer.department.head, reason_code="plan", reason="unclear", boxes=["plan"]
    )
    make.sign(order, Box.PLAN, people.planners[1])
    actions.move(order_id=order.pk, step="approve", by=people.production_head)
    item = fresh(order).stage_item
    assert item.budget_seconds - item.consumed_seconds == item.budget_seconds // 4


def test_cancel_before_the_review_ends_the_order_and_its_clocks(people, sales_head):
    order = make.submitted(people)
    actions.cancel(order_id=order.pk, by=sales_head, reason="customer gave up", was_customer_told=True)
    order = fresh(order)
    assert (order.stage, order.outcome, order.closed_by) == ("cancelled", "cancelled", sales_head)
    assert not WorkItem.objects.living().filter(source=order.stream).exists()


def test_cancel_later_asks_each_working_department_to_stop(people, sales_head):
    order = make.at_production(people)
    actions.cancel(order_id=order.pk, by=sales_head, reason="customer gave up", was_customer_told=True)
    order = fresh(order)
    assert (order.stage, order.outcome) == ("settlement", "cancelled")
    waiting = WorkItem.objects.living().filter(source=order.stream, kind="stop_report")
    assert set(waiting.values_list("department__code", flat=True)) >= {"sales", "production", "procurement"}
    make.sign(order, Box.COSTS, people.finance)
    with pytest.raises(GateShut):
        actions.move(order_id=order.pk, step="settle_cancelled", by=people.finance)
    with pytest.raises(GateShut):
        actions.move(order_id=order.pk, step="settle", by=people.finance)


def test_customer_must_be_told_before_a_cancellation(people, sales_head):
    order = make.submitted(people)
    with pytest.raises(BadInput):
        actions.cancel(order_id=order.pk, by=sales_head, reason="no", was_customer_told=False)


@pytest.mark.clause("3.2.3", "4.1.3")
def test_accepted_option_changes_the_order_and_reviews_it_again(people):
    order = make.assessed(people)
    later = order.required_at + make.timedelta(days=2)
    negotiation = actions.open_negotiation(
        order_id=order.pk, by=people.planners[1], reason="CNC-3 is full",
        options=[{"kind": "date", "description": "two days later", "finish_at": later, "required_at": later}],
    )
    assert fresh(order).stage_item.state == "paused"
    with pytest.raises(GateShut):
        actions.move(order_id=order.pk, step="approve", by=people.production_head)
    actions.accept_option(
        negotiation_id=negotiation.pk, option_id=negotiation.options.get().pk, by=people.sales, contact="Gao",
        how="call",
    )
    order = fresh(order)
    assert order.required_at == later
    assert order.stage_item.state == "running"
    assert not order.sign_offs.living().filter(box__in=["capacity", "plan"]).exists()
    assert order.sheets.count() == 2
    assert WorkItem.objects.living().filter(source=order.stream, kind="review_capacity").count() == 1


@pytest.mark.clause("3.4.2", "5.3")
def test_major_problem_goes_to_the_superiors_at_once(people, manager, general_manager, production_head):
    order = make.at_production(people)
    issue = actions.raise_issue(
        order_id=order.pk, by=people.operator, kind="machine", text="spindle broken", severity="major"
    )
    told = set(Outbox.objects.filter(text__startswith="Major problem").values_list("recipient", flat=True))
    assert told >= {manager.pk, general_manager.pk, production_head.pk}
    solve = {"issue_id": issue.pk, "by": people.planners[0], "solution": "spare spindle"}
    with pytest.raises(GateShut):
        actions.solve_issue(**solve, decided_with=[production_head])
    actions.acknowledge_issue(issue_id=issue.pk, by=production_head, text="borrow one")
    actions.solve_issue(**solve, decided_with=[production_head])
    with pytest.raises(BadInput):
        actions.solve_issue(issue_id=issue.pk, by=people.planners[0], solution="")


def test_every_step_leaves_an_event_with_its_actor(people):
    order = make.closed(people)
    verbs = list(Event.objects.filter(stream_id=order.stream).values_list("verb", flat=True))
    for verb in ("submit", "confirm", "approve", "materials_ready", "finish", "pass", "deliver", "settle"):
        assert verbs.count(f"order.{verb}") == 1
