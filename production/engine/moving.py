"""An order placed where others give way, as far as each of them still keeps its own date.

First the order is placed as if those that may move were not there; what it displaces is placed again, later,
and where that makes an order late, that order is held where it is and the search goes on. Of the plans with
the same finish the one that moves the fewest orders is taken.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import count

from production.engine.diary import Diary
from production.engine.model import Booking, Job, Placed, Task
from production.engine.placing import Answer, finish_of, in_turn, insert, place_one

PUSHED = 1500  # operations put aside by pushing all along; a full shop reaches it at once, a wide one hardly
TRIES = 100  # of the search for the order's own sequence, in each round
PATIENCE = 12  # rounds after which more than the late ones are held


@dataclass(frozen=True, slots=True)
class Room:
    """The order's rows, and the new rows of those that move: {order: {task: Placed}}."""

    answer: Answer
    moved: dict
    held: tuple  # orders that would have been late, so that they keep their places

    @property
    def rows(self) -> tuple[Placed, ...]:
        return self.answer.rows

    @property
    def finish(self) -> int:
        return self.answer.finish

    @property
    def operations_moved(self) -> int:
        return sum(len(rows) for rows in self.moved.values())


def make_room(
    tasks: Iterable[Task], jobs: Iterable[Job], centres, now: int, bookings: Iterable[Booking] = ()
) -> Room:
    """Place `tasks` as early as possible; `jobs` may move inside their due dates, `bookings` may not move.

    The bound is the finish in a factory without the jobs: no plan that leaves the bookings where they are
    finishes before.
    """
    tasks, shop = in_turn(tasks), _Shop(jobs, centres, bookings)
    frozen, bound, held = insert(tasks, shop.full, now), None, []
    for turn in count():
        answer = insert(tasks, shop.empty, now, TRIES)
        bound = answer.bound if bound is None else bound
        if answer.finish >= frozen.finish:
            return Room(replace(frozen, bound=bound, is_proved=frozen.finish <= bound), {}, tuple(held))
        found = _repair(tasks, answer, shop, now, may_push=shop.pushed < PUSHED)
        if not found.late:
            finish = finish_of(found.rows)
            return Room(Answer(found.rows, bound, finish <= bound), found.moved, tuple(held))
        late = found.late if turn < PATIENCE else _tightest(found, shop.jobs)
        held += [order for order in late if order not in held]
        shop.hold(late, found.rows, is_whole=turn >= PATIENCE)


