"""制定詳細的生產計劃: operations with time nodes and the people responsible, first as a draft."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import GateShut, NotYours
from desk.text import moment
from orders import actions as orders
from orders.actions.consents import lapse_consents
from orders.actions.door import who_may
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
            who=who_may(Right.MASTER_CHANGE),
        )
    return write_draft(order, proposal, by=by, now=now)


def write_draft(order, proposal, *, by, now, goes_before=None) -> Plan:
    """The proposal as the order's draft; what another order's salesperson agreed to was another plan."""
    lapse_consents(order, by=by, now=now)
    plan = _draft(order, by, proposal.means, now, goes_before=goes_before, moves=moves_of(proposal))
    owners = _usual_owners(proposal)
    rows = {row.key: row for row in proposal.rows}
    Operation.objects.bulk_create(
        _operation(plan, demand, rows.get(key), proposal, owners) for key, demand in proposal.demands.items()
    )
    note(order, "plan_made", gettext_noop("Plan version {version} drafted, finish {finish}"), by=by,
         params={"version": plan.version, "finish": moment(plan.finish_at)})
    return plan


def moves_of(proposal) -> dict:
    """Where the orders that give way would go, as a draft keeps it until it is released."""
    versions = dict(Plan.objects.filter(order__in=proposal.moved, state=Plan.State.RELEASED)
                    .values_list("order_id", "version"))
    return {
        str(order_id): {"version": versions[order_id], "rows": [
            {"line": row.key[0], "number": row.number, "start": row.start.isoformat(), "end": row.end.isoformat(),
             "slots": [list(slot) for slot in row.slots]} for row in rows.values()
        ]}
        for order_id, rows in proposal.moved.items()
    }


def _draft(order, by, means, now, **why) -> Plan:
    values = {"made_at": now, "made_by": by, "means": means.stored(), **why}
    last = Plan.objects.filter(order=order).order_by("-version").first()
    if last and last.is_draft:
        last.operations.all().delete()
        Plan.objects.filter(pk=last.pk).update(**values)
        return Plan.objects.get(pk=last.pk)
    return Plan.objects.create(order=order, version=next_version(order), **values)


def write_version(order, rows, *, by, now, **values) -> Plan:
    """A new version of an order's plan; `rows`: operations of another version, as they stand now."""
    plan = Plan.objects.create(order=order, version=next_version(order), made_at=now, made_by=by, **values)
    for row in rows:
        row.pk, row.plan, row._state.adding = None, plan, True
    Operation.objects.bulk_create(rows)
    return plan


def next_version(order) -> int:
    return (Plan.objects.filter(order=order).aggregate(last=Max("version"))["last"] or 0) + 1


def _usual_owners(proposal) -> dict:
    """Who made this product's operation last time."""
    products = {demand.line.product_id for demand in proposal.demands.values()}
    rows = Operation.objects.in_force().filter(line__product__in=products, owner__is_active=True).order_by("plan_id")
    return {(product, number): owner for product, number, owner in
            rows.values_list("line__product_id", "number", "owner_id")}


def _operation(plan, demand, row, proposal, owners) -> Operation:
    routing, there = demand.routing, demand.in_force
    place = _place(demand, row, proposal.centres)
    owner_id = there.owner_id if there else owners.get((demand.line.product_id, routing.number))
    return Operation(
        plan=plan, line=demand.line, step=demand.step, number=routing.number, name=routing.name[:80],
        owner_id=owner_id or routing.work_centre.foreman_id, quantity=demand.quantity, after=_after(demand),
        is_inspected=routing.is_inspected, needs_first_article=routing.needs_first_article,
        transfer_lot=demand.lot(proposal.means), is_external=routing.is_external or bool(row and row.is_outside),
        qualification_id=routing.qualification_id, **place,
    )


def _after(demand) -> list[int] | None:
    """Only what is not the usual: the operation with the number before."""
    return None if demand.is_in_line else list(demand.after)


def _place(demand, row, centres) -> dict:
    """Where and when: as computed; what is made already stays where it was."""
    if row:
        code, second_slot = row.second or (None, None)
        return {
            "work_centre": centres[row.centre], "slot": row.slot, "second_work_centre": centres.get(code),
            "second_slot": second_slot, "starts_at": row.start, "ends_at": row.end, "work_seconds": row.seconds,
            "wait": waiting(row),
        }
    there, step = demand.in_force, demand.step
    start = there.starts_at if there else step.started_at
    end = there.ends_at if there else step.finished_at or start
    return {
        "work_centre": there.work_centre if there else demand.routing.work_centre, "slot": there.slot if there else 1,
        "starts_at": start, "ends_at": max(end, start + timedelta(minutes=1)), "work_seconds": demand.work_seconds,
    }


def waiting(row) -> dict:
    """Why it does not start sooner, as an operation keeps it."""
    if not row.wait:
        return {}
    return {"wait": row.wait, "label": row.wait_label, "seconds": int(row.waited.total_seconds())}
