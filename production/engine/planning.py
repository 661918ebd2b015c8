"""All orders in one plan: the more urgent first, each into the gaps the others leave."""

from collections.abc import Iterable

from production.engine.diary import Diary
from production.engine.model import Task
from production.engine.placing import in_turn, place


def plan_all(orders: Iterable[tuple[object, Iterable[Task]]], diary: Diary, now: int) -> dict:
    """`orders`: (order, its tasks), the most urgent first; {order: its rows}. What is fixed is booked at first."""
    orders = [(order, in_turn(tasks)) for order, tasks in orders]
    for _order, tasks in orders:
        for task in tasks:
            for booking in task.fixed:
                diary.book(booking)
    return {order: place(tasks, diary, now) for order, tasks in orders}
