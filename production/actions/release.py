"""The plan in force: operations, material requirements and planned costs, written for all departments."""

import secrets
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from catalog.actions import release_stock, reserve_stock
from catalog.models import Material
from desk.refusals import Changed, Condition, GateShut
from desk.text import moment, when
from orders import actions as orders
from orders.actions import clocks
from orders.actions.consents import check_agreed, check_answered, lapse_consents, lock_all
from orders.actions.door import touch
from orders.actions.duties import departments, person_on_duty
from orders.actions.trail import inform, note
from orders.machine import FORWARD, LATER_THAN_REVIEW, Box, Fact
from orders.models import CostEntry, ExpenseRequest, MaterialLine, OrderStep
from orders.models.money import CostKind
from production import capacity
from production.actions.planning import LEEWAY, check_planner, write_draft, write_version
from production.actions.steps import cancel_item, open_first_steps
from production.actions.supply import ask_for_materials
from production.change_over import book_change_over
from production.models import Operation, Plan, WorkCentre

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is read for something else
PLANNED_KINDS = (CostKind.MACHINE, CostKind.LABOUR, CostKind.MATERIAL, CostKind.OUTSIDE)
Decision = MaterialLine.Decision
NOT_ASKED = (ExpenseRequest.State.REFUSED, ExpenseRequest.State.WITHDRAWN)


@transaction.atomic
def release_plan(*, order_id, by, version=None, now=None) -> Plan:
    """Put the draft in force: steps, material lines, planned costs, the plan's signature; tell who needs it.

    Raises GateShut for an operation without owner, a start in the past or a slot that another order took.
    """
    now = now or timezone.now()
    order, other, others = _locked(order_id, by, version)
    check_planner(order, by)
    plan = Plan.objects.filter(order=order, state=Plan.State.DRAFT).first()
    if plan is None:
        raise GateShut(_("There is no draft to release: make a plan first."))
    check_answered(order)
    plan.goes_before = other
    before = capacity.forecast(other, now=now).finish if other else None
    operations = _operations(plan)
    lock_centres(order, [other, *others], operations)
    moved = {giver: moved_rows(giver, plan) for giver in others}
    _check_release(order, plan, operations, moved, now)
    put_in_force(order, plan, by=by, now=now)
    if other:
        give_way(order, other, plan, before, by, now)
    for giver, rows in moved.items():
        _move_over(order, giver, rows, by, now)
    if order.stage in LATER_THAN_REVIEW:
        book_change_over(order, by=by)  # before that the approval books it
    return plan


def _locked(order_id, by, version):
    """The order, the one its draft goes before, and those that give way: all rows whose plans change."""
    draft = Plan.objects.filter(order=order_id, state=Plan.State.DRAFT).first()
    first = draft.goes_before_id if draft else None
    givers = [int(pk) for pk in draft.moves] if draft else []
    order, *others = lock_all(order_id, [*([first] if first else []), *givers], by=by, version=version)
    other = others.pop(0) if first else None
    living = [giver for giver in others if not (giver.is_final or giver.is_cancelled)]
    return order, None if other and (other.is_final or other.is_cancelled) else other, living


def _operations(plan) -> list:
    return list(plan.operations.select_related("step", "work_centre__calendar", "second_work_centre", "owner", "line"))


def give_way(order, other, plan, before, by, now) -> None:
    """The other order's operations that have not begun move behind this plan, as a new version of its own plan.

    Raises GateShut where that breaks its promise and its salesperson has not agreed to so late a finish.
    """
    proposal = capacity.forecast(other, now=_drafted_for(plan, now))
    if capacity.breaks_promise(before, proposal.finish, capacity.promised_of(other)):
        check_agreed(order, other, plan_version=plan.version, finish_at=proposal.finish)
    put_in_force(other, write_draft(other, proposal, by=by, now=now), by=by, now=now)
    _say_gave_way(order, other, before, proposal.finish, by)


