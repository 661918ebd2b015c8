"""`make faults`: kills, cuts and stops on PostgreSQL and on SQLite, and the same work done in other ways beside it.

Ends with 1 where a bar is missed. The figures go into docs/reliability.md.
"""

import argparse
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

import celery
import redis

from tests.faults import naive, page, trials
from tests.faults.house import ask, new_order
from tests.faults.works import ROOT, Tally, Works, percentile
from tests.servers import Postgres, Redis, free_port, missing, wait_until

START = time.monotonic()
# Proved where the acts are: in the tests of the pages and of the actions.
TESTS = {
    "F12 two approvers at the same moment": (
        "tests/orders/test_races.py::test_two_approvals_at_once_move_once",
        "tests/finance/test_actions.py::test_second_decision_at_once_is_refused",
    ),
    "F13 a stale form: 409, the text kept": (
        "tests/orders/test_views_form.py::test_stale_form_is_refused_and_keeps_the_text",
        "tests/orders/test_races.py::test_stale_version_is_refused_with_who_was_faster",
    ),
    "F14 a double click: one row": (
        "tests/records/test_acts.py::test_two_presses_at_once_act_once",
        "tests/orders/test_views_form.py::test_double_click_enters_one_order",
    ),
    "F15 a delegation ends between page and submit": (
        "tests/orders/test_delegation.py::test_a_delegate_decides_in_the_place_of_who_is_away",
    ),
}  # fmt: skip


def say(text) -> None:
    print(f"{time.monotonic() - START:7.1f} s  {text}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=6000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--living", type=int, default=0, help="living items for the idle look, 1000000 is the bar")
    parser.add_argument("--no-page", action="store_true", help="leave docs/reliability.md as it is")
    given = parser.parse_args()
    if lacking := {name: why for name, why in missing().items() if name in ("PostgreSQL", "Redis")}:
        print(f"cannot run without {lacking}", file=sys.stderr)
        return 1
    with ExitStack() as stack:
        return run(given, stack)


