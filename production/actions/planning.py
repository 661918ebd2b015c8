"""制定詳細的生產計劃: operations with time nodes and the people responsible, first as a draft."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours
from desk.text import moment, when
from orders import actions as orders
from orders.actions.consents import lapse_consents
from orders.actions.door import touch, who_may
from orders.actions.trail import note
from orders.machine import LATER_THAN_REVIEW, Stage
from people.roles import Right
from production import capacity
from production.models import Operation, Plan

LEEWAY = timedelta(minutes=15)  # a plan older than that starts in the past: computed again before it is released


def check_planner(order, by):
    if not by.use(Right.PLAN_MAKE):
        raise NotYours(_("Production's planners make the plan."), who=who_may(Right.PLAN_MAKE))
    if order.is_cancelled or order.stage not in (Stage.REVIEW, *LATER_THAN_REVIEW):
        raise GateShut(_("There is nothing to plan in %(stage)s.") % {"stage": order.get_stage_display()})


@transaction.atomic
def make_plan(*, order_id, by, means=None, version=None, now=None) -> Plan:
    """A draft from the routing and the schedule; a draft that is there is made again.

    Raises GateShut for a product without a routing.
    """
    now = now or timezone.now()
    order = orders.lock(order_id, by=by, version=version)
    check_planner(order, by)
    means = means or capacity.Means()
    proposal = capacity.propose(order, now=now, means=means)
    if proposal.without_routing:
        raise GateShut(
            _("The plan cannot be computed: operations are missing."),
            missing=[_("The routing of %(product)s") % {"product": product} for product in proposal.without_routing],
            who=who_may(Right.CONFIGURE),
        )
    return write_draft(order, proposal, by=by, now=now)


def write_draft(order, proposal, *, by, now, goes_before=None) -> Plan:
    """The proposal as the order's draft; what another order's salesperson agreed to was another plan."""
    lapse_consents(order, by=by, now=now)
    plan = _draft(order, by, proposal.means, now, goes_before)
    owners = _usual_owners(proposal)
    rows = {row.key: row for row in proposal.rows}
    Operation.objects.bulk_create(
        _operation(plan, demand, rows.get(key), proposal.means, owners) for key, demand in proposal.demands.items()
    )
    note(order, "plan_made", gettext_noop("Plan version {version} drafted, finish {finish}"), by=by,
         params={"version": plan.version, "finish": moment(plan.finish_at)})
    return plan


def _draft(order, by, means, now, goes_before) -> Plan:
    values = {
        "made_at": now, "made_by": by, "means": means.stored(), "goes_before": goes_before,
    }
    last = Plan.objects.filter(order=order).order_by("-version").first()
    if last and last.is_draft:
        last.operations.all().delete()
        Plan.objects.filter(pk=last.pk).update(**values)
        return Plan.objects.get(pk=last.pk)
    return Plan.objects.create(order=order, version=last.version + 1 if last else 1, **values)


def _usual_owners(proposal) -> dict:
    """Who made this product's operation last time."""
    products = {demand.line.product_id for demand in proposal.demands.values()}
    rows = Operation.objects.in_force().filter(line__product__in=products, owner__is_active=True).order_by("plan_id")
    return {(product, number): owner for product, number, owner in
            rows.values_list("line__product_id", "number", "owner_id")}


def _operation(plan, demand, row, means, owners) -> Operation:
    routing, there = demand.routing, demand.in_force
    start, end, slot, wait = _place(demand, row)
    owner_id = there.owner_id if there else owners.get((demand.line.product_id, routing.number))
    return Operation(
        plan=plan, line=demand.line, step=demand.step, number=routing.number, name=routing.name[:80],
        work_centre=there.work_centre if there and demand.is_begun else routing.work_centre, slot=slot,
        owner_id=owner_id or routing.work_centre.foreman_id, quantity=demand.quantity,
        work_seconds=demand.work_seconds, starts_at=start, ends_at=end, wait=wait,
        is_inspected=routing.is_inspected, needs_first_article=routing.needs_first_article,
        transfer_lot=demand.lot(means), is_external=routing.is_external,
        qualification_id=routing.qualification_id,
    )


def _place(demand, row):
    if row:
        wait = {"wait": row.wait, "label": row.wait_label, "seconds": int(row.waited.total_seconds())}
        return row.start, row.end, row.slot, wait if row.wait else {}
    there, step = demand.in_force, demand.step
    start = there.starts_at if there else step.started_at
    end = there.ends_at if there else step.finished_at or start
    return start, max(end, start + timedelta(minutes=1)), there.slot if there else 1, {}