def _drafted_for(plan, now) -> datetime:
    """What was to start minutes ago starts now; the order behind it stands where its salesperson was asked about."""
    rows = plan.operations.select_related("step")
    starts = [row.starts_at for row in rows if not (row.step and row.step.started_at)]
    return min([now, *(capacity.grid_before(start) for start in starts if start >= now - LEEWAY)])


def _say_gave_way(order, other, before, after, by):
    event = note(
        other, "gave_way", gettext_noop("Gave way to {order}: finish {after} instead of {before}"), by=by,
        params={"order": str(order), "after": moment(after), "before": moment(before)},
    )
    inform(other, event, {other.created_by})


def moved_rows(giver, plan) -> list[Operation]:
    """The operations of the plan in force of an order that gives way, where they would stand then.

    Raises Changed where that plan is another one than the draft was computed with.
    """
    moves = plan.moves[str(giver.pk)]
    current = Plan.objects.filter(order=giver, state=Plan.State.RELEASED).first()
    if current is None or current.version != moves["version"]:
        raise Changed(
            _("The plan of %(order)s has changed meanwhile: compute again.") % {"order": giver},
            because=_("Version %(version)s is in force now.") % {"version": current.version if current else "–"},
        )
    new = {(row["line"], row["number"]): row for row in moves["rows"]}
    rows = _operations(current)
    codes = {code for row in new.values() for code, _slot in row["slots"]}
    centres = {centre.code: centre for centre in WorkCentre.objects.filter(code__in=codes)}
    for row in rows:
        if place := new.get((row.line_id, row.number)):
            if row.step and row.step.started_at:
                raise Changed(_("“%(operation)s” of %(order)s has begun meanwhile: compute again.")
                              % {"operation": row, "order": giver})
            _put(row, place, centres)
    return rows


def _put(row, place, centres):
    (code, row.slot), *second = place["slots"]
    row.work_centre = centres[code]
    if second:
        row.second_work_centre, row.second_slot = centres[second[0][0]], second[0][1]
    row.starts_at, row.ends_at = (datetime.fromisoformat(place[end]) for end in ("start", "end"))


def _move_over(order, giver, rows, by, now):
    """A new version of the plan of an order that gives way, in force with the one it makes room for."""
    current = Plan.objects.get(order=giver, state=Plan.State.RELEASED)
    before = current.finish_at
    lapse_consents(giver, by=by, now=now)
    Plan.objects.filter(order=giver, state=Plan.State.DRAFT).delete()
    plan = write_version(giver, rows, by=by, now=now, means=current.means, gave_way_to=order)
    put_in_force(giver, plan, by=by, now=now)
    _say_gave_way(order, giver, before, plan.finish_at, by)


def put_in_force(order, plan, *, by, now) -> None:
    """A checked draft with all that follows from it; the caller holds the order's lock."""
    operations = _operations(plan)
    _put_in_force(order, plan, by, now)
    steps = _write_steps(order, plan, operations, by, now)
    _write_papers(order, plan, operations, steps, by, now)


def _write_papers(order, plan, operations, steps, by, now) -> None:
    """What follows from a plan in force: materials, costs, the signature, the first operations, the messages."""
    demands, _without = capacity.read_demands(order, now=now, means=capacity.Means.read(plan.means))
    has_new_lines = _write_materials(order, plan, demands, steps, by, now)
    _write_costs(order, plan, operations, demands, by)
    _close_remakes(order, by, now)
    _sign(order, by, has_new_lines)
    if order.stage in LATER_THAN_REVIEW:
        ask_for_materials(order, by=by)
        open_first_steps(order, by=by, now=now)
    _tell(order, plan, by)


def _check_release(order, plan, operations, moved, now):
    conditions = [
        Condition(_("%(operation)s has a person responsible") % {"operation": row}, row.owner_id is not None)
        for row in operations
    ]
    if not all(condition.is_met for condition in conditions):
        raise GateShut(_("The plan cannot be released yet."), missing=conditions)
    waiting = [row for row in operations if not (row.step and row.step.started_at)]
    late = next((row for row in waiting if row.starts_at < now - LEEWAY), None)
    if late:
        raise Changed(
            _("This plan is out of date: compute it again."),
            because=_("“%(operation)s” was to start %(start)s.") % {"operation": late, "start": when(late.starts_at)},
        )
    _check_slots(order, plan, waiting, moved, now)


