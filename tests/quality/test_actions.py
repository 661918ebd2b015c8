from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from desk.refusals import BadInput, Changed, GateShut, NotYours, OwnRequest
from orders import actions as order_actions
from orders import ledger
from orders.machine import Box
from orders.models import CostEntry, LedgerEntry, MaterialLine, Nonconformance, OrderStep, Receipt, Remake, UrgentOrder
from quality import actions
from quality.models import Concession, Inspection
from sla.models import WorkItem
from tests.factories import orders as make
from tests.factories import quality as q
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


def living(order, box):
    return order.sign_offs.living().filter(box=box).exists()


def stage_of(order):
    return UrgentOrder.objects.values_list("stage", flat=True).get(pk=order.pk)


# Inspecting


@pytest.mark.clause("3.4.3", "4.5.1")
def test_in_process_inspection_lets_pieces_on_and_holds_the_rest(people):
    order, step = q.awaiting_at_step(people)
    actions.inspect_step(
        step_id=step.pk, by=people.inspector, lot_quantity=10, sample_quantity=10, defective_quantity=2, defect="burr"
    )
    step.refresh_from_db()
    assert (step.passed, step.held, step.awaiting) == (8, 2, 0)
    found = Nonconformance.objects.get(order=order)
    assert (found.quantity, found.defect, found.disposition, found.step) == (2, "burr", "open", step)
    assert found.item.kind == "nonconformance"
    assert found.item.is_living


@pytest.mark.clause("3.4.3")
def test_next_operation_takes_no_more_than_what_passed(people):
    order, step = q.awaiting_at_step(people)
    after = order.steps.get(number=20)
    with pytest.raises(GateShut):
        ledger.post(target=after, kind="make", quantity=1, by=people.operator)
    actions.inspect_step(
        step_id=step.pk, by=people.inspector, lot_quantity=4, sample_quantity=4, defective_quantity=1, defect="burr"
    )
    with pytest.raises(GateShut) as refused:
        ledger.post(target=after, kind="make", quantity=4, by=people.operator)
    assert "3 pieces" in refused.value.what
    ledger.post(target=after, kind="make", quantity=3, by=people.operator)


@pytest.mark.clause("3.4.3")
def test_last_operation_hands_its_passed_pieces_to_final_inspection(people):
    order, first = q.awaiting_at_step(people)
    asked = {"by": people.inspector, "lot_quantity": 10, "sample_quantity": 10}
    actions.inspect_step(step_id=first.pk, defective_quantity=0, **asked)
    assert order.lines.get().made == 0
    last = order.steps.get(number=20)
    ledger.post(target=last, kind="make", quantity=10, by=people.operator)
    actions.inspect_step(step_id=last.pk, defective_quantity=1, defect="burr", **asked)
    line = order.lines.get()
    assert (line.made, line.awaiting) == (9, 9)


def test_more_than_awaits_cannot_be_inspected(people):
    _order, step = q.awaiting_at_step(people, 5)
    with pytest.raises(GateShut) as refused:
        actions.inspect_step(
            step_id=step.pk, by=people.inspector, lot_quantity=6, sample_quantity=6, defective_quantity=0
        )
    assert "only 5 wait" in refused.value.what
    assert not Inspection.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"lot_quantity": 0}, "lot_quantity"),
        ({"sample_quantity": 9}, "sample_quantity"),
        ({"sample_quantity": 11}, "sample_quantity"),
        ({"defective_quantity": 11, "defect": "burr"}, "defective_quantity"),
        ({"defective_quantity": -1}, "defective_quantity"),
        ({"defective_quantity": 1}, "defect"),
        ({"findings": [{"characteristic": "Ø 40", "result": "bad", "note": ""}]}, "defective_quantity"),
    ],
)
def test_result_that_does_not_fit_is_refused(people, values, field):
    _order, step = q.awaiting_at_step(people)
    asked = {"lot_quantity": 10, "sample_quantity": 10, "defective_quantity": 0} | values
    with pytest.raises(BadInput) as refused:
        actions.inspect_step(step_id=step.pk, by=people.inspector, **asked)
    assert refused.value.field == field


