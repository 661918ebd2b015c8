"""Where two people are needed two human beings act, whatever the account and for whom."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from desk.refusals import BadInput, NotYours, OwnRequest
from finance.actions import decide_expense
from orders import actions
from orders.actions import door
from orders.gates import different_people
from orders.machine import Box
from orders.models import Duty, ExpenseRequest, SignOff, StageRun, UrgentOrder
from orders.sheets import progress
from people.models import Delegation, Department, User
from people.roles import Right, Role
from production.actions import approve
from records.models import CompanySettings, Event, SoleDecision
from tests.factories.orders import assessed, at_review, make_customer, sign, submitted
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


def again(person) -> User:
    return User.objects.get(pk=person.pk)


def handed(giver, to, *rights):
    now = timezone.now()
    return Delegation.objects.create(
        from_person=giver, to_person=to, rights=list(rights), starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=1),
    )


def force_run(order, step, by):
    with transaction.atomic():
        StageRun.objects.create(
            order=order, number=99, stage=order.stage, entered_at=timezone.now(), left_at=timezone.now(), left_by=by,
            entered_by=by, entered_step=step,
        )


@pytest.mark.parametrize(("signed", "count"), [
    ([], 0), ([{1}, {2}, {3}], 3), ([{1}, {1}], 1), ([{1}, {1, 2}, {2}], 1), ([{1}, {2}, {1, 2}], 1),
    ([{1}, {2, 3}], 2),
])
def test_signatures_that_share_a_human_being_are_one(signed, count):
    assert different_people(signed) == count


def test_assessments_come_from_different_people_when_they_are_signed(people):
    order = at_review(people)
    first = people.planners[0]
    sign(order, Box.PROCESS, first)
    account = UserFactory(role=Role.PLANNER, department=first.department, same_person_as=first)
    for person in (first, account):
        with pytest.raises(OwnRequest, match="3 different people") as refused:
            sign(order, Box.CAPACITY, person)
        assert first not in refused.value.who
        with pytest.raises(IntegrityError, match="different people"), transaction.atomic():
            SignOff.objects.bulk_create([SignOff(
                order=order, box=Box.CAPACITY, signed_at=timezone.now(), signed_by=person
            )])
    CompanySettings.objects.update_or_create(pk=1, defaults={"review_people": 2})
    sign(order, Box.CAPACITY, first)
    helper = UserFactory(name="李娜", role=Role.FOREMAN, department=first.department)
    handed(first, helper, Right.REVIEW_ASSESS)
    for person in (account, again(helper)):
        with pytest.raises(OwnRequest, match="2 different people"):
            sign(order, Box.MATERIALS, person)
    CompanySettings.objects.update(review_people=1)
    sign(order, Box.MATERIALS, again(helper))
    assert SignOff.objects.get(box=Box.MATERIALS).who == f"李娜 for {first}"
    Duty.objects.update_or_create(order=order, department=first.department, defaults={"person": helper})
    assert f"李娜 for {first}" in [row["person"] for row in progress(UrgentOrder.objects.get(pk=order.pk))]
    with pytest.raises(IntegrityError), transaction.atomic():
        CompanySettings.objects.update(review_people=0)


def test_who_entered_an_order_decides_it_by_no_account_and_for_nobody(people, sales_head):
    order = submitted(people)
    User.objects.filter(pk=people.sales.pk).update(role=Role.SALES)
    handed(sales_head, people.sales, Right.ORDER_DECIDE)
    creator = again(people.sales)
    told = {"reason_code": "not_ours", "reason": "no", "was_customer_told": True}
    with pytest.raises(OwnRequest, match="You entered this order"):
        actions.decline(order_id=order.pk, by=creator, **told)
    with pytest.raises(IntegrityError, match="does not decide it"):
        force_run(order, "decline", people.sales)
    User.objects.filter(pk=sales_head.pk).update(same_person_as=people.sales)
    with pytest.raises(OwnRequest):
        actions.decline(order_id=order.pk, by=again(sales_head), **told)
    with pytest.raises(IntegrityError, match="does not decide it"):
        force_run(order, "decline", sales_head)
    User.objects.filter(pk=sales_head.pk).update(same_person_as=None)
    other = UserFactory(name="李娜", role=Role.SALES, department=sales_head.department)
    handed(sales_head, other, Right.ORDER_DECIDE)
    actions.decline(order_id=order.pk, by=again(other), **told)
    assert Event.objects.get(verb="order.decline").who == f"李娜 for {sales_head}"


def test_entered_for_somebody_is_entered_by_both(people, sales_head, planner):
    helper = UserFactory(name="李娜", role=Role.MANAGER, department=Department.objects.get(code="management"))
    handed(sales_head, helper, Right.ORDER_CREATE)
    order = actions.save_draft(by=again(helper), values={"customer": make_customer()})
    assert order.created_by == helper
    assert Event.objects.filter(stream=order.stream).count() == 0
    with pytest.raises(OwnRequest):
        door._check_right(order, door.STEPS["decline"], again(sales_head))
    with pytest.raises(IntegrityError, match="does not decide it"):
        force_run(order, "decline", sales_head)


def own_order_of_the_head(people, production_head):
    """A small firm: the head of production is the one who may decide, and entered the order too."""
    order = assessed(people)
    UrgentOrder.objects.filter(pk=order.pk).update(created_by=production_head)
    return UrgentOrder.objects.get(pk=order.pk)


def decided(order, by, reason="as asked"):
    return approve(order_id=order.pk, by=by, promised_at=order.required_at, reason=reason)


def test_the_next_rank_decides_then_one_alone_if_the_company_allows(people, production_head, manager, general_manager):
    order = own_order_of_the_head(people, production_head)
    with pytest.raises(OwnRequest) as refused:
        decided(order, production_head)
    assert refused.value.who == (manager,)
    with pytest.raises(NotYours):
        decided(order, general_manager)
    User.objects.filter(pk__in=[manager.pk, general_manager.pk]).update(is_active=False)
    with pytest.raises(OwnRequest, match="You entered") as refused:
        decided(order, production_head)
    assert "allows nobody to decide alone" in str(refused.value.because)
    with pytest.raises(IntegrityError, match="nobody decides alone"), transaction.atomic():
        SoleDecision.objects.create(subject=order.stream, act="approve", text="x", url="/", reason="x",
                                    decided_at=timezone.now(), decided_by=production_head)
    CompanySettings.objects.update_or_create(pk=1, defaults={"has_sole_authority": True})
    with pytest.raises(BadInput, match="why you decide this alone"):
        decided(order, production_head, reason=" ")
    decided(order, production_head, reason="Everybody else is on leave")
    found = SoleDecision.objects.get()
    assert (found.subject, found.act, found.decided_by) == (order.stream, "approve", production_head)
    assert Event.objects.filter(stream=order.stream, verb="sole_decision").count() == 1
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        SoleDecision.objects.update(reason="another")


def test_the_next_rank_may_take_the_decision(people, production_head, manager):
    order = own_order_of_the_head(people, production_head)
    decided(order, manager)
    assert StageRun.objects.get(order=order, entered_step="approve").entered_by == manager
    assert not SoleDecision.objects.exists()


def test_who_asked_for_money_grants_it_by_no_account(people, finance_head, general_manager):
    order = at_review(people)
    expense = actions.request_expense(
        order_id=order.pk, by=finance_head, kind="transport", amount=300, reason="Truck"
    )
    account = UserFactory(role=Role.ACCOUNTANT, department=finance_head.department, same_person_as=finance_head)
    for person in (finance_head, account):
        with pytest.raises(OwnRequest) as refused:
            decide_expense(expense_id=expense.pk, is_approved=True, by=person)
        assert refused.value.who
        with pytest.raises(IntegrityError), transaction.atomic():
            ExpenseRequest.objects.filter(pk=expense.pk).update(
                state="approved", decided_by=person, decided_at=timezone.now()
            )
    with pytest.raises(IntegrityError, match="on record"), transaction.atomic():
        ExpenseRequest.objects.filter(pk=expense.pk).update(is_sole_decision=True)
    mine = actions.request_expense(order_id=order.pk, by=general_manager, kind="transport", amount=90, reason="Taxi")
    User.objects.filter(role=Role.ACCOUNTANT).update(is_active=False)
    with pytest.raises(OwnRequest):
        decide_expense(expense_id=mine.pk, is_approved=True, by=general_manager, reason="Nobody else")
    CompanySettings.objects.update_or_create(pk=1, defaults={"has_sole_authority": True})
    decide_expense(expense_id=mine.pk, is_approved=True, by=general_manager, reason="Nobody else")
    mine.refresh_from_db()
    assert mine.is_sole_decision
    assert SoleDecision.objects.get().act == f"expense:{mine.pk}"
