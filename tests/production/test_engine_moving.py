"""What the engine promises where other orders give way, on shops made up by hypothesis."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from production.engine import insert, make_room
from tests.production.shops import NOW, best_finish, busy_shops, check, check_beside

pytestmark = [pytest.mark.once, pytest.mark.clause("3.2.1")]


def room_in(shop, jobs):
    return make_room(shop.tasks, jobs, shop.centres, NOW, shop.bookings)


def frozen(shop, jobs):
    """Where nobody gives way."""
    diary = shop.diary()
    for job in jobs:
        for row in job.places.values():
            for booking in row.bookings():
                diary.book(booking)
    return insert(shop.tasks, diary, NOW)


def held(rows):
    return [(slot, row.start, row.end) for row in rows for slot in row.slots]


@settings(max_examples=30)
@given(busy_shops())
def test_room_is_made_by_every_rule(case):
    shop, jobs = case
    room = room_in(shop, jobs)
    fixed = [booking for job in jobs for task in job.tasks for booking in task.fixed]
    check(shop, room.rows, bookings=(*shop.bookings, *fixed))
    moved = []
    stay = [row for job in jobs for key, row in job.places.items() if key not in room.moved.get(job.order, {})]
    for job in jobs:
        new = room.moved.get(job.order, {})
        others = [*held(stay), *held(moved), *held(room.rows)]
        check_beside(shop, held(new.values()), others)
        moved += new.values()
        tasks = [task for task in job.tasks if not task.fixed]
        assert new.keys() <= {task.key for task in tasks}
        assert all(row.way and row.start >= job.places[key].start for key, row in new.items())
    check_beside(shop, held(row for row in room.rows if row.way), held(stay))


@settings(max_examples=25)
@given(busy_shops())
def test_those_that_move_keep_their_sequence_and_their_dates(case):
    shop, jobs = case
    for job in jobs:
        if new := room_in(shop, jobs).moved.get(job.order):
            rows = job.places | new
            check(shop, rows.values(), job.tasks, bookings=())
            assert max(row.end for row in rows.values()) <= max(job.due, job.finish)


@settings(max_examples=30)
@given(busy_shops())
def test_room_is_never_later_than_without_moving_anybody(case):
    shop, jobs = case
    room = room_in(shop, jobs)
    assert room.answer.bound <= room.finish <= frozen(shop, jobs).finish
    assert room.finish == room.answer.bound or not room.answer.is_proved
    assert not room.moved or room.finish < frozen(shop, jobs).finish


@settings(max_examples=25)
@given(busy_shops(most=3, most_slots=2, longest=10, most_jobs=3))
def test_no_plan_is_earlier_than_the_bound(case):
    shop, jobs = case
    fixed = [booking for job in jobs for task in job.tasks for booking in task.fixed]
    assert room_in(shop, jobs).answer.bound <= best_finish(shop, bookings=(*shop.bookings, *fixed))


@settings(max_examples=30)
@given(busy_shops(), st.randoms(use_true_random=False))
def test_the_room_is_the_same_whatever_the_order_of_rows(case, random):
    shop, jobs = case
    room, tasks, bookings = room_in(shop, jobs), list(shop.tasks), list(shop.bookings)
    for rows in (jobs, tasks, bookings):
        random.shuffle(rows)
    assert make_room(tasks, jobs, shop.centres, NOW, bookings) == room
