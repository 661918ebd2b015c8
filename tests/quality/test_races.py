"""Two inspectors, and an inspector with the next operation, at the same moment on two real connections."""

import pytest
from django.db import transaction

from orders import actions as order_actions
from orders import ledger
from orders.models import LedgerEntry, Nonconformance, OrderLine, OrderStep, Remake, SignOff, UrgentOrder
from quality import actions
from quality.models import Concession, Inspection
from tests.factories import orders as make
from tests.factories import quality as q
from tests.together import at_once, refusals

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def final(line, by, lot=10, defective=0):
    return lambda: actions.inspect_final(
        line_id=line.pk, by=by, lot_quantity=lot, sample_quantity=lot, defective_quantity=defective,
        defect="crack" if defective else "",
    )


@pytest.mark.clause("3.4.3", "1.3.3")
def test_two_inspectors_at_once_pass_no_piece_twice(people, quality_head):
    order = make.at_qc(people)
    line = order.lines.get()
    answers = at_once(final(line, people.inspector), final(line, quality_head))
    assert len(refusals(answers)) == 1, answers
    line.refresh_from_db()
    assert (line.passed, line.awaiting) == (10, 0)
    assert Inspection.objects.count() == 1
    assert SignOff.objects.living().filter(order=order, box="passed").count() == 1
    assert UrgentOrder.objects.get(pk=order.pk).stage == "delivery"


@pytest.mark.clause("3.4.3")
def test_good_and_bad_at_once_share_the_pieces(people, quality_head):
    line = make.at_qc(people).lines.get()
    answers = at_once(final(line, people.inspector, lot=6), final(line, quality_head, lot=6, defective=6))
    assert len(refusals(answers)) == 1, answers
    line.refresh_from_db()
    assert line.passed + line.held == 6
    assert line.awaiting == 4


@pytest.mark.clause("3.4.3")
def test_next_operation_takes_only_what_has_passed_when_asked_at_once(people):
    order, step = q.awaiting_at_step(people)
    after = order.steps.get(number=20)

    def take(quantity):
        with transaction.atomic():
            order_actions.lock(order.pk)
            return ledger.post(
                target=OrderStep.objects.get(pk=after.pk), kind="make", quantity=quantity, by=people.operator
            )

    at_once(
        lambda: actions.inspect_step(
            step_id=step.pk, by=people.inspector, lot_quantity=10, sample_quantity=10, defective_quantity=4,
            defect="burr",
        ),
        *[lambda: take(6)] * 3,
    )
    step.refresh_from_db()
    after.refresh_from_db()
    assert step.passed == 6
    assert after.made in (0, 6)


@pytest.mark.clause("3.4.3", "4.5.2")
def test_two_decisions_at_once_decide_once(people, quality_head):
    order, found = q.held_at_final(people)
    answers = at_once(
        lambda: q.decide(found, people.inspector, "scrap"),
        lambda: q.decide(found, quality_head, "rework", owner=people.operator),
    )
    assert len(refusals(answers)) == 1, answers
    line = order.lines.get()
    assert sorted([line.scrapped, line.in_rework]) == [0, 3]
    assert Nonconformance.objects.get().disposition in ("scrap", "rework")
    assert Remake.objects.count() == (1 if line.scrapped else 0)


@pytest.mark.clause("3.4.3")
def test_second_signature_and_refusal_at_once_leave_one_answer(people, quality_head):
    order, found = q.held_at_final(people)
    concession = q.decide(found, people.inspector, "concession")
    answers = at_once(
        lambda: actions.confirm_concession(concession_id=concession.pk, by=quality_head),
        lambda: actions.refuse_concession(concession_id=concession.pk, by=quality_head, reason="no"),
    )
    assert len(refusals(answers)) == 1, answers
    concession = Concession.objects.get()
    assert (concession.confirmed_at is None) != (concession.refused_at is None)
    assert OrderLine.objects.get(order=order).conceded == (3 if concession.confirmed_at else 0)


def test_ledger_says_what_the_balance_says_after_a_crowd(people, quality_head):
    line = make.at_qc(people, quantity=12).lines.get()
    at_once(*[final(line, by, lot=3, defective=1) for by in (people.inspector, quality_head)] * 3)
    line.refresh_from_db()
    posted = {
        kind: sum(LedgerEntry.objects.filter(line=line, step=None, kind=kind).values_list("quantity", flat=True))
        for kind in ("pass", "hold")
    }
    assert (line.passed, line.held) == (posted["pass"], posted["hold"])
    assert line.passed + line.held + line.awaiting == 12
