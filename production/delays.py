"""Delay, both ways, without the ORM: from a cause to what it moves, and from a late order back to its causes."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_noop

from desk.text import duration, moment

LONGEST = 12  # links of a chain


@dataclass(frozen=True)
class Node:
    """An operation as planned or forecast: where it stands, what it follows, what it waited for."""

    key: Hashable
    order: Hashable
    label: str  # with its order, as bookings name it
    centre: str
    slots: tuple
    start: datetime
    end: datetime
    seconds: int = 0  # of work
    after: tuple = ()  # keys
    wait: str = ""
    wait_label: str = ""
    wait_seconds: int = 0
    is_fixed: bool = False
    is_overdue: bool = False  # should be over, and is not


@dataclass(frozen=True)
class Shift:
    """An operation and how it moves."""

    node: Node
    start: datetime
    end: datetime

    @property
    def seconds(self) -> int:
        return int((self.end - self.node.end).total_seconds())


# From a cause


def ripple(
    nodes: Iterable[Node], earliest: Mapping[Hashable, datetime],
    end_of: Callable[[Node, datetime], tuple[datetime, datetime]],
) -> list[Shift]:
    """What moves when some operations cannot start before a moment, each no further than it is pushed.

    The sequence on every slot stays. `end_of(node, start)`: when it really starts and ends, inside the shifts.
    """
    ends, free, found = {}, {}, []
    for node in sorted(nodes, key=lambda node: (node.start, node.end, str(node.key))):
        pushed = [earliest.get(node.key), *(ends.get(key) for key in node.after), *map(free.get, node.slots)]
        start = max(filter(None, pushed), default=node.start)
        if node.is_fixed or start <= node.start:
            continue
        start, end = end_of(node, start)
        ends[node.key] = end
        for slot in node.slots:
            free[slot] = max(free.get(slot, end), end)
        found.append(Shift(node, start, end))
    return found


@dataclass(frozen=True)
class Loss:
    """What a cause costs an order: the finish before and after, and how much of it the slack took up."""

    order: Hashable
    before: datetime
    after: datetime
    promised_at: datetime

    @property
    def moved_seconds(self) -> int:
        return int((self.after - self.before).total_seconds())

    @property
    def slack_seconds(self) -> int:
        return max(0, int((self.promised_at - self.before).total_seconds()))

    @property
    def late_seconds(self) -> int:
        """After slack: what of it the customer feels."""
        return max(0, int((self.after - self.promised_at).total_seconds()))


def losses(nodes: Iterable[Node], shifts: Iterable[Shift], promised: Mapping[Hashable, datetime]) -> list[Loss]:
    moved = {shift.node.key: shift.end for shift in shifts}
    before, after = {}, {}
    for node in nodes:
        before[node.order] = max(before.get(node.order, node.end), node.end)
        end = moved.get(node.key, node.end)
        after[node.order] = max(after.get(node.order, end), end)
    return sorted(
        (Loss(order, before[order], after[order], promised[order]) for order in before
         if after[order] > before[order] and order in promised),
        key=lambda loss: (-loss.late_seconds, -loss.moved_seconds, str(loss.order)),
    )


# Back to the causes


@dataclass(frozen=True)
class Link:
    """One sentence of the chain: English source and parameters."""

    text: str
    params: dict
    node: Node


RUNS = gettext_noop("{operation} runs at {centre} since {start} and ends {end}.")
OVERDUE = gettext_noop("{operation} at {centre} was to end {end} and is not finished.")
FOLLOWS = gettext_noop("{operation} at {centre}, {start} to {end}: starts when the operation before it is done.")
FIRST = gettext_noop("{operation} at {centre}, {start} to {end}: starts as planned.")
MATERIAL = gettext_noop("{operation} waits {time} for {what}, here {start}.")
QUEUE = gettext_noop("{operation} waits {time} for {centre}: taken by {what} until {start}.")
CLOSED = gettext_noop("{operation} waits {time} for the next shift of {centre}, {start}.")
TEXTS = {"material": MATERIAL, "queue": QUEUE, "closed": CLOSED}
ENDS = ("material",)  # a cause of its own


def trace(nodes: Mapping[Hashable, Node], last: Node | None, others: Mapping[str, Node] | None = None) -> list[Link]:
    """The binding chain from the last operation back to its cause, each link one sentence.

    `others`: operations of other orders by their label, for the queue that an operation stood in.
    """
    others, found, seen, node = others or {}, [], set(), last
    while node and node.key not in seen and len(found) < LONGEST:
        seen.add(node.key)
        found.append(_link(node))
        node = _behind(node, nodes, others)
    return found


def _link(node) -> Link:
    return Link(_text(node), {
        "operation": node.label, "centre": node.centre, "start": moment(node.start), "end": moment(node.end),
        "what": node.wait_label, "time": duration(node.wait_seconds),
    }, node)


def _text(node) -> str:
    if node.is_fixed and not node.is_overdue:
        return RUNS
    return OVERDUE if node.is_overdue else TEXTS.get(node.wait) or (FOLLOWS if node.after else FIRST)


def _behind(node, nodes, others) -> Node | None:
    """What it waited for: the order in the queue before it, or the operation that let it start."""
    if node.is_fixed or node.is_overdue or node.wait in ENDS:
        return None
    if node.wait == "queue":
        return others.get(node.wait_label)
    before = [nodes[key] for key in node.after if key in nodes]
    return max(before, key=lambda other: (other.end, str(other.key)), default=None)
