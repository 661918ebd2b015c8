"""What the schedule needs, read from the records: what is left to make, what is booked, what is here."""

from collections import defaultdict
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from math import ceil

from catalog.models import BillOfMaterialLine
from orders.models import MaterialLine, OrderStep
from production import schedule
from production.models import Operation, OperationMaterial, Plan, RoutingOperation, WorkCentre
from sla.models import calendar_of
from sla.worktime import Calendar, parse_spans

GRID = timedelta(minutes=5)
OVERLAP_LOTS = 4  # into how many lots overlapping operations divide an order line


@dataclass(frozen=True)
class Means:
    """What is added to the normal way: more hours, one more slot, overlapping operations."""

    has_overtime: bool = False
    has_overlap: bool = False
    extra_slot_at: str = ""

    @classmethod
    def read(cls, stored: dict) -> "Means":
        return cls(**stored)

    def stored(self) -> dict:
        """Only what is added, as a plan keeps it."""
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(frozen=True)
class Demand:
    """One operation of one order line: how many pieces it makes in all, and how many are left."""

    line: object
    routing: RoutingOperation
    quantity: int
    step: OrderStep | None = None
    in_force: Operation | None = None
    gates: tuple = ()

    @property
    def key(self):
        return (self.line.pk, self.routing.number)

    @property
    def left(self) -> int:
        return max(0, self.quantity - (self.step.made if self.step else 0))

    @property
    def is_begun(self) -> bool:
        return bool(self.step and (self.step.started_at or self.step.made))

    @property
    def is_done(self) -> bool:
        return bool(self.is_begun and not self.left)

    @property
    def work_seconds(self) -> int:
        return self.routing.work_seconds(self.quantity)

    @property
    def seconds_left(self) -> int:
        return self.routing.work_seconds(self.left, with_setup=not self.is_begun)

    def lot(self, means) -> int | None:
        lot = self.routing.transfer_lot
        if means.has_overlap and lot is None:
            lot = ceil(self.quantity / OVERLAP_LOTS)
        return lot if lot and lot < self.quantity else None

    def lot_seconds(self, means) -> int | None:
        lot = self.lot(means)
        return self.routing.work_seconds(lot, with_setup=not self.is_begun) if lot else None


@dataclass(frozen=True)
class Proposal:
    means: Means
    schedule: schedule.Schedule
    demands: dict
    centres: dict = field(default_factory=dict)
    without_routing: tuple = ()
    bookings: tuple = ()

    @property
    def finish(self) -> datetime | None:
        return self.schedule.finish if not self.without_routing else None

    @property
    def rows(self):
        return self.schedule.rows

    @property
    def overtime_amount(self) -> Decimal:
        """The extra pay for what lies outside the normal hours."""
        if not self.means.has_overtime:
            return Decimal(0)
        return sum((self._overtime_of(row) for row in self.rows), Decimal(0)).quantize(Decimal("0.01"))

    def _overtime_of(self, row):
        centre = self.centres[row.centre]
        normal = calendar_of(centre.calendar.edition_id).between(row.start, row.end)
        extra = max(0, self.demands[row.key].seconds_left - normal)
        return Decimal(extra) / 3600 * centre.labour_rate_amount * centre.overtime_percent / 100


