"""The duty table: who answers for a department on which day."""

from datetime import date, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, NotYours
from desk.text import sentence, word
from people.models import Department, DutyDay
from records.actions import record

DAYS = 7


def week_of(monday: date) -> list[date]:
    return [monday + timedelta(days=number) for number in range(DAYS)]


@transaction.atomic
def set_duty(*, department, by, people, default) -> None:
    """`people`: day → person, or None for the default person."""
    department = Department.objects.select_for_update(of=("self",)).select_related("head", "duty_person").get(
        pk=department.pk
    )
    if not (by.is_head and by.department_id == department.pk):
        raise NotYours(_("The head of the department keeps the duty table."), who=[department.head or department])
    _check_members(department, [*people.values(), default])
    days = DutyDay.objects.filter(department=department, date__in=people).select_related("person")
    before = {day.date: day.person for day in days}
    changes = [_said(day, before.get(day), person) for day, person in people.items() if before.get(day) != person]
    if department.duty_person != default:
        said = {"old": _name(department.duty_person), "new": _name(default)}
        changes.append(sentence(gettext_noop("default person: {old} → {new}"), said))
        Department.objects.filter(pk=department.pk).update(duty_person=default)
    _write(department, people)
    if changes:
        record("duty_set", gettext_noop("Duty of {department}: {changes}"), by=by, stream=f"department:{department.pk}",
               params={"department": word(department.Code(department.code).label), "changes": changes})


def _check_members(department, people):
    for person in filter(None, people):
        if person.department_id != department.pk or not person.is_active:
            raise BadInput(_("%(person)s is no active member of the department.") % {"person": person})


def _write(department, people):
    free = [day for day, person in people.items() if person is None]
    DutyDay.objects.filter(department=department, date__in=free).delete()
    rows = [DutyDay(department=department, date=day, person=person) for day, person in people.items() if person]
    DutyDay.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["department", "date"], update_fields=["person"]
    )


def _said(day, old, new) -> str:
    return f"{day.isoformat()}: {_name(old)} → {_name(new)}"


def _name(person) -> str:
    return str(person) if person else "–"
