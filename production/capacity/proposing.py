"""One order placed in the shop with some means: when each operation runs, why it waits, what it costs."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from production import engine
from production.capacity.demand import read_all
from production.capacity.means import NOTHING, Means
from production.capacity.shop import OUTSIDE, Shop, held_by, moment, read_shop, seconds
from production.engine import Wait
from production.models import Plan

CENT = Decimal("0.01")
ALWAYS = 10 * 366 * 86400


@dataclass(frozen=True)
class Row:
    """An operation's place, in moments. `slots`: (work centre, slot) of each resource it holds."""

    key: tuple
    start: datetime
    end: datetime
    slots: tuple
    seconds: int  # of work, at each resource
    wait: Wait = Wait.NOTHING
    wait_label: str = ""
    ready: datetime | None = None
    after: tuple | None = None  # the operation that let it start
    lot_end: datetime | None = None  # when the first lot can go on

    @property
    def number(self) -> int:
        return self.key[1]

    @property
    def centre(self) -> str:
        return self.slots[0][0]

    @property
    def slot(self) -> int:
        return self.slots[0][1]

    @property
    def second(self) -> tuple[str, int] | None:
        return self.slots[1] if len(self.slots) > 1 else None

    @property
    def is_outside(self) -> bool:
        return self.slot == OUTSIDE

    @property
    def waited(self) -> timedelta:
        return self.start - self.ready if self.ready else timedelta()


@dataclass(frozen=True)
class Proposal:
    """`bound`: no plan can finish before, as the others stand. `moved`: {order: {key: Row}} of those that give way."""

    means: Means
    rows: tuple[Row, ...]
    demands: dict
    shop: Shop
    without_routing: tuple = ()
    has_no_hours: bool = False
    bound: datetime | None = None
    is_proved: bool = False
    moved: dict = field(default_factory=dict)
    placed: tuple = ()  # the rows as the engine has them

    @property
    def now(self) -> datetime:
        return self.shop.now

    @property
    def centres(self) -> dict:
        return self.shop.centres

    @property
    def finish(self) -> datetime | None:
        if self.without_routing or self.has_no_hours:
            return None
        return max((row.end for row in self.rows), default=None)

    @property
    def bottleneck(self) -> Row | None:
        """Whatever is waited for longest."""
        return max((row for row in self.rows if row.wait), key=lambda row: row.waited, default=None)

    @property
    def first_lot_at(self) -> datetime | None:
        """When the first lot leaves the last operation."""
        last = max(self.rows, key=lambda row: row.end, default=None)
        return (last.lot_end or last.end) if last and self.means.first_lot else None

    @property
    def overtime_amount(self) -> Decimal:
        """The extra pay for what lies outside the normal hours."""
        rows = [*self.rows, *(row for rows in self.moved.values() for row in rows.values())]
        return sum((extra_pay(self.shop, row, self.means) for row in rows), Decimal(0)).quantize(CENT)

    @property
    def amount(self) -> Decimal:
        """Machines, people, material and outside work, extra pay included."""
        total = self.overtime_amount
        for row in self.rows:
            held = [self.shop.centres[code] for code, _slot in row.slots]
            if not row.is_outside:
                hours = Decimal(row.seconds) / 3600
                total += sum(hours * (centre.hourly_rate_amount + centre.labour_rate_amount) for centre in held)
        services = ((demand, demand.service(self.means)) for demand in self.demands.values())
        total += sum(demand.quantity * service.standard_cost_amount for demand, service in services if service)
        return (total + self.material_amount).quantize(CENT)

    material_amount: Decimal = Decimal(0)


def extra_pay(shop, row, means) -> Decimal:
    """Hours outside the normal calendar: overtime at its rate, an extra shift at its own."""
    if row.is_outside or not (means.has_overtime or means.shifts):
        return Decimal(0)
    centre = shop.centres[row.centre]
    normal = shop.calendar(centre).between(row.start, row.end)
    with_overtime = shop.calendar(centre, Means(has_overtime=means.has_overtime)).between(row.start, row.end)
    with_all = shop.calendar(centre, means).between(row.start, row.end)
    percent = max((shop.shifts[pk].extra_percent for pk in means.shifts
                   if pk in shop.shifts and shop.shifts[pk].work_centre_id == centre.pk), default=0)
    paid = (with_overtime - normal) * centre.overtime_percent + (with_all - with_overtime) * percent
    return Decimal(paid) / 100 / 3600 * centre.labour_rate_amount