@transaction.atomic
def change_operation(*, operation_id, by, owner, starts_at, ends_at, version=None, now=None) -> Operation:
    """Another person responsible or other times for an operation of the draft; what follows moves along.

    Raises BadInput in the past, before the operation before, or where another order has the slots.
    """
    now = now or timezone.now()
    order_id = Operation.objects.values_list("plan__order_id", flat=True).get(pk=operation_id)
    order = orders.lock(order_id, by=by, version=version)
    check_planner(order, by)
    operation = Operation.objects.select_related("plan", "step", "work_centre__calendar", "line").get(pk=operation_id)
    if not operation.plan.is_draft:
        raise Changed(_("Plan version %(version)s is in force: make a new version.")
                      % {"version": operation.plan.version})
    has_moved = _minute(starts_at) != _minute(operation.starts_at) or _minute(ends_at) != _minute(operation.ends_at)
    operation.owner = owner
    if has_moved:
        _move(order, operation, starts_at, ends_at, now)
        lapse_consents(order, by=by, now=now)
    operation.save()
    touch(order)
    return operation


def _minute(value):
    return value.replace(second=0, microsecond=0)


def _move(order, operation, starts_at, ends_at, now):
    if operation.step and operation.step.started_at:
        raise BadInput(_("This operation has begun; its times stay."), field="starts_at")
    if starts_at < _minute(now):
        raise BadInput(_("An operation cannot start in the past."), field="starts_at")
    if ends_at <= starts_at:
        raise BadInput(_("The time node lies after the start."), field="ends_at")
    _check_before(operation, starts_at, ends_at)
    operation.slot = _free_slot(order, operation, starts_at, ends_at, now)
    operation.starts_at, operation.ends_at, operation.wait = starts_at, ends_at, {}
    _push_later(order, operation, now)


def _check_before(operation, starts_at, ends_at):
    before = operation.plan.operations.filter(line=operation.line, number__lt=operation.number).last()
    if before is None:
        return
    if before.transfer_lot is None and starts_at < before.ends_at:
        raise BadInput(
            _("“%(before)s” ends only at %(end)s.") % {"before": before, "end": when(before.ends_at)},
            field="starts_at",
        )
    if starts_at < before.starts_at or ends_at < before.ends_at:
        raise BadInput(
            _("It cannot be done before “%(before)s”, %(start)s to %(end)s.")
            % {"before": before, "start": when(before.starts_at), "end": when(before.ends_at)}, field="starts_at",
        )


def _free_slot(order, operation, starts_at, ends_at, now) -> int:
    centre = operation.work_centre
    bookings = capacity.read_bookings(now=now, without=(order,), gives_way=operation.plan.goes_before)
    taken = [booking for booking in bookings
             if booking.centre == centre.code and booking.start < ends_at and booking.end > starts_at]
    own = operation.plan.operations.filter(work_centre=centre, starts_at__lt=ends_at, ends_at__gt=starts_at)
    busy = {booking.slot for booking in taken} | set(
        own.exclude(pk=operation.pk).exclude(line=operation.line, number__gt=operation.number)
        .values_list("slot", flat=True)
    )
    slots = centre.slots + (operation.plan.means.get("extra_slot_at") == centre.code)
    free = [slot for slot in range(1, slots + 1) if slot not in busy]
    if not free:
        what = ", ".join(booking.label for booking in taken) or str(order)
        raise BadInput(
            _("%(centre)s is taken then: %(what)s.") % {"centre": centre.code, "what": what}, field="starts_at"
        )
    return operation.slot if operation.slot in free else free[0]


def _push_later(order, operation, now):
    """What follows on the line is placed again after the new end."""
    later = list(operation.plan.operations.filter(line=operation.line, number__gt=operation.number)
                 .select_related("step", "work_centre"))
    later = [row for row in later if not (row.step and row.step.started_at)]
    if not later:
        return
    plan = operation.plan
    means = capacity.Means.read(plan.means)
    demands, _without = capacity.read_demands(order, now=now)
    placed = capacity.place_again(order, plan, [operation, *later], demands, means, now=now)
    for row in later:
        there = placed[row.line_id, row.number]
        row.starts_at, row.ends_at, row.slot = there.start, there.end, there.slot
        row.wait = {"wait": there.wait, "label": there.wait_label} if there.wait else {}
    Operation.objects.bulk_update(later, ["starts_at", "ends_at", "slot", "wait"])
