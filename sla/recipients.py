"""Whom a level of the ladder reaches, found when it fires."""

from functools import cached_property

from people.duty import Roster, next_rank, with_role
from people.models import Department, User
from people.roles import Role
from sla.models import EscalationStep, WorkItem

Recipient = EscalationStep.Recipient


class Reach:
    """Whom the ladder reaches at one moment: departments, absences and ranks are read once for many items."""

    def __init__(self, at):
        self.at, self.roster = at, Roster(at)
        self._ranks, self._people = {}, {}

    @cached_property
    def _departments(self) -> dict:
        return {department.pk: department for department in self.roster.departments.values()}

    def department(self, pk) -> Department:
        return self._departments[pk]

    def of_step(self, item: WorkItem, step: EscalationStep) -> list[User]:
        """Each person once; when nobody of the step can act: head, manager, general manager, administrator."""
        found = [person for code in step.recipients for person in self._named(code, item, step)]
        rest = (Recipient.HEAD, Recipient.MANAGER, Recipient.GENERAL_MANAGER)
        while not found and rest:
            found, rest = self._named(rest[0], item, step), rest[1:]
        found = found or self.rank(Role.ADMINISTRATOR)
        return list({person.pk: person for person in found}.values())

    def of_owner(self, item: WorkItem) -> list[User]:
        """Whose task it is: the assignee or who stands in, who is on duty there, the acting head, a higher rank."""
        for code in (Recipient.ASSIGNEE, Recipient.HEAD, Recipient.MANAGER, Recipient.GENERAL_MANAGER):
            if found := self._named(code, item, None):
                return found
        return self.rank(Role.ADMINISTRATOR)

    def of_unclaimed(self, item: WorkItem) -> User | None:
        """The head, who does not get what they asked for to decide it themselves; then the next rank."""
        head = self.roster.head_of(item.department)
        asker = item.opened_by if item.is_decision else None
        if head and (asker is None or head.natural_id != asker.natural_id):
            return head
        if item.department.head is None:
            return next(iter(self.rank(Role.MANAGER) or self.rank(Role.GENERAL_MANAGER)), None)
        return next_rank(item.department.head, self.at, without={asker.pk} if asker else ())

    def rank(self, role: str) -> list[User]:
        """Everybody of a role, or who stands in for them."""
        if role not in self._ranks:
            self._ranks[role] = [found for person in with_role(role) if (found := self.roster.stand_in(person))]
        return self._ranks[role]

    def _person(self, pk) -> User | None:
        """Asked for now: a step is kept by its process, whom it names may have left."""
        if pk not in self._people:
            self._people[pk] = User.objects.filter(pk=pk).first()
        return self._people[pk]

    def _named(self, code: str, item: WorkItem, step: EscalationStep) -> list[User]:
        if code == Recipient.ASSIGNEE:
            return _some(self.roster.stand_in(item.assignee) or self.roster.duty_person(item.department))
        if code == Recipient.HEAD:
            return _some(self.roster.head_of(item.department))
        if code == Recipient.MANAGER:
            return self.rank(Role.MANAGER)
        if code == Recipient.GENERAL_MANAGER:
            return self.rank(Role.GENERAL_MANAGER)
        if code == Recipient.ROLE:
            return self.rank(step.role)
        return _some(self.roster.stand_in(self._person(step.person_id)))


def _some(person: User | None) -> list[User]:
    return [person] if person else []
