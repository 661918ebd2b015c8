"""`make bench-promise`: the planning engine's figures beside their bars, and beside CP-SAT where that is installed."""

import argparse
import os
import platform
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from math import log
from pathlib import Path
from random import Random

from bench import shops
from production.engine import Diary, insert, make_room, plan_all

try:
    from bench import solver
except ImportError:
    solver = None

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- promise -->", "<!-- /promise -->"
NOT_INSTALLED = "not installed: make solver"
SECONDS = 10  # of the solver, for each question


@dataclass(frozen=True)
class Figure:
    what: str
    bar: str
    measured: str
    is_met: bool | None = None  # None: nothing to reach, or not measured

    def row(self) -> str:
        verdict = "–" if self.is_met is None else "yes" if self.is_met else "**no**"
        return f"| {self.what} | {self.bar} | {self.measured} | {verdict} |"


def timed(work):
    """(its answer, milliseconds of the processor): what else the machine does is not counted."""
    started = time.process_time()
    answer = work()
    return answer, (time.process_time() - started) * 1000


def p95(values):
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


def hours_to(shop, moment) -> float:
    """Working hours from now."""
    return (shop.hours.position(moment) - shop.hours.position(shops.NOW)) / 3600


def percent(value) -> str:
    return f"{value * 100:.1f} %"


# A rush order between work that stays


def inserted(count, *, is_assembled):
    """(milliseconds, gaps to the solver, share proved) over seeded shops."""
    times, gaps, proved = [], [], 0
    for seed in range(count):
        shop = shops.shop(seed, centres=8 if is_assembled else 30, operations=120 if is_assembled else 600,
                          is_assembled=is_assembled)
        bookings = shop.bookings()
        diary = Diary(shop.centres, bookings)
        answer, milliseconds = timed(lambda diary=diary, rush=shop.rush: insert(rush, diary, shops.NOW))
        times.append(milliseconds)
        proved += answer.is_proved
        if solver:
            best = solver.insert(shop.rush, shop.centres, shop.hours, shops.NOW, bookings, answer.finish, SECONDS)
            gaps.append((best.is_best, hours_to(shop, answer.finish) / hours_to(shop, best.finish) - 1))
    return times, gaps, proved / count


def chains(count):
    times, gaps, _proved = inserted(count, is_assembled=False)
    yield Figure(f"rush order inserted, linear, existing work frozen ({count} shops, 600 operations)", "≤ 5 ms",
                 f"p95 {p95(times):.2f} ms, median {statistics.median(times):.2f} ms", p95(times) <= 5)
    exact = sum(is_best and gap == 0 for is_best, gap in gaps)
    yield Figure("… the same finish as CP-SAT", "all", f"{exact} of {count}" if solver else NOT_INSTALLED,
                 exact == count if solver else None)


def branches(count):
    times, gaps, proved = inserted(count, is_assembled=True)
    yield Figure(f"… with joins, alternatives and two-resource operations ({count} shops), gap to CP-SAT",
                 "median 0 %, worst ≤ 2 %", told(gaps),
                 worst(gaps) <= 0.02 and middle(gaps) == 0 if solver else None)
    yield Figure("… its time, and the share the engine itself proves best", "–",
                 f"p95 {p95(times):.0f} ms, median {statistics.median(times):.1f} ms; {percent(proved)} proved")


def told(gaps) -> str:
    if not solver:
        return NOT_INSTALLED
    unsure = sum(not is_best for is_best, _gap in gaps)
    return (f"median {percent(middle(gaps))}, worst {percent(worst(gaps))}"
            + (f" (CP-SAT without proof in {unsure} of {len(gaps)})" if unsure else ""))


def worst(gaps):
    return max(gap for _is_best, gap in gaps)


def middle(gaps):
    return statistics.median(gap for _is_best, gap in gaps)


# Others give way


