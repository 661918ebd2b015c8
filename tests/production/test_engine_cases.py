"""The engine's rules one by one, on shops small enough to follow by hand."""

from bisect import bisect_right
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from production.engine import Booking, Centre, Diary, Gate, Hours, Job, Task, Wait, Way, insert, make_room, plan_all
from production.engine.diary import Gaps
from production.engine.hours import NoHours, intersection, merged, without
from production.engine.model import Placed
from sla.worktime import ALWAYS, Calendar

pytestmark = [pytest.mark.once, pytest.mark.clause("3.2.1")]

DAYS = Calendar("Asia/Shanghai", (((480, 720), (780, 1080)),) * 5 + ((),) * 2)
NIGHTS = Calendar("Asia/Shanghai", (((0, 480),),) * 7)
HOUR = 3600


def at(text):
    return int(datetime.fromisoformat(f"2026-11-{text}+08:00").timestamp())


NOW = at("23T09:00")  # a Monday


def hours(calendar=DAYS):
    spans = calendar.spans_from(datetime.fromisoformat("2026-11-20T00:00+08:00"))
    return Hours((int(start.timestamp()), int(end.timestamp())) for start, end in spans)


def shop(*, CNC=1, calendar=DAYS, **slots):
    return {code: Centre(code, tuple(hours(calendar) for _ in range(count)))
            for code, count in {"CNC": CNC, **slots}.items()}


def task(key, lasts=1.0, code="CNC", *, also=(), lot=None, **values):
    return Task(key, (Way(code, int(lasts * HOUR), also, lot),), label=f"task {key}", **values)


def placed(*tasks, centres=None, bookings=(), now=NOW):
    return insert(tasks, Diary(centres or shop(), bookings), now).rows


def taken(start, end, slot=1, code="CNC", label="UO-1"):
    return Booking(code, slot, at(start), at(end), label)


def test_it_starts_now_and_ends_within_the_shift():
    row, = placed(task(1, 2))
    assert (row.start, row.end, row.wait) == (at("23T09:00"), at("23T11:00"), Wait.NOTHING)


def test_what_is_longer_than_a_shift_goes_on_in_the_next():
    row, = placed(task(1, 10))
    assert row.end == at("24T10:00")
    row, = placed(task(1, 40))
    assert row.end == at("27T13:00") + HOUR


def test_nothing_starts_in_the_past_or_while_it_is_closed():
    row, = placed(task(1), now=at("28T09:00"))
    assert (row.start, row.wait) == (at("30T08:00"), Wait.CLOSED)
    row, = placed(task(1, not_before=at("20T09:00")))
    assert row.start == NOW


def test_it_queues_after_what_is_booked_and_says_whose():
    row, = placed(task(1), bookings=[taken("23T09:00", "23T11:00")])
    assert (row.start, row.wait, row.wait_label) == (at("23T11:00"), Wait.QUEUE, "UO-1")


def test_a_gap_is_used_where_it_is_long_enough():
    bookings = [taken("23T10:00", "23T11:00"), taken("23T12:00", "23T18:00")]
    assert placed(task(1), bookings=bookings)[0].start == at("23T09:00")
    assert placed(task(1, 1.5), bookings=bookings)[0].start == at("24T08:00")


def test_next_free_slot_with_overlap_and_future_load_together():
    # One booking runs now, one that overlaps it, and the slot is booked again later.
    bookings = [taken("23T08:00", "23T11:00"), taken("23T10:00", "23T12:00"), taken("23T15:00", "23T17:00")]
    assert placed(task(1, 2), bookings=bookings)[0].start == at("23T13:00")
    assert placed(task(1, 3), bookings=bookings)[0].start == at("23T17:00")
    within = [taken("23T09:00", "23T17:00"), taken("23T10:00", "23T11:00")]
    assert placed(task(1), bookings=within)[0].start == at("23T17:00")


def test_the_second_slot_is_taken_where_the_first_is_not_free():
    row, = placed(task(1), centres=shop(CNC=2), bookings=[taken("23T08:00", "27T18:00")])
    assert (row.slots, row.start) == ((("CNC", 2),), NOW)


def test_material_gates_its_operation_and_not_the_order():
    first, second = placed(task(1), task(2, after=(1,), gates=(Gate("plate", at("24T14:00")),)))
    assert first.start == NOW
    assert (second.start, second.wait, second.wait_label) == (at("24T14:00"), Wait.MATERIAL, "plate")