def test_findings_are_kept_with_the_inspection(people):
    _order, step = q.awaiting_at_step(people)
    findings = [{"characteristic": "Ø 40 H7", "result": "good", "note": "40.012"}]
    kept = actions.inspect_step(
        step_id=step.pk, by=people.inspector, lot_quantity=10, sample_quantity=10, defective_quantity=0,
        findings=findings,
    )
    assert Inspection.objects.get(pk=kept.pk).findings == findings


@pytest.mark.clause("4.5.1")
def test_sampling_table_says_how_many_pieces_are_inspected(people):
    q.sampling_table()
    order = make.at_qc(people, quantity=100)
    line = order.lines.get()
    q.plan_of(line, sampling="table")
    asked = {"line_id": line.pk, "by": people.inspector, "lot_quantity": 100, "defective_quantity": 0}
    with pytest.raises(BadInput) as refused:
        actions.inspect_final(sample_quantity=19, **asked)
    assert "at least 20" in refused.value.what
    actions.inspect_final(sample_quantity=20, **asked)
    line.refresh_from_db()
    assert line.passed == 100


@pytest.mark.clause("4.5.1", "3.4.3")
def test_refused_sample_lets_nothing_uninspected_pass(people):
    q.sampling_table()
    order = make.at_qc(people, quantity=100)
    line = order.lines.get()
    q.plan_of(line, sampling="table")
    asked = {"line_id": line.pk, "by": people.inspector, "defect": "crack"}
    kept = actions.inspect_final(lot_quantity=100, sample_quantity=20, defective_quantity=1, **asked)
    line.refresh_from_db()
    assert (line.passed, line.held, line.awaiting) == (19, 1, 80)
    assert kept.is_lot_refused
    with pytest.raises(BadInput):  # the rest: every piece
        actions.inspect_final(lot_quantity=80, sample_quantity=13, defective_quantity=0, **asked)
    actions.inspect_final(lot_quantity=80, sample_quantity=80, defective_quantity=0, **asked)
    line.refresh_from_db()
    assert (line.passed, line.held) == (99, 1)


def test_first_article_passes_after_it_failed(people):
    order = make.at_production(people)
    step = order.steps.first()
    OrderStep.objects.filter(pk=step.pk).update(first_article="open")
    with pytest.raises(BadInput):
        actions.first_article(step_id=step.pk, by=people.inspector, is_passed=False)
    actions.first_article(step_id=step.pk, by=people.inspector, is_passed=False, defect="Ø too large")
    step.refresh_from_db()
    assert step.first_article == "failed"
    actions.first_article(step_id=step.pk, by=people.inspector, is_passed=True)
    step.refresh_from_db()
    assert step.first_article == "passed"
    with pytest.raises(GateShut):
        actions.first_article(step_id=step.pk, by=people.inspector, is_passed=True)
    assert Inspection.objects.filter(kind="first_article").count() == 2


@pytest.mark.clause("3.4.3", "4.5.1")
def test_nothing_passes_before_the_first_article_has(people):
    _order, step = q.awaiting_at_step(people, 1)
    OrderStep.objects.filter(pk=step.pk).update(first_article="open")
    asked = {"step_id": step.pk, "by": people.inspector}
    with pytest.raises(GateShut):
        actions.inspect_step(lot_quantity=1, sample_quantity=1, defective_quantity=0, **asked)
    actions.first_article(is_passed=True, **asked)
    actions.inspect_step(lot_quantity=1, sample_quantity=1, defective_quantity=0, **asked)