def lock_centres(order, others, operations):
    """Two orders cannot take the same slot at the same moment."""
    centres = {operation.work_centre_id for operation in operations}
    centres |= {operation.second_work_centre_id for operation in operations if operation.second_work_centre_id}
    others = [other for other in others if other]
    if others:
        centres |= set(Operation.objects.committed().filter(plan__order__in=others).values_list(
            "work_centre", flat=True))
    list(WorkCentre.objects.select_for_update(of=("self",)).filter(pk__in=centres).order_by("pk"))


def _check_slots(order, plan, operations, moved, now):
    """Somebody else's plan may have been released since this one was drafted."""
    taken = taken_beside(order, plan, moved, now)
    for row in operations:
        for own in capacity.held_by(row):
            for booking in taken:
                if own.meets(booking):
                    raise Changed(
                        _("%(centre)s was taken meanwhile: compute the plan again.") % {"centre": own.centre},
                        because=_("%(what)s has it from %(start)s to %(end)s.")
                        % {"what": booking.label, "start": when(booking.start), "end": when(booking.end)},
                    )


def taken_beside(order, plan, moved, now) -> list[capacity.Taken]:
    """What other orders hold once the draft is in force; `moved`: the rows of those that give way, by order."""
    taken = capacity.read_bookings(now=now, without=(order, *moved), gives_way=plan.goes_before)
    return taken + [held for giver, rows in moved.items() for row in rows for held in capacity.held_by(row, str(giver))]


def _put_in_force(order, plan, by, now):
    Plan.objects.filter(order=order, state=Plan.State.RELEASED).update(state=Plan.State.SUPERSEDED)
    plan.state, plan.released_at, plan.released_by = Plan.State.RELEASED, now, by
    plan.save(update_fields=["state", "released_at", "released_by"])


# The operations of all departments


def _write_steps(order, plan, operations, by, now) -> dict:
    """{(line, number): step}. Begun steps stay; others change in place, so that printed papers stay good."""
    living = {step.pk: step for step in OrderStep.objects.filter(order=order).living()}
    steps = {}
    for operation in operations:
        step = living.pop(operation.step_id, None) or OrderStep(order=order, line=operation.line, token=new_token())
        _write_step(step, operation, plan)
        operation.step = step
        operation.save(update_fields=["step"])
        steps[operation.line_id, operation.number] = step
    for step in living.values():
        if step.kind != OrderStep.Kind.REWORK and not (step.started_at or step.made):
            _cancel_step(step, by, now)
    return steps


def _write_step(step, operation, plan):
    is_begun = bool(step.pk and (step.started_at or step.made))
    step.number, step.name, step.owner = operation.number, operation.name, operation.owner
    step.work_centre = operation.work_centre.code
    step.quantity = max(operation.quantity, step.made)
    step.transfer_lot, step.plan_version, step.after = operation.transfer_lot, plan.version, operation.after
    step.planned_start_at, step.planned_end_at = operation.starts_at, operation.ends_at
    if not is_begun:
        step.kind = OrderStep.Kind.EXTERNAL if operation.is_external else OrderStep.Kind.NORMAL
        step.is_inspected = operation.is_inspected
        needs = OrderStep.FirstArticle
        step.first_article = needs.OPEN if operation.needs_first_article else needs.NOT_NEEDED
    if step.finished_at and step.made < step.quantity:  # pieces are made again
        step.finished_at, step.finished_by = None, None
    step.save()


def new_token() -> str:
    while True:
        token = "".join(secrets.choice(ALPHABET) for _place in range(7))
        if not OrderStep.objects.filter(token=token).exists():
            return token


