"""Shops made up by hypothesis for the engine, and its rules told a second time, slowly, from the spans alone."""

from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, product

from hypothesis import strategies as st

from production.engine import Booking, Centre, Gate, Hours, Job, Task, Way, insert
from production.engine.diary import Diary
from production.engine.hours import without

DAY, LAST = 24, 24 * 500  # an engine's second is an hour here: small numbers meet more often
PATTERNS = (((0, 24),), ((8, 12), (13, 18)), ((0, 9), (22, 24)), ((6, 14), (14, 22)))
CODES = "ABC"
NOW = 30


@dataclass(frozen=True)
class Slot:
    """When a slot works, as plain spans."""

    pattern: tuple
    closed: tuple = ()

    def spans(self):
        days = ((day + start, day + end) for day in range(0, LAST, DAY) for start, end in self.pattern)
        return without(days, self.closed)


@cache
def open_hours(slot):
    return frozenset(hour for start, end in slot.spans() for hour in range(start, end))


@dataclass(frozen=True)
class Shop:
    slots: dict  # {code: (Slot, …)}
    bookings: tuple = ()
    tasks: tuple = ()

    @property
    def centres(self):
        return {code: Centre(code, tuple(Hours(slot.spans()) for slot in slots)) for code, slots in self.slots.items()}

    def diary(self, bookings=None):
        return Diary(self.centres, self.bookings if bookings is None else bookings)

    def insert(self, **values):
        return insert(self.tasks, self.diary(), NOW, **values)

    def open_hours(self, slots):
        """The open time that all of the slots share."""
        return frozenset.intersection(*(open_hours(self.slots[code][number - 1]) for code, number in slots))

    def work(self, slots, start, end):
        """How much of a time they are all open."""
        return len(self.open_hours(slots) & frozenset(range(start, end)))

    def bookings_at_work(self):
        """The bookings hour by hour, without those in which their slot is closed."""
        return tuple(
            replace(booking, start=hour, end=hour + 1) for booking in self.bookings
            for hour in range(booking.start, booking.end) if self.is_open([(booking.centre, booking.slot)], hour)
        )

    def is_open(self, slots, moment):
        return self.work(slots, moment, moment + 1) == 1


# What must hold


def check(shop, rows, tasks=None, bookings=None):
    """Every rule that a plan of the shop keeps."""
    tasks = {task.key: task for task in (shop.tasks if tasks is None else tasks)}
    bookings = shop.bookings if bookings is None else bookings
    rows = {row.key: row for row in rows}
    assert rows.keys() == tasks.keys()
    for key, row in rows.items():
        if tasks[key].fixed:
            assert row.bookings() == tuple(replace(there, label="", order=None) for there in tasks[key].fixed)
        else:
            _check_place(shop, tasks[key], row)
            for before in tasks[key].after:
                _check_turn(shop, rows[before], row)
    _check_slots(shop, [row for key, row in rows.items() if not tasks[key].fixed], bookings)


def _check_place(shop, task, row):
    assert row.way in task.ways
    assert tuple(code for code, _slot in row.slots) == row.way.centres
    assert len(set(row.slots)) == len(row.slots)
    assert all(1 <= slot <= len(shop.slots[code]) for code, slot in row.slots)
    assert row.start >= max([NOW, task.not_before or NOW, *(gate.at for gate in task.gates)])
    assert shop.is_open(row.slots, row.start) and shop.is_open(row.slots, row.end - 1)
    work, needed = shop.work(row.slots, row.start, row.end), max(1, row.way.seconds)
    assert work >= needed
    if row.way.lot_seconds is None and not task.after:
        assert work == needed


def _check_turn(shop, before, row):
    lot = before.way.lot_seconds if before.way else None
    if lot is None:
        assert row.start >= before.end
        return
    assert row.start >= before.end or shop.work(before.slots, before.start, row.start) >= lot
    share = min(1, lot / max(before.way.seconds, 1))
    assert shop.work(row.slots, before.end, row.end) >= max(1, int(row.way.seconds * share))


def _check_slots(shop, rows, bookings):
    taken = [(slot, row.start, row.end) for row in rows for slot in row.slots]
    for (slot, start, end), (other, start_2, end_2) in combinations(taken, 2):
        assert slot != other or end <= start_2 or end_2 <= start
    check_beside(shop, taken, [((booking.centre, booking.slot), booking.start, booking.end) for booking in bookings])


def check_beside(shop, taken, others):
    """Nothing of the one stands on the other; (slot, start, end) of each."""
    for slot, start, end in taken:
        for other, start_2, end_2 in others:
            assert slot != other or not shop.work([slot], max(start, start_2), min(end, end_2))


# The best plan, by trying all


def best_finish(shop, tasks=None, bookings=None):
    """Each sequence, way and slot, every task as early as it goes then; for very small shops."""
    tasks = list(shop.tasks if tasks is None else tasks)
    taken = {}
    for booking in [*(shop.bookings if bookings is None else bookings), *(b for task in tasks for b in task.fixed)]:
        hold(taken, [(booking.centre, booking.slot)], booking.start, booking.end)
    best = [LAST]

    def go(left, rows, taken):
        if not left:
            best[0] = min(best[0], max(end for _start, end, _way, _slots in rows.values()))
        for task in left:
            if any(other.key in task.after for other in left):
                continue
            for way, slots in _choices(shop, task):
                row = _earliest(shop, task, way, slots, rows, taken, best[0])
                if row:
                    start, end, _way, _slots = row
                    more = hold(dict(taken), slots, start, end)
                    go([other for other in left if other is not task], {**rows, task.key: row}, more)

    go(tasks, {}, taken)
    return best[0]


