"""The schedule's promises, on shops made up by hypothesis."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from production import schedule
from production.schedule import Booking, Centre, Gate, Operation, Wait
from sla.worktime import ALWAYS, Calendar

pytestmark = [pytest.mark.once, pytest.mark.clause("3.2.1")]

DAYS = Calendar("Asia/Shanghai", (((480, 720), (780, 1080)),) * 5 + ((),) * 2)
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # Monday, 09:00 in the factory
HOUR = 3600


def centre(code="CNC", slots=1, calendar=DAYS):
    return {code: Centre(code, slots, calendar)}


def operation(number=10, *, chain=1, hours=1.0, code="CNC", **values):
    return Operation((chain, number), chain, number, code, int(hours * HOUR), label=f"{chain}.{number}", **values)


def at(text):
    return datetime.fromisoformat(f"2026-11-{text}+08:00")


def placed(*operations, centres=None, bookings=(), now=NOW):
    return schedule.plan(operations, centres=centres or centre(), bookings=bookings, now=now)


def test_operation_starts_now_and_ends_within_the_shift():
    row = placed(operation(hours=2)).rows[0]
    assert (row.start, row.end, row.wait) == (at("23T09:00"), at("23T11:00"), Wait.NOTHING)


def test_operation_longer_than_a_shift_goes_on_in_the_next():
    row = placed(operation(hours=10)).rows[0]
    assert row.end == at("24T10:00")


def test_nothing_starts_in_the_past_or_while_it_is_closed():
    row = placed(operation(hours=1), now=at("28T09:00")).rows[0]
    assert (row.start, row.wait) == (at("30T08:00"), Wait.CLOSED)


def test_it_queues_after_committed_work_and_says_whose():
    taken = Booking("CNC", 1, at("23T09:00"), at("23T11:00"), "UO-1")
    plan = placed(operation(hours=1), bookings=[taken])
    row = plan.rows[0]
    assert (row.start, row.wait, row.wait_label) == (at("23T11:00"), Wait.QUEUE, "UO-1")
    assert plan.bottleneck == row


def test_a_gap_that_is_long_enough_is_used():
    taken = [Booking("CNC", 1, at("23T10:00"), at("23T11:00")), Booking("CNC", 1, at("23T12:00"), at("23T18:00"))]
    assert placed(operation(hours=1), bookings=taken).rows[0].start == at("23T09:00")
    assert placed(operation(hours=1.5), bookings=taken).rows[0].start == at("24T08:00")


def test_the_second_slot_is_taken_where_the_first_is_not_free():
    taken = Booking("CNC", 1, at("23T08:00"), at("27T18:00"))
    row = placed(operation(hours=1), centres=centre(slots=2), bookings=[taken]).rows[0]
    assert (row.slot, row.start) == (2, at("23T09:00"))


def test_material_gates_its_operation_and_not_the_order():
    gate = Gate("plate", at("24T14:00"))
    plan = placed(operation(10, hours=1), operation(20, hours=1, gates=(gate,)))
    first, second = plan.rows
    assert first.start == at("23T09:00")
    assert (second.start, second.wait, second.wait_label) == (at("24T14:00"), Wait.MATERIAL, "plate")


def test_transfer_lot_lets_the_next_operation_overlap():
    both = centre("A") | centre("B")
    first = operation(10, hours=4, code="A")
    second = operation(20, hours=4, code="B")
    apart = placed(first, second, centres=both)
    overlapping = placed(replace(first, lot_seconds=HOUR), second, centres=both)
    assert apart.rows[1].start == apart.rows[0].end
    assert overlapping.rows[1].start == at("23T10:00")
    assert overlapping.finish < apart.finish
    assert overlapping.rows[1].end >= overlapping.rows[0].end + timedelta(hours=1)


def test_begun_work_does_not_move():
    fixed = Booking("CNC", 1, at("23T08:00"), at("23T12:00"))
    plan = placed(operation(10, hours=4, fixed=fixed), operation(20, hours=1))
    assert (plan.rows[0].start, plan.rows[0].end) == (fixed.start, fixed.end)
    assert plan.rows[1].start == at("23T13:00")


def test_overlapping_bookings_of_a_slot_are_harmless():
    taken = [Booking("CNC", 1, at("23T09:00"), at("23T17:00")), Booking("CNC", 1, at("23T10:00"), at("23T11:00"))]
    assert placed(operation(hours=1), bookings=taken).rows[0].start == at("23T17:00")


# Any shop

moments = st.integers(-100, 400).map(lambda half_hours: NOW + timedelta(minutes=30 * half_hours))
codes = st.sampled_from("ABC")


@st.composite
def shops(draw, *, max_chains=3, has_lots=True):
    calendars = st.sampled_from([DAYS, ALWAYS])
    centres = {code: Centre(code, draw(st.integers(1, 3)), draw(calendars)) for code in "ABC"}
    ends, bookings = {}, []
    for index in range(draw(st.integers(0, 8))):
        code = draw(codes)
        slot = draw(st.integers(1, centres[code].slots))
        start = max(draw(moments), ends.get((code, slot), NOW))
        end = ends[code, slot] = start + timedelta(minutes=draw(st.integers(10, 2000)))
        bookings.append(Booking(code, slot, start, end, f"b{index}"))
    operations = []
    for chain in range(1, draw(st.integers(1, max_chains)) + 1):
        for number in range(1, draw(st.integers(1, 4)) + 1):
            seconds = draw(st.integers(1, 12 * HOUR))
            lot = draw(st.none() | st.integers(1, seconds)) if has_lots else None
            gates = draw(st.lists(moments, max_size=2))
            operations.append(Operation(
                (chain, number), chain, number, draw(codes), seconds, lot_seconds=lot,
                gates=tuple(Gate(f"m{index}", moment) for index, moment in enumerate(gates)),
            ))
    return operations, centres, bookings


@settings(max_examples=150)
@given(shops())
def test_no_slot_is_taken_twice_at_once(shop):
    operations, centres, bookings = shop
    plan = schedule.plan(operations, centres=centres, bookings=bookings, now=NOW)
    taken = [*bookings, *(Booking(row.centre, row.slot, row.start, row.end) for row in plan.rows)]
    taken.sort(key=lambda row: (row.centre, row.slot, row.start, row.end))
    for one, other in pairwise(taken):
        if (one.centre, one.slot) == (other.centre, other.slot):
            assert one.end <= other.start
    assert all(1 <= row.slot <= centres[row.centre].slots for row in plan.rows)


@settings(max_examples=150)
@given(shops())
def test_work_lies_inside_the_calendar_and_never_in_the_past(shop):
    operations, centres, bookings = shop
    plan = schedule.plan(operations, centres=centres, bookings=bookings, now=NOW)
    needed = {operation.key: operation for operation in operations}
    for row in plan.rows:
        calendar = centres[row.centre].calendar
        assert row.start >= NOW and calendar.is_open(row.start)
        assert calendar.between(row.start, row.end) >= needed[row.key].seconds - 0.001
        assert all(row.start >= gate.at for gate in needed[row.key].gates)


@settings(max_examples=150)
@given(shops())
def test_operations_keep_their_order(shop):
    operations, centres, bookings = shop
    plan = schedule.plan(operations, centres=centres, bookings=bookings, now=NOW)
    rows, needed = {row.key: row for row in plan.rows}, {operation.key: operation for operation in operations}
    for (chain, number), row in rows.items():
        before = rows.get((chain, number - 1))
        if before:
            assert row.start >= before.start and row.end >= before.end
            if needed[before.key].lot_seconds is None:
                assert row.start >= before.end


@settings(max_examples=100)
@given(shops(), st.randoms(use_true_random=False))
def test_the_plan_is_the_same_whatever_the_order_of_rows(shop, random):
    operations, centres, bookings = shop
    plan = schedule.plan(operations, centres=centres, bookings=bookings, now=NOW)
    random.shuffle(operations)
    random.shuffle(bookings)
    assert schedule.plan(operations, centres=centres, bookings=bookings, now=NOW) == plan


@settings(max_examples=150)
@given(shops(max_chains=1, has_lots=False), codes)
def test_one_more_slot_never_makes_a_single_line_later(shop, code):
    operations, centres, bookings = shop
    before = schedule.plan(operations, centres=centres, bookings=bookings, now=NOW)
    more = centres | {code: replace(centres[code], slots=centres[code].slots + 1)}
    assert schedule.plan(operations, centres=more, bookings=bookings, now=NOW).finish <= before.finish


@settings(max_examples=150)
@given(shops(max_chains=1, has_lots=False))
def test_earlier_material_never_makes_a_single_line_later(shop):
    operations, centres, bookings = shop
    before = schedule.plan(operations, centres=centres, bookings=bookings, now=NOW)
    here = [replace(operation, gates=()) for operation in operations]
    assert schedule.plan(here, centres=centres, bookings=bookings, now=NOW).finish <= before.finish