def test_the_first_lot_lets_the_next_operation_overlap():
    both = shop(A=1, B=1)
    apart = placed(task(1, 4, "A"), task(2, 4, "B", after=(1,)), centres=both)
    first, second = placed(task(1, 4, "A", lot=HOUR), task(2, 4, "B", after=(1,)), centres=both)
    assert apart[1].start == apart[0].end
    assert second.start == at("23T10:00")
    assert second.end == first.end + HOUR < apart[1].end


def test_an_overlap_ends_with_the_last_lot():
    first, second = placed(task(1, 4, "A", lot=HOUR), task(2, 1, "B", after=(1,)), centres=shop(A=1, B=1))
    assert (second.start, second.end) == (at("23T10:00"), first.end + HOUR // 4)


def test_begun_work_does_not_move():
    fixed = taken("23T08:00", "23T12:00")
    first, second = placed(task(1, 4, fixed=(fixed,)), task(2, after=(1,)))
    assert (first.start, first.end) == (fixed.start, fixed.end)
    assert second.start == at("23T13:00")


def test_two_resources_are_held_together_and_over_both_calendars():
    centres = shop(CRANE=1) | {"CNC": Centre("CNC", (hours(ALWAYS),))}
    row, = placed(task(1, 10, also=("CRANE",)), centres=centres, bookings=[taken("23T09:00", "23T11:00", code="CRANE")])
    assert (row.start, row.end) == (at("23T11:00"), at("24T12:00"))
    assert row.slots == (("CNC", 1), ("CRANE", 1))


def test_a_lot_is_split_over_two_different_slots():
    row, = placed(task(1, 2, also=("CNC",)), centres=shop(CNC=2), bookings=[taken("23T09:00", "23T10:00", slot=2)])
    assert (sorted(row.slots), row.start) == ([("CNC", 1), ("CNC", 2)], at("23T10:00"))


def test_what_can_never_be_done_says_so():
    never = {"CNC": Centre("CNC", (hours(),)), "CRANE": Centre("CRANE", (hours(NIGHTS),))}
    with pytest.raises(NoHours):
        placed(task(1, also=("CRANE",)), centres=never)
    with pytest.raises(NoHours):
        placed(task(1, also=("CNC",)))  # one slot only
    either = Task(1, (Way("CNC", HOUR, ("CRANE",)), Way("CNC", 2 * HOUR)))
    assert placed(either, centres=never)[0].end == NOW + 2 * HOUR


def test_tasks_that_wait_for_each_other_are_refused():
    with pytest.raises(ValueError):
        placed(task(1, after=(2,)), task(2, after=(1,)))


def test_removing_an_order_may_make_another_later():
    centres = shop(calendar=ALWAYS, X=1, Y=1)
    a, c = ("a", [task(1, 1, "Y")]), ("c", [task(1, 2, "X")])
    b = ("b", [task(1, 1, "Y"), task(2, 1, "X", after=(1,))])
    with_a = plan_all([a, b, c], Diary(centres), NOW)
    without_a = plan_all([b, c], Diary(centres), NOW)
    assert with_a["c"][0].end == NOW + 2 * HOUR
    assert without_a["c"][0].end == NOW + 4 * HOUR


def test_removing_the_last_order_moves_nobody():
    centres = shop(X=1, Y=1)
    orders = [("a", [task(1, 5, "X")]), ("b", [task(1, 3, "X"), task(2, 3, "Y", after=(1,))]), ("c", [task(1, 9, "Y")])]
    whole = plan_all(orders, Diary(centres), NOW)
    del whole["c"]
    assert plan_all(orders[:2], Diary(centres), NOW) == whole


def job(order, start, end, due):
    """An order with one task on the first slot."""
    own = task((order, 1), (at(end) - at(start)) / HOUR, order=order)
    row, = placed(own, now=at(start))
    return Job(order, (own,), {own.key: row}, at(due))


def test_others_give_way_where_they_keep_their_dates():
    jobs = [job("UO-1", "23T09:00", "23T11:00", "23T18:00"), job("UO-2", "23T11:00", "23T12:00", "23T12:00")]
    room = make_room([task(1, 2)], jobs, shop(), NOW)
    assert [(row.start, row.end) for row in room.rows] == [(NOW, NOW + 2 * HOUR)]
    assert room.answer.is_proved
    assert list(room.moved) == ["UO-1"]
    assert room.moved["UO-1"]["UO-1", 1].start == at("23T13:00")


def test_nobody_gives_way_past_the_own_date():
    room = make_room([task(1, 2)], [job("UO-1", "23T09:00", "23T11:00", "23T12:00")], shop(), NOW)
    assert (room.moved, room.rows[0].start, room.answer.is_proved) == ({}, at("23T11:00"), False)


def places(room):
    return {row.key: (row.start, row.end) for row in room.rows}


def test_own_tasks_never_stand_on_one_another_where_others_are_let_be():
    late_plate = task(1, 4, gates=(Gate("plate", at("23T13:00")),))
    room = make_room([late_plate, task(2, 2)], [job("UO-1", "23T09:00", "23T11:00", "27T18:00")], shop(), NOW)
    assert places(room) == {1: (at("23T13:00"), at("23T17:00")), 2: (NOW, at("23T11:00"))}
    assert list(room.moved) == ["UO-1"]


def test_the_last_lot_still_counts_where_others_are_let_be():
    tasks = [task(1, 4, "SAW", lot=HOUR), task(2, 2, after=(1,)), task(3, 8, "HAND")]
    jobs = [job("UO-1", "23T10:00", "23T11:00", "27T18:00"), job("UO-2", "23T14:00", "23T18:00", "27T18:00")]
    room = make_room(tasks, jobs, shop(SAW=1, HAND=1), NOW)
    assert places(room)[2] == (at("23T10:00"), at("23T14:30"))
    assert list(room.moved) == ["UO-1", "UO-2"]


def test_what_stood_under_a_displaced_order_keeps_its_place():
    below = Task(("UO-1", 1), (Way("SAW", HOUR),), order="UO-1")
    first, second = task(("UO-2", 1), 4), Task(("UO-2", 2), (Way("SAW", 4 * HOUR), Way("SAW", 3 * HOUR, ("CNC",))))
    jobs = [
        Job("UO-1", (below,), {below.key: Placed(below.key, NOW, NOW + HOUR, (("SAW", 1),), below.ways[0])}, NOW),
        Job("UO-2", (first, second), {
            first.key: Placed(first.key, NOW, at("23T14:00"), (("CNC", 1),), first.ways[0]),
            second.key: Placed(second.key, NOW, NOW + 3 * HOUR, (("SAW", 1), ("CNC", 2)), second.ways[1]),
        }, at("27T18:00")),
    ]  # fmt: skip
    room = make_room([task(1, 1)], jobs, shop(CNC=2, SAW=1), NOW)
    assert list(room.moved) == ["UO-2"]
    assert room.moved["UO-2"][second.key].start >= NOW + HOUR


# The parts

spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), max_size=6).map(
    lambda rows: sorted((start, start + length) for start, length in rows)
)


