"""One order's tasks placed between what is booked: greedily, or by searching the sequences in which they may go."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from production.engine.diary import Diary
from production.engine.hours import NoHours
from production.engine.model import Placed, Task, Wait

MOST_TRIES = 500  # partial plans looked at; enough for ten operations that meet at two work centres


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


def in_turn(tasks: Iterable[Task], known: Mapping | None = None) -> list[Task]:
    """Each after those before it; where there is a choice, the one with most work behind it first.

    `known`: {key: its row in another plan}; where there is a choice, as it was there. ValueError for a cycle.
    """
    tasks, known = {task.key: task for task in tasks}, known or {}
    left, found, tails = dict(tasks), [], None
    while left:
        ready = [task for task in left.values() if not any(key in left for key in task.after)]
        if len(ready) > 1:
            tails = tails or tails_of(tasks)
            ready = [min(ready, key=lambda task: _turn_of(task, known.get(task.key), tails))]
        if not ready:
            raise ValueError("The tasks wait for each other.")
        found += ready
        del left[ready[0].key]
    return found


def _turn_of(task, was, tails):
    return not task.fixed, was is None, was.start if was else 0, -tails[task.key], str(task.key)


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


def place(tasks: Iterable[Task], diary: Diary, now: int, known: Mapping | None = None) -> tuple[Placed, ...]:
    """Each task, in the order given, where it ends first; the diary is booked.

    `known`: {key: its row in another plan}; it takes the slots it has there.
    """
    tasks, rows = list(tasks), {}
    for task in tasks:
        for booking in task.fixed:
            diary.book(booking)
    for task in tasks:
        rows[task.key] = row = place_one(task, rows, diary, now, known and known.get(task.key))
        book(task, row, diary)
    return tuple(rows.values())


def book(task, row, diary) -> None:
    if not task.fixed:
        diary.hold(row.slots, row.start, row.end, task.label)


def place_one(task: Task, rows: Mapping, diary: Diary, now: int, known: Placed | None = None) -> Placed:
    """Where a task ends first, given where those before it are; nothing is booked. NoHours where it never ends."""
    if task.fixed:
        return _where_it_runs(task)
    turn = _Turn(task, rows, diary, now)
    if known and known.way in task.ways and known.slots in diary.combinations(known.way):
        found = diary.find_at(known.way, known.slots, turn.earliest, turn.last_lots(known.way))
        if found:
            return turn.row(known.way, found)
    best = best_way = None
    for way in task.ways:
        found = diary.find(way, turn.earliest, turn.last_lots(way))
        if found and (best is None or found[:2] < best[:2]):
            best, best_way = found, way
    if best is None:
        raise NoHours(task.label)
    return turn.row(best_way, best)


def _where_it_runs(task) -> Placed:
    main = task.fixed[0]
    return Placed(task.key, main.start, main.end, tuple((there.centre, there.slot) for there in task.fixed))


class _Turn:
    """When a task's turn comes, and what it still has to wait for."""

    __slots__ = ("before", "earliest", "gate", "lots", "ready", "task")

    def __init__(self, task, rows, diary, now):
        self.task, self.ready, self.before, self.lots = task, now, None, ()
        for key in task.after:
            row = rows.get(key)
            if row is None:
                continue
            let = release_of(row, diary)
            if let.share is not None:
                self.lots = (*self.lots, (let.end, let.share))
            if let.at > self.ready:
                self.ready, self.before = let.at, key
        self.gate = max(task.gates, key=lambda gate: (gate.at, gate.label)) if task.gates else None
        self.earliest = max(self.ready, task.not_before or self.ready, self.gate.at if self.gate else self.ready)

    def last_lots(self, way):
        """An overlapping task cannot end before it has worked on the last lot."""
        return [(end, max(1, int(way.seconds * share))) for end, share in self.lots] if self.lots else ()

    def row(self, way, found) -> Placed:
        end, start, slots, blocker = found
        wait, label = self._why(start, blocker)
        return Placed(self.task.key, start, end, slots, way, self.ready, wait, label, self.before)

    def _why(self, start, blocker):
        if start <= self.ready:
            return Wait.NOTHING, ""
        if blocker:
            return Wait.QUEUE, blocker
        if self.gate and self.gate.at == self.earliest > self.ready:
            return Wait.MATERIAL, self.gate.label
        is_told = self.task.not_before and self.earliest > self.ready
        return (Wait.NOT_BEFORE, "") if is_told else (Wait.CLOSED, "")


class Release(NamedTuple):
    """When a task lets the next one start: at its end, or with its first lot, which is `share` of the work."""

    at: int
    end: int
    share: float | None = None