def run(given, stack) -> int:
    folder = Path(tempfile.mkdtemp(prefix="desk-faults-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    say("a PostgreSQL and a Redis for the desk, and for the others")
    postgres, others = (served(stack, Postgres(fsync=True).create()) for _each in range(2))
    redis_server, redis_of_others = (served(stack, Redis().start()) for _each in range(2))
    ours = [
        works(stack, folder / "postgresql", postgres.url, redis_server),
        works(stack, folder / "sqlite", f"sqlite:///{folder / 'sqlite' / 'desk.sqlite3'}", None),
    ]
    naively = works(stack, folder / "others", others.url, redis_of_others)
    versions = f"PostgreSQL {ours[0].one('SHOW server_version').split()[0]}, SQLite {sqlite3.sqlite_version}"
    versions += f", Redis {redis_version(redis_server)}, Celery {celery.__version__}"
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(found, ours))
        say("lateness while nothing is killed")
        quiet = dict(zip((one.name for one in ours), pool.map(lambda one: lateness(one, given), ours), strict=True))
        on_postgres = pool.submit(on_postgresql, ours[0], given, postgres)
        in_a_file = pool.submit(on_sqlite, ours[1], given)
        of_others = pool.submit(on_others, naively, given)
        outcomes = {ours[0].name: on_postgres.result(), ours[1].name: in_a_file.result()}
        compared = of_others.result()
    idle = look(ours[0], given.living) if given.living else None
    proved = proofs()
    text = page.drawn(command(given), versions, outcomes, quiet, compared, proved, idle)
    print(f"\n{text}\n", flush=True)
    if not given.no_page:
        page.PAGE.write_text(page.written(page.PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")
    return 1 if missed([*quiet.values(), *chain(*outcomes.values())], proved, idle) else 0


def command(given) -> str:
    options = {"ITEMS": (given.items, 6000), "KILLS": (given.kills, 50), "LIVING": (given.living, 0)}
    return " ".join(["make faults", *(f"{name}={value}" for name, (value, usual) in options.items() if value != usual)])


def served(stack, server):
    stack.callback(server.remove)
    return server


def works(stack, folder, url, redis_server) -> Works:
    folder.mkdir()
    built = Works(folder, url, redis_server)
    stack.callback(built.remove)
    return built


def redis_version(server) -> str:
    with redis.Redis(port=server.port) as client:
        return client.info("server")["redis_version"]


def found(one: Works) -> None:
    """Tables as a server gets them, and the company."""
    one.start("migrate", "manage", "migrate", "--verbosity", "0")
    one.ended("migrate", seconds=300)
    one.call("company")
    say(f"{one.name}: tables, guards and people are there")


def lateness(one, given):
    outcome = trials.quiet(one, items=min(600, given.items))
    p99 = percentile(outcome.tally.lateness, 0.99)
    if p99 > page.P99_SECONDS:
        outcome.missed.append(f"p99 {p99:.1f} s")
    told(one, outcome)
    return outcome


def on_postgresql(one, given, server) -> list:
    web = Web(one)
    return [
        *tried(one, trials.f1, items=given.items, kills=given.kills),
        *tried(one, trials.f2), *tried(one, trials.f3, items=min(600, given.items)),
        *tried(one, trials.f4, web=web.writes), *tried(one, trials.f5, server=server), *tried(one, trials.f6),
        *tried(one, trials.f7), *tried(one, trials.f8), *tried(one, trials.f9), *tried(one, trials.f10),
        *tried(one, trials.f11),
    ]  # fmt: skip


def on_sqlite(one, given) -> list:
    return [
        *tried(one, trials.f1, items=given.items, kills=given.kills),
        *tried(one, trials.f2), *tried(one, trials.f3, items=min(600, given.items)), *tried(one, trials.f6),
        *tried(one, trials.f7), *tried(one, trials.f8), *tried(one, trials.f9), *tried(one, trials.f11),
    ]  # fmt: skip


def on_others(others, given) -> dict:
    others.sql(naive.TABLES)
    compared = {}
    for way in naive.WAYS:
        counts = naive.compare(others, way, given.items, given.kills, 1.3)
        say(f"{naive.WAYS[way]}: {counts}")
        compared[way] = (given.items, given.kills, counts)
    return compared


def tried(one, trial, **options) -> list:
    """What does not come to rest is a fault too, and the next trial starts without it."""
    try:
        outcomes = trial(one, **options)
    except Exception as problem:
        traceback.print_exc()
        one.kill_all()
        outcomes = trials.Outcome(trial.__name__.upper(), "did not go through", Tally(), missed=[repr(problem)[:80]])
    outcomes = outcomes if isinstance(outcomes, list) else [outcomes]
    for outcome in outcomes:
        told(one, outcome)
    return outcomes


def told(one, outcome) -> None:
    t = outcome.tally
    say(f"{one.name} {outcome.fault} {outcome.what}: {t.items} items, {t.kills} kills, escalations {t.escalations_lost}"
        f" lost {t.escalations_doubled} doubled, letters {t.letters_lost} lost {t.letters_doubled} doubled"
        f" {'– MISSED: ' + ', '.join(outcome.missed) if outcome.missed else '– held'} {outcome.note}")  # fmt: skip


def look(one, living) -> tuple[int, float]:
    say(f"{living:,} living items")
    one.call("living", living)
    return living, min(float(line) for line in one.call("look").split())


def proofs() -> dict:
    """Name: its tests, and whether they passed."""
    say("F12 to F15")
    return {name: (tests, is_passed(tests)) for name, tests in TESTS.items()}


def is_passed(tests) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"DATABASE": "postgresql"}, stdout=subprocess.DEVNULL)
    return done.returncode == 0


def missed(outcomes, proved, idle) -> list[str]:
    lines = [f"{outcome.fault} {outcome.what}: {', '.join(outcome.missed)}" for outcome in outcomes if outcome.missed]
    lines += [f"{name}: its tests failed" for name, (_tests, is_proved) in proved.items() if not is_proved]
    if idle and idle[1] > page.IDLE_MS:
        lines.append(f"an idle look takes {idle[1]} ms")
    for line in lines:
        say(f"MISSED {line}")
    return lines


class Web:
    """A web that goes on while Redis does not."""

    def __init__(self, one):
        self.session, self.port = one.call("session", "lin").split()[-1], free_port()
        one.start("web", "gunicorn", "--config", "config/gunicorn.py", "--bind", f"127.0.0.1:{self.port}",
                  "--workers", "1", "config.wsgi")  # fmt: skip
        wait_until(self.answers, seconds=60)

    def answers(self) -> bool:
        try:
            return ask(self.port, "/livez").status == 200
        except OSError:
            return False

    def writes(self) -> float:
        """Seconds for a new order."""
        start = time.monotonic()
        answer = ask(self.port, "/orders/new/", session=self.session, data=new_order() | {"duplicate_reason": "另一批"})
        assert answer.status == 302, answer.status
        return time.monotonic() - start


if __name__ == "__main__":
    sys.exit(main())
