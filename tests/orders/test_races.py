"""Two people at the same moment, on two real connections: one wins, the other is told, nothing is doubled."""

import pytest
from django.db import transaction

from desk.refusals import Refusal
from notifications.models import Outbox
from orders import actions, ledger
from orders.machine import Box
from orders.models import LedgerEntry, OrderLine, SignOff, StageRun, UrgentOrder
from sla.models import WorkItem
from tests.factories import orders as make
from tests.together import at_once, refusals

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def one_refused(answers):
    assert len(refusals(answers)) == len(answers) - 1, answers
    return refusals(answers)


def test_two_submits_at_once_make_one_number(people):
    order = make.draft(people.sales)
    one_refused(at_once(*[lambda: actions.submit(order_id=order.pk, by=people.sales)] * 2))
    assert StageRun.objects.filter(order=order, stage="confirmation").count() == 1
    assert WorkItem.objects.living().filter(source=order.stream, kind="confirmation").count() == 1
    assert len(Outbox.objects.values_list("key", flat=True)) == len(set(Outbox.objects.values_list("key", flat=True)))


def test_drafts_submitted_at_once_get_numbers_without_a_gap(people, sales_head):
    drafts = [make.draft(person) for person in (people.sales, sales_head, people.sales)]
    owners = [people.sales, sales_head, people.sales]
    at_once(*[
        (lambda pk=draft.pk, by=owner: actions.submit(order_id=pk, by=by))
        for draft, owner in zip(drafts, owners, strict=True)
    ])
    ends = sorted(int(number[-4:]) for number in UrgentOrder.objects.values_list("number", flat=True))
    assert ends == [1, 2, 3]


@pytest.mark.clause("3.2.1")
def test_two_approvals_at_once_move_once(people, departments):
    order = make.assessed(people)
    deputy = people.planners[0]
    departments["production"].deputies.add(deputy)
    deputy = type(deputy).objects.get(pk=deputy.pk)
    with transaction.atomic():
        actions.promise(order=order, promised_at=order.required_at, by=people.production_head, reason="as asked")
    one_refused(at_once(
        lambda: actions.move(order_id=order.pk, step="approve", by=people.production_head),
        lambda: actions.move(order_id=order.pk, step="approve", by=deputy),
    ))
    assert StageRun.objects.filter(order=order, stage="procurement").count() == 1


def test_two_signatures_at_once_leave_one(people):
    order = make.at_review(people)

    one_refused(at_once(*[lambda by=person: make.sign(order, Box.PROCESS, by) for person in people.planners]))
    assert SignOff.objects.filter(order=order, box="process").count() == 1


@pytest.mark.clause("3.4.3")
def test_two_dispatches_at_once_ship_no_more_than_passed(people):
    order = make.at_delivery(people)
    make.sign(order, Box.DELIVERY_CONFIRMED, people.logistics)

    def ship():
        with transaction.atomic():
            actions.lock(order.pk)
            line = OrderLine.objects.get(order=order)
            return ledger.post(target=line, kind="ship", quantity=6, by=people.logistics)

    one_refused(at_once(ship, ship))
    assert OrderLine.objects.get(order=order).shipped == 6
    assert LedgerEntry.objects.filter(order=order, kind="ship").count() == 1


def test_posting_without_the_lock_still_ships_no_more_than_passed(people):
    """A caller who forgets the lock meets the constraint."""
    order = make.at_delivery(people)
    make.sign(order, Box.DELIVERY_CONFIRMED, people.logistics)
    line = OrderLine.objects.get(order=order)

    def ship():
        return ledger.post(target=OrderLine.objects.get(pk=line.pk), kind="ship", quantity=6, by=people.logistics)

    at_once(ship, ship)
    assert OrderLine.objects.get(order=order).shipped == 6


def test_cancel_and_confirm_at_once_leave_one_outcome(people, sales_head):
    order = make.submitted(people)
    make.confirm_all(order, people)
    answers = at_once(
        lambda: actions.confirm(order_id=order.pk, by=people.sales),
        lambda: actions.cancel(order_id=order.pk, by=sales_head, reason="customer gave up", was_customer_told=True),
    )
    order = UrgentOrder.objects.get(pk=order.pk)
    assert StageRun.objects.filter(order=order, left_at__isnull=True).count() == (order.stage != "cancelled")
    assert order.stage in ("cancelled", "review", "settlement")
    assert any(not isinstance(answer, Refusal) for answer in answers)


def test_stale_version_is_refused_with_who_was_faster(people, sales_head):
    order = make.submitted(people)
    seen = UrgentOrder.objects.get(pk=order.pk).version
    actions.confirm_item(order_id=order.pk, by=sales_head, item="place", contact="Gao", how="call", version=seen)
    with pytest.raises(Refusal) as caught:
        actions.confirm_item(order_id=order.pk, by=people.sales, item="time", contact="Gao", how="call", version=seen)
    assert caught.value.status == 409
    assert sales_head.name in str(caught.value.what)


@pytest.mark.clause("5.3")
def test_two_superiors_and_two_solvers_at_once_leave_one_of_each(people, manager):
    issue = actions.raise_issue(
        order_id=make.submitted(people).pk, by=people.buyer, kind="machine", text="x", severity="major"
    )
    head, planner = people.production_head, people.planners[0]
    one_refused(at_once(*[
        lambda by=by: actions.acknowledge_issue(issue_id=issue.pk, by=by, text="next") for by in (head, manager)
    ]))
    assert WorkItem.objects.get(kind="major_problem").state == "met"
    one_refused(at_once(*[
        lambda by=by: actions.solve_issue(issue_id=issue.pk, by=by, solution="x", decided_with=[head])
        for by in (planner, people.buyer)
    ]))
    assert issue.decisions.count() == 1
