"""Who of the company sees an order: for the lists of people that an act on it offers."""

from django.db.models import Q

from orders.models import OrderStep, UrgentOrder
from people.models import User
from people.roles import Right, Role


def people_who_see(order):
    """A queryset, for one submitted order; who acts is asked by `UrgentOrder.objects.visible_to` all the same."""
    departments = order.group_grants.values("group_id")
    at_its_machines = order.steps.filter(owner__isnull=False).order_by().values("owner_id")
    seen = (
        (Q(department__group__in=departments) & ~Q(role=Role.OPERATOR))
        | Q(pk__in=order.user_grants.values("user_id"))
        | Q(pk__in=at_its_machines)
        | Q(pk=order.created_by_id)
        | Q(role__in=[Role.MANAGER, Role.GENERAL_MANAGER])
    )
    people = User.objects.filter(seen, is_active=True).exclude(role="")
    return people.select_related("department").order_by("department_id", "pk")


def sees(person, order) -> bool:
    return person.is_active and UrgentOrder.objects.visible_to(person).filter(pk=order.pk).exists()


def open_among(user, keys) -> set[int]:
    """Of these orders' keys those that this person may open, in one statement."""
    return set(UrgentOrder.objects.visible_to(user).filter(pk__in=keys).order_by().values_list("pk", flat=True))


def _grants(name):
    return getattr(UrgentOrder, name).rel.related_model.objects


def seen(pairs) -> set[tuple[int, int]]:
    """Of pairs (person, order's key) those that are open, in four statements; people read by `with_rights`."""
    if not pairs:
        return set()
    orders, people = {order for _person, order in pairs}, {person.pk for person, _order in pairs}
    creators = dict(UrgentOrder.objects.submitted().filter(pk__in=orders).order_by().values_list("pk", "created_by"))
    groups = set(_grants("group_grants").filter(content_object__in=orders).values_list("content_object", "group"))
    guests = set(_grants("user_grants").filter(content_object__in=orders, user__in=people)
                 .values_list("content_object", "user"))  # fmt: skip
    owners = set(OrderStep.objects.filter(order__in=orders, owner__in=people).order_by()
                 .values_list("order", "owner"))  # fmt: skip
    return {(person.pk, order) for person, order in pairs
            if order in creators and _sees(person, order, creators[order], groups, guests, owners)}  # fmt: skip


def _sees(person, order, creator, groups, guests, owners) -> bool:
    if person.may(Right.SEE_ALL) or (order, person.pk) in guests:
        return True
    if person.role == Role.OPERATOR and not person.is_head and not person.held_delegations:
        return (order, person.pk) in owners
    return creator == person.pk or bool(
        person.is_active and person.department_id and (order, person.department.group_id) in groups
    )
