"""Who is in an order's room: the departments it was handed to, and who was invited by name."""

import re
from functools import cached_property

from django.utils import translation

from desk.folding import fold
from orders.seeing import people_who_see
from people.duty import Roster
from people.models import Department, User

AT = re.compile("[@＠]")
ENGLISH_AND_CHINESE = ("en", "zh-hans")


class Members:
    """Of one order; asked for when first needed."""

    def __init__(self, order):
        self.order = order

    @cached_property
    def departments(self) -> list[Department]:
        return list(Department.objects.filter(group__in=self.order.group_grants.values("group_id")).order_by("pk"))

    @cached_property
    def guests(self) -> list[User]:
        return list(User.objects.filter(pk__in=self.order.user_grants.values("user_id"), is_active=True).order_by("pk"))

    @cached_property
    def people(self) -> list[User]:
        return list(people_who_see(self.order))

    @property
    def count(self) -> int:
        return len(self.departments) + len(self.guests)


def person_called(order, department: Department, roster: Roster):
    """Who is told when a department is called: who answers for this order there, else who is on duty."""
    duty = order.duties.filter(department=department).select_related("person").first()
    return roster.stand_in(duty.person if duty else None) or roster.duty_person(department)


def called_in(text: str, people, departments) -> tuple[set, set]:
    """The people and departments named after an @; of two names that fit the longer one."""
    names = [(name, person) for person in people for name in names_of_person(person)]
    names += [(name, department) for department in departments for name in names_of_department(department)]
    names.sort(key=lambda named: -len(named[0]))
    parts = [fold(part) for part in AT.split(text)[1:]]
    found = {next((who for name, who in names if part.startswith(name)), None) for part in parts} - {None}
    return {who for who in found if isinstance(who, User)}, {who for who in found if isinstance(who, Department)}


def names_of_person(person) -> list[str]:
    return [fold(name) for name in (person.name, person.latin_name, person.username) if name]


def names_of_department(department) -> set[str]:
    """In every language of the desk; a Chinese one also without the word for department."""
    found = {department.code}
    for language in ENGLISH_AND_CHINESE:
        with translation.override(language):
            name = fold(str(department))
            found |= {name, name.removesuffix("部门")}
    return found