def release_of(row: Placed | Release, diary: Diary) -> Release:
    if isinstance(row, Release):
        return row
    if row.way is None or row.way.lot_seconds is None:
        return Release(row.end, row.end)
    hours = diary.shared_hours(row.slots)
    first_lot = hours.end(hours.position(row.start) + row.way.lot_seconds)
    return Release(min(row.end, first_lot), row.end, min(1.0, row.way.lot_seconds / max(row.way.seconds, 1)))


def options_of(task: Task, rows: Mapping, diary: Diary, now: int) -> list[Placed]:
    """The earliest place at every slot of every way."""
    if task.fixed:
        return [_where_it_runs(task)]
    turn = _Turn(task, rows, diary, now)
    return [
        turn.row(way, found) for way in task.ways for slots in diary.combinations(way)
        if (found := diary.find_at(way, slots, turn.earliest, turn.last_lots(way)))
    ]


def lower_bound(tasks: Iterable[Task], diary: Diary, now: int, rows: Mapping | None = None) -> int:
    """Each task, in turn, as if it had the diary to itself: no plan that contains `rows` finishes before."""
    least = dict(rows or {})
    for task in tasks:
        if task.key in least:
            continue
        if not any(way.lot_seconds is not None for way in task.ways):
            least[task.key] = place_one(task, least, diary, now)
            continue
        options = [release_of(row, diary) for row in options_of(task, least, diary, now)]
        least[task.key] = Release(
            min(let.at for let in options), min(let.end for let in options),
            min(1.0 if let.share is None else let.share for let in options),
        )
    return finish_of(least.values())


def insert(
    tasks: Iterable[Task], diary: Diary, now: int, tries: int = MOST_TRIES, known: Iterable[Placed] = ()
) -> Answer:
    """The order's tasks between the bookings, as early as possible; the diary is left as it was.

    A chain is placed exactly: each task as early as it can, which never hinders the next one. Where branches
    meet at a work centre or lots overlap, sequences and slots are searched with bounds, at most `tries` of them.
    `known`: rows of a plan with fewer means; the answer is never later, also where the search ends early.
    """
    tasks, diary = in_turn(tasks), diary.fork()
    for task in tasks:
        for booking in task.fixed:
            diary.book(booking)
    bound = lower_bound(tasks, diary, now)
    rows = place(tasks, diary.fork(), now)
    if known and finish_of(rows) > bound:
        was = {row.key: row for row in known}
        rows = min(rows, place(in_turn(tasks, was), diary.fork(), now, was), key=finish_of)
    if finish_of(rows) <= bound:
        return Answer(rows, bound, True)
    search = _Search(tasks, rows, bound, diary, now, tries)
    return Answer(search.best, bound, search.is_proved)


class _Search:
    """Depth first over the sequences of tasks that compete for a work centre, and over their slots.

    Placed in the sequence of its starts, each task as early as it can at its slots, some plan is the best one;
    so where all is tried, nothing finishes earlier.
    """

    def __init__(self, tasks, rows, bound, diary, now, tries):
        self.tasks = {task.key: task for task in tasks}
        self.tails = tails_of(self.tasks)
        self.best, self.finish = rows, finish_of(rows)
        self.bound, self.now, self.left = bound, now, tries
        self.seen = set()
        self._run(diary, {task.key: place_one(task, {}, diary, now) for task in tasks if task.fixed})

    @property
    def is_proved(self) -> bool:
        return self.finish <= self.bound or self.left > 0

    def _run(self, diary, rows):
        self.left -= 1
        if len(rows) == len(self.tasks):
            if finish_of(rows.values()) < self.finish:
                self.best, self.finish = tuple(rows.values()), finish_of(rows.values())
            return
        for row in self._choices(diary, rows):
            if self.left <= 0 or self.finish <= self.bound:
                return
            branch, more = diary.fork(), {**rows, row.key: row}
            book(self.tasks[row.key], row, branch)
            if self._is_new(more) and lower_bound(self.tasks.values(), branch, self.now, more) < self.finish:
                self._run(branch, more)

    def _is_new(self, rows) -> bool:
        """Another sequence may have led to the same places."""
        places = frozenset((key, row.start, row.end, row.slots, row.way) for key, row in rows.items())
        is_new = places not in self.seen
        self.seen.add(places)
        return is_new

    def _choices(self, diary, rows):
        """What may go next. A task that no other one competes with goes at once: it can hinder nobody."""
        ready = [task for task in self.tasks.values()
                 if task.key not in rows and all(key in rows or key not in self.tasks for key in task.after)]
        for task in ready:
            if not self._competes(task, rows) and all(way.lot_seconds is None for way in task.ways):
                return [place_one(task, rows, diary, self.now)]
        found = [row for task in ready for row in options_of(task, rows, diary, self.now)]
        return sorted(found, key=lambda row: (row.end, -self.tails[row.key], str(row.key), row.slots))

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
