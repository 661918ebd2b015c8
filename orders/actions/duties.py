from functools import cache

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from orders import kept
from orders.machine import CONCERNED_DEPARTMENTS
from orders.models import Duty, UrgentOrder, UrgentOrderGroupObjectPermission
from people.duty import Roster
from people.models import Department
from people.roles import Right, Role


def departments() -> dict[str, Department]:
    return Roster().departments


@cache
def _view_permission(content_type_id) -> int:
    return Permission.objects.get(codename="view_urgentorder", content_type=content_type_id).pk


def grant_view(order) -> None:
    """Hand-over: every concerned department sees the order, one guardian row each."""
    permission_id = _view_permission(ContentType.objects.get_for_model(UrgentOrder).pk)
    everybody = kept.of(order).roster.departments
    UrgentOrderGroupObjectPermission.objects.bulk_create(
        [
            UrgentOrderGroupObjectPermission(
                content_object=order, group_id=everybody[code].group_id, permission_id=permission_id
            )
            for code in CONCERNED_DEPARTMENTS
        ],
        ignore_conflicts=True,
    )


def take_duty(order, by) -> None:
    """Who acts for the department takes its duty, and with it the stage's work item."""
    if not by.department_id or by.role == Role.OPERATOR:
        return  # whoever finishes the last piece does not answer for the order
    _assign(order, {by.department: by})


def share_out(order, by) -> list:
    """At submission each department's duty person of the day answers for the order there; who they are."""
    roster = kept.of(order).roster
    people = {roster.departments[code]: roster.duty_person(roster.departments[code]) for code in CONCERNED_DEPARTMENTS}
    _assign(order, {department: person for department, person in people.items() if person} | {by.department: by})
    return [person for person in people.values() if person]


def _assign(order, people) -> None:
    """Write who answers from now on, where it is not so already."""
    known = kept.of(order).duties
    rows = [
        Duty(order=order, department=department, person=person, taken_at=timezone.now())
        for department, person in people.items()
        if department.code not in known or known[department.code].person_id != person.pk
    ]
    if rows:
        Duty.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["order", "department"], update_fields=["person", "taken_at"]
        )
        known.update({row.department.code: row for row in rows})


def person_on_duty(order, department, at=None):
    """Who answers for this order in the department: the duty row's person, else the duty person of the day."""
    papers = kept.of(order)
    duty = papers.duties.get(department.code)
    if duty and duty.person.is_active:
        return duty.person
    person = (Roster(at) if at else papers.roster).duty_person(department)
    if person:
        _assign(order, {department: person})
    return person


def salesperson(order):
    """Who entered the order, as long as they still sell; else who has sales' duty."""
    author = order.created_by
    if author.may(Right.ORDER_CREATE):
        return author
    return person_on_duty(order, departments()["sales"]) or departments()["sales"].head
