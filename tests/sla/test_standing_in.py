"""Who stands in for whom: absences, delegations, the duty table, and what nobody took."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from desk.refusals import BadInput, Changed, NotYours
from notifications.models import Notification
from people import duty
from people.models import Absence, Delegation, DutyDay, User
from people.roles import Right, Role
from records.actions import record
from records.audit import breaks
from records.models import Event
from sla import absences, actions, delegations, rota
from sla.models import Escalation, WorkItem
from sla.recipients import Reach
from tests.factories.people import AbsenceFactory, UserFactory
from tests.factories.sla import open_item

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def again(person) -> User:
    """As the next request sees the person."""
    return User.objects.get(pk=person.pk)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def other(departments):
    return UserFactory(name="李娜", role=Role.SALES, department=departments["sales"])


def away(person, delegate, now, **values):
    return absences.enter_absence(**{
        "person": person, "by": person, "delegate": delegate, "starts_at": now - HOUR, "ends_at": now + 3 * DAY,
    } | values)


# Absence


def test_an_absence_moves_open_work_at_once_and_ending_it_early_brings_only_new_work_back(
    company, sales, sales_head, other, now
):
    mine = open_item(company["sales"], assignee=sales)
    asked = open_item(company["sales"], assignee=sales, is_decision=True, by=other)
    away(sales, other, now)
    mine.refresh_from_db()
    asked.refresh_from_db()
    assert mine.assignee == other
    assert asked.assignee == sales_head, "who asked never decides: the next rank does"
    assert duty.stand_in(sales) == other
    assert Event.objects.filter(verb="reassign", stream="order:1").count() == 2
    assert "stands in" in Event.objects.get(verb="absence_entered").text
    with pytest.raises(Changed, match="away then already"):
        away(sales, other, now)
    absences.end_absence(absence_id=Absence.objects.get().pk, by=sales_head)
    mine.refresh_from_db()
    assert (mine.assignee, duty.stand_in(sales)) == (other, sales)
    with pytest.raises(Changed):
        absences.end_absence(absence_id=Absence.objects.get().pk, by=sales)


def test_a_planned_absence_moves_the_work_when_it_begins(company, sales, sales_head, other, now):
    item = open_item(company["sales"], assignee=sales)
    away(sales, None, now, starts_at=now + DAY, by=sales_head)
    assert absences.begin_due(now) == 0
    assert absences.begin_due(now + DAY + HOUR) == 1
    item.refresh_from_db()
    assert item.assignee == sales_head, "nobody was named: the next rank"
    assert absences.begin_due(now + DAY + HOUR) == 0


def test_who_may_enter_an_absence_and_who_may_stand_in(sales, other, planner, sales_head, admin, now):
    with pytest.raises(NotYours, match="by oneself or by the head"):
        away(sales, other, now, by=other)
    with pytest.raises(BadInput, match="same department or of higher rank"):
        away(sales, planner, now)
    with pytest.raises(BadInput, match="ends in the future"):
        away(sales, other, now, ends_at=now - HOUR)
    away(other, sales_head, now)
    with pytest.raises(BadInput, match="delegates no further"):
        away(sales, other, now)
    second = UserFactory(name="王芳", department=sales.department, role=Role.SALES, same_person_as=sales)
    with pytest.raises(BadInput, match="Somebody else"):
        away(sales, second, now)


def test_the_database_keeps_one_absence_at_a_time(sales, other, now):
    away(sales, other, now)
    with pytest.raises(IntegrityError, match="one absence of a person"), transaction.atomic():
        AbsenceFactory(person=sales, starts_at=now, ends_at=now + HOUR)


def test_next_rank_goes_up(sales, sales_head, manager, general_manager, now):
    assert duty.next_rank(sales, now) == sales_head
    assert duty.next_rank(sales_head, now) == manager
    AbsenceFactory(person=manager, starts_at=now - HOUR, ends_at=now + HOUR)
    assert duty.next_rank(sales_head, now) == general_manager
    assert duty.next_rank(sales_head, now, without={general_manager.pk}) is None


def test_two_who_stand_in_for_each_other_are_both_away(company, sales, other, sales_head, monday):
    """A → B → A ends at once, and so does a delegate whose account is closed: the department's head is told."""
    until = monday + DAY
    AbsenceFactory(person=sales, delegate=other, starts_at=monday, ends_at=until)
    assert duty.stand_in(sales, monday) == other
    AbsenceFactory(person=other, delegate=sales, starts_at=monday, ends_at=until)
    assert (duty.stand_in(sales, monday), duty.stand_in(other, monday)) == (None, None)
    item = open_item(company["sales"], assignee=sales, now=monday)
    assert Reach(monday).of_owner(item) == [sales_head]
    third = UserFactory(role=Role.SALES, department=sales.department)
    leaver = UserFactory(role=Role.SALES, department=sales.department, is_active=False)
    AbsenceFactory(person=third, delegate=leaver, starts_at=monday, ends_at=until)
    item = open_item(company["sales"], assignee=third, now=monday)
    assert Reach(monday).of_owner(item) == [sales_head]
    assert Reach(monday).of_step(item, item.policy_version.steps.get(level=1)) == [sales_head]