def moving(count, asked):
    """`asked`: of so many shops the solver is asked as well."""
    times, gains, proved, gaps, moved, fewest = [], [], 0, [], [], []
    for seed in range(count):
        shop = shops.shop(seed, centres=200, operations=2000)
        frozen = insert(shop.rush, Diary(shop.centres, shop.bookings()), shops.NOW)
        room, milliseconds = timed(lambda shop=shop: make_room(shop.rush, shop.jobs, shop.centres, shops.NOW))
        times.append(milliseconds)
        proved += room.answer.is_proved
        gains.append(1 - hours_to(shop, room.finish) / hours_to(shop, frozen.finish))
        if solver and seed < asked:
            best, few = solver.make_room(shop, room, SECONDS)
            gaps.append((best.is_best, hours_to(shop, room.finish) / hours_to(shop, best.finish) - 1))
            moved.append(len(room.moved))
            fewest.append(few)
    yield Figure(f"rush order inserted, others may move within their dates; 200 centres, 2,000 operations"
                 f" ({count} shops)", "p95 ≤ 500 ms",
                 f"p95 {p95(times):.0f} ms, median {statistics.median(times):.0f} ms", p95(times) <= 500)
    yield Figure("… proved (the finish of the empty factory)", "–", percent(proved / count))
    yield Figure("… lead time saved by moving", "–", f"median {percent(statistics.median(gains))},"
                 f" most {percent(max(gains))}")
    yield Figure(f"… gap to CP-SAT ({asked} shops, {SECONDS} s each)", "printed", told(gaps))
    few = [f"{found.moved}{'' if found.is_best else '*'}" if found else "?" for found in fewest]
    yield Figure("… orders moved: engine / CP-SAT's fewest (* = without proof)", "printed",
                 ", ".join(f"{mine}/{least}" for mine, least in zip(moved, few, strict=True)) or NOT_INSTALLED)


# All orders


def whole_plan(orders, runs=5):
    random = Random(1)
    _hours, centres = shops.centres_of(30, random)
    routings = [(number, shops.linear(number, sorted(centres), random)) for number in range(orders)]
    return min(timed(lambda: plan_all(routings, Diary(centres), shops.NOW))[1] for _ in range(runs))


def whole_plans():
    sizes = (250, 500, 1000, 2000)
    times = {orders: whole_plan(orders) for orders in (400, *sizes)}
    yield Figure("full plan of 400 orders, 30 work centres, 2,400 operations", "≤ 150 ms",
                 f"{times[400]:.0f} ms", times[400] <= 150)
    yield Figure("full plan of 2,000 orders, 30 work centres, 12,000 operations", "≤ 1,500 ms",
                 f"{times[2000]:.0f} ms", times[2000] <= 1500)
    slope = statistics.linear_regression([log(6 * n * log(6 * n)) for n in sizes], [log(times[n]) for n in sizes]).slope
    yield Figure("… cost over 1,500 to 12,000 operations as (n log n)^x", "x ≤ 1.1", f"x = {slope:.2f}", slope <= 1.1)


# Through the desk


def desk():
    """The promise and the ways out of an order under review, from the tables to the page."""
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as folder:
        yield _desk(folder)


def _desk(folder) -> Figure:
    (Path(folder) / "static").mkdir()
    os.environ |= {"VAR_DIR": folder, "SECRET_KEY": "only-for-the-bench", "LOG_LEVEL": "ERROR",
                   "DJANGO_SETTINGS_MODULE": "bench.settings", "REQUIRE_SECOND_FACTOR": "0"}  # fmt: skip
    os.environ.pop("DATABASE_URL", None)
    import django

    django.setup()
    from django.urls import reverse
    from django.utils import timezone

    from bench import factory, take
    from people.models import Department
    from production import capacity

    take.prepare(is_loaded=False)
    order = factory.build()
    client = take.client_of(Department.objects.get(code="production").head)
    url = reverse("production:review", args=[order.pk])
    times, found = [], []
    for _ in range(5):
        found, milliseconds = timed(lambda: capacity.race(order, now=timezone.now()).remedies())
        page, whole = timed(lambda: client.get(url))
        if page.status_code != 200:
            raise RuntimeError(f"{url}: {page.status_code}")
        times.append((milliseconds, whole))
    race, page = (statistics.median(column) for column in zip(*times, strict=True))
    return Figure(f"promise and {len(found)} remedies into that shop, to the page (SQLite)", "≤ 1,000 ms",
                  f"{page:.0f} ms, of it computing {race:.0f} ms", page <= 1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shops", type=int, default=100, help="seeded shops of each kind")
    parser.add_argument("--asked", type=int, default=10, help="big shops that CP-SAT is asked about")
    parser.add_argument("--without-desk", action="store_true", help="leave out what needs a database")
    given = parser.parse_args()
    lines = ["| what | bar | measured | reached |", "|---|---|---|---|"]
    print(*lines, sep="\n", flush=True)
    parts = [chains(given.shops), branches(given.shops), moving(max(1, given.shops // 2), given.asked), whole_plans()]
    for part in parts if given.without_desk else [*parts, desk()]:
        for figure in part:
            lines.append(figure.row())
            print(lines[-1], flush=True)
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{taken(given)}\n\n" + "\n".join(lines) + f"\n{END}{rest.split(END)[1]}",
                    encoding="utf-8")


def taken(given) -> str:
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `make bench-promise SHOPS={given.shops}`: "
        f"{os.cpu_count()} processors, load {os.getloadavg()[1]:.1f} in the last 5 minutes, "
        f"Python {platform.python_version()}; milliseconds of one processor."
    )


if __name__ == "__main__":
    main()
