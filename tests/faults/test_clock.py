"""`make faults` in small: what is killed, cut off, stopped or poisoned loses nothing and doubles nothing."""

import shutil
import sqlite3
import subprocess
from contextlib import closing

import pytest
from django.db import connection

from tests.faults import page, trials
from tests.faults.trap import IN_HAND
from tests.faults.works import Tally, Works
from tests.servers import Postgres, Redis, postgres_binary

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture(scope="module")
def servers():
    """A PostgreSQL of its own, which may be cut off, and a Redis; on SQLite neither."""
    if connection.vendor == "sqlite":
        yield None, None
        return
    postgres, redis = Postgres().create(), Redis().start() if shutil.which("redis-server") else None
    yield postgres, redis
    if redis:
        redis.remove()
    postgres.remove()


@pytest.fixture(scope="module")
def works(servers, tmp_path_factory, django_db_setup, django_db_blocker):
    folder, (postgres, redis) = tmp_path_factory.mktemp("works"), servers
    with django_db_blocker.unblock():
        url = copy(connection.settings_dict, postgres, folder)
    built = Works(folder, url, redis)
    try:
        built.call("company")
        yield built
    finally:
        built.remove()


def copy(run, postgres, folder) -> str:
    """The tables and guards of the run's own database."""
    if postgres is None:
        target = folder / "desk.sqlite3"
        with closing(sqlite3.connect(run["NAME"])) as here, closing(sqlite3.connect(target)) as there:
            here.backup(there)
        return f"sqlite:///{target}"
    url = f"postgres://{run['USER']}@{run['HOST']}:{run['PORT']}/{run['NAME']}"
    dump = subprocess.run([postgres_binary("pg_dump"), "--no-owner", url], capture_output=True, check=True)
    subprocess.run([postgres_binary("psql"), "--quiet", postgres.url], input=dump.stdout, check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    return postgres.url


@pytest.mark.clause("3.1.1", "1.3.1")
def test_killed_at_random(works):
    outcome = trials.f1(works, items=60, kills=10, every=0.4, is_patient=False)
    assert outcome.missed == []
    assert (outcome.tally.items, outcome.tally.records, outcome.tally.kills) == (60, 180, 10)


def test_killed_at_each_point(works):
    outcome = trials.f2(works)
    assert outcome.missed == []
    assert outcome.tally.letters_doubled == len(IN_HAND), "the letter in the hand of who was killed, and no other"


def test_seventy_two_hours_without_a_clock(works):
    outcome = trials.f8(works, orders=12, to_an_order=3)
    assert outcome.missed == []
    assert outcome.tally.letters < outcome.tally.items < outcome.tally.records


@pytest.mark.postgres
def test_two_of_everything(works):
    assert trials.f3(works, items=40).missed == []


@pytest.mark.postgres
def test_connections_cut_and_the_database_ended(works, servers):
    outcome = trials.f5(works, servers[0], items=40, times=2)
    assert outcome.missed == []


@pytest.mark.postgres
def test_a_poisoned_item(works):
    assert trials.f9(works, items=10).missed == []


@pytest.mark.postgres
def test_workers_that_live_and_do_nothing(works):
    assert works.call("patience").strip() == "1min"
    for outcome in trials.f10(works, items=4, patience=0):
        assert outcome.missed == []


@pytest.mark.postgres
def test_a_limit_edited_while_it_fires(works):
    outcome = trials.f11(works, items=30, edits=4)
    assert outcome.missed == []
    assert outcome.tally.letters


@pytest.mark.once
def test_figures_stand_between_the_markers():
    tally = Tally(items=6000, letters=6002, letters_doubled=2, kills=50, lateness=[1.0, 2.0], delivery=[3.0])
    killed = trials.Outcome("F1", "kill -9", tally, doubled_at_most=50)
    lost = trials.Outcome("F3", "two of everything", Tally(items=4, escalations_lost=1))
    assert (killed.missed, lost.missed) == ([], ["1 escalations lost"])
    proved = {"F14 a double click": (("tests/x.py::test_y",), True)}
    compared = {"early": (6000, 50, dict.fromkeys(range(4), 1234))}
    drawn = page.drawn("make faults", "PostgreSQL 15", {"SQLite": [killed, lost]}, {"SQLite": killed}, compared, proved,
                       idle=(1_000_000, 0.05))  # fmt: skip
    text = page.written(f"before {page.BEGIN} old {page.END} after", drawn)
    assert text.startswith("before") and text.endswith("after") and " old " not in text
    assert "| SQLite | 6,000 | 50 | 0 | 0 | 6,002 | 0 | 2 | 3.0 | 3.0 |" in text
    assert "| Celery tasks with an ETA, as they come | 6,000 | 50 | 1,234 |" in text
    assert "no: 1 escalations lost" in text and "0.050 ms" in text