def propose(order, *, now, means=None, follows_plan=False, shop=None, bookings=None) -> Proposal:
    """The order's own operations placed between what the other orders have booked.

    `follows_plan`: operations not begun keep their work centre and do not start before their planned time (the
    forecast). `shop`: one that was read already, for the same moment. `bookings`: what is taken, where that is
    not what the plans in force say.
    """
    shop = shop or read_shop(now=now)
    return place_demands(order, shop, means or Means(), follows_plan=follows_plan, bookings=bookings)


@dataclass(frozen=True)
class Reading:
    """What the records say that an order needs; the same for all means of one variant and choice of material."""

    demands: dict
    without_routing: tuple
    material_amount: Decimal


def read(order, shop, means) -> Reading:
    demands, without_routing, supplies = read_all(order, now=shop.now, means=means)
    amount = sum((need.quantity * need.material.standard_cost_amount for need, _at in supplies
                  if not need.is_service), Decimal(0))
    return Reading(demands, tuple(without_routing), amount)


def place_demands(order, shop, means, *, follows_plan=False, bookings=None, reading=None, base=None) -> Proposal:
    """`reading`: one that was made already with the same variant and choice of material.

    `base`: the proposal without means; more hours or machines never make it later.
    """
    reading = reading or read(order, shop, means)
    found = reading.demands
    if means.only_adds and not base:
        base = place_demands(order, shop, NOTHING, follows_plan=follows_plan, bookings=bookings, reading=reading)
    tasks = _tasks(found, shop, means, follows_plan)
    centres = shop.engine_centres(means, shop.centres) | outside_centres(tasks, shop)
    common = {
        "means": means, "demands": found, "shop": shop, "without_routing": reading.without_routing,
        "material_amount": reading.material_amount,
    }
    if not tasks:
        return Proposal(rows=(), **common)
    try:
        return _placed(order, tasks, centres, bookings, common, base.placed if base and means.only_adds else ())
    except engine.NoHours:
        return Proposal(rows=(), has_no_hours=True, **common)


def _placed(order, tasks, centres, bookings, common, known) -> Proposal:
    shop, means, now = common["shop"], common["means"], seconds(common["shop"].now)
    if means.gives_way and bookings is None:
        jobs, fixed = shop.jobs(without=(order,))
        room = engine.make_room(tasks, jobs, centres, now, fixed)
        answer, moved = room.answer, {
            order_id: {key: _row(row, centres) for key, row in rows.items()} for order_id, rows in room.moved.items()
        }
    else:
        used = {code for task in tasks for way in task.ways for code in way.centres}
        taken = shop.bookings(without=(order,), codes=used) if bookings is None else bookings
        answer, moved = engine.insert(tasks, engine.Diary(centres, taken), now, known=known), {}
    rows = tuple(sorted((_row(row, centres) for row in answer.rows), key=lambda row: (
        common["demands"][row.key].line.position, row.number)))
    return Proposal(
        rows=rows, bound=moment(answer.bound), is_proved=answer.is_proved, moved=moved,
        placed=answer.rows, **common
    )


def _row(row, centres) -> Row:
    lot_end, work = None, row.way.seconds if row.way else row.end - row.start
    if row.way and row.way.lot_seconds is not None:
        hours = centres[row.slots[0][0]].slots[row.slots[0][1] - 1]
        lot_end = moment(min(row.end, hours.end(hours.position(row.start) + row.way.lot_seconds)))
    slots = tuple((code[1:].split("|")[0], OUTSIDE) if code.startswith("~") else (code, slot)
                  for code, slot in row.slots)
    return Row(
        row.key, moment(row.start), moment(row.end), slots, work, row.wait, row.wait_label,
        moment(row.ready) if row.ready is not None else None, row.after, lot_end,
    )


# The engine's tasks


def _tasks(demands, shop, means, follows_plan) -> list[engine.Task]:
    living = {key: demand for key, demand in demands.items() if not demand.is_done}
    return [_task(demand, living, shop, means, follows_plan) for demand in living.values()]


