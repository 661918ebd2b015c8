"""Whom a level of the ladder reaches, found when it fires."""

from people import duty
from people.models import User
from people.roles import Role
from sla.models import EscalationStep, WorkItem

Recipient = EscalationStep.Recipient


def of_step(item: WorkItem, step: EscalationStep, at) -> list[User]:
    """Each person once; when nobody of the step can act: head, manager, general manager, administrator."""
    found = [person for code in step.recipients for person in _named(code, item, step, at)]
    rest = (Recipient.HEAD, Recipient.MANAGER, Recipient.GENERAL_MANAGER)
    while not found and rest:
        found, rest = _named(rest[0], item, step, at), rest[1:]
    found = found or _present(duty.with_role(Role.ADMINISTRATOR), at)
    return list({person.pk: person for person in found}.values())


def of_unclaimed(item: WorkItem, at) -> User | None:
    """The head, who does not get what they asked for to decide it themselves; then the next rank."""
    head = duty.head_of(item.department, at)
    asker = item.opened_by if item.is_decision else None
    if head and (asker is None or head.natural_id != asker.natural_id):
        return head
    if item.department.head is None:
        return next(iter(_present(duty.with_role(Role.MANAGER), at) or duty.general_managers(at)), None)
    return duty.next_rank(item.department.head, at, without={asker.pk} if asker else ())


def _named(code: str, item: WorkItem, step: EscalationStep, at) -> list[User]:
    if code == Recipient.ASSIGNEE:
        return _some(duty.stand_in(item.assignee, at) or duty.duty_person(item.department, at))
    if code == Recipient.HEAD:
        return _some(duty.head_of(item.department, at))
    if code == Recipient.MANAGER:
        return _present(duty.with_role(Role.MANAGER), at)
    if code == Recipient.GENERAL_MANAGER:
        return duty.general_managers(at)
    if code == Recipient.ROLE:
        return _present(duty.with_role(step.role), at)
    return _some(duty.stand_in(step.person, at))


def _some(person: User | None) -> list[User]:
    return [person] if person else []


def _present(people: list[User], at) -> list[User]:
    return [found for person in people if (found := duty.stand_in(person, at))]
