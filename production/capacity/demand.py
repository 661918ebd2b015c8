"""What is left to make of an order, and what it needs, read from the records."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from catalog.models import BillOfMaterialLine, Substitute
from orders.models import MaterialLine, OrderStep
from production.capacity.means import NOTHING
from production.models import Operation, OperationMaterial, RoutingOperation

OVERLAP_LOTS = 4  # into how many lots overlapping operations divide an order line


@dataclass(frozen=True)
class Gate:
    """A material that is not here before `at`."""

    label: str
    at: datetime


@dataclass(frozen=True)
class Demand:
    """One operation of one order line: how many pieces it makes in all, and how many are left.

    `after`: numbers of the operations of the line that come right before it.
    """

    line: object
    routing: RoutingOperation
    quantity: int
    step: OrderStep | None = None
    in_force: Operation | None = None
    after: tuple[int, ...] = ()
    is_in_line: bool = True  # it simply comes after the operation with the number before
    gates: tuple[Gate, ...] = ()

    @property
    def key(self):
        return (self.line.pk, self.routing.number)

    @property
    def code(self) -> str:
        """As means name it."""
        return f"{self.line.position}.{self.routing.number}"

    @property
    def label(self) -> str:
        return f"{self.code} {self.routing.name}"

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
        return self.seconds_of(self.left)

    def seconds_of(self, pieces) -> int:
        return self.routing.work_seconds(pieces, with_setup=not self.is_begun)

    @property
    def can_be_split(self) -> bool:
        """Over two slots, or over the usual work centre and another one."""
        has_second = self.routing.work_centre.slots > 1 or bool(self.routing.candidates.all())
        return has_second and self.left > 1 and not self.is_begun and not self.routing.is_external

    def service(self, means):
        """What is bought where the operation is done outside."""
        if self.is_outside(means):
            return self.routing.subcontract_service
        return self.routing.service if self.routing.is_external else None

    def is_outside(self, means) -> bool:
        return bool(self.code in means.outside_at and self.routing.subcontract_service_id and not self.is_begun)

    def lot(self, means) -> int | None:
        lot = means.first_lot or self.routing.transfer_lot
        if means.has_overlap and lot is None:
            lot = ceil(self.quantity / OVERLAP_LOTS)
        return lot if lot and lot < self.quantity else None


def read_demands(order, *, now, means=NOTHING) -> tuple[dict, list]:
    """{(line, number): Demand} in the order of the routing, and the products that have none."""
    demands, without_routing, _supplies = read_all(order, now=now, means=means)
    return demands, without_routing


def read_all(order, *, now, means=NOTHING) -> tuple[dict, list, list]:
    """With them each need and the moment it is here."""
    lines = list(order.lines.select_related("product"))
    routings = _routings({line.product_id for line in lines}, means.variant)
    steps = {(step.line_id, step.number): step for step in order.steps.living().exclude(kind=OrderStep.Kind.REWORK)}
    placed = {row.step_id: row for row in Operation.objects.in_force().filter(plan__order=order).select_related(
        "work_centre", "second_work_centre", "owner"
    )}
    remakes = list(order.remakes.select_related("nonconformance__step__reworks"))
    found = {}
    for line in lines:
        for previous, routing in zip([None, *routings[line.product_id]], routings[line.product_id], strict=False):
            step = steps.get((line.pk, routing.number))
            before = _before(routing, previous)
            quantity = _pieces(line, routing.number, routings[line.product_id], remakes)
            found[line.pk, routing.number] = Demand(
                line, routing, max(quantity, step.made if step else 0), step,
                placed.get(step.pk) if step else None, before, before == _in_line(previous),
            )
    supplies = read_supplies(order, found, now, means)
    gates = _gates(supplies)
    found = {key: replace(demand, gates=tuple(gates[key])) for key, demand in found.items()}
    return found, [line.product for line in lines if not routings[line.product_id]], supplies


def _routings(products, variant) -> dict:
    """Each product's operations in turn; of the variant where it has one, else the normal ones."""
    rows = defaultdict(lambda: defaultdict(list))
    operations = RoutingOperation.objects.filter(product__in=products, variant__in={"", variant})
    operations = operations.select_related(
        "work_centre__calendar", "work_centre__foreman", "also_needs", "service", "subcontract_service",
        "qualification", "product",
    ).prefetch_related("links__after", "candidates__work_centre")
    for row in operations:
        rows[row.product_id][row.variant].append(row)
    return defaultdict(list, {product: found.get(variant) or found[""] for product, found in rows.items()})


