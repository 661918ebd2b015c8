"""Who stands for a department, a rank or an absent person, now."""

from django.utils import timezone

from people.models import Absence, Department, User
from people.roles import Role


def stand_in(person: User | None, at=None) -> User | None:
    """The person, or the delegate while absent (one hop only), or None when nobody can act."""
    if person is None or not person.is_active:
        return None
    absence = Absence.objects.current(at).filter(person=person).select_related("delegate").first()
    if absence is None:
        return person
    delegate = absence.delegate
    if delegate is None or not delegate.is_active:
        return None
    if Absence.objects.current(at).filter(person=delegate).exists():
        return None
    return delegate


def duty_person(department: Department, at=None) -> User | None:
    """Duty person of the day; absent → deputy → head."""
    at = at or timezone.now()
    candidates = [department.duty_person, *department.deputies.all(), department.head]
    return next((found for person in candidates if (found := stand_in(person, at))), None)


def head_of(department: Department, at=None) -> User | None:
    """The acting head: head, else a deputy."""
    at = at or timezone.now()
    candidates = [department.head, *department.deputies.all()]
    return next((found for person in candidates if (found := stand_in(person, at))), None)


def with_role(role: Role) -> list[User]:
    return list(User.objects.filter(role=role, is_active=True).order_by("pk"))


def general_managers(at=None) -> list[User]:
    people = [stand_in(person, at) for person in with_role(Role.GENERAL_MANAGER)]
    return [person for person in people if person]


def who_may(right, limit=4) -> list[User]:
    """Some people who hold the right, to be named where somebody else is refused; two statements."""
    people = User.objects.filter(is_active=True).exclude(role="").order_by("pk")
    people = people.select_related("department").prefetch_related("department__deputies")
    return [person for person in people if person.may(right)][:limit]
