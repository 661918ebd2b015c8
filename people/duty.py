"""Who stands for a department, a rank or an absent person, now."""

from functools import cached_property

from people.models import Absence, Department, User
from people.roles import Role


class Roster:
    """Who stands for whom at one moment. Departments and absences are asked for once, when first needed."""

    def __init__(self, at=None):
        self.at = at

    @cached_property
    def departments(self) -> dict[str, Department]:
        return {found.code: found for found in Department.objects.select_related("head", "duty_person")}

    @cached_property
    def _absences(self) -> dict:
        return {row.person_id: row for row in Absence.objects.current(self.at).select_related("delegate")}

    def stand_in(self, person: User | None) -> User | None:
        """The person, or the delegate while absent (one hop only), or None when nobody can act."""
        if person is None or not person.is_active:
            return None
        absence = self._absences.get(person.pk)
        if absence is None:
            return person
        delegate = absence.delegate
        return delegate if delegate and delegate.is_active and delegate.pk not in self._absences else None

    def duty_person(self, department: Department) -> User | None:
        """Duty person of the day; absent → deputy → head."""
        return self._first([lambda: [department.duty_person], department.deputies.all, lambda: [department.head]])

    def head_of(self, department: Department) -> User | None:
        """The acting head: head, else a deputy."""
        return self._first([lambda: [department.head], department.deputies.all])

    def _first(self, ranks) -> User | None:
        """The first who can act; deputies are asked for only where it comes to them."""
        return next((found for people in ranks for person in people() if (found := self.stand_in(person))), None)


def stand_in(person: User | None, at=None) -> User | None:
    return Roster(at).stand_in(person)


def duty_person(department: Department, at=None) -> User | None:
    return Roster(at).duty_person(department)


def head_of(department: Department, at=None) -> User | None:
    return Roster(at).head_of(department)


def with_role(role: Role) -> list[User]:
    return list(User.objects.filter(role=role, is_active=True).order_by("pk"))


def general_managers(at=None) -> list[User]:
    roster = Roster(at)
    people = [roster.stand_in(person) for person in with_role(Role.GENERAL_MANAGER)]
    return [person for person in people if person]


def who_may(right, limit=4) -> list[User]:
    """Some people who hold the right, to be named where somebody else is refused; two statements."""
    people = User.objects.filter(is_active=True).exclude(role="").order_by("pk")
    people = people.select_related("department").prefetch_related("department__deputies")
    return [person for person in people if person.may(right)][:limit]