def _cancel_step(step, by, now):
    cancel_item(step, reason="replanned", by=by, now=now)
    step.is_cancelled = True
    step.save(update_fields=["is_cancelled"])


# Materials


def _write_materials(order, plan, demands, steps, by, now) -> bool:
    """物料需求清單: what the bill asks for less what is asked for already; True when something came on top."""
    known = list(order.material_lines.exclude(decision=Decision.DROPPED).select_related("material", "substitute_for"))
    has_new, used = False, set()
    for need, _at in capacity.read_supplies(order, demands, now, capacity.Means.read(plan.means)):
        step = steps[need.demand.key]
        kind = MaterialLine.Kind.SERVICE if need.is_service else MaterialLine.Kind.MATERIAL
        lines = [row for row in known if (row.line_id, row.material_id, row.kind) ==
                 (need.demand.line.pk, need.material.pk, kind)]
        used |= {row.pk for row in lines}
        _move_lines(lines, step)
        missing = need.quantity - sum((row.required_quantity for row in lines), Decimal(0))
        if missing > 0:
            has_new = True
            _add_line(order, need, kind, missing, step, by, now)
        elif missing < 0:
            _shorten(lines, -missing, plan, by)
    for row in known:
        if row.pk not in used and row.substitute_for_id is None:
            _drop(row, plan, by, now)
    return has_new


def _move_lines(lines, step):
    for row in lines:
        if row.step_id != step.pk or row.needed_at != step.planned_start_at:
            row.step, row.needed_at = step, step.planned_start_at
            row.save(update_fields=["step", "needed_at"])


def _add_line(order, need, kind, quantity, step, by, now):
    row = MaterialLine.objects.create(
        order=order, line=need.demand.line, step=step, kind=kind, material=need.material, is_key=need.material.is_key,
        required_quantity=quantity, needed_at=step.planned_start_at,
    )
    if kind == MaterialLine.Kind.SERVICE:
        return
    there = Material.objects.select_for_update().get(pk=need.material.pk)
    row.reserved_quantity = max(Decimal(0), min(there.free, quantity))
    if row.reserved_quantity:
        reserve_stock(material=there, quantity=row.reserved_quantity, source=f"material-line:{row.pk}:plan", by=by)
    if row.is_covered:
        row.decision, row.decided_at, row.decided_by = Decision.ACCEPTED, now, by
        row.decided_reason = gettext_noop("from stock")
    row.save()


def _shorten(lines, surplus, plan, by):
    """Fewer pieces: what nobody has bought or accepted is asked for no more."""
    for row in reversed(lines):
        if row.decision not in (Decision.OPEN, Decision.ACCEPTED) or row.supplier_name or not surplus:
            continue
        least = max(row.accepted_quantity, Decimal("0.0001"))
        cut = min(surplus, row.required_quantity - least)
        if cut <= 0:
            continue
        row.required_quantity -= cut
        surplus -= cut
        _give_back(row, row.reserved_quantity + row.accepted_quantity - row.required_quantity, plan, by)
        row.save(update_fields=["required_quantity", "reserved_quantity"])


def _give_back(row, quantity, plan, by):
    quantity = min(quantity, row.reserved_quantity)
    if quantity > 0:
        release_stock(material=row.material, quantity=quantity, source=f"material-line:{row.pk}:v{plan.version}", by=by)
        row.reserved_quantity -= quantity


def _drop(row, plan, by, now):
    """The bill does not ask for it any more, and nobody has bought it."""
    if row.decision not in (Decision.OPEN, Decision.ACCEPTED) or row.supplier_name or row.accepted_quantity:
        return
    _give_back(row, row.reserved_quantity, plan, by)
    row.decision, row.decided_at, row.decided_by = Decision.DROPPED, now, by
    row.decided_reason = gettext_noop("not in the plan any more")
    row.save()


# Costs


