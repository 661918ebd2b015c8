"""The ways out side by side: each computed in the same shop, with its finish, its cost and whom it moves."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from orders.models import UrgentOrder
from production.capacity.means import Means
from production.capacity.proposing import Proposal, place_demands, read
from production.capacity.shop import Shop, due_of, moment, read_shop
from production.engine import Wait
from production.models import RoutingOperation

DATE, RESOURCES, PROCESS, MATERIAL, PARTS = "date", "resources", "process", "material", "parts"
MOST_SHIFTS = 3  # extra shifts looked at: those of the work centres that are waited for longest


@dataclass(frozen=True)
class Push:
    """Another order that gives way: its finish before and after, and the promise it keeps."""

    order: UrgentOrder
    before: datetime
    after: datetime
    due: datetime
    operations: int

    @property
    def is_late(self) -> bool:
        return self.after > self.due and self.after > self.before

    @property
    def later(self) -> timedelta:
        return max(timedelta(), self.after - self.before)


@dataclass(frozen=True)
class Remedy:
    """`code` names it on the page; `detail` what it is about: a work centre, a shift, an operation."""

    code: str
    kind: str
    means: Means
    proposal: Proposal
    required_at: datetime
    base_amount: Decimal
    base_finish: datetime | None
    detail: str = ""
    pushed: tuple[Push, ...] = ()

    @property
    def finish(self) -> datetime | None:
        return self.proposal.finish

    @property
    def gains(self) -> bool:
        return bool(self.finish and self.finish < self.base_finish)

    @property
    def spare_seconds(self) -> int:
        return int((self.required_at - self.finish).total_seconds())

    @property
    def is_in_time(self) -> bool:
        return bool(self.finish and self.finish <= self.required_at)

    @property
    def extra_amount(self) -> Decimal:
        return max(Decimal(0), self.proposal.amount - self.base_amount)

    @property
    def newly_late(self) -> tuple[Push, ...]:
        return tuple(push for push in self.pushed if push.is_late)

    @property
    def first_lot(self) -> tuple[int, datetime] | None:
        return (self.means.first_lot, self.proposal.first_lot_at) if self.means.first_lot else None


@dataclass
class Race:
    """Everything a review page compares, computed at one moment."""

    order: UrgentOrder
    shop: Shop

    def __post_init__(self):
        self._readings, self.base = {}, None
        self.base = self.compute(Means())

    @property
    def now(self) -> datetime:
        return self.shop.now

    def compute(self, means: Means) -> Proposal:
        key = (means.variant, means.has_substitutes)
        if key not in self._readings:
            self._readings[key] = read(self.order, self.shop, means)
        return place_demands(self.order, self.shop, means, reading=self._readings[key], base=self.base)

    def remedy(self, means: Means, code="own", kind=RESOURCES, detail="") -> Remedy:
        proposal = self.compute(means)
        return Remedy(
            code, kind, means, proposal, self.order.required_at, self.base.amount, self.base.finish,
            detail, tuple(self._pushed(proposal)),
        )

    def _pushed(self, proposal):
        if not proposal.moved:
            return
        orders = {order.pk: order for order in UrgentOrder.objects.filter(pk__in=proposal.moved)
                  .select_related("customer", "created_by")}
        planned, due = {}, due_of(orders)
        for row in self.shop.committed:
            if row.order_id in orders:
                planned.setdefault(row.order_id, {})[row.key] = row.bookings[0].end
        for order_id, rows in proposal.moved.items():
            before = planned[order_id]
            after = before | {key: int(row.end.timestamp()) for key, row in rows.items()}
            yield Push(
                orders[order_id], moment(max(before.values())), moment(max(after.values())), moment(due[order_id]),
                len(rows),
            )

    def remedies(self) -> list[Remedy]:
        """What can be tried with this order's products and machines, also where it gains nothing."""
        if self.base.finish is None:
            return []
        wait = self.remedy(Means(), "date", DATE)
        others = [self.remedy(means, code, kind, detail) for code, kind, means, detail in self._ways()]
        return [wait, *others, *self._in_parts(wait)]

    def _ways(self):
        yield "gives_way", DATE, Means(gives_way=True), ""
        yield "overtime", RESOURCES, Means(has_overtime=True), ""
        for shift in self._useful_shifts():
            yield "shift", RESOURCES, Means(shifts=(shift.pk,)), f"{shift.name} · {shift.work_centre.code}"
        if busiest := self._busiest():
            yield "extra_slot", RESOURCES, Means(extra_slot_at=busiest), busiest
        if any(demand.routing.candidates.all() for demand in self.base.demands.values()):
            yield "candidates", RESOURCES, Means(has_candidates=True), ""
        for demand in self._longest(lambda demand: demand.routing.subcontract_service_id):
            yield "outside", RESOURCES, Means(outside_at=(demand.code,)), demand.label
        for variant in variants_of(self.base.demands.values()):
            yield "variant", PROCESS, Means(variant=variant), variant
        for demand in self._longest(lambda demand: demand.can_be_split):
            yield "split", PROCESS, Means(split_at=(demand.code,)), demand.label
        yield "overlap", PROCESS, Means(has_overlap=True), ""
        if any(row.wait == Wait.MATERIAL for row in self.base.rows):
            yield "substitutes", MATERIAL, Means(has_substitutes=True), ""

    def _useful_shifts(self):
        """Of the work centres that the order needs, those waited for longest."""
        waited = {}
        for row in self.base.rows:
            for centre, _slot in row.slots:
                waited[centre] = max(waited.get(centre, timedelta()), row.waited, (row.end - row.start) / 4)
        found = [shift for shift in self.shop.shifts.values() if shift.work_centre.code in waited]
        return sorted(found, key=lambda shift: (-waited[shift.work_centre.code], shift.pk))[:MOST_SHIFTS]

    def _busiest(self) -> str:
        """Where one more slot would help most: where it queues longest, else where the work is longest."""
        queueing = [row for row in self.base.rows if row.wait == Wait.QUEUE]
        if queueing:
            return max(queueing, key=lambda row: row.waited).centre
        longest = max(self.base.rows, key=lambda row: row.end - row.start, default=None)
        return longest.centre if longest else ""

    def _longest(self, suits):
        """The operation, not begun, that takes longest from its readiness to its end, of those that suit."""
        rows = [row for row in self.base.rows
                if not self.base.demands[row.key].is_begun and suits(self.base.demands[row.key])]
        rows = sorted(rows, key=lambda row: (row.start - row.end - row.waited, row.key))
        return [self.base.demands[row.key] for row in rows[:1]]

    def _in_parts(self, wait) -> list[Remedy]:
        """The most pieces that can be delivered in time, where not all can."""
        line = self.order.lines.first()
        if wait.is_in_time or self.order.lines.count() != 1 or any(d.is_begun for d in self.base.demands.values()):
            return []
        low, high, best = 1, line.agreed_quantity - 1, None
        while low <= high:
            pieces = (low + high) // 2
            remedy = self.remedy(Means(first_lot=pieces), "parts", PARTS, str(pieces))
            if remedy.finish and remedy.proposal.first_lot_at <= self.order.required_at:
                low, best = pieces + 1, remedy
            else:
                high = pieces - 1
        return [best] if best else []


def variants_of(demands) -> list[str]:
    """The other routings of the products."""
    rows = RoutingOperation.objects.filter(product__in={demand.line.product_id for demand in demands})
    return sorted(set(rows.exclude(variant="").values_list("variant", flat=True)))


def race(order, *, now) -> Race:
    """Read the shop and place the order as it is: what all remedies are compared with."""
    return Race(order, read_shop(now=now))


