"""Who stands for a department, a rank or an absent person, now."""

from collections import defaultdict
from functools import cached_property

from django.db.models import Prefetch, Q
from django.utils import timezone

from people.models import Absence, Delegation, Department, DutyDay, User
from people.roles import ROLE_RIGHTS, Right, Role


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

    @cached_property
    def _on_duty(self) -> dict:
        today = DutyDay.objects.filter(date=timezone.localdate(self.at))
        return {row.department_id: row.person for row in today.select_related("person")}

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
        """Duty person of the day by the duty table, else the default one; absent → deputy → head."""
        person = self._on_duty.get(department.pk) or department.duty_person
        return self.stand_in(person) or self._deputy(department) or self.stand_in(department.head)

    def head_of(self, department: Department) -> User | None:
        """The acting head: head, else a deputy."""
        return self.stand_in(department.head) or self._deputy(department)

    def _deputy(self, department) -> User | None:
        return next((found for person in self._deputies[department.pk] if (found := self.stand_in(person))), None)

    @cached_property
    def _deputies(self) -> dict:
        found = defaultdict(list)
        for row in Department.deputies.through.objects.select_related("user").order_by("pk"):
            found[row.department_id].append(row.user)
        return found


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


def next_rank(person: User, at=None, without=()) -> User | None:
    """Who takes what an absent person cannot: the department's deputies, its head, managers, general managers."""
    roster, barred = Roster(at), {person.pk, *without}
    department = person.department
    members = [*department.deputies.all(), department.head] if department else []
    for candidate in (*members, *with_role(Role.MANAGER), *with_role(Role.GENERAL_MANAGER)):
        found = roster.stand_in(candidate)
        if found and found.pk not in barred:
            return found
    return None


def with_rights(people):
    """A queryset of people who are all asked for their rights: four statements for any number."""
    return people.select_related("department").prefetch_related(
        "department__deputies",
        Prefetch("received_delegations", queryset=Delegation.objects.in_force(), to_attr="delegations_read"),
    )


def who_may(right, limit=4) -> list[User]:
    """Some people who hold the right, to be named where somebody else is refused."""
    people = with_rights(User.objects.filter(is_active=True).exclude(role="").order_by("pk"))
    return [person for person in people if person.may(right)][:limit]


def next_rank_for(right: Right, without: set[int]) -> list[User]:
    """Who decides where every holder of the right is one of these human beings; empty where somebody else is left."""
    if any(person.natural_id not in without for person in who_may(right, limit=None)):
        return []
    ranks = () if right in ROLE_RIGHTS[Role.GENERAL_MANAGER] else map(with_role, (Role.MANAGER, Role.GENERAL_MANAGER))
    free = [[person for person in rank if person.natural_id not in without] for rank in ranks]
    return next(filter(None, free), [])


def top_of(right: Right) -> list[User]:
    """Above whom nobody stands: general management, else managers, else who holds the right."""
    return with_role(Role.GENERAL_MANAGER) or with_role(Role.MANAGER) or who_may(right, limit=None)


def hands_of(acts, right: Right | None = None) -> set[int]:
    """The human beings behind acts, each (person, moment): who did it, and who had handed over that right by then."""
    found = {person.natural_id for person, _at in acts}
    people = {person.pk for person, _at in acts}
    for held in Delegation.objects.filter(to_person__in=people).select_related("from_person"):
        was_used = any(person.pk == held.to_person_id and held.was_in_force(at) for person, at in acts)
        if was_used and (right is None or right in held.rights):
            found.add(held.from_person.natural_id)
    return found


def superiors(at=None):
    """Heads and their deputies, managers, general managers, and who stands in for a head who is away."""
    heads = Department.objects.exclude(head=None).values("head")
    standing_in = Absence.objects.current(at).filter(person__in=heads, delegate__isnull=False).values("delegate")
    above = Q(role__in=[Role.MANAGER, Role.GENERAL_MANAGER]) | Q(pk__in=heads) | Q(pk__in=standing_in)
    deputies = Department.deputies.through.objects.values("user")
    return User.objects.filter(above | Q(pk__in=deputies), is_active=True).order_by("pk")


def is_superior(person) -> bool:
    return person.is_active and (person.is_superior_by_rank or superiors().filter(pk=person.pk).exists())
