"""Undo within ten seconds: by the same person, while nothing later stands; new events, nothing deleted."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from desk.refusals import Changed, GateShut, NotYours
from notifications.models import Notification, Outbox
from orders import actions
from orders.actions.withdrawal import open_act
from orders.machine import FINAL, WITHDRAW, WITHDRAWABLE, Box, Stage
from orders.models import ExternalRef, MaterialLine, ProcessingSheet, Promise, StageRun, UrgentOrder
from records.models import Event
from sla.models import WorkItem
from tests.factories import orders as make
from tests.together import at_once, refusals

pytestmark = pytest.mark.django_db


def fresh(order):
    return UrgentOrder.objects.get(pk=order.pk)


def living(order, **values):
    return WorkItem.objects.living().filter(source=order.stream, **values)


def boxes(order):
    return set(order.sign_offs.living().values_list("box", flat=True))


def to_be_told(order):
    unsent = Outbox.objects.filter(source=order.stream, state="waiting").count()
    return unsent + Notification.objects.filter(source=order.stream, voided_at=None).count()


def approve(order, people):
    """As production's act does it."""
    with transaction.atomic():
        order = actions.lock(order.pk)
        actions.promise(order=order, promised_at=order.required_at, by=people.production_head, reason="as asked")
        order = actions.move(order_id=order.pk, step="approve", by=people.production_head)
        actions.issue_sheet(order=order, by=people.production_head, reason="Reviewed and planned")
    return order


@pytest.mark.once
def test_endings_and_settlement_are_not_withdrawn():
    assert set(WITHDRAWABLE) == {"submit", "confirm", "approve", "materials_ready", "send_back"}
    touched = {stage for edge in WITHDRAW.edges for stage in edge}
    assert not touched & {Stage.SETTLEMENT, *FINAL}


def test_withdrawn_submission_is_a_form_again_and_told_to_nobody(people, sales_head):
    order = make.submitted(people)
    number, told = order.number, to_be_told(order)
    assert told and open_act(fresh(order), people.sales).step == "submit"
    assert open_act(fresh(order), sales_head) is None
    with pytest.raises(NotYours) as caught:
        actions.withdraw(order_id=order.pk, by=sales_head)
    assert caught.value.who == (people.sales,)
    actions.withdraw(order_id=order.pk, by=people.sales)
    order = fresh(order)
    assert (order.stage, order.number, order.stage_item, to_be_told(order)) == ("identification", number, None, 0)
    verbs = list(Event.objects.filter(stream_id=order.stream).values_list("verb", flat=True))
    assert verbs == ["order.submit", "order.handed_over", "order.withdraw"]
    assert [run.is_carried for run in order.runs.all()] == [False, True, False]
    with pytest.raises(GateShut):
        actions.withdraw(order_id=order.pk, by=people.sales)
    actions.submit(order_id=order.pk, by=people.sales)
    assert to_be_told(order) == told  # now the departments hear of it
    assert fresh(order).number == number


def test_withdrawn_confirmation_takes_back_signature_sheet_and_hand_over(people):
    order = make.at_review(people)
    assert ExternalRef.objects.get().next_try_at > timezone.now() + timedelta(seconds=8)
    actions.withdraw(order_id=order.pk, by=people.sales)
    order = fresh(order)
    assert (order.stage, boxes(order), order.stage_item.kind) == ("confirmation", set(), "confirmation")
    assert order.sign_offs.get().revoked_fact == "withdrawn"
    assert not living(order, kind="sheet_receipt").exists() and not living(order, kind="review_process").exists()
    assert not ExternalRef.objects.exists()
    assert order.sheets.get().withdrawn_at
    with pytest.raises(Changed, match="withdrawn"):
        actions.receive_sheet(order_id=order.pk, by=people.buyer, version=1)
    actions.confirm(order_id=order.pk, by=people.sales)  # the four stay confirmed
    assert [sheet.version for sheet in order.sheets.filter(withdrawn_at=None)] == [2]


def test_confirmation_that_the_order_system_has_is_not_withdrawn(people):
    order = make.at_review(people)
    ExternalRef.objects.update(state="sent", sent_at=timezone.now(), attempts=1)
    with pytest.raises(GateShut, match="has this order already"):
        actions.withdraw(order_id=order.pk, by=people.sales)
    assert (fresh(order).stage, boxes(order)) == ("review", {"customer_confirmed"})


