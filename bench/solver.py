"""The yardstick: the engine's model told to CP-SAT, which searches all plans. Needs `make solver`.

The shops of the yardstick have one calendar for all slots, so that working time is one axis and the solver counts
on it alone; what a single slot does besides (downtime) is a booking there. The other orders may move either way,
which is more than the engine tries, but what begins after the rush order's finish and four hours stays, unless
the engine moved it.
"""

from dataclasses import dataclass, replace

from ortools.sat.python import cp_model

from bench import shops
from production.engine import Diary

FREE = 4 * 3600  # after the rush order's finish; what begins later stays
UNIT = 60  # seconds; the shops are made in full minutes


@dataclass(frozen=True)
class Found:
    finish: int  # a moment
    is_best: bool
    moved: int = 0  # orders


class Model:
    """Positions in units of working time since the calendar's origin."""

    def __init__(self, centres, hours, now, latest):
        self.centres, self.hours, self.diary = centres, hours, Diary(centres)
        self.now, self.latest = self.position(now), self.position(latest)
        self.model = cp_model.CpModel()
        self.by_slot = {}
        self.starts, self.ends, self.chosen = {}, {}, {}  # of a task; the last {key: {(way, slots): literal}}

    def position(self, moment) -> int:
        return self.hours.position(moment) // UNIT

    def keep(self, bookings) -> None:
        """What stays where it is; bookings that stand on one another are made one."""
        spans = {}
        for booking in bookings:
            start, end = max(self.now, self.position(booking.start)), min(self.latest, self.position(booking.end))
            if end > start:
                spans.setdefault((booking.centre, booking.slot), []).append((start, end))
        for slot, taken in spans.items():
            reached = 0
            for start, end in sorted(taken):
                start, reached = max(start, reached), max(end, reached)
                if end > start:
                    self._hold(slot, self.model.new_fixed_size_interval_var(start, end - start, ""))

    def _hold(self, slot, interval) -> None:
        self.by_slot.setdefault(slot, []).append(interval)

    def add(self, tasks, latest=None) -> None:
        """Tasks that find their places; all are done by `latest`."""
        latest = self.latest if latest is None else latest
        tasks = {task.key: task for task in tasks}
        for task in tasks.values():
            self._add(task, latest)
        for task in tasks.values():
            for key in task.after:
                self._link(tasks[key], task)

    def _add(self, task, latest) -> None:
        model, key = self.model, task.key
        if task.fixed:
            self.starts[key], self.ends[key] = (self.position(m) for m in (task.fixed[0].start, task.fixed[0].end))
            self.chosen[key] = {}
            return
        earliest = max(self.position(moment) for moment in
                       [task.not_before or 0, *(gate.at for gate in task.gates)])
        start = self.starts[key] = model.new_int_var(max(self.now, earliest), latest, "")
        end = self.ends[key] = model.new_int_var(max(self.now, earliest), latest, "")
        self.chosen[key] = {}
        is_stretched = any(way.lot_seconds is not None for way in task.ways) or len(task.after) > 0
        for way in task.ways:
            for slots in self.diary.combinations(way):
                is_here = self.chosen[key][way, slots] = model.new_bool_var("")
                least = max(1, way.seconds // UNIT)
                size = model.new_int_var(least, latest, "") if is_stretched else least
                interval = model.new_optional_interval_var(start, size, end, is_here, "")
                for slot in slots:
                    self._hold(slot, interval)
        model.add_exactly_one(self.chosen[key].values())

    def _link(self, before, task) -> None:
        """The engine's rule of precedence, with lots that overlap."""
        if before.fixed or all(way.lot_seconds is None for way in before.ways):
            self.model.add(self.starts[task.key] >= self.ends[before.key])
            return
        for (way, _slots), is_there in self.chosen[before.key].items():
            if way.lot_seconds is None:
                self.model.add(self.starts[task.key] >= self.ends[before.key]).only_enforce_if(is_there)
                continue
            lot, share = way.lot_seconds // UNIT, way.lot_seconds / way.seconds
            self.model.add(self.starts[task.key] >= self.starts[before.key] + lot).only_enforce_if(is_there)
            for (own, _own_slots), is_here in self.chosen[task.key].items():
                last = max(1, int(own.seconds * share) // UNIT)
                self.model.add(self.ends[task.key] >= self.ends[before.key] + last).only_enforce_if(is_there, is_here)

    def hint(self, rows) -> None:
        """A plan at hand."""
        for key, row in rows.items():
            self.model.add_hint(self.starts[key], self.position(row.start))
            self.model.add_hint(self.ends[key], self.position(row.end))
            for where, is_here in self.chosen[key].items():
                self.model.add_hint(is_here, where == (row.way, row.slots))

    def close(self) -> None:
        for intervals in self.by_slot.values():
            self.model.add_no_overlap(intervals)

    def finish(self, tasks):
        finish = self.model.new_int_var(self.now, self.latest, "finish")
        self.model.add_max_equality(finish, [self.ends[task.key] for task in tasks])
        return finish

    def solve(self, seconds):
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = seconds
        solver.parameters.num_workers = 2
        solver.parameters.random_seed = 1
        return solver, solver.solve(self.model)


def insert(tasks, centres, hours, now, bookings, known, seconds=10) -> Found:
    """The best plan between bookings that stay; `known`: the finish of a plan at hand."""
    model = Model(centres, hours, now, known)
    model.keep([*bookings, *(booking for task in tasks for booking in task.fixed)])
    model.add(tasks)
    model.close()
    finish = model.finish(tasks)
    model.model.minimize(finish)
    solver, status = model.solve(seconds)
    return _found(model, solver, status, finish, known)


def _found(model, solver, status, finish, known, moved=0) -> Found:
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Found(known, False)
    return Found(model.hours.end(solver.value(finish) * UNIT), status == cp_model.OPTIMAL, moved)


def make_room(shop, room, seconds=10):
    """(the earliest finish where others move inside their dates, the fewest orders that move for the room's finish).

    The engine's own plan is the hint, so that the answer is never worse.
    """
    model, finish, _moves = _room(shop, room)
    model.model.add(finish >= model.position(room.answer.bound))
    model.model.minimize(finish)
    best = _found(model, *model.solve(seconds), finish, room.finish)
    model, _finish, moves = _room(shop, room)
    model.model.minimize(sum(moves))
    solver, status = model.solve(seconds)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return best, None
    return best, Found(room.finish, status == cp_model.OPTIMAL, round(solver.objective_value))


def _room(shop, room):
    free_until = room.finish + FREE
    model = Model(shop.centres, shop.hours, shops.NOW, max(max(job.due, job.finish) for job in shop.jobs))
    model.add(shop.rush, model.position(room.finish))
    model.hint({row.key: row for row in room.rows})
    moves, late = [], []
    for job in shop.jobs:
        moved = room.moved.get(job.order, {})
        free = [task for task in job.tasks if job.places[task.key].start < free_until or task.key in moved]
        late += [booking for task in job.tasks if task not in free for booking in job.places[task.key].bookings()]
        if free:
            moves.append(_add_job(model, job, free, moved))
    model.keep(late)
    model.close()
    return model, model.finish(shop.rush), moves


def _add_job(model, job, free, moved):
    """The tasks that may move; the literal says whether one does."""
    keys, stays = {task.key for task in free}, []
    model.add([replace(task, after=tuple(key for key in task.after if key in keys)) for task in free],
              model.position(max(job.due, job.finish)))
    model.hint({key: moved.get(key, job.places[key]) for key in keys})
    for task in job.tasks:
        place = job.places[task.key]
        for key in task.after:
            if task.key in keys and key not in keys:
                model.model.add(model.starts[task.key] >= model.position(job.places[key].end))
            elif task.key not in keys and key in keys:
                model.model.add(model.ends[key] <= model.position(place.start))
        if task.key in keys:
            is_same = model.model.new_bool_var("")
            model.model.add(model.starts[task.key] == model.position(place.start)).only_enforce_if(is_same)
            model.model.add_implication(is_same, model.chosen[task.key][place.way, place.slots])
            model.model.add_hint(is_same, task.key not in moved)
            stays.append(is_same)
    moves = model.model.new_bool_var("")
    model.model.add_hint(moves, bool(moved))
    for is_same in stays:
        model.model.add_implication(~moves, is_same)
    return moves
