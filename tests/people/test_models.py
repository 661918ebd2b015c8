from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from people import defaults, duty
from people.backends import PersonBackend
from people.models import Absence, Delegation, Department, User
from people.roles import Right, Role, departments_of, rights_of
from tests.factories.people import AbsenceFactory, UserFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


def away(person, delegate=None, at=NOW):
    return AbsenceFactory(person=person, delegate=delegate, starts_at=at, ends_at=at + timedelta(days=3))


# Whose request it is


def test_the_person_of_a_request_comes_with_all_that_tells_the_rights(django_assert_num_queries):
    defaults.seed()
    sales = Department.objects.get(code="sales")
    clerk, deputy, gone = UserFactory.create_batch(3, role=Role.SALES, department=sales)
    sales.deputies.add(deputy)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    backend, rights = PersonBackend(), clerk.own_rights
    with django_assert_num_queries(3):
        assert backend.get_user(gone.pk) is None
        found, second = backend.get_user(clerk.pk), backend.get_user(deputy.pk)
        assert (found.is_head, second.is_head) == (False, True)
        assert found.rights == rights
        assert Right.ORDER_DECIDE in second.rights - found.rights
    now = timezone.now()
    Delegation.objects.create(from_person=deputy, to_person=clerk, rights=[Right.ORDER_DECIDE], starts_at=now,
                              ends_at=now + timedelta(days=1))  # fmt: skip
    assert backend.get_user(clerk.pk).may(Right.ORDER_DECIDE)


# Departments


@pytest.mark.clause("1.2")
def test_seed_makes_the_departments_and_their_groups_once():
    defaults.seed()
    Department.objects.filter(code="sales").update(duty_person=UserFactory())
    defaults.seed()
    assert set(Department.objects.values_list("code", flat=True)) == set(Department.Code.values)
    assert Group.objects.filter(name__startswith="department:").count() == 8
    assert Department.objects.get(code="sales").duty_person is not None


def test_department_and_its_group_belong_together():
    defaults.seed()
    sales = Department.objects.get(code="sales")
    assert sales.group.name == "department:sales"
    with pytest.raises(IntegrityError), transaction.atomic():
        Department.objects.filter(code="finance").update(group=sales.group)


def test_head_is_a_member(departments, planner):
    departments["sales"].head = planner
    with pytest.raises(ValidationError, match="head is a member"):
        departments["sales"].full_clean()


# Ranks and rights


def test_role_belongs_to_its_department(departments):
    person = UserFactory(role=Role.BUYER, department=departments["sales"])
    with pytest.raises(ValidationError, match="This role belongs to: Procurement"):
        person.full_clean()
    person.department = departments["procurement"]
    person.full_clean()


def test_managers_and_administrators_are_at_home_anywhere():
    assert departments_of(Role.MANAGER) == departments_of(Role.ADMINISTRATOR) == departments_of(Role.HR) == set()
    assert departments_of(Role.SALES) == {"sales"}


@pytest.mark.clause("4.1.1")
def test_sales_alone_enters_orders():
    holders = {
        (role, department) for role in Role.values for department in Department.Code.values
        if Right.ORDER_CREATE in rights_of(role=role, department=department, is_head=False)
    }
    assert holders == {(Role.SALES, "sales")}


def test_head_and_deputy_may_more_than_a_member(sales, sales_head, departments):
    assert not sales.may(Right.ORDER_DECIDE)
    assert sales_head.may(Right.ORDER_DECIDE)
    departments["sales"].deputies.add(sales)
    assert User.objects.get(pk=sales.pk).may(Right.ORDER_DECIDE)


def test_who_left_may_nothing(sales):
    sales.is_active = False
    assert sales.rights == frozenset()


# Absence and duty


def test_absence_ends_after_it_starts(sales):
    with pytest.raises(IntegrityError, match="absence_ends_after_it_starts"), transaction.atomic():
        AbsenceFactory(person=sales, starts_at=NOW, ends_at=NOW)


def test_nobody_stands_in_for_themselves(sales):
    with pytest.raises(IntegrityError, match="absence_delegate_is_another_person"), transaction.atomic():
        away(sales, delegate=sales)


def test_delegate_is_of_the_department_or_higher(sales, sales_head, planner, production_head, manager, stranger):
    absence = Absence(person=sales, starts_at=NOW, ends_at=NOW + timedelta(days=1))
    for delegate in (sales_head, production_head, manager):
        absence.delegate = delegate
        absence.full_clean()
    sales_head.is_active = False
    for delegate in (planner, stranger, sales_head):
        absence.delegate = delegate
        with pytest.raises(ValidationError, match="of the same department or of higher rank"):
            absence.full_clean()


def test_a_delegate_stands_in_and_delegates_no_further(sales, sales_head, manager):
    away(sales, delegate=sales_head)
    assert duty.stand_in(sales, NOW) == sales_head
    away(sales_head, delegate=manager)
    assert duty.stand_in(sales, NOW) is None
    assert duty.stand_in(sales, NOW + timedelta(days=3)) == sales


def test_duty_falls_to_deputy_and_head(departments, sales, sales_head, stranger):
    department = departments["sales"]
    assert duty.duty_person(department, NOW) == sales_head
    department.duty_person = sales
    department.deputies.add(stranger)
    assert duty.duty_person(department, NOW) == sales
    away(sales)
    assert duty.duty_person(department, NOW) == stranger
    stranger.is_active = False
    stranger.save()
    assert duty.duty_person(department, NOW) == sales_head


def test_nobody_there_is_said_plainly(departments, sales_head, general_manager):
    away(sales_head)
    assert duty.head_of(departments["sales"], NOW) is None
    assert duty.general_managers(NOW) == [general_manager]