@pytest.mark.clause("3.4.3", "4.5.1")
def test_last_result_signs_passed_and_hands_over_to_logistics(people):
    order = make.at_qc(people, lines=2)
    first, second = order.lines.all()
    q.inspect_final(order, people.inspector, line=first)
    assert stage_of(order) == "qc"
    q.inspect_final(order, people.inspector, line=second)
    assert stage_of(order) == "delivery"
    assert order.sign_offs.living().get(box=Box.PASSED).signed_by == people.inspector


def test_order_stays_while_a_nonconformance_is_undecided(people):
    order, found = q.held_at_final(people)
    assert stage_of(order) == "qc"
    assert not living(order, Box.PASSED)
    assert found.item.assignee


def test_nonconformance_found_later_takes_the_signature_back(people):
    order = make.at_delivery(people)
    line = order.lines.get()
    OrderStep.objects.filter(order=order).update(quantity=12)
    for step in order.steps.order_by("number"):
        ledger.post(target=step, kind="make", quantity=2, by=people.operator)
        ledger.post(target=step, kind="pass", quantity=2, by=people.operator)
    ledger.post(target=line, kind="make", quantity=2, by=people.operator)
    line.refresh_from_db()
    q.inspect_final(order, people.inspector, defective=2, line=line)
    assert not living(order, Box.PASSED)


@pytest.mark.clause("3.4.3")
def test_maker_does_not_inspect_own_pieces(people, inspector):
    _order, step = q.awaiting_at_step(people, 5)
    ledger.post(target=step, kind="make", quantity=5, by=inspector)
    with pytest.raises(OwnRequest) as refused:
        actions.inspect_step(step_id=step.pk, by=inspector, lot_quantity=5, sample_quantity=5, defective_quantity=0)
    assert inspector not in refused.value.who
    assert refused.value.who
    account = UserFactory(role="inspector", department=inspector.department, same_person_as=inspector)
    with pytest.raises(OwnRequest):
        actions.inspect_step(step_id=step.pk, by=account, lot_quantity=5, sample_quantity=5, defective_quantity=0)
    for person in (inspector, account):
        with pytest.raises(IntegrityError, match="does not inspect them"), transaction.atomic():
            Inspection.objects.bulk_create([Inspection(
                order_id=step.order_id, line_id=step.line_id, step=step, kind="in_process", lot_quantity=5,
                sample_quantity=5, passed=5, failed=0, inspected_at=timezone.now(), inspected_by=person,
            )])


@pytest.mark.clause("3.4.3")
def test_maker_of_an_operation_does_not_do_the_final_inspection(people, inspector, quality_head):
    order = make.at_production(people)
    for step in order.steps.order_by("number"):
        ledger.post(target=step, kind="make", quantity=10, by=inspector)
        ledger.post(target=step, kind="pass", quantity=10, by=people.operator)
    line = order.lines.get()
    ledger.post(target=line, kind="make", quantity=10, by=people.operator)
    line.refresh_from_db()
    with pytest.raises(OwnRequest):
        q.inspect_final(order, inspector, line=line)
    q.inspect_final(order, quality_head, line=line)


def test_inspector_of_the_last_operation_may_do_the_final_inspection(people):
    order, step = q.awaiting_at_step(people)
    asked = {"by": people.inspector, "lot_quantity": 10, "sample_quantity": 10, "defective_quantity": 0}
    actions.inspect_step(step_id=step.pk, **asked)
    last = order.steps.get(number=20)
    ledger.post(target=last, kind="make", quantity=10, by=people.operator)
    actions.inspect_step(step_id=last.pk, **asked)
    actions.inspect_final(line_id=step.line_id, **asked)


@pytest.mark.parametrize("who", ["operator", "sales", "logistics", "production_head", "stranger"])
def test_others_do_not_inspect(people, who, request):
    _order, step = q.awaiting_at_step(people)
    with pytest.raises(NotYours):
        actions.inspect_step(
            step_id=step.pk, by=request.getfixturevalue(who), lot_quantity=1, sample_quantity=1, defective_quantity=0
        )


