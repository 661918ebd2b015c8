"""What the engine promises, on shops made up by hypothesis."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from production.engine import Task, Way, insert, place, plan_all
from production.engine.placing import in_turn
from tests.production.shops import CODES, NOW, PATTERNS, Shop, Slot, best_finish, check, shops, slots

pytestmark = [pytest.mark.once, pytest.mark.clause("3.2.1")]


@settings(max_examples=25)
@given(shops())
def test_a_plan_keeps_every_rule(shop):
    answer = shop.insert()
    check(shop, answer.rows)
    assert answer.bound <= answer.finish


@settings(max_examples=25)
@given(shops())
def test_the_quick_way_keeps_every_rule_too(shop):
    check(shop, place(in_turn(shop.tasks), shop.diary(), NOW))


@settings(max_examples=25)
@given(shops(), st.randoms(use_true_random=False))
def test_the_plan_is_the_same_whatever_the_order_of_rows(shop, random):
    tasks, bookings = list(shop.tasks), list(shop.bookings)
    random.shuffle(tasks)
    random.shuffle(bookings)
    assert insert(tasks, shop.diary(bookings), NOW) == shop.insert()


@settings(max_examples=25)
@given(shops(most=3, most_slots=2, most_bookings=4, longest=10))
def test_what_is_called_proved_is_the_best_of_all_plans(shop):
    answer, best = shop.insert(), best_finish(shop)
    assert answer.bound <= best <= answer.finish
    assert answer.finish == best or not answer.is_proved


def test_two_ways_at_the_same_place_and_time_are_two_when_one_passes_lots_on():
    plain, in_lots = (Way("C", 2, (), lot) for lot in (None, 1))
    tasks = (Task(("rush", 0), (plain, in_lots), ()), Task(("rush", 1), (Way("A", 2, (), None),), (("rush", 0),)))
    answer = Shop(dict.fromkeys(CODES, (Slot(PATTERNS[0]),)), tasks=tasks).insert()
    assert (answer.finish, answer.is_proved) == (NOW + 3, True)


@settings(max_examples=25)
@given(shops(is_chain=True, has_lots=False))
def test_a_chain_is_placed_exactly(shop):
    assert shop.insert().is_proved


def more_of(shop, code, extra):
    """The shop with one more slot, one more shift or a machine that was not down; what is opened is nobody's yet."""
    if extra == "slot":
        return replace(shop, slots={**shop.slots, code: (*shop.slots[code], Slot(PATTERNS[0]))})
    pattern = PATTERNS[0] if extra == "shift" else None
    more = tuple(Slot(pattern or slot.pattern, slot.closed if pattern else ()) for slot in shop.slots[code])
    return replace(shop, slots={**shop.slots, code: more}, bookings=shop.bookings_at_work())


extras = st.sampled_from(["slot", "shift", "no downtime"])


@settings(max_examples=25)
@given(shops(is_chain=True, has_lots=False), st.sampled_from(CODES), extras)
def test_more_of_anything_never_makes_a_chain_later(shop, code, extra):
    more = more_of(shop, code, extra)
    assert more.insert().finish <= shop.insert().finish
    here = replace(shop, tasks=tuple(replace(task, gates=()) for task in shop.tasks))
    assert here.insert().finish <= shop.insert().finish


@settings(max_examples=25)
@given(shops(), st.sampled_from(CODES), extras)
def test_more_of_anything_never_makes_an_order_later_than_the_plan_known(shop, code, extra):
    known = shop.insert()
    more = more_of(shop, code, extra)
    answer = more.insert(known=known.rows)
    check(more, answer.rows)
    assert answer.finish <= known.finish
    here = replace(shop, tasks=tuple(replace(task, gates=()) for task in shop.tasks))
    assert here.insert(known=known.rows).finish <= known.finish


@settings(max_examples=25)
@given(shops(), slots())
def test_whole_plan_keeps_every_rule(shop, slot):
    orders = [(order, [replace(task, key=(order, task.key), after=tuple((order, key) for key in task.after),
                               fixed=task.fixed if order == 1 else ()) for task in shop.tasks])
              for order in (1, 2, 3)]  # fmt: skip
    found = plan_all(orders, shop.diary(), NOW)
    assert list(found) == [1, 2, 3]
    everything = [task for _order, tasks in orders for task in tasks]
    check(shop, [row for rows in found.values() for row in rows], everything)