def _before(routing, previous) -> tuple[int, ...]:
    if routing.starts_freely:
        return ()
    linked = tuple(sorted(link.after.number for link in routing.links.all()))
    return linked or _in_line(previous)


def _in_line(previous) -> tuple[int, ...]:
    return (previous.number,) if previous else ()


def _pieces(line, number, routing, remakes) -> int:
    """The agreed pieces, and those made again: scrap at an operation is made again up to it."""
    again = [remake for remake in remakes if remake.line_id == line.pk]
    return line.agreed_quantity + sum(
        remake.quantity for remake in again if number in _up_to(_lost_at(remake), routing)
    )


def _up_to(lost_at, routing) -> set[int]:
    """The operation that spoiled pieces, and all that had worked on them."""
    before = {row.number: _before(row, previous) for previous, row in zip([None, *routing], routing, strict=False)}
    if lost_at not in before:
        return set(before)
    found, todo = set(), [lost_at]
    while todo:
        number = todo.pop()
        found.add(number)
        todo += [other for other in before[number] if other not in found]
    return found


def _lost_at(remake) -> int | None:
    step = remake.nonconformance.step
    if step and step.kind == OrderStep.Kind.REWORK:
        step = step.reworks
    return step.number if step else None


# Materials


@dataclass(frozen=True)
class Need:
    """A row of the bill for a line: how much, and before which operation."""

    demand: Demand
    material: object
    quantity: Decimal
    is_service: bool = False


def read_needs(demands, means=NOTHING) -> list[Need]:
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
    services = ((demand, demand.service(means)) for demand in demands.values())
    return needs + [Need(demand, service, Decimal(demand.quantity), True) for demand, service in services if service]


def _gates(supplies) -> dict:
    """Per operation, what is not here yet and when it comes: promised, or after the usual lead time."""
    gates = defaultdict(list)
    for need, at in supplies:
        if at and not need.is_service and not need.demand.is_begun:
            gates[need.demand.key].append(Gate(str(need.material), at))
    return gates


def read_supplies(order, demands, now, means) -> list[tuple[Need, datetime | None]]:
    """Each need with the moment it is here (None: now); a substitute in its place where that is sooner."""
    free, known = {}, defaultdict(list)
    for line in order.material_lines.living().select_related("material", "substitute_for"):
        asked = line.substitute_for or line
        known[line.line_id, asked.material_id].append(line)
    substitutes = _substitutes(demands) if means.has_substitutes else {}
    found = []
    for need in read_needs(demands, means):
        choices = [need, *(
            replace(need, material=row.substitute, quantity=need.quantity * row.factor)
            for row in substitutes.get(need.material.pk, ())
        )]
        asked = [choice for choice in choices if (choice.demand.line.pk, choice.material.pk) in known]
        arrivals = [(_arrival(choice, known, free, now), choice) for choice in asked or choices]
        at, chosen = min(arrivals, key=lambda pair: pair[0] or now)
        found.append((chosen, at))
    return found


def _substitutes(demands) -> dict:
    products = {demand.line.product_id for demand in demands.values()}
    found = defaultdict(list)
    rows = Substitute.objects.filter(material__in=BillOfMaterialLine.objects.filter(product__in=products)
                                     .values("material"), substitute__is_active=True)
    for row in rows.select_related("substitute"):
        found[row.material_id].append(row)
    return found


def _arrival(need, known, free, now) -> datetime | None:
    lines = known.get((need.demand.line.pk, need.material.pk))
    if lines:
        return _arrival_of_lines(lines, now)
    there = free.setdefault(need.material.pk, need.material.free)
    free[need.material.pk] = max(Decimal(0), there - need.quantity)
    return None if there >= need.quantity else now + timedelta(hours=need.material.lead_time_hours)


def _arrival_of_lines(lines, now) -> datetime | None:
    late = [line for line in lines if not line.is_covered and line.decision != MaterialLine.Decision.WAIVED]
    hours = timedelta(hours=1)
    return max((line.promised_at or now + line.material.lead_time_hours * hours for line in late), default=None)