def to_grid(moment: datetime) -> datetime:
    """Plans start at full five minutes, and not before now."""
    floor = moment.replace(minute=moment.minute // 5 * 5, second=0, microsecond=0)
    return floor if floor == moment else floor + GRID


def propose(order, *, now, means=None, follows_plan=False, known=None, bookings=None) -> Proposal:
    """The order's own operations placed between what the other orders have booked.

    `follows_plan`: operations not begun do not start before their planned time (the forecast).
    `known`: a proposal for the same order and moment, whose records are not read again.
    `bookings`: what is taken, where that is not what the plans in force say.
    """
    means, now = means or Means(), to_grid(now)
    if known:
        found, without, centres, taken = known.demands, known.without_routing, known.centres, known.bookings
    else:
        found, without = read_demands(order, now=now)
        centres = {centre.code: centre for centre in WorkCentre.objects.select_related("calendar")}
        taken = () if bookings is not None else read_bookings(now=now, without=(order,))
    taken = tuple(taken if bookings is None else bookings)
    operations = [
        _operation(demand, means, centres, now, follows_plan) for demand in found.values() if not demand.is_done
    ]
    plan = schedule.plan(
        operations, centres=_centres(centres.values(), means), bookings=taken, now=now
    )
    return Proposal(means, plan, found, centres, tuple(without), taken)


def _centres(centres, means) -> dict:
    return {
        centre.code: schedule.Centre(
            centre.code, centre.slots + (means.extra_slot_at == centre.code),
            calendar_with(centre, overtime=means.has_overtime),
        )
        for centre in centres
    }


def calendar_with(centre, *, overtime=False) -> Calendar:
    return _calendar(centre.calendar.edition_id, centre.overtime_hours if overtime else "")


@lru_cache(maxsize=64)
def _calendar(edition_id, overtime) -> Calendar:
    calendar = calendar_of(edition_id)
    if not overtime:
        return calendar
    extra = parse_spans(overtime)
    return Calendar(
        zone=calendar.zone,
        week=tuple((*spans, *extra) if spans else () for spans in calendar.week),
        days={day: (*spans, *extra) if spans else () for day, spans in calendar.days.items()},
        covered_until=calendar.covered_until,
    )


def _operation(demand, means, centres, now, follows_plan) -> schedule.Operation:
    routing = demand.routing
    operation = schedule.Operation(
        key=demand.key, chain=demand.line.position, number=routing.number, centre=routing.work_centre.code,
        seconds=demand.seconds_left, lot_seconds=demand.lot_seconds(means), gates=demand.gates,
        label=f"{demand.line.position}.{routing.number} {routing.name}",
    )
    there = demand.in_force
    if demand.is_begun and there:
        calendar = calendar_with(centres[routing.work_centre.code], overtime=means.has_overtime)
        start = demand.step.started_at or there.starts_at
        end = calendar.add(max(now, start), demand.seconds_left)
        fixed = schedule.Booking(there.work_centre.code, there.slot, min(start, end), end)
        return replace(operation, centre=there.work_centre.code, fixed=fixed)
    if follows_plan and there:
        return replace(operation, not_before=max(now, there.starts_at))
    return operation


def place_again(order, plan, rows, demands, means, *, now) -> dict:
    """Rows of a draft's line: the first where it was put, the others after it. {key: Placed}"""
    centres = {centre.code: centre for centre in WorkCentre.objects.select_related("calendar")}
    keys = {(row.line_id, row.number) for row in rows}
    own = [_as_booking(row) for row in plan.operations.select_related("work_centre")
           if (row.line_id, row.number) not in keys]
    first, *later = rows
    operations = [_operation(demands[row.line_id, row.number], means, centres, now, False) for row in later]
    put = replace(_operation(demands[first.line_id, first.number], means, centres, now, False),
                  centre=first.work_centre.code, fixed=_as_booking(first))
    placed = schedule.plan(
        [put, *operations], centres=_centres(centres.values(), means), now=to_grid(now),
        bookings=[*read_bookings(now=now, without=(order,), gives_way=plan.goes_before), *own],
    )
    return {row.key: row for row in placed.rows}


def _as_booking(row) -> schedule.Booking:
    return schedule.Booking(row.work_centre.code, row.slot, row.starts_at, row.ends_at, str(row))


# What is left to make


def read_demands(order, *, now) -> tuple[dict, list]:
    """{(line, number): Demand} in the order of the routing, and the products that have none."""
    lines = list(order.lines.select_related("product"))
    routings = defaultdict(list)
    operations = RoutingOperation.objects.filter(product__in=[line.product_id for line in lines], variant="")
    for row in operations.select_related("work_centre__calendar", "work_centre__foreman", "service"):
        routings[row.product_id].append(row)
    steps = {(step.line_id, step.number): step for step in order.steps.living().exclude(kind=OrderStep.Kind.REWORK)}
    placed = {row.step_id: row for row in Operation.objects.in_force().filter(plan__order=order).select_related(
        "work_centre", "owner"
    )}
    remakes = list(order.remakes.select_related("nonconformance__step__reworks"))
    found = {}
    for line in lines:
        for routing in routings[line.product_id]:
            step = steps.get((line.pk, routing.number))
            quantity = pieces(line, routing.number, remakes)
            found[line.pk, routing.number] = Demand(
                line, routing, max(quantity, step.made if step else 0), step, placed.get(step.pk) if step else None
            )
    gates = read_gates(order, found, now)
    found = {key: replace(demand, gates=tuple(gates[key])) for key, demand in found.items()}
    return found, [line.product for line in lines if not routings[line.product_id]]


def pieces(line, number, remakes) -> int:
    """The agreed pieces, and those made again: scrap at an operation is made again up to it."""
    return line.agreed_quantity + sum(
        remake.quantity for remake in remakes if remake.line_id == line.pk and number <= _lost_at(remake)
    )


def _lost_at(remake) -> float:
    step = remake.nonconformance.step
    if step and step.kind == OrderStep.Kind.REWORK:
        step = step.reworks
    return step.number if step else float("inf")


# Materials


@dataclass(frozen=True)
class Need:
    """A row of the bill for a line: how much, and before which operation."""

    demand: Demand
    material: object
    quantity: Decimal
    is_service: bool = False


def read_needs(demands) -> list[Need]:
    """What the bill asks for, the scrap factor included, and the outside work."""
    first = {}
    for demand in demands.values():
        first.setdefault(demand.line.pk, demand)
    bill = BillOfMaterialLine.objects.filter(product__in={demand.line.product_id for demand in demands.values()})
    gating = dict(OperationMaterial.objects.filter(bill_line__in=bill).values_list("bill_line", "operation__number"))
    rows = list(bill.select_related("material"))
    needs = []
    for demand in first.values():
        for row in rows:
            if row.product_id == demand.line.product_id:
                at = demands.get((demand.line.pk, gating.get(row.pk)), demand)
                needs.append(Need(at, row.material, row.required_for(at.quantity)))
    outside = [demand for demand in demands.values() if demand.routing.is_external and demand.routing.service_id]
    return needs + [Need(demand, demand.routing.service, Decimal(demand.quantity), True) for demand in outside]


def read_gates(order, demands, now) -> dict:
    """Per operation, what is not here yet and when it comes: promised, or after the usual lead time."""
    gates, free = defaultdict(list), {}
    known = defaultdict(list)
    for line in order.material_lines.living().select_related("material", "substitute_for"):
        asked = line.substitute_for or line
        known[line.line_id, asked.material_id].append(line)
    for need in read_needs(demands):
        if need.is_service or need.demand.is_begun:
            continue
        lines = known.get((need.demand.line.pk, need.material.pk))
        at = _arrival_of_lines(lines, now) if lines else _arrival(need, free, now)
        if at:
            gates[need.demand.key].append(schedule.Gate(str(need.material), at))
    return gates


def _arrival_of_lines(lines, now) -> datetime | None:
    late = [line for line in lines if not line.is_covered and line.decision != MaterialLine.Decision.WAIVED]
    hours = timedelta(hours=1)
    return max((line.promised_at or now + line.material.lead_time_hours * hours for line in late), default=None)


def _arrival(need, free, now) -> datetime | None:
    there = free.setdefault(need.material.pk, need.material.free)
    free[need.material.pk] = max(Decimal(0), there - need.quantity)
    return None if there >= need.quantity else now + timedelta(hours=need.material.lead_time_hours)


# What is booked


def read_bookings(*, now, without=(), gives_way=None) -> list[schedule.Booking]:
    """The unfinished operations of all plans in force; what should be over but is not still takes its time.

    `gives_way`: an order whose operations that have not begun are looked at as free.
    """
    committed = Operation.objects.committed().select_related("step", "work_centre__calendar", "plan__order")
    committed = committed.exclude(plan__order__in=without)
    if gives_way is not None:
        committed = committed.exclude(plan__order=gives_way, step__started_at__isnull=True, step__made=0)
    return [_booking(operation, now) for operation in committed]


def _booking(operation, now) -> schedule.Booking:
    start, end = operation.starts_at, operation.ends_at
    step = operation.step
    is_behind = end <= now or (start < now and not step.started_at)
    if is_behind:
        left = operation.work_seconds * max(0, operation.quantity - step.made) / operation.quantity
        start, end = now, calendar_with(operation.work_centre).add(now, max(60, left))
    label = f"{operation.plan.order} · {operation.number} {operation.name}"
    return schedule.Booking(operation.work_centre.code, operation.slot, start, end, label)


# Going before another order


@dataclass(frozen=True)
class Precedence:
    """What an order gains when another one gives way, and what that costs the other."""

    alone: Proposal
    mine: Proposal
    before: Proposal
    theirs: Proposal
    promised_at: datetime

    @property
    def is_computed(self) -> bool:
        return all(proposal.finish for proposal in (self.alone, self.mine, self.before, self.theirs))

    @property
    def gained_seconds(self) -> int:
        return int((self.alone.finish - self.mine.finish).total_seconds())

    @property
    def breaks_promise(self) -> bool:
        return breaks_promise(self.before.finish, self.theirs.finish, self.promised_at)


def breaks_promise(before, after, promised_at) -> bool:
    return after > promised_at and after > before


def precedence(order, other, *, now) -> Precedence:
    """The order placed as if the other had not begun; then the other around it, no earlier than planned."""
    alone = propose(order, now=now)
    free = read_bookings(now=to_grid(now), without=(order,), gives_way=other)
    mine = propose(order, now=now, known=alone, bookings=free)
    taken = read_bookings(now=to_grid(now), without=(order, other))
    taken += [schedule.Booking(row.centre, row.slot, row.start, row.end, str(order)) for row in mine.rows]
    before = forecast(other, now=now)
    theirs = propose(other, now=now, means=before.means, follows_plan=True, known=before, bookings=taken)
    return Precedence(alone, mine, before, theirs, promised_of(other))


def forecast(order, *, now) -> Proposal:
    """The order as its plan in force goes on from now, with that plan's means."""
    plan = Plan.objects.filter(order=order, state=Plan.State.RELEASED).first()
    return propose(order, now=now, means=Means.read(plan.means) if plan else None, follows_plan=True)


def promised_of(order) -> datetime:
    """The promise in force; before there is one, what the customer asked for."""
    last = order.promises.order_by("-pk").first()
    return last.promised_at if last else order.required_at


# The ways out


@dataclass(frozen=True)
class Option:
    """One of the policy's kinds of solution, computed."""

    code: str
    kind: str
    proposal: Proposal
    spare_seconds: int | None
    extra_amount: Decimal
    centre: str = ""

    @property
    def finish(self):
        return self.proposal.finish


def options(order, base: Proposal, *, now) -> list[Option]:
    """Another date; overtime; one more slot where it queues longest; overlapping operations."""
    if base.finish is None:
        return []
    found = [_option(order, "date", "date", base)]
    busiest = _busiest(base)
    ways = [("overtime", "resources", Means(has_overtime=True), "")]
    if busiest:
        ways.append(("extra_slot", "resources", Means(extra_slot_at=busiest), busiest))
    ways.append(("overlap", "process", Means(has_overlap=True), ""))
    for code, kind, means, centre in ways:
        proposal = propose(order, now=now, means=means, known=base)
        if code != "extra_slot" or proposal.finish < base.finish:
            found.append(_option(order, code, kind, proposal, centre))
    return found


def _option(order, code, kind, proposal, centre=""):
    spare = int((order.required_at - proposal.finish).total_seconds())
    return Option(code, kind, proposal, spare, proposal.overtime_amount, centre)


def _busiest(base) -> str:
    """Where one more slot would help most: where it queues longest, else where the work is longest."""
    queueing = [row for row in base.rows if row.wait == schedule.Wait.QUEUE]
    if queueing:
        return max(queueing, key=lambda row: row.waited).centre
    longest = max(base.rows, key=lambda row: row.end - row.start, default=None)
    return longest.centre if longest else ""