def test_nothing_is_inspected_on_an_ended_order(people, sales_head):
    order = make.at_qc(people)
    order_actions.cancel(order_id=order.pk, by=sales_head, reason="customer stopped", was_customer_told=True)
    with pytest.raises(GateShut):
        q.inspect_final(order, people.inspector)


# Incoming


def receipt_for(order, people, quantity=5):
    line = order.material_lines.first()
    return Receipt.objects.create(
        material_line=line, quantity=quantity, received_at=timezone.now(), received_by=people.buyer
    )


@pytest.mark.clause("4.5.1")
def test_incoming_inspection_accepts_and_rejects(people):
    order = make.at_procurement(people)
    receipt = receipt_for(order, people)
    actions.inspect_receipt(receipt_id=receipt.pk, by=people.inspector, accepted=4, rejected=1, defect="rust")
    receipt.refresh_from_db()
    assert (receipt.accepted_quantity, receipt.rejected_quantity, receipt.inspected_by) == (4, 1, people.inspector)
    line = MaterialLine.objects.get(pk=receipt.material_line_id)
    assert line.short_quantity == 1
    kept = Inspection.objects.get(receipt=receipt)
    assert (kept.good, kept.bad, kept.kind) == ("4", "1", "incoming")
    with pytest.raises(Changed):
        actions.inspect_receipt(receipt_id=receipt.pk, by=people.inspector, accepted=5, rejected=0)


def test_who_received_the_goods_does_not_inspect_them(people):
    order = make.at_procurement(people)
    receipt = receipt_for(order, people)
    Receipt.objects.filter(pk=receipt.pk).update(received_by=people.inspector)
    with pytest.raises(OwnRequest):
        actions.inspect_receipt(receipt_id=receipt.pk, by=people.inspector, accepted=5, rejected=0)


# Deciding


@pytest.mark.clause("3.4.3", "4.5.2")
def test_rework_goes_back_to_an_operation_and_is_inspected_again(people):
    order, found = q.held_at_final(people)
    q.decide(found, people.inspector, "rework", owner=people.operator)
    found.refresh_from_db()
    step, line = found.rework_step, order.lines.get()
    assert (step.number, step.kind, step.owner, step.quantity) == (900, "rework", people.operator, 3)
    assert step.reworks is None
    assert (line.passed, line.held, line.in_rework) == (7, 0, 3)
    assert stage_of(order) == "production"
    assert not living(order, Box.MADE)
    assert WorkItem.objects.living().filter(kind="operation", assignee=people.operator).exists()
    assert not found.item.is_living
    # the foreman reports it done, the pieces are inspected again
    ledger.post(target=step, kind="make", quantity=3, by=people.operator)
    ledger.post(target=step, kind="pass", quantity=3, by=people.operator)
    ledger.post(target=line, kind="reworked", quantity=3, by=people.operator)
    OrderStep.objects.filter(pk=step.pk).update(started_at=timezone.now(), finished_at=timezone.now())
    q.inspect_final(order, people.inspector)
    order_actions.sign_and_move(order=order_actions.lock(order.pk), box=Box.MADE, by=people.operator)
    assert stage_of(order) == "delivery"  # walked on: everything passed meanwhile


def test_rework_of_an_operation_changes_no_stage(people):
    order, step = q.awaiting_at_step(people)
    actions.inspect_step(
        step_id=step.pk, by=people.inspector, lot_quantity=10, sample_quantity=10, defective_quantity=2, defect="burr"
    )
    q.decide(Nonconformance.objects.get(), people.inspector, "rework", owner=people.operator)
    assert stage_of(order) == "production"
    step.refresh_from_db()
    assert (step.in_rework, step.held) == (2, 0)
    assert OrderStep.objects.get(kind="rework").reworks == step


