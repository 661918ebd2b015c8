"""A routing as a graph, and what is wrong with it. Knows no database.

An operation comes after those its links name. Without a link it comes after the one with the number before, unless
it starts freely. A routing ends in one operation: the pieces it passes go to the final inspection.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext_noop

from desk.text import render

CYCLE, BEHIND, BACKWARDS, UNKNOWN, ENDS, NO_CENTRE, BOTH = (
    "cycle", "behind", "backwards", "unknown", "ends", "no_centre", "both",
)
SAYS = {  # what is wrong, and the way out
    CYCLE: (
        gettext_noop("The operations wait for each other: {numbers}."),
        gettext_noop("Take one of these links away."),
    ),
    BEHIND: (
        gettext_noop("Operations that can never start, because they come after such a circle: {numbers}."),
        gettext_noop("They are right once the circle is open."),
    ),
    BACKWARDS: (
        gettext_noop("Operation {first} comes after {second}, which has not a lower number."),
        gettext_noop("Give operation {first} a number above {second}, or take the link away."),
    ),
    UNKNOWN: (
        gettext_noop("Operation {first} comes after {second}, but there are not both of them in this routing."),
        gettext_noop("Correct the number, or add the operation."),
    ),
    ENDS: (
        gettext_noop("The routing ends in several operations: {numbers}. Only one can be the last."),
        gettext_noop("Say which operation comes after each of the others."),
    ),
    NO_CENTRE: (
        gettext_noop("No work centre in use may do operation {numbers}."),
        gettext_noop("Name one that is in use, or another one that may do it."),
    ),
    BOTH: (
        gettext_noop("Operation {numbers} starts freely and comes after another one."),
        gettext_noop("Choose one of the two."),
    ),
}


@dataclass(frozen=True)
class Node:
    number: int
    starts_freely: bool = False
    has_centre: bool = True


@dataclass(frozen=True)
class Fault:
    kind: str
    numbers: tuple[int, ...]

    @property
    def params(self) -> dict:
        joint = " → " if self.kind == CYCLE else ", "
        return {"numbers": joint.join(map(str, self.numbers)), "first": self.numbers[0], "second": self.numbers[-1]}

    @property
    def what(self) -> str:
        return render(SAYS[self.kind][0], self.params)

    @property
    def way_out(self) -> str:
        return render(SAYS[self.kind][1], self.params)


def predecessors(operations: Iterable[Node], links: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    """{number: the numbers it comes after}; a link is (operation, after)."""
    linked, before, found = defaultdict(set), None, {}
    for number, after in links:
        linked[number].add(after)
    for node in sorted(operations, key=lambda node: node.number):
        usual = set() if node.starts_freely or before is None else {before}
        found[node.number] = linked[node.number] or usual
        before = node.number
    return found


def numbers_before(rows) -> dict[tuple, tuple[int, ...]]:
    """{(line, number): the numbers right before it} of planned operations; an `after` of None is the usual."""
    last, found = {}, {}
    for row in sorted(rows, key=lambda row: (row.line_id, row.number)):
        found[row.line_id, row.number] = tuple(row.after) if row.after is not None else last.get(row.line_id, ())
        last[row.line_id] = (row.number,)
    return found


def check(operations: Iterable[Node], links: Iterable[tuple[int, int]]) -> list[Fault]:
    """What is wrong, in a fixed order; nothing in an empty routing."""
    operations, links = list(operations), sorted(set(links))
    numbers = {node.number for node in operations}
    known = [link for link in links if numbers.issuperset(link)]
    before = predecessors(operations, known)
    circles, behind = _circles(before)
    turning = {number for circle in circles for number in circle}
    return [
        *(Fault(UNKNOWN, link) for link in links if not numbers.issuperset(link)),
        *(Fault(CYCLE, circle) for circle in circles),
        *([Fault(BEHIND, behind)] if behind else []),
        *(Fault(BACKWARDS, link) for link in known if link[1] >= link[0] and not turning.issuperset(link)),
        *_ends(before),
        *(Fault(NO_CENTRE, (node.number,)) for node in operations if not node.has_centre),
        *(Fault(BOTH, (node.number,)) for node in operations
          if node.starts_freely and any(number == node.number for number, _after in known)),
    ]


def _ends(before) -> list[Fault]:
    last = sorted(before.keys() - set().union(*before.values()))
    return [Fault(ENDS, tuple(last))] if len(last) > 1 else []


def _circles(before) -> tuple[list[tuple[int, ...]], tuple[int, ...]]:
    """Operations that wait for each other, each circle from its lowest number; and those that wait for a circle."""
    waiting, circles, behind = _never_start(before, set(before)), [], set()
    while waiting:
        circle = _circle(before, waiting)
        circles.append(circle)
        left = _never_start(before, waiting - set(circle))
        behind |= waiting - set(circle) - left
        waiting = left
    return circles, tuple(sorted(behind))


def _never_start(before, among: set[int]) -> set[int]:
    """What is left of these when everything is taken off that waits for none of the rest."""
    left = set(among)
    while free := {number for number in left if not before[number] & left}:
        left -= free
    return left


def _circle(before, waiting: set[int]) -> tuple[int, ...]:
    """Back from operation to operation until one comes again; each of these waits for another one."""
    way = [min(waiting)]
    while (step := min(before[way[-1]] & waiting)) not in way:
        way.append(step)
    circle = way[way.index(step):][::-1]
    start = circle.index(min(circle))
    return (*circle[start:], *circle[:start], circle[start])
