"""One order's tasks placed between what is booked: greedily, or by searching the orders in which they may go."""

from collections.abc import Iterable
from dataclasses import dataclass

from production.engine.diary import Diary
from production.engine.model import Placed, Task, Wait

MOST_TRIES = 500  # partial sequences looked at; enough for ten operations that meet at two work centres


@dataclass(frozen=True, slots=True)
class Answer:
    """Where the tasks go. `bound`: no plan can finish before it; `is_proved`: nor before this one."""

    rows: tuple[Placed, ...]
    bound: int
    is_proved: bool

    @property
    def finish(self) -> int:
        return finish_of(self.rows)

    @property
    def gap_seconds(self) -> int:
        return 0 if self.is_proved else self.finish - self.bound


def finish_of(rows) -> int:
    return max(row.end for row in rows)


def in_turn(tasks: Iterable[Task]) -> list[Task]:
    """Each after those before it; where there is a choice, the one with most work behind it first.

    Raises ValueError for a cycle.
    """
    tasks = {task.key: task for task in tasks}
    tails, left, found = tails_of(tasks), dict(tasks), []
    placed = set()
    while left:
        ready = [task for task in left.values() if not any(key in left for key in task.after)]
        if not ready:
            raise ValueError("The tasks wait for each other.")
        task = min(ready, key=lambda task: (not task.fixed, -tails[task.key], str(task.key)))
        found.append(task)
        placed.add(task.key)
        del left[task.key]
    return found


def tails_of(tasks: dict) -> dict:
    """Seconds of work from the start of each task to the end of the last one that needs it."""
    followers = {key: [] for key in tasks}
    waits = {}
    for task in tasks.values():
        before = [key for key in task.after if key in tasks]
        waits[task.key] = len(before)
        for key in before:
            followers[key].append(task.key)
    order = [key for key, count in waits.items() if not count]
    for key in order:
        for follower in followers[key]:
            waits[follower] -= 1
            if not waits[follower]:
                order.append(follower)
    if len(order) < len(tasks):
        raise ValueError("The tasks wait for each other.")
    tails = {}
    for key in reversed(order):
        tails[key] = tasks[key].least_seconds + max((tails[follower] for follower in followers[key]), default=0)
    return tails


def place(tasks: Iterable[Task], diary: Diary, now: int) -> tuple[Placed, ...]:
    """Each task, in the order given, where it ends first; the diary is booked."""
    rows = {}
    for task in tasks:
        rows[task.key] = row = place_one(task, rows, diary, now)
        _book(task, row, diary)
    return tuple(rows.values())


def _book(task, row, diary):
    for booking in row.bookings(task.label, task.order):
        diary.book(booking)


def place_one(task: Task, rows: dict, diary: Diary, now: int) -> Placed:
    """Where a task ends first, given where those before it are; nothing is booked."""
    if task.fixed:
        main = task.fixed[0]
        return Placed(task.key, main.start, main.end, tuple((b.centre, b.slot) for b in task.fixed))
    ready, before = now, None
    for key in task.after:
        if key in rows and (released := _released(rows[key], diary)) > ready:
            ready, before = released, key
    gate = max(task.gates, key=lambda gate: (gate.at, gate.label), default=None)
    earliest = max(ready, task.not_before or ready, gate.at if gate else ready)
    best = None
    for way in task.ways:
        not_done_before = max((_last_lot(rows[key], way, diary) for key in task.after if key in rows), default=0)
        end, start, slots, blocker = diary.find(way, earliest, not_done_before)
        if best is None or (end, start) < best[:2]:
            best = end, start, slots, blocker, way
    end, start, slots, blocker, way = best
    wait, label = _why(start, ready, earliest, gate, blocker, task)
    return Placed(task.key, start, end, slots, way, ready, wait, label, before)


def _released(row, diary) -> int:
    """When the task before lets the next one start: at its end, or with its first lot."""
    if row.way is None or row.way.lot_seconds is None:
        return row.end
    hours = diary.hours(*row.slots[0])
    return min(row.end, hours.end(hours.position(row.start) + row.way.lot_seconds))


