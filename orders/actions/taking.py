from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import Changed, GateShut, NotYours
from desk.text import word
from orders.actions import door
from orders.actions.trail import inform, note
from orders.machine import CONCERNED_DEPARTMENTS
from orders.models import Duty, UrgentOrder
from people.models import Department
from people.roles import Role
from sla import actions as sla

TAKEN = gettext_noop("{person} answers for the order in {department} now")


@transaction.atomic
def take_over(*, order_id, by) -> UrgentOrder:
    """Answer for the order in one's own department, and with it for the work that waits there."""
    order = door.lock(order_id, by=by)
    if by.department_code not in CONCERNED_DEPARTMENTS or by.role == Role.OPERATOR:
        raise NotYours(_("Clerks and heads of a concerned department answer for an order."), who=[order.created_by])
    if order.is_final:
        raise GateShut(_("%(order)s has ended: nobody answers for it any more.") % {"order": order})
    duty = Duty.objects.filter(order=order, department=by.department).select_related("person").first()
    if duty and duty.person_id == by.pk:
        raise Changed(_("%(order)s is yours already.") % {"order": order})
    Duty.objects.update_or_create(order=order, department=by.department, defaults={"person": by})
    item = order.stage_item
    if item and item.is_living and item.department_id == by.department_id and not item.is_decision:
        sla.reassign(item, by, by)
    params = {"person": str(by), "department": word(Department.Code(by.department_code).label)}
    event = note(order, "taken_over", TAKEN, by=by, params=params)
    inform(order, event, {duty.person if duty else None})
    return order