def test_withdrawn_approval_takes_its_promise_along(people):
    order = make.assessed(people)
    approve(order, people)
    actions.withdraw(order_id=order.pk, by=people.production_head)
    order = fresh(order)
    assert (order.stage, order.promises.count(), Promise._base_manager.count()) == ("review", 0, 1)
    assert [sheet.withdrawn_at is None for sheet in order.sheets.all()] == [False, True]
    assert boxes(order) >= {"process", "capacity", "materials", "plan"}
    with pytest.raises(GateShut):  # it needs a promise again
        actions.move(order_id=order.pk, step="approve", by=people.production_head)
    assert approve(order, people).stage == "procurement"


def test_withdrawn_return_stands_signed_as_before(people):
    order = make.at_production(people)
    before = boxes(order)
    head = people.production_head
    actions.send_back(order_id=order.pk, by=head, reason_code="unclear", reason="which bore", boxes=["plan"])
    actions.withdraw(order_id=order.pk, by=people.production_head)
    order = fresh(order)
    assert (order.stage, boxes(order), order.stage_item.kind) == ("production", before, "production")
    again = order.sign_offs.living().get(box="plan")
    assert again.signed_by == people.planners[1] and again.evidence["signed_again_for"]


def test_withdrawn_materials_and_hold(people, sales_head):
    order = make.at_production(people)
    actions.withdraw(order_id=order.pk, by=people.buyer)
    assert (fresh(order).stage, "materials_ready" in boxes(order)) == ("procurement", False)
    told = to_be_told(order)
    actions.hold_order(order_id=order.pk, by=sales_head, reason="wait", until=timezone.now() + timedelta(days=1))
    assert open_act(fresh(order), sales_head).step == "held"
    actions.withdraw(order_id=order.pk, by=sales_head)
    assert (fresh(order).is_held, to_be_told(order)) == (False, told)
    assert set(living(order).values_list("state", flat=True)) == {"running"}


def test_withdrawal_is_refused_late_or_after_somebody_went_on_and_names_the_way_left(people):
    order = make.at_review(people)
    with pytest.raises(GateShut) as caught:
        actions.withdraw(order_id=order.pk, by=people.sales, now=timezone.now() + timedelta(seconds=11))
    assert "10 seconds" in str(caught.value.what) and caught.value.remedy.url == f"/orders/{order.pk}/return/"
    actions.receive_sheet(order_id=order.pk, by=people.buyer, version=1)
    assert open_act(fresh(order), people.sales) is None
    with pytest.raises(Changed) as caught:
        actions.withdraw(order_id=order.pk, by=people.sales)
    assert people.buyer.name in str(caught.value.what)
    assert (fresh(order).stage, ProcessingSheet.objects.get().withdrawn_at) == ("review", None)


def test_counted_pieces_and_carried_steps_are_not_withdrawn(people):
    order = make.at_qc(people)
    with pytest.raises(GateShut, match="no step here"):
        actions.withdraw(order_id=order.pk, by=people.operator)
    other = make.at_production(people)
    actions.send_back(order_id=other.pk, by=people.production_head, reason_code="plan", reason="wrong", boxes=["plan"])
    make.sign(other, Box.PLAN, people.planners[1])
    actions.move(order_id=other.pk, step="approve", by=people.production_head)
    with pytest.raises(GateShut):
        actions.withdraw(order_id=other.pk, by=people.production_head)


def test_database_opens_no_gate_by_a_forged_withdrawal(people):
    order = make.submitted(people)

    def forge():
        StageRun.objects.filter(order=order, left_at__isnull=True).update(left_at=timezone.now())
        StageRun.objects.create(order=order, number=99, stage="review", entered_at=timezone.now(),
                                entered_by=people.sales, entered_step="withdraw")
        UrgentOrder.objects.filter(pk=order.pk).update(stage="review")

    with pytest.raises(IntegrityError), transaction.atomic():
        forge()
    Promise.objects.create(order=order, requested_at=order.required_at, promised_at=order.required_at, reason="x",
                           recorded_at=timezone.now(), recorded_by=people.sales, approved_by=people.sales,
                           withdrawn_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Promise._base_manager.update(withdrawn_at=None)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_withdrawal_against_the_next_act_leaves_one_of_them(people):
    order = make.assessed(people)
    approve(order, people)
    MaterialLine.objects.filter(order=order).update(decision="accepted", accepted_quantity=5)
    answers = at_once(
        lambda: actions.withdraw(order_id=order.pk, by=people.production_head),
        lambda: make.sign_and_move(order, Box.MATERIALS_READY, people.buyer),
    )
    order = fresh(order)
    was_withdrawn = order.runs.filter(entered_step="withdraw").exists()
    assert order.stage == ("review" if was_withdrawn else "production")
    assert len(refusals(answers)) == (0 if was_withdrawn else 1)
    assert order.runs.filter(left_at=None).count() == 1
