"""A planner's own hand in a draft: another person responsible, other times."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.refusals import BadInput, Changed
from orders import actions as orders
from orders.actions.consents import lapse_consents
from orders.actions.door import touch
from orders.models import UrgentOrder
from production import moves
from production.actions.planning import check_planner
from production.actions.release import moved_rows, taken_beside
from production.models import Operation


@transaction.atomic
def change_operation(*, operation_id, by, owner, starts_at, ends_at, version=None, now=None) -> None:
    """Another person responsible or other times for an operation of the draft; what waits for it moves along.

    Raises BadInput in the past, outside the shifts, before what comes first, or where another order has the slots.
    """
    now = now or timezone.now()
    order_id = Operation.objects.values_list("plan__order_id", flat=True).get(pk=operation_id)
    order = orders.lock(order_id, by=by, version=version)
    check_planner(order, by)
    operation = Operation.objects.select_related("plan__goes_before", "step", "qualification").get(pk=operation_id)
    if not operation.plan.is_draft:
        raise Changed(_("Plan version %(version)s is in force: make a new version.")
                      % {"version": operation.plan.version})
    if _minute(starts_at) != _minute(operation.starts_at) or _minute(ends_at) != _minute(operation.ends_at):
        _move(order, operation, owner, starts_at, ends_at, now)
        lapse_consents(order, by=by, now=now)
    else:
        operation.owner = owner
        moves.check_qualified(operation)
        operation.save(update_fields=["owner"])
    touch(order)


def _move(order, operation, owner, starts_at, ends_at, now):
    if operation.step and operation.step.started_at:
        raise BadInput(_("This operation has begun; its times stay."), field="starts_at")
    if ends_at <= starts_at:
        raise BadInput(_("The time node lies after the start."), field="ends_at")
    plan = operation.plan
    plan.order = order
    givers = UrgentOrder.objects.filter(pk__in=plan.moves)
    moved = {giver: moved_rows(giver, plan) for giver in givers if not (giver.is_final or giver.is_cancelled)}
    move = moves.redraft(
        plan=plan, operation=operation, owner=owner, starts_at=starts_at, ends_at=ends_at, now=now,
        taken=taken_beside(order, plan, moved, now),
    )
    rows = [new for _old, new in move.changes]
    Operation.objects.bulk_update(rows, ["owner", "starts_at", "ends_at", "slot", "wait"])


def _minute(value):
    return value.replace(second=0, microsecond=0)