def _tightest(found, jobs) -> list:
    """Where the search takes long: with the late ones, the half of the displaced that has the least time left."""
    displaced = sorted(found.moved, key=lambda order: (jobs[order].due - jobs[order].finish, str(order)))
    return list(dict.fromkeys([*found.late, *displaced[: len(displaced) // 2]]))


@dataclass
class _Shop:
    """Two diaries kept side by side: `empty` without the jobs that may move, `full` with them."""

    jobs: Iterable[Job]
    centres: dict
    bookings: Iterable[Booking]
    pushed: int = 0  # operations that were put aside so far, in all rounds
    by_slot: dict = field(default_factory=dict)  # {(centre, slot): [(start, end, order)]} of what may move

    def __post_init__(self):
        self.jobs = {job.order: job for job in sorted(self.jobs, key=lambda job: str(job.order))}
        fixed = [booking for job in self.jobs.values() for task in job.tasks for booking in task.fixed]
        self.kept = {}
        for booking in sorted([*self.bookings, *fixed], key=lambda kept: (kept.start, kept.end, kept.label)):
            self.kept.setdefault((booking.centre, booking.slot), []).append(booking)
        self.empty = Diary(self.centres, [*self.bookings, *fixed])
        self.full = self.empty.fork()
        for job in self.jobs.values():
            for booking in bookings_of(job):
                self.full.book(booking)
                self.by_slot.setdefault((booking.centre, booking.slot), []).append(booking)
        self.at = {(job.order, task.key): at for job in self.jobs.values() for at, task in enumerate(job.tasks)}
        self.sequence = sorted(self.at, key=lambda entry: (
            self.jobs[entry[0]].places[entry[1]].start, str(entry[0]), self.at[entry]))
        self.spots = {(job.order, key): self.empty.spots(place.slots, place.start, place.end)
                      for job in self.jobs.values() for key, place in job.places.items()}

    def hold(self, orders, rows, *, is_whole) -> None:
        """Of these orders keep what stands in the way of the rows; all that they have where nothing does."""
        for order in orders:
            job = self.jobs[order]
            free = [task for task in job.tasks if not task.fixed]
            hit = [task for task in free if any(_collide(row, job.places[task.key]) for row in rows)]
            for task in free if is_whole else hit or free:
                fixed = job.places[task.key].bookings(task.label, order)
                job = replace(job, tasks=tuple(replace(other, fixed=fixed) if other.key == task.key else other
                                               for other in job.tasks))
                for booking in fixed:
                    self.empty.book(booking)
                    self.kept.setdefault((booking.centre, booking.slot), []).append(booking)
                    self.by_slot[booking.centre, booking.slot].remove(booking)
            self.jobs[order] = job

    def in_the_way(self, slot, start, end) -> set:
        return {
            booking.order for booking in self.by_slot.get(slot, ())
            if booking.start < end and booking.end > start
        }

    def without(self, orders) -> Diary:
        """The full diary less some jobs; what stood on one of them stays."""
        diary, gone = self.full.fork(), set(orders)
        for order in orders:
            for booking in bookings_of(self.jobs[order]):
                diary.release(booking)
                slot = booking.centre, booking.slot
                others = (other for other in self.by_slot.get(slot, ()) if other.order not in gone)
                for other in (*self.kept.get(slot, ()), *others):
                    if other.start < booking.end and other.end > booking.start:
                        diary.book(other)
        return diary


def bookings_of(job):
    for task in job.tasks:
        if not task.fixed:
            yield from job.places[task.key].bookings(task.label, job.order)


@dataclass(frozen=True, slots=True)
class _Repair:
    rows: tuple
    moved: dict
    late: list

    @property
    def cost(self):
        return len(self.late), len(self.moved), sum(map(len, self.moved.values()))


def _repair(tasks, answer, shop, now, *, may_push) -> _Repair:
    """The order as early as possible, or as late as the same finish allows; those in its way behind it.

    Pushing all others along their sequences moves many; it is tried where the gaps are not enough.
    """
    layouts = [answer.rows, _pulled_apart(tasks, answer, shop)]
    named = {task.key: task for task in tasks}
    found = [_into_gaps(rows, named, shop, now) for rows in layouts]
    if may_push and all(repair.late for repair in found):
        found += [_pushed(rows, named, shop, now) for rows in layouts]
    return min(found, key=lambda repair: repair.cost)


def _book(rows, named, diary) -> None:
    for row in rows:
        for booking in row.bookings(named[row.key].label, named[row.key].order):
            diary.book(booking)


# Fewer orders in the way


def _pulled_apart(tasks, answer, shop) -> tuple[Placed, ...]:
    """From the last task back: inside the time that the finish leaves, where the fewest others stand."""
    rows = {row.key: row for row in answer.rows}
    named = {task.key: task for task in tasks}
    followers = {task.key: [other.key for other in tasks if task.key in other.after] for task in tasks}
    own, chosen = shop.empty.fork(), {}
    _book(answer.rows, named, own)
    for task in reversed(tasks):
        row = rows[task.key]
        latest = min((chosen[key].start for key in followers[task.key]), default=answer.finish)
        chosen[task.key] = row
        if latest > row.end and _may_wait(task, rows):
            for booking in row.bookings():
                own.release(booking)
            chosen[task.key] = _least_in_the_way(row, latest, shop, own)
            _book([chosen[task.key]], named, own)
    return tuple(chosen[task.key] for task in tasks)


def _may_wait(task, rows) -> bool:
    """Only what holds one slot and shares no lots with what is before or behind it can go anywhere later."""
    if task.fixed or rows[task.key].way.also:
        return False
    near = [rows[key] for key in (task.key, *task.after) if key in rows]
    return not any(row.way and row.way.lot_seconds is not None for row in near)


def _least_in_the_way(row, latest, shop, diary) -> Placed:
    """The same way, begun between its earliest start and the latest end, where it displaces the fewest orders."""
    code, best = row.way.centre, None
    for slot in range(1, len(diary.centres[code].slots) + 1):
        hours, gaps = diary.hours(code, slot), diary.gaps(code, slot)
        first, last = hours.position(row.start), hours.position(latest) - row.way.seconds
        ends = (hours.position(booking.end) for booking in shop.by_slot.get((code, slot), ()))
        for begin in {first, last, *ends}:
            if not first <= begin <= last or not gaps.is_free(begin, begin + row.way.seconds):
                continue
            start, end = hours.start(begin), hours.end(begin + row.way.seconds)
            cost = len(shop.in_the_way((code, slot), start, end)), start, slot
            if end <= latest and (best is None or cost < best[0]):
                best = cost, start, end, slot
    if best is None:
        return row
    _cost, start, end, slot = best
    return replace(row, start=start, end=end, slots=((code, slot),))


# What is displaced is placed again


def _into_gaps(rows, named, shop, now) -> _Repair:
    """Only the orders in the way move, into the gaps that all others leave."""
    hit = {order for row in rows for slot in row.slots for order in shop.in_the_way(slot, row.start, row.end)}
    hit = sorted(hit, key=lambda order: (shop.jobs[order].due, str(order)))
    diary = shop.without(hit)
    _book(rows, named, diary)
    moved, late = {}, []
    for order in hit:
        job, new = shop.jobs[order], {}
        for task in job.tasks:
            if not task.fixed:
                _shift(job, task, new, diary, shop, now)
        moved[order] = new
        if _is_late(job, new):
            late.append(order)
    return _Repair(rows, moved, late)


def _pushed(rows, named, shop, now) -> _Repair:
    """All in the sequence they have now, each no earlier than it is, as late as what is before it makes it."""
    diary = shop.empty.fork()
    _book(rows, named, diary)
    new = {order: {} for order in shop.jobs}
    for order, key in shop.sequence:
        job = shop.jobs[order]
        task = job.tasks[shop.at[order, key]]
        if not task.fixed:
            _shift(job, task, new[order], diary, shop, now)
    moved = {order: found for order, found in new.items() if found}
    shop.pushed += sum(map(len, moved.values()))
    return _Repair(rows, moved, [order for order, found in moved.items() if _is_late(shop.jobs[order], found)])


def _shift(job, task, new, diary, shop, now) -> None:
    """Where it is, if it still can be there; else the first place after that. Books it."""
    there = job.places[task.key]
    keeps_turn = not any(key in new and new[key].end > there.start for key in task.after)
    if keeps_turn and diary.take_back(shop.spots[job.order, task.key], task.label):
        return
    before = {key: new.get(key) or job.places[key] for key in task.after if key in job.places}
    row = place_one(replace(task, gates=(), not_before=max(there.start, now)), before, diary, now)
    new[task.key] = row
    diary.hold(row.slots, row.start, row.end, task.label)


def _collide(row, other) -> bool:
    return row.start < other.end and other.start < row.end and bool(set(row.slots) & set(other.slots))


def _is_late(job, new) -> bool:
    """It misses its date, or what is held there had to wait for what moved."""
    for task in job.tasks:
        if task.fixed and any(new[key].end > job.places[task.key].start for key in task.after if key in new):
            return True
    finish = max((new.get(key) or place).end for key, place in job.places.items())
    return finish > max(job.due, job.finish)