def test_second_rework_takes_the_next_number(people):
    _order, found = q.held_at_final(people, defective=3)
    q.decide(found, people.inspector, "rework", owner=people.operator, quantity=2)
    rest = Nonconformance.objects.get(disposition="open")
    assert rest.quantity == 1
    q.decide(rest, people.inspector, "rework", owner=people.operator)
    assert list(OrderStep.objects.filter(kind="rework").values_list("number", flat=True)) == [900, 901]


@pytest.mark.clause("3.4.3", "4.5.2")
def test_scrap_is_made_again_materials_included(people):
    order, found = q.held_at_final(people)
    q.decide(found, people.inspector, "scrap")
    line = order.lines.get()
    assert (line.scrapped, line.held) == (3, 0)
    remake = Remake.objects.get(order=order)
    assert remake.quantity == 3
    assert remake.item.kind == "remake"
    assert remake.item.department.code == "production"
    assert stage_of(order) == "procurement"
    assert not any(living(order, box) for box in (Box.PLAN, Box.MATERIALS_READY, Box.MADE, Box.PASSED))
    cost = CostEntry.objects.get(order=order, kind="scrap")
    assert (cost.cause, cost.is_planned) == ("scrap", False)


def test_spare_pieces_are_scrapped_without_remake(people):
    order = make.at_production(people)
    OrderStep.objects.filter(order=order).update(quantity=12)
    make.make_everything(order, people)
    line = order.lines.get()
    ledger.post(target=line, kind="make", quantity=2, by=people.operator)
    order_actions.sign_and_move(order=order_actions.lock(order.pk), box=Box.MADE, by=people.operator)
    q.inspect_final(order, people.inspector, defective=2, line=line)
    assert stage_of(order) == "qc"
    q.decide(Nonconformance.objects.get(), people.inspector, "scrap")
    assert not Remake.objects.exists()
    assert stage_of(order) == "delivery"  # the decision was the last thing missing


@pytest.mark.clause("3.4.3", "4.5.2")
def test_concession_passes_only_with_the_second_signature(people, quality_head):
    order, found = q.held_at_final(people)
    concession = q.decide(found, people.inspector, "concession")
    assert order.lines.get().held == 3
    found.item.refresh_from_db()
    assert found.item.assignee == quality_head
    actions.confirm_concession(concession_id=concession.pk, by=quality_head)
    line = order.lines.get()
    assert (line.held, line.passed, line.conceded) == (0, 10, 3)
    found.refresh_from_db()
    assert (found.disposition, found.decided_by) == ("concession", quality_head)
    assert stage_of(order) == "delivery"


@pytest.mark.clause("3.4.3")
def test_one_person_cannot_concede_alone(people):
    order, found = q.held_at_final(people)
    concession = q.decide(found, people.inspector, "concession")
    with pytest.raises(OwnRequest) as refused:
        actions.confirm_concession(concession_id=concession.pk, by=people.inspector)
    assert people.inspector not in refused.value.who
    assert order.lines.get().held == 3
    with pytest.raises(IntegrityError), transaction.atomic():
        Concession.objects.filter(pk=concession.pk).update(confirmed_by=people.inspector, confirmed_at=timezone.now())
    account = UserFactory(
        role="inspector", department=people.inspector.department, same_person_as=people.inspector
    )
    with pytest.raises(OwnRequest):
        actions.confirm_concession(concession_id=concession.pk, by=account)
    with pytest.raises(IntegrityError, match="two signers"), transaction.atomic():
        Concession.objects.filter(pk=concession.pk).update(confirmed_by=account, confirmed_at=timezone.now())


def test_concession_at_the_last_operation_goes_to_final_inspection(people, quality_head):
    order, step = q.awaiting_at_step(people)
    asked = {"by": people.inspector, "lot_quantity": 10, "sample_quantity": 10}
    actions.inspect_step(step_id=step.pk, defective_quantity=0, **asked)
    last = order.steps.get(number=20)
    ledger.post(target=last, kind="make", quantity=10, by=people.operator)
    actions.inspect_step(step_id=last.pk, defective_quantity=4, defect="burr", **asked)
    concession = q.decide(Nonconformance.objects.get(), people.inspector, "concession")
    actions.confirm_concession(concession_id=concession.pk, by=quality_head)
    line = order.lines.get()
    assert (line.made, line.awaiting) == (10, 10)