def covered(rows):
    return {moment for start, end in rows for moment in range(start, end)}


@given(spans, spans)
def test_hours_are_counted_as_on_the_fingers(rows, closed):
    opened = sorted(covered(rows) - covered(closed))
    own = Hours(without(merged(rows), closed))
    for moment in range(80):
        assert own.position(moment) == bisect_right(opened, moment - 1)
    for position, moment in enumerate(opened):
        assert own.start(position) == moment
        assert own.end(position + 1) == moment + 1
    with pytest.raises(NoHours):
        own.start(len(opened))


@given(spans, spans)
def test_shared_hours_are_those_of_both(rows, others):
    both = intersection(Hours(iter(rows)), Hours(iter(others)))
    assert covered(both.spans()) == covered(rows) & covered(others)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), max_size=8))
def test_gaps_are_what_no_booking_takes(rows):
    gaps, busy = Gaps(), set()
    for start, length in rows:
        gaps.take(start, start + length, "label")
        busy |= set(range(start, start + length))
    free = {moment for start, end in zip(gaps.starts, gaps.ends, strict=True) for moment in range(start, min(end, 60))}
    assert free == set(range(60)) - busy
    assert gaps.starts == sorted(gaps.starts) and all(a < b for a, b in zip(gaps.ends, gaps.starts[1:], strict=False))


@given(st.lists(st.integers(0, 12), min_size=1, max_size=8, unique=True), st.data())
def test_what_is_given_back_is_free_again(places, data):
    gaps, left = Gaps(), set(places)
    for place in places:
        gaps.take(place * 3, place * 3 + 3, "label")
    for place in data.draw(st.lists(st.sampled_from(places), unique=True)):
        gaps.give_back(place * 3, place * 3 + 3)
        left.discard(place)
    for moment in range(50):
        assert gaps.is_free(moment, moment + 1) == (moment // 3 not in left)
