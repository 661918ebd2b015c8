"""The records behind delays: forecasts and plans in force, as nodes."""

from datetime import timedelta

from orders.models import MaterialLine
from production import capacity, delays
from production.models import Operation
from production.routing import numbers_before

NOT_BEFORE = "not_before"


def chain(order, *, now) -> list[delays.Link]:
    """Why the order finishes when it does, as it goes on from now."""
    return chain_of(order, capacity.forecast(order, now=now), now=now)


def chain_of(order, proposal, *, now) -> list[delays.Link]:
    """Why a proposal finishes when it does."""
    nodes = {row.key: _forecast_node(order, row, proposal.demands[row.key]) for row in proposal.rows}
    last = max(nodes.values(), key=lambda node: (node.end, str(node.key)), default=None)
    has_queue = any(node.wait == "queue" for node in nodes.values())
    others = {node.label: node for node in committed(now) if node.order != order.pk} if has_queue else {}
    return delays.trace(nodes, last, others)


def _forecast_node(order, row, demand) -> delays.Node:
    """An operation that simply keeps its planned place waits for what it was planned to wait for."""
    there = demand.in_force
    wait, label, seconds = str(row.wait), row.wait_label, int(row.waited.total_seconds())
    if wait in ("", NOT_BEFORE) and there and there.wait and row.start <= there.starts_at:
        wait, label = there.wait["wait"], there.wait.get("label", "")
        seconds = there.wait.get("seconds", 0)
    return delays.Node(
        row.key, order.pk, demand.label, row.centre, row.slots, row.start, row.end, row.seconds,
        tuple((demand.line.pk, number) for number in demand.after), "" if wait == NOT_BEFORE else wait, label, seconds,
        is_fixed=demand.is_begun,
    )


def committed(now) -> list[delays.Node]:
    """Every unfinished operation of the plans in force, in one statement."""
    rows = list(Operation.objects.committed().select_related(
        "work_centre", "second_work_centre", "step", "plan__order"
    ).order_by("plan__order_id", "line_id", "number"))
    before = numbers_before(rows)
    return [_node(row, before[row.line_id, row.number], now) for row in rows]


def _node(row, before, now) -> delays.Node:
    label = f"{row.plan.order} · {row.number} {row.name}"
    slots = tuple((held.centre, held.slot) for held in capacity.held_by(row) if held.slot != capacity.OUTSIDE)
    return delays.Node(
        (row.line_id, row.number), row.plan.order_id, label, row.work_centre.code, slots, row.starts_at, row.ends_at,
        row.work_seconds, tuple((row.line_id, number) for number in before), row.wait.get("wait", ""),
        row.wait.get("label", ""), row.wait.get("seconds", 0), bool(row.step.started_at or row.step.made),
        is_overdue=row.ends_at < now,
    )


def effects(line: MaterialLine, hours: int, *, now) -> tuple[list[delays.Shift], list[delays.Loss], dict]:
    """If this material came so many hours later: the operations and the orders that move, and the orders' names."""
    at = (line.promised_at or line.needed_at or now) + timedelta(hours=hours)
    nodes = committed(now)
    step = line.step
    earliest = {(step.line_id, step.number): at} if step else {}
    shifts = delays.ripple(nodes, earliest, _inside_the_shifts(now))
    from_orders = {shift.node.order for shift in shifts}
    names = {row.plan.order_id: row.plan.order for row in Operation.objects.committed().filter(
        plan__order__in=from_orders).select_related("plan__order__customer")}
    promised = {pk: capacity.promised_of(order) for pk, order in names.items()}
    return shifts, delays.losses(nodes, shifts, promised), names


def _inside_the_shifts(now):
    shop = capacity.read_shop(now=now)

    def end_of(node, start):
        centre = shop.centres.get(node.centre)
        if centre is None or not node.slots:
            return start, start + (node.end - node.start)
        calendar = shop.calendar(centre)
        start = calendar.open_from(start)
        return start, calendar.add(start, max(60, node.seconds))

    return end_of