# Delegation


def hand(giver, to, *rights, now, **values):
    return delegations.delegate(**{
        "by": giver, "to": to, "rights": rights, "starts_at": now - HOUR, "ends_at": now + DAY,
    } | values)


def test_a_delegate_has_the_named_rights_for_the_named_days_and_the_giver_keeps_them(sales_head, other, now):
    given = hand(sales_head, other, Right.ORDER_DECIDE, now=now)
    held = again(other)
    assert held.may(Right.ORDER_DECIDE)
    assert not held.may(Right.SEE_RESULT)
    assert again(sales_head).may(Right.ORDER_DECIDE)
    assert held in duty.who_may(Right.ORDER_DECIDE)
    delegations.revoke(delegation_id=given.pk, by=sales_head)
    assert not again(other).may(Right.ORDER_DECIDE)
    hand(sales_head, other, Right.ORDER_DECIDE, now=now, starts_at=now + DAY, ends_at=now + 2 * DAY)
    assert not again(other).may(Right.ORDER_DECIDE)
    assert [event.verb for event in Event.objects.filter(stream=f"person:{sales_head.pk}")] == [
        "delegated", "delegation_revoked", "delegated",
    ]
    assert Notification.objects.filter(recipient=other).count() == 3


def test_a_delegated_right_dies_with_the_givers_own(sales_head, other, now):
    hand(sales_head, other, Right.ORDER_DECIDE, now=now)
    User.objects.filter(pk=sales_head.pk).update(is_active=False)
    assert not again(other).may(Right.ORDER_DECIDE)


def test_no_right_goes_further(departments, sales_head, other, planner, admin, now):
    hand(sales_head, other, Right.ORDER_DECIDE, now=now)
    third = UserFactory(role=Role.SALES, department=departments["sales"])
    with pytest.raises(BadInput, match="cannot hand on") as refused:
        hand(again(other), third, Right.ORDER_DECIDE, now=now)
    assert "goes no further" in str(refused.value.because)
    with pytest.raises(IntegrityError, match="not handed further"), transaction.atomic():
        Delegation.objects.bulk_create([Delegation(
            from_person=other, to_person=third, rights=["order.decide"], starts_at=now, ends_at=now + HOUR
        )])
    Delegation.objects.create(
        from_person=other, to_person=third, rights=["order.decide"], starts_at=now + 2 * DAY, ends_at=now + 3 * DAY
    )
    assert not again(third).may(Right.ORDER_DECIDE), "nor later, for the giver holds it not by rank"
    with pytest.raises(BadInput, match="already"):
        hand(sales_head, other, Right.ORDER_CREATE, now=now)
    with pytest.raises(BadInput, match="same department"):
        hand(sales_head, planner, Right.ORDER_DECIDE, now=now)
    with pytest.raises(BadInput, match="cannot hand on"):
        hand(admin, sales_head, Right.CONFIGURE, now=now)


@pytest.mark.parametrize("change", [
    {"rights": ["desk.configure"]}, {"ends_at": timezone.now() + 900 * DAY}, {"note": "x"},
])
def test_a_delegation_is_written_once(sales_head, other, now, change):
    given = hand(sales_head, other, Right.ORDER_DECIDE, now=now)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Delegation.objects.filter(pk=given.pk).update(**change)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM people_delegation")


def test_a_revoked_delegation_stays_revoked(sales_head, sales, other, now):
    given = hand(sales_head, other, Right.ORDER_DECIDE, now=now)
    with pytest.raises(NotYours):
        delegations.revoke(delegation_id=given.pk, by=sales)
    delegations.revoke(delegation_id=given.pk, by=sales_head)
    with pytest.raises(IntegrityError, match="stays revoked"), transaction.atomic():
        Delegation.objects.filter(pk=given.pk).update(revoked_at=None, revoked_by=None)


