"""Shops made up for the figures of the promise; the same seed makes the same shop."""

from dataclasses import dataclass, replace
from random import Random

from production.engine import Booking, Centre, Diary, Gate, Hours, Job, Task, Way, plan_all

MINUTE, HOUR, DAY = 60, 3600, 86_400
NOW = 4 * DAY + 8 * HOUR  # the first of January 1970 was a Thursday: this is a Monday, 08:00


@dataclass(frozen=True)
class Shop:
    """Orders in plan, and a rush order to be placed."""

    hours: Hours
    centres: dict
    jobs: tuple[Job, ...]
    rush: tuple[Task, ...]

    def bookings(self) -> list[Booking]:
        return [booking for job in self.jobs for row in job.places.values()
                for booking in row.bookings(str(job.order), job.order)]


def weeks():
    """Monday to Friday, 08:00–12:00 and 13:00–21:00."""
    for week in range(2000):
        for day in range(week * 7 + 4, week * 7 + 9):
            yield day * DAY + 8 * HOUR, day * DAY + 12 * HOUR
            yield day * DAY + 13 * HOUR, day * DAY + 21 * HOUR


def centres_of(count: int, random: Random):
    hours = Hours(weeks())
    codes = [f"C{number:03}" for number in range(count)]
    return hours, {code: Centre(code, (hours,) * random.choice((1, 1, 1, 2, 3))) for code in codes}


def linear(order, codes, random: Random, operations=6, gates=()) -> tuple[Task, ...]:
    """A routing of operations one after the other."""
    tasks = []
    for number in range(operations):
        task = Task((order, number), (Way(random.choice(codes), random.randint(30, 300) * MINUTE),),
                    tuple(other.key for other in tasks[-1:]), label=f"{order}.{number}", order=order)
        tasks.append(replace(task, gates=gates) if not number else task)
    return tuple(tasks)


def assembled(order, centres, random: Random, operations=8) -> tuple[Task, ...]:
    """Parts that are joined: branches meet at few work centres, some operations need two, some may go elsewhere."""
    few = random.sample(sorted(centres), min(4, len(centres)))
    tasks, open_keys = [], []
    for number in range(operations):
        is_join = (len(open_keys) > 1 and random.random() < 0.5) or number == operations - 1
        after = tuple(sorted(open_keys) if number == operations - 1 else
                      sorted(random.sample(open_keys, 2 if is_join else 1)) if open_keys and random.random() < 0.7
                      else ())
        code, seconds = random.choice(few), random.randint(30, 300) * MINUTE
        also = (random.choice([other for other in few if other != code]),) if random.random() < 0.2 else ()
        ways = [Way(code, seconds, also)]
        if random.random() < 0.2:
            ways.append(Way(random.choice(few), seconds * 5 // 4 // MINUTE * MINUTE))
        gates = (Gate("plate", NOW + random.randint(0, 24) * HOUR),) if not after and random.random() < 0.3 else ()
        tasks.append(Task((order, number), tuple(ways), after, gates, label=f"{order}.{number}", order=order))
        open_keys = [key for key in open_keys if key not in after] + [(order, number)]
    return tuple(tasks)


def shop(seed: int, *, centres: int, operations: int, load=0.75, per_order=6, is_assembled=False) -> Shop:
    """Orders whose material comes one after the other, so that the work centres are busy for `load` of the time."""
    random = Random(seed)
    hours, places = centres_of(centres, random)
    codes, slots = sorted(places), sum(len(centre.slots) for centre in places.values())
    work = operations * 165 * MINUTE  # the mean of an operation
    window = int(work / slots / load)  # working time
    orders = []
    for number in range(operations // per_order):
        here = hours.start(hours.position(NOW) + random.randrange(window) // MINUTE * MINUTE)
        gates = (Gate("plate", here),) if number % 3 else ()
        orders.append((number, linear(number, codes, random, per_order, gates)))
    plan = plan_all(orders, Diary(places), NOW)
    jobs = tuple(_job(order, tasks, plan[order], hours, random) for order, tasks in orders)
    rush = assembled("rush", places, random) if is_assembled else linear("rush", codes, random, per_order)
    return Shop(hours, places, jobs, rush)


def _job(order, tasks, rows, hours, random) -> Job:
    finish = max(row.end for row in rows)
    slack = random.choice((0, 2, 4, 8, 12, 24, 40)) * HOUR
    return Job(order, tasks, {row.key: row for row in rows}, hours.end(hours.position(finish) + slack))
