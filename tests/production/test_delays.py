"""Delay, both ways: pure, on a small factory drawn by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from desk.text import render
from production.delays import Node, losses, ripple, trace

pytestmark = pytest.mark.once
HOUR = timedelta(hours=1)
T0 = datetime(2026, 11, 23, 8, tzinfo=UTC)


def at(hours):
    return T0 + hours * HOUR


def node(key, order, centre, start, end, after=(), **values) -> Node:
    return Node(key, order, f"{order} · {key}", centre, ((centre, 1),), at(start), at(end), (end - start) * 3600,
                after, **values)


def as_long(node, start):
    return start, start + (node.end - node.start)


FACTORY = [
    node("a1", "A", "SAW", 0, 2), node("a2", "A", "CNC", 2, 6, ("a1",)), node("a3", "A", "HAND", 10, 12, ("a2",)),
    node("b1", "B", "CNC", 6, 9), node("c1", "C", "CNC", 14, 15), node("d1", "D", "SAW", 2, 3),
]


def test_a_later_material_moves_what_follows_and_who_queues_behind_and_nobody_else():
    found = ripple(FACTORY, {"a2": at(5)}, as_long)
    assert {shift.node.key: shift.start for shift in found} == {"a2": at(5), "b1": at(9)}
    assert [shift.seconds / 3600 for shift in found] == [3, 3]
    lost = losses(FACTORY, found, {"A": at(20), "B": at(10), "C": at(20), "D": at(20)})
    assert [(loss.order, loss.moved_seconds / 3600, loss.slack_seconds / 3600, loss.late_seconds / 3600)
            for loss in lost] == [("B", 3, 1, 2)], "A has a gap before its last operation"
    far = {shift.node.key for shift in ripple(FACTORY, {"a2": at(11)}, as_long)}
    assert far == {"a2", "a3", "b1", "c1"}
    assert ripple(FACTORY, {"a2": at(1)}, as_long) == []
    running = [node("a1", "A", "SAW", 0, 2, is_fixed=True), *FACTORY[1:]]
    assert "a1" not in {shift.node.key for shift in ripple(running, {"a1": at(9)}, as_long)}


def test_a_late_order_leads_back_to_its_cause_one_sentence_each():
    mine = {
        "m1": node("m1", "M", "SAW", 0, 1), "m2": node("m2", "M", "CNC", 9, 11, ("m1",), wait="queue",
                                                       wait_label="B · b1", wait_seconds=8 * 3600),
        "m3": node("m3", "M", "HAND", 11, 12, ("m2",)),
    }
    blocker = node("b1", "B", "CNC", 6, 9, wait="material", wait_label="Steel", wait_seconds=6 * 3600)
    found = trace(mine, mine["m3"], {"B · b1": blocker})
    assert [link.node.key for link in found] == ["m3", "m2", "b1"]
    said = [render(link.text, link.params) for link in found]
    assert "operation before it is done" in said[0] and "taken by B · b1" in said[1] and "for Steel" in said[2]
    assert [link.node.key for link in trace(mine, mine["m3"])] == ["m3", "m2"], "an unknown blocker ends the chain"
    endless = {"x": node("x", "M", "SAW", 0, 1, ("y",)), "y": node("y", "M", "CNC", 1, 2, ("x",))}
    assert len(trace(endless, endless["x"])) == 2
    assert trace({}, None) == []
