"""A routing as a graph: what is found wrong, and that nothing else is."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from production.routing import (
    BACKWARDS,
    BEHIND,
    BOTH,
    CYCLE,
    ENDS,
    NO_CENTRE,
    UNKNOWN,
    Fault,
    Node,
    check,
    predecessors,
)

pytestmark = pytest.mark.once
CHAIN = [Node(10), Node(20), Node(30)]
JOIN = [Node(10), Node(20, starts_freely=True), Node(30)]


@pytest.mark.parametrize(("operations", "links", "found"), [
    ([], [], []),
    (CHAIN, [], []),
    (JOIN, [(30, 10), (30, 20)], []),
    (JOIN, [], [Fault(ENDS, (10, 30))]),  # nothing comes after 10
    (CHAIN, [(20, 10), (30, 10)], [Fault(ENDS, (20, 30))]),
    (CHAIN, [(10, 20)], [Fault(CYCLE, (10, 20, 10)), Fault(BEHIND, (30,))]),
    (CHAIN, [(20, 20)], [Fault(CYCLE, (20, 20)), Fault(BEHIND, (30,)), Fault(ENDS, (10, 30))]),
    (CHAIN, [(30, 40)], [Fault(UNKNOWN, (30, 40))]),
    ([Node(10), Node(20, starts_freely=True)], [(10, 20)], [Fault(BACKWARDS, (10, 20))]),
    ([Node(10), Node(20, has_centre=False)], [], [Fault(NO_CENTRE, (20,))]),
    (JOIN, [(20, 10)], [Fault(BOTH, (20,))]),
])  # fmt: skip
def test_says_what_is_wrong(operations, links, found):
    assert check(operations, links) == found
    assert all(fault.what and "{" not in fault.what + fault.way_out for fault in found)


def test_names_the_circle_as_it_turns():
    (fault, *_others) = check(CHAIN, [(10, 20), (20, 10)])
    assert fault.what == "The operations wait for each other: 10 → 20 → 10."


@st.composite
def graphs(draw):
    numbers = draw(st.lists(st.integers(1, 9), min_size=1, max_size=7, unique=True))
    nodes = [Node(number, draw(st.booleans())) for number in numbers]
    some = st.sampled_from(numbers)
    return nodes, draw(st.lists(st.tuples(some, some), max_size=10))


def comes_before(before, number) -> set:
    """Naively: everything that must be done first, however far back."""
    found, new = set(), set(before[number])
    while new:
        found |= new
        new = set().union(*(before[other] for other in new)) - found
    return found


@given(graphs())
def test_finds_a_circle_where_there_is_one(graph):
    nodes, links = graph
    before, faults = predecessors(nodes, links), check(nodes, links)
    turning = {number for number in before if number in comes_before(before, number)}
    circles = [fault.numbers for fault in faults if fault.kind == CYCLE]
    assert bool(circles) == bool(turning)
    for circle in circles:
        assert circle[0] == circle[-1] == min(circle) and turning >= set(circle)
        assert all(first in before[second] for first, second in pairwise(circle))
    never = {number for number in before if turning & ({number} | comes_before(before, number))}
    behind = {number for fault in faults if fault.kind == BEHIND for number in fault.numbers}
    assert behind | {number for circle in circles for number in circle} == never


@given(graphs())
def test_a_routing_without_a_fault_can_be_made_in_the_order_of_its_numbers_and_ends_once(graph):
    nodes, links = graph
    if check(nodes, links):
        return
    before = predecessors(nodes, links)
    assert all(other < number for number, others in before.items() for other in others)
    last = max(before)
    assert comes_before(before, last) == before.keys() - {last}


@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_says_nothing(graph, random):
    nodes, links = graph
    mixed, others = random.sample(nodes, len(nodes)), random.sample(links, len(links))
    assert set(check(nodes, links)) == set(check(mixed, others))