def test_rights_cost_one_statement_at_most(sales_head, other, now, django_assert_num_queries):
    person = again(other)
    person.department.deputies  # noqa: B018
    person.own_rights  # noqa: B018
    with django_assert_num_queries(0):
        assert person.may(Right.ORDER_CREATE)
    with django_assert_num_queries(1):
        assert not any(map(person.may, (Right.ORDER_DECIDE, Right.SETTLE, Right.PLAN_MAKE)))


def test_a_whole_company_is_asked_as_often_as_three_people(sales_head, other, now, django_assert_num_queries):
    hand(sales_head, other, Right.ORDER_DECIDE, now=now)
    for number in (3, 30):
        UserFactory.create_batch(number, role=Role.SALES, department=other.department)
        with django_assert_num_queries(4):  # people, deputies, delegations, deputies where the givers are
            assert other in duty.who_may(Right.ORDER_DECIDE)


def test_an_event_says_for_whom(sales_head, other, now):
    hand(sales_head, other, Right.ORDER_DECIDE, now=now)
    person = again(other)
    assert person.use(Right.ORDER_DECIDE)
    event = record("test", "Done", by=person, stream="order:1")
    assert (event.actor, event.on_behalf_of) == (other, sales_head)
    assert event.who == f"李娜 for {sales_head}"
    assert person.hands == {other.pk, sales_head.pk}
    assert person.use(Right.ORDER_CREATE)
    assert record("test", "Done", by=person, stream="order:1").who == "李娜"
    assert not list(breaks())


def test_two_accounts_of_one_human_being(sales, other):
    first = UserFactory()
    second = UserFactory(same_person_as=first)
    assert second.natural_id == first.pk
    for account, named in ((UserFactory(), second), (first, other)):
        with pytest.raises(IntegrityError, match="names the first one"), transaction.atomic():
            User.objects.filter(pk=account.pk).update(same_person_as=named)


# Duty


def test_the_duty_table_names_the_person_of_a_day(departments, sales, sales_head, other, planner):
    monday = date(2026, 11, 23)
    rota.set_duty(department=departments["sales"], by=sales_head, people={monday: other}, default=sales)
    sales_department = type(departments["sales"]).objects.get(code="sales")
    at = timezone.make_aware(timezone.datetime(2026, 11, 23, 9))
    assert duty.duty_person(sales_department, at) == other
    assert duty.duty_person(sales_department, at + DAY) == sales
    AbsenceFactory(person=other, starts_at=at - HOUR, ends_at=at + HOUR)
    assert duty.duty_person(sales_department, at) == sales_head
    rota.set_duty(department=sales_department, by=sales_head, people={monday: None}, default=sales)
    assert not DutyDay.objects.exists()
    assert Event.objects.filter(verb="duty_set").count() == 2
    with pytest.raises(NotYours):
        rota.set_duty(department=sales_department, by=sales, people={monday: other}, default=sales)
    with pytest.raises(BadInput, match="no active member"):
        rota.set_duty(department=sales_department, by=sales_head, people={monday: planner}, default=sales)


@pytest.mark.clause("1.3.1")
def test_what_nobody_took_at_a_quarter_of_its_time_is_the_heads(company, monday, sales, sales_head):
    item = open_item(company["sales"], now=monday)
    taken = open_item(company["sales"], now=monday, assignee=sales)
    assert item.next_fire_at == monday + 30 * timedelta(minutes=1)
    assert actions.sweep(now=monday + timedelta(minutes=29)).taken == 0
    actions.sweep(now=monday + timedelta(minutes=31))
    item.refresh_from_db()
    taken.refresh_from_db()
    assert (item.assignee, taken.assignee) == (sales_head, sales)
    assert item.next_fire_at == monday + HOUR
    assert Escalation.objects.get(item=item).recipients == [{"id": sales_head.pk, "name": str(sales_head)}]
    assert Notification.objects.get().recipient == sales_head
    assert actions.reconcile(now=monday + timedelta(minutes=32))["repaired"] == 0


def test_a_head_does_not_get_the_own_question_to_decide(company, monday, sales_head, manager):
    item = open_item(company["sales"], now=monday, is_decision=True, by=sales_head)
    actions.sweep(now=monday + timedelta(minutes=31))
    item.refresh_from_db()
    assert item.assignee == manager


def test_where_nobody_can_take_it_the_clock_goes_on(company, monday):
    User.objects.update(is_active=False)
    item = open_item(company["sales"], now=monday)
    actions.sweep(now=monday + timedelta(minutes=31))
    item.refresh_from_db()
    assert (item.assignee, item.next_fire_at) == (None, monday + HOUR)
    assert WorkItem.objects.due(monday + timedelta(minutes=32)).count() == 0