def _last_lot(row, way, diary) -> int:
    """An overlapping task cannot end before it has worked on the last lot."""
    if row.way is None or row.way.lot_seconds is None:
        return 0
    share = min(1.0, row.way.lot_seconds / max(row.way.seconds, 1))
    hours = diary.hours(way.centre, 1)
    return hours.end(hours.position(row.end) + max(1, int(way.seconds * share)))


def _why(start, ready, earliest, gate, blocker, task):
    if start <= ready:
        return Wait.NOTHING, ""
    if blocker:
        return Wait.QUEUE, blocker
    if gate and gate.at == earliest and gate.at > ready:
        return Wait.MATERIAL, gate.label
    return (Wait.NOT_BEFORE, "") if task.not_before and earliest > ready else (Wait.CLOSED, "")


def lower_bound(tasks: Iterable[Task], diary: Diary, now: int) -> int:
    """Each task as if it had the diary to itself: no plan finishes before."""
    rows = {}
    for task in in_turn(tasks):
        rows[task.key] = place_one(task, rows, diary, now)
    return finish_of(rows.values())


def insert(tasks: Iterable[Task], diary: Diary, now: int, tries: int = MOST_TRIES) -> Answer:
    """The order's tasks between the bookings, as early as possible; the diary is left as it was.

    A chain is placed exactly: each task as early as it can, which never hinders the next one. Where branches
    meet at a work centre, their sequences are searched with bounds, at most `tries` of them.
    """
    tasks = in_turn(tasks)
    bound = lower_bound(tasks, diary, now)
    rows = place(tasks, diary.fork(), now)
    if finish_of(rows) <= bound:
        return Answer(rows, bound, True)
    search = _Search(tasks, rows, bound, now, tries, diary.centres)
    search.run(diary.fork(), {})
    return Answer(search.best, bound, search.is_proved)


class _Search:
    """Depth first over the sequences of tasks that compete for a work centre."""

    def __init__(self, tasks, rows, bound, now, tries, centres):
        self.tasks = {task.key: task for task in tasks}
        self.tails = tails_of(self.tasks)
        self.best, self.finish = rows, finish_of(rows)
        self.bound, self.now, self.left, self.centres = bound, now, tries, centres

    @property
    def is_proved(self) -> bool:
        """It meets the bound, or every sequence was tried where some sequence must be the best plan."""
        return self.finish <= self.bound or (self.left > 0 and self._is_simple())

    def _is_simple(self) -> bool:
        """One way, one slot, no lots that overlap: the best plan is then among the sequences of earliest places."""
        return all(
            len(task.ways) == 1 and not task.ways[0].also and task.ways[0].lot_seconds is None
            and len(self.centres[task.ways[0].centre].slots) == 1
            for task in self.tasks.values() if not task.fixed
        )

    def run(self, diary, rows):
        if self.finish <= self.bound:
            return
        self.left -= 1
        if len(rows) == len(self.tasks):
            if finish_of(rows.values()) < self.finish:
                self.best, self.finish = tuple(rows.values()), finish_of(rows.values())
            return
        for row in self._choices(diary, rows):
            if self.left <= 0:
                return
            if row.start + self.tails[row.key] >= self.finish:
                continue
            branch = diary.fork()
            _book(self.tasks[row.key], row, branch)
            self.run(branch, {**rows, row.key: row})

    def _choices(self, diary, rows):
        """What may go next. A task that no other one competes with goes at once: it can hinder nobody."""
        ready = [task for task in self.tasks.values()
                 if task.key not in rows and all(key in rows or key not in self.tasks for key in task.after)]
        for task in ready:
            if not self._competes(task, rows):
                return [place_one(task, rows, diary, self.now)]
        found = [place_one(task, rows, diary, self.now) for task in ready]
        return sorted(found, key=lambda row: (row.end, -self.tails[row.key], str(row.key)))

    def _competes(self, task, rows) -> bool:
        mine = {centre for way in task.ways for centre in way.centres}
        return any(
            other.key != task.key and other.key not in rows
            and mine & {centre for way in other.ways for centre in way.centres}
            and not self._comes_later(other, task.key)
            for other in self.tasks.values()
        )

    def _comes_later(self, task, key) -> bool:
        return any(before == key or (before in self.tasks and self._comes_later(self.tasks[before], key))
                   for before in task.after)
