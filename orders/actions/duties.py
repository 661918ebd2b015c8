from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils import timezone

from orders.machine import CONCERNED_DEPARTMENTS, STAGE_DEPARTMENT
from orders.models import Duty, UrgentOrderGroupObjectPermission
from people.duty import duty_person
from people.models import Department
from people.roles import Role


def departments() -> dict[str, Department]:
    found = Department.objects.select_related("head", "duty_person").prefetch_related("deputies")
    return {department.code: department for department in found}


def grant_view(order) -> None:
    """Hand-over: every concerned department sees the order, one guardian row each."""
    permission = Permission.objects.get(codename="view_urgentorder", content_type__app_label="orders")
    groups = Department.objects.filter(code__in=CONCERNED_DEPARTMENTS).values_list("group_id", flat=True)
    UrgentOrderGroupObjectPermission.objects.bulk_create(
        [
            UrgentOrderGroupObjectPermission(content_object=order, group_id=group, permission=permission)
            for group in groups
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def take_duty(order, by) -> None:
    """Who acts for the department takes its duty, and with it the stage's work item."""
    if not by.department_id or by.role == Role.OPERATOR:
        return  # whoever finishes the last piece does not answer for the order
    Duty.objects.update_or_create(order=order, department_id=by.department_id, defaults={"person": by})


def person_on_duty(order, department, at=None):
    """Who answers for this order in the department: the duty row's person, else the duty person of the day."""
    from_row = Duty.objects.filter(order=order, department=department).select_related("person").first()
    if from_row and from_row.person.is_active:
        return from_row.person
    person = duty_person(department, at or timezone.now())
    if person:
        Duty.objects.update_or_create(order=order, department=department, defaults={"person": person})
    return person


def department_of_stage(stage) -> Department:
    return Department.objects.select_related("head", "duty_person").get(code=STAGE_DEPARTMENT[stage])