def test_refused_concession_leaves_the_pieces_held_for_another_decision(people, quality_head):
    order, found = q.held_at_final(people)
    concession = q.decide(found, people.inspector, "concession")
    with pytest.raises(Changed):
        q.decide(found, people.inspector, "scrap")
    actions.refuse_concession(concession_id=concession.pk, by=quality_head, reason="the customer measures it")
    assert order.lines.get().held == 3
    with pytest.raises(Changed):
        actions.confirm_concession(concession_id=concession.pk, by=quality_head)
    q.decide(found, people.inspector, "scrap")


def test_decision_is_made_once(people):
    _order, found = q.held_at_final(people)
    q.decide(found, people.inspector, "scrap")
    with pytest.raises(Changed):
        q.decide(found, people.inspector, "rework", owner=people.operator)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"owner": None}, "owner"),
        ({"planned_end_at": None}, "planned_end_at"),
        ({"planned_end_at": timezone.now() - timedelta(hours=1)}, "planned_end_at"),
        ({"quantity": 4}, "quantity"),
        ({"quantity": 0}, "quantity"),
        ({"reason": " "}, "reason"),
    ],
)
def test_rework_asks_who_and_by_when(people, values, field):
    _order, found = q.held_at_final(people)
    until = timezone.now() + timedelta(hours=4)
    asked = {"owner": people.operator, "planned_end_at": until, "reason": "polish"} | values
    with pytest.raises(BadInput) as refused:
        actions.rework(nonconformance_id=found.pk, by=people.inspector, **asked)
    assert refused.value.field == field


def test_rework_is_for_somebody_who_runs_operations(people):
    _order, found = q.held_at_final(people)
    with pytest.raises(BadInput) as refused:
        q.decide(found, people.inspector, "rework", owner=people.sales)
    assert refused.value.field == "owner"


# Round the gate


def attempts(order, line, inspector):
    yield lambda: UrgentOrder.objects.filter(pk=order.pk).update(stage="delivery")
    yield lambda: order.lines.update(passed=10, held=0, awaiting=0)
    yield lambda: order.lines.update(shipped=8)
    yield lambda: Nonconformance.objects.filter(order=order).update(
        disposition="concession", decided_by=inspector, decided_at=timezone.now()
    )
    yield lambda: Nonconformance.objects.filter(order=order).delete()
    yield lambda: Inspection.objects.filter(order=order).update(passed=10, failed=0)
    yield lambda: Inspection.objects.filter(order=order).delete()
    yield lambda: LedgerEntry.objects.filter(order=order, kind="hold").update(kind="pass")


@pytest.mark.clause("1.3.3", "3.4.3")
@pytest.mark.parametrize("number", [0, 2, 3, 4, 5, 6, 7])
def test_database_refuses_what_goes_round_the_gate(people, number):
    order, _found = q.held_at_final(people)
    attempt = list(attempts(order, order.lines.get(), people.inspector))[number]
    with pytest.raises(IntegrityError), transaction.atomic():
        attempt()


@pytest.mark.clause("1.3.3")
def test_passed_cannot_be_signed_by_hand_before_it_holds(people):
    order, _found = q.held_at_final(people)
    with pytest.raises(GateShut) as refused:
        order_actions.sign(order=order_actions.lock(order.pk), box=Box.PASSED, by=people.inspector)
    assert any("nonconforming" in str(condition.text) for condition in refused.value.missing)
    with pytest.raises(IntegrityError), transaction.atomic():
        order.sign_offs.create(box=Box.PASSED, signed_at=timezone.now(), signed_by=people.inspector)
    with pytest.raises(GateShut):
        order_actions.move(order_id=order.pk, step="pass", by=people.inspector)
