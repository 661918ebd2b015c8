"""Attacks on the gate that go round the door: the database itself refuses."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django_fsm import TransitionNotAllowed

from desk.refusals import Refusal
from orders import actions, ledger
from orders.machine import STEPS, Box, Stage
from orders.models import CostEntry, ExpenseRequest, LedgerEntry, OrderLine, OrderStep, SignOff, StageRun, UrgentOrder
from people.models import Department
from tests.factories import orders as make

pytestmark = [pytest.mark.django_db]


def refused(act):
    with pytest.raises(IntegrityError), transaction.atomic():
        act()


def sql(statement, *params):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


@pytest.mark.clause("1.3.3")
@pytest.mark.parametrize("source", ["identification", "confirmation", "review", "procurement", "qc", "delivery"])
def test_bulk_update_of_stage_is_refused_by_the_database(source, people):
    order = make.AT[source](people)
    for target in set(Stage.values) - {source}:
        refused(lambda target=target: UrgentOrder.objects.filter(pk=order.pk).update(stage=target))
    assert UrgentOrder.objects.get(pk=order.pk).stage == source


def test_raw_sql_past_an_unsigned_box_is_refused_even_with_a_run(people):
    """Whoever also forges the trail still lacks the signature."""
    order = make.at_qc(people)

    def forge():
        StageRun.objects.filter(order=order, left_at__isnull=True).update(left_at=timezone.now())
        StageRun.objects.create(
            order=order, number=99, stage="delivery", entered_at=timezone.now(), entered_by=people.sales,
            entered_step="pass",
        )
        sql("UPDATE orders_urgentorder SET stage = 'delivery' WHERE id = %s", order.pk)

    refused(forge)


@pytest.mark.parametrize(
    ("box", "stage"),
    [("customer_confirmed", "confirmation"), ("made", "production"), ("passed", "qc"), ("delivered", "delivery")],
)
def test_forged_signature_is_refused_while_its_papers_say_no(box, stage, people):
    order = make.AT[stage](people)
    refused(lambda: SignOff.objects.create(order=order, box=box, signed_at=timezone.now(), signed_by=people.sales))


def test_costs_cannot_be_signed_over_an_open_expense(people):
    order = make.at_settlement(people)
    ExpenseRequest.objects.create(
        order=order, department=Department.objects.get(code="sales"), kind="other", amount=5, reason="taxi",
        requested_at=timezone.now(), requested_by=people.sales,
    )
    signed = {"box": "costs", "signed_at": timezone.now(), "signed_by": people.finance}
    refused(lambda: SignOff.objects.create(order=order, **signed))


def test_order_is_born_at_identification_only(sales):
    refused(lambda: UrgentOrder.objects.bulk_create([UrgentOrder(stage="closed", created_by=sales)]))


def test_protected_stage_cannot_be_assigned(sales):
    order = make.draft(sales)
    with pytest.raises(AttributeError):
        order.stage = "closed"


def test_transition_is_not_allowed_from_a_foreign_stage(sales):
    order = make.draft(sales)
    with pytest.raises(TransitionNotAllowed):
        order.deliver()


def test_second_living_signature_is_refused(people):
    order = make.at_review(people)
    make.sign(order, Box.PROCESS, people.planners[0])
    refused(lambda: SignOff.objects.create(
        order=order, box="process", signed_at=timezone.now(), signed_by=people.planners[1]
    ))


def test_signature_is_never_deleted_nor_rewritten_nor_revived(people):
    order = make.at_procurement(people)
    signs = SignOff.objects.filter(order=order, box="plan")
    refused(signs.delete)
    refused(lambda: signs.update(signed_by=people.sales))
    signs.update(revoked_at=timezone.now(), revoked_by=people.sales)
    refused(lambda: signs.update(revoked_at=None, revoked_by=None))


def test_ledger_costs_and_promises_are_append_only(people):
    order = make.at_qc(people)
    actions.add_cost(order=order, kind="labour", amount=3, is_planned=True, source="x", by=people.sales)
    for rows in (LedgerEntry.objects.filter(order=order), CostEntry.objects.filter(order=order), order.promises.all()):
        refused(rows.delete)
    refused(lambda: LedgerEntry.objects.filter(order=order).update(quantity=99))
    refused(lambda: CostEntry.objects.filter(order=order).update(amount=0))
    refused(lambda: order.promises.update(promised_at=timezone.now()))


@pytest.mark.clause("3.4.3")
def test_pieces_cannot_be_conjured_by_update(people):
    order = make.at_production(people)
    first, second = OrderStep.objects.filter(order=order).order_by("number")
    refused(lambda: OrderStep.objects.filter(pk=first.pk).update(passed=10))
    refused(lambda: OrderStep.objects.filter(pk=second.pk).update(made=1, awaiting=1))
    refused(lambda: OrderLine.objects.filter(order=order).update(made=10, passed=10))
    refused(lambda: OrderLine.objects.filter(order=order).update(shipped=1))


@pytest.mark.clause("3.5.2")
def test_nothing_is_shipped_before_time_and_place_are_confirmed(people):
    order = make.at_delivery(people)
    refused(lambda: LedgerEntry.objects.create(
        order=order, line=order.lines.get(), kind="ship", quantity=1, posted_at=timezone.now(),
        posted_by=people.logistics,
    ))


def test_expense_decided_by_its_requester_is_refused_by_the_database(people):
    order = make.at_review(people)
    request = actions.request_expense(order_id=order.pk, by=people.sales, kind="transport", amount=80, reason="courier")
    refused(lambda: ExpenseRequest.objects.filter(pk=request.pk).update(
        state="approved", decided_at=timezone.now(), decided_by=people.sales
    ))


@pytest.mark.parametrize("stage", ["closed"])
def test_ended_order_stays_as_it_is(stage, people):
    order = make.AT[stage](people)
    for step in STEPS:
        with pytest.raises(Refusal):
            actions.move(order_id=order.pk, step=step, by=people.sales, reason="x")
    refused(lambda: UrgentOrder.objects.filter(pk=order.pk).update(outcome="cancelled"))
    refused(lambda: sql("DELETE FROM orders_urgentorder WHERE id = %s", order.pk))


def test_balances_equal_the_sum_of_the_ledger(people):
    """Each column of each balance is what its entries say, whatever was posted."""
    order = make.at_delivery(people)
    line = order.lines.get()
    make.sign(order, Box.DELIVERY_CONFIRMED, people.logistics)
    ledger.post(target=line, kind="ship", quantity=4, by=people.logistics)
    ledger.post(target=line, kind="take_back", quantity=1, by=people.logistics)
    ledger.post(target=line, kind="rework", quantity=1, by=people.inspector)
    for target, entries in [
        (line, LedgerEntry.objects.filter(line=line, step=None)),
        *[(step, LedgerEntry.objects.filter(step=step)) for step in order.steps.all()],
    ]:
        target.refresh_from_db()
        sums = {}
        for entry in entries:
            for column, sign in ledger.EFFECTS[entry.kind]:
                sums[column] = sums.get(column, 0) + sign * entry.quantity
        assert {column: getattr(target, column) for column in sums} == sums