def _write_costs(order, plan, operations, demands, by):
    """Planned amounts of a version, less what earlier versions planned: the sum is the plan in force."""
    amounts = planned_amounts(operations, capacity.read_supplies(
        order, demands, plan.released_at, capacity.Means.read(plan.means)))
    has_remake = order.remakes.filter(planned_at__isnull=True).exists()
    cause = CostEntry.Cause.SCRAP if has_remake else CostEntry.Cause.NORMAL
    for kind in PLANNED_KINDS:
        amount, source = amounts[kind], f"plan:{order.pk}:{kind}"
        before = sum(order.costs.filter(is_planned=True, source__startswith=f"{source}:")
                     .values_list("amount", flat=True))
        if amount != before:
            orders.add_cost(
                order=order, kind=kind, amount=amount - before, is_planned=True, source=f"{source}:{plan.version}",
                by=by, cause=_cause_of(kind, plan) or cause, text=gettext_noop("Production plan"),
            )
    _ask_for_overtime(order, plan, by)


def _cause_of(kind, plan):
    """Work given to a supplier as a way out is done there because it is urgent."""
    is_way_out = kind == CostKind.OUTSIDE and plan.means.get("outside_at")
    return CostEntry.Cause.URGENCY if is_way_out else None


def planned_amounts(operations, supplies) -> dict:
    machine = labour = Decimal(0)
    for operation in operations:
        hours = Decimal(operation.work_seconds) / 3600
        for centre in operation.held_centres:
            machine += hours * centre.hourly_rate_amount
            labour += hours * centre.labour_rate_amount
    needs = [need for need, _at in supplies]
    material = sum((n.quantity * n.material.standard_cost_amount for n in needs if not n.is_service), Decimal(0))
    outside = sum((n.quantity * n.material.standard_cost_amount for n in needs if n.is_service), Decimal(0))
    amounts = {CostKind.MACHINE: machine, CostKind.LABOUR: labour, CostKind.MATERIAL: material,
               CostKind.OUTSIDE: outside}
    return {kind: amount.quantize(Decimal("0.01")) for kind, amount in amounts.items()}


def _ask_for_overtime(order, plan, by):
    """Overtime is money asked for before it is spent; of a later version only what comes on top."""
    source = f"plan:{order.pk}:overtime:"
    asked = order.expenses.filter(source__startswith=source).exclude(state__in=NOT_ASKED)
    amount = capacity.overtime_of(plan) - sum(asked.values_list("amount", flat=True))
    if amount > 0:
        orders.request_expense(
            order_id=order.pk, by=by, kind=CostKind.OVERTIME, amount=amount,
            reason=_("Overtime in production plan version %(version)s") % {"version": plan.version},
            source=f"{source}{plan.version}",
        )


# Signature and messages


def _close_remakes(order, by, now):
    for remake in order.remakes.filter(planned_at__isnull=True).select_related("item"):
        remake.planned_at, remake.planned_by = now, by
        remake.save(update_fields=["planned_at", "planned_by"])
    clocks.finish_items(order, kinds=["remake", "plan"], by=by, now=now)


def _sign(order, by, has_new_lines):
    if order.sign_offs.living().filter(box=Box.PLAN).exists():
        orders.revoke(order=order, by=by, boxes=(Box.PLAN,), fact_text="new plan version")
    if has_new_lines:
        orders.revoke(order=order, by=by, facts=[Fact.MATERIAL_LINE_ADDED])
    step = FORWARD.get(order.stage)
    sign = orders.sign_and_move if step and by.may(step.right) else orders.sign
    sign(order=order, box=Box.PLAN, by=by)
    touch(order)


def _tell(order, plan, by):
    everybody = departments()
    event = note(
        order, "plan_released", gettext_noop("Production plan version {version} released, finish {finish}"), by=by,
        params={"version": plan.version, "finish": moment(plan.finish_at)},
    )
    people = {person_on_duty(order, everybody[code]) for code in ("procurement", "logistics")}
    owners = {operation.owner for operation in plan.operations.select_related("owner")}
    inform(order, event, people | owners)