def hold(taken, slots, start, end):
    for slot in slots:
        taken[slot] = taken.get(slot, frozenset()) | frozenset(range(start, end))
    return taken


def _choices(shop, task):
    if task.fixed:
        return [(None, ())]
    return [
        (way, slots) for way in task.ways
        for slots in product(*([(code, at + 1) for at in range(len(shop.slots[code]))] for code in way.centres))
        if len(set(slots)) == len(slots)
    ]


def _earliest(shop, task, way, slots, rows, taken, limit):
    if task.fixed:
        return task.fixed[0].start, task.fixed[0].end, None, ()
    gate = max([NOW, task.not_before or NOW, *(gate.at for gate in task.gates)])
    hours = sorted(hour for hour in shop.open_hours(slots) if gate <= hour < limit)
    busy = frozenset().union(*(taken.get(slot, frozenset()) & shop.open_hours([slot]) for slot in slots))
    for at in range(len(hours) - max(1, way.seconds) + 1):
        start = hours[at]
        if not all(_lets_start(shop, rows[key], start) for key in task.after):
            continue
        for last in range(at + max(1, way.seconds) - 1, len(hours)):
            end = hours[last] + 1
            if end >= limit or not busy.isdisjoint(range(start, end)):
                break
            if all(_lets_end(shop, rows[key], way, slots, end) for key in task.after):
                return start, end, way, slots
    return None


def _lets_start(shop, before, moment):
    start, end, way, slots = before
    lot = way.lot_seconds if way else None
    return moment >= end or (lot is not None and shop.work(slots, start, moment) >= lot)


def _lets_end(shop, before, way, slots, moment):
    _start, end, other, _slots = before
    if not other or other.lot_seconds is None:
        return moment >= end
    share = min(1, other.lot_seconds / max(other.seconds, 1))
    return shop.work(slots, end, moment) >= max(1, int(way.seconds * share))


# Strategies


@st.composite
def slots(draw, most=3):
    closed = draw(st.lists(st.tuples(st.integers(20, 200), st.integers(1, 40)), max_size=2))
    return Slot(draw(st.sampled_from(PATTERNS)), tuple((start, start + length) for start, length in closed))


@st.composite
def shops(draw, *, most_slots=3, most_bookings=8, **values):
    same_slots = {code: tuple(draw(st.lists(slots(), min_size=1, max_size=most_slots))) for code in CODES}
    shop = Shop(same_slots)
    shop = replace(shop, bookings=draw(some_bookings(shop, most_bookings)))
    return replace(shop, tasks=draw(some_tasks(shop, **values)))


@st.composite
def some_bookings(draw, shop, most=8):
    found = []
    for number in range(draw(st.integers(0, most))):
        code = draw(st.sampled_from(CODES))
        start = draw(st.integers(0, 150))
        found.append(Booking(code, draw(st.integers(1, len(shop.slots[code]))), start,
                             start + draw(st.integers(1, 50)), f"b{number}", f"b{number}"))
    return tuple(found)


@st.composite
def some_tasks(draw, shop, *, order="rush", most=5, is_chain=False, has_lots=True, has_fixed=True, longest=30):
    found = []
    for number in range(draw(st.integers(1, most))):
        keys = [task.key for task in found]
        some = st.lists(st.sampled_from(keys), max_size=2, unique=True) if keys and not is_chain else st.just(keys[-1:])
        after = draw(some)
        ways = draw(st.lists(a_way(shop, has_lots, longest), min_size=1, max_size=2))
        gates = draw(st.lists(st.integers(0, 120), max_size=1))
        task = Task(
            (order, number), tuple(ways), tuple(sorted(after)), tuple(Gate("plate", at) for at in gates),
            label=f"{order}.{number}", order=order,
        )
        if has_fixed and not after and draw(st.integers(0, 9)) == 0:
            task = replace(task, fixed=draw(some_bookings(shop, 1)))
        found.append(task)
    return tuple(found)


@st.composite
def a_way(draw, shop, has_lots, longest):
    code = draw(st.sampled_from(CODES))
    also = draw(st.lists(st.sampled_from(CODES), max_size=1)) if draw(st.booleans()) else []
    if also == [code] and len(shop.slots[code]) < 2:
        also = []
    seconds = draw(st.integers(1, longest))
    lot = draw(st.none() | st.integers(1, seconds)) if has_lots else None
    return Way(code, seconds, tuple(also), lot)


@st.composite
def busy_shops(draw, *, most_jobs=4, **values):
    """(a shop whose tasks are the rush order's, its other orders with their places and due dates).

    Now and then two orders stand on one another, as they do when something took longer than planned.
    """
    shop = draw(shops(most_bookings=2, **values))
    diary, jobs = shop.diary(), []
    for number in range(draw(st.integers(1, most_jobs))):
        order = f"job{number}"
        tasks = draw(some_tasks(shop, order=order, most=3))
        is_careless = draw(st.integers(0, 9)) == 0
        answer = insert(tasks, shop.diary() if is_careless else diary, NOW)
        for row in answer.rows:
            for booking in row.bookings(order=order):
                diary.book(booking)
        due = answer.finish + draw(st.integers(-20, 80))
        jobs.append(Job(order, tasks, {row.key: row for row in answer.rows}, due))
    return shop, jobs