def _task(demand, living, shop, means, follows_plan) -> engine.Task:
    there = demand.in_force
    after = tuple((demand.line.pk, number) for number in demand.after if (demand.line.pk, number) in living)
    gates = tuple(engine.Gate(gate.label, seconds(gate.at)) for gate in demand.gates)
    task = {"key": demand.key, "after": after, "gates": gates, "label": demand.label}
    if demand.is_begun and there:
        return engine.Task(fixed=_running(demand, shop, means), **task)
    if follows_plan and there:
        way = _planned_way(demand, means)
        return engine.Task(ways=(way,), not_before=seconds(max(shop.now, there.starts_at)), **task)
    return engine.Task(ways=_ways(demand, means), **task)


def _running(demand, shop, means) -> tuple[engine.Booking, ...]:
    """It goes on where it runs, until what is left is made."""
    there = demand.in_force
    start = demand.step.started_at or there.starts_at
    calendar = shop.calendar(shop.centres[there.work_centre.code], means)
    end = calendar.add(max(shop.now, start), demand.seconds_left)
    return tuple(engine.Booking(held.centre, held.slot, seconds(min(start, end)), seconds(end))
                 for held in held_by(there))


def _planned_way(demand, means) -> engine.Way:
    there = demand.in_force
    also = (there.second_work_centre.code,) if there.second_work_centre else ()
    if there.slot == OUTSIDE:
        return _outside(demand)
    return engine.Way(there.work_centre.code, there.work_seconds, also, _lot_seconds(demand, means))


def _ways(demand, means) -> tuple[engine.Way, ...]:
    """The usual work centre; with the means, others that may do it, both at once, or a supplier."""
    routing = demand.routing
    if demand.is_outside(means):
        return (_outside(demand),)
    others = [(row.work_centre.code, row.time_percent) for row in routing.candidates.all() if row.work_centre.is_active]
    also = (routing.also_needs.code,) if routing.also_needs else ()
    choices = [(routing.work_centre.code, 100), *(others if means.has_candidates else ())]
    split = [_split(demand, pair) for pair in _pairs(demand, others)] if demand.code in means.split_at else ()
    return tuple(split) or _alone(demand, choices, also, means)


def _alone(demand, choices, also, means):
    lot = _lot_seconds(demand, means)
    return tuple(
        engine.Way(code, demand.seconds_left * percent // 100, also, lot and lot * percent // 100)
        for code, percent in choices
    )


def _lot_seconds(demand, means) -> int | None:
    lot = demand.lot(means)
    return demand.seconds_of(lot) if lot else None


def _pairs(demand, others):
    """Two slots of the usual work centre, or it and another one."""
    usual = demand.routing.work_centre
    if usual.slots > 1:
        yield usual.code, usual.code, 100
    for code, percent in others:
        yield usual.code, code, percent


def _split(demand, pair) -> engine.Way:
    """Half of the pieces on each, both set up; it takes as long as the slower half."""
    first, second, percent = pair
    half = demand.seconds_of(ceil(demand.left / 2))
    return engine.Way(first, max(half, half * percent // 100), (second,))


def _outside(demand) -> engine.Way:
    code = f"~{demand.routing.work_centre.code}|{demand.code}"
    return engine.Way(code, demand.routing.subcontract_hours * 3600)


def outside_centres(tasks, shop) -> dict:
    """A supplier works day and night and has room; its time is the agreed one."""
    start = seconds(shop.now)
    codes = {way.centre for task in tasks for way in task.ways if way.centre.startswith("~")}
    return {code: engine.Centre(code, (engine.Hours([(start, start + ALWAYS)]),)) for code in codes}


# Plans that are there


def overtime_of(plan) -> Decimal:
    """The extra pay of a plan."""
    means = Means.read(plan.means)
    if not (means.has_overtime or means.shifts):
        return Decimal(0)
    shop = read_shop(now=plan.made_at)
    rows = plan.operations.select_related("work_centre")
    return sum((extra_pay(shop, _planned(row), means) for row in rows), Decimal(0)).quantize(CENT)


def _planned(row) -> Row:
    return Row((row.line_id, row.number), row.starts_at, row.ends_at, ((row.work_centre.code, row.slot),),
               row.work_seconds)


def forecast(order, *, now, shop=None) -> Proposal:
    """The order as its plan in force goes on from now, with that plan's means."""
    plan = Plan.objects.filter(order=order, state=Plan.State.RELEASED).first()
    means = Means.read(plan.means) if plan else None
    return propose(order, now=now, means=means, follows_plan=True, shop=shop)


def promised_of(order) -> datetime:
    """The promise in force; before there is one, what the customer asked for."""
    last = order.promises.order_by("-pk").first()
    return last.promised_at if last else order.required_at
