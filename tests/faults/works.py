"""The clock as processes on a database, a Redis and a mail server of its own, and the counting of what came of it."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg2

from tests.faults.house import Post
from tests.servers import wait_until

ROOT = Path(__file__).resolve().parents[2]
WORKER = ("celery", "--app", "config", "worker", "--pool", "threads", "--concurrency", "1", "--without-gossip",
          "--without-mingle")  # fmt: skip
BEAT = ("celery", "--app", "config", "beat")
CLOCK = ("manage", "run_sla")
LIVING = "next_fire_at IS NOT NULL"


class Works:
    """`redis`: None leaves the broker in folders."""

    def __init__(self, folder: Path, url: str, redis=None):
        self.folder, self.url, self.redis = folder, url, redis
        self.post, self.running, self.kills = Post(), {}, 0
        for name in ("static", "broker", "broker-control"):
            (folder / name).mkdir()
        environ = {
            "DATABASE_URL": url, "EMAIL_URL": self.post.url, "VAR_DIR": str(folder), "LOG_LEVEL": "INFO",
            "SECRET_KEY": "only-for-the-trials", "PYTHONWARNINGS": "ignore", "REQUIRE_SECOND_FACTOR": "0",
        }  # fmt: skip
        if redis:
            environ["BROKER_URL"] = redis.url
        with (folder / "nursery.log").open("a") as log:
            self.nursery = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.nursery"], cwd=ROOT, env=os.environ | environ, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        assert self.nursery.stdout.readline() == "ready\n", (folder / "nursery.log").read_text()

    @property
    def is_postgres(self) -> bool:
        return self.url.startswith("postgres")

    @property
    def name(self) -> str:
        return "PostgreSQL" if self.is_postgres else "SQLite"

    # Processes

    def start(self, name, *command, trap=None, skew=0) -> None:
        if trap:
            self.log(name).unlink(missing_ok=True)
        order = {"command": command, "log": str(self.log(name)), "trap": trap, "skew": skew}
        self.nursery.stdin.write(json.dumps(order) + "\n")
        self.nursery.stdin.flush()
        self.running[name] = int(self.nursery.stdout.readline())

    def log(self, name) -> Path:
        return self.folder / f"{name}.log"

    def call(self, function, *arguments) -> str:
        """One of tests.faults.seed's, in a process of its own, to its end; what it printed."""
        self.log("call").unlink(missing_ok=True)
        self.start("call", f"tests.faults.seed.{function}", *arguments)
        self.ended("call", seconds=300)
        said = self.said("call")
        assert "Traceback" not in said, said
        return said

    def is_alive(self, name) -> bool:
        try:
            os.kill(self.running[name], 0)
        except ProcessLookupError:
            return False
        return True

    def ended(self, name, seconds=60) -> None:
        wait_until(lambda: not self.is_alive(name), seconds=seconds)
        self.running.pop(name)

    def signal(self, name, number) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.running[name], number)

    def kill(self, name) -> None:
        self.signal(name, signal.SIGKILL)
        self.ended(name)
        self.kills += 1

    def stop(self, *names) -> None:
        """Told to end; each finishes what it has in hand."""
        names = names or tuple(self.running)
        for name in names:
            self.signal(name, signal.SIGCONT)
            self.signal(name, signal.SIGTERM)
        for name in names:
            self.ended(name, seconds=90)

    def trapped(self, name, seconds=60) -> None:
        wait_until(lambda: "trapped " in self.said(name), seconds=seconds)

    def said(self, name) -> str:
        return self.log(name).read_text() if self.log(name).exists() else ""

    def kill_all(self) -> None:
        for name in list(self.running):
            self.signal(name, signal.SIGKILL)
            self.ended(name)

    def remove(self) -> None:
        self.kill_all()
        self.nursery.stdin.close()
        self.nursery.wait(30)
        self.nursery.stdout.close()
        self.post.stop()

    # The database, asked from outside

    def connect(self):
        if self.is_postgres:
            return psycopg2.connect(self.url.partition("?")[0])
        return sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=60)

    def sql(self, statement, *values):
        values = [value if self.is_postgres or not isinstance(value, datetime) else stored(value) for value in values]
        with closing(self.connect()) as connection, connection, closing(connection.cursor()) as cursor:
            cursor.execute(statement if self.is_postgres else statement.replace("%s", "?"), values)
            return cursor.fetchall() if cursor.description else None

    def one(self, statement, *values):
        return self.sql(statement, *values)[0][0]

    def moment(self, value) -> datetime:
        return value if self.is_postgres else datetime.fromisoformat(value).replace(tzinfo=UTC)

    # Work

    def items(self, trial, number, *, first=None, seconds=0, to_a_source=1) -> None:
        self.call("items", trial, number, (first or now()).isoformat(), seconds, to_a_source)

    def due(self, trial) -> int:
        return self.one(f"SELECT count(*) FROM sla_workitem WHERE url LIKE %s AND {LIVING} AND next_fire_at <= %s",
                        f"/paper/{trial}/%", now())  # fmt: skip

    def unsent(self, trial) -> int:
        return self.one("SELECT count(*) FROM notifications_outbox WHERE url LIKE %s AND next_try_at IS NOT NULL",
                        f"/paper/{trial}/%")  # fmt: skip

    def hasten(self, trial, *states) -> None:
        """The leases ran out, or the minutes until the next try have passed."""
        for state in states or ("leased",):
            self.sql("UPDATE notifications_outbox SET next_try_at = %s WHERE url LIKE %s AND state = %s",
                     now(), f"/paper/{trial}/%", state)  # fmt: skip

    def swept(self, trial, seconds=60) -> float:
        """Wait until nothing is due; after how many seconds that was."""
        start = time.monotonic()
        wait_until(lambda: not self.due(trial), seconds=seconds)
        return time.monotonic() - start

    def rest(self, trial, seconds=60) -> None:
        """Wait until nothing is due and no letter is on its way."""
        wait_until(lambda: not self.due(trial) and not self.unsent(trial), seconds=seconds)

    def kill_at_random(self, crew: dict, kills: int, every: float, chance=None) -> None:
        """kill -9 one of the crew after a random pause, start it anew, and so on."""
        chance = chance or random.Random()
        for _number in range(kills):
            time.sleep(chance.uniform(0, 2 * every))
            name = chance.choice(sorted(crew))
            self.kill(name)
            self.start(name, *crew[name])


def now() -> datetime:
    return datetime.now(UTC)


def stored(moment: datetime) -> str:
    """As Django writes it into SQLite."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


# Counting


@dataclass
class Tally:
    items: int = 0
    records: int = 0
    escalations_lost: int = 0
    escalations_doubled: int = 0
    letters: int = 0
    letters_lost: int = 0
    letters_doubled: int = 0
    kills: int = 0
    lateness: list = field(default_factory=list)  # seconds from the planned moment to the sweep that dealt with it
    delivery: list = field(default_factory=list)  # seconds from the planned moment to the mail server

    @property
    def faults(self) -> tuple:
        return (self.escalations_lost, self.escalations_doubled, self.letters_lost)

    def __add__(self, other):
        return Tally(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


def count(works: Works, trial: str, kills: int = 0, per_person=False) -> Tally:
    """From the tables and from what the mail server took. `per_person`: one letter for a person and a source."""
    pattern, at = f"/paper/{trial}/%", now()
    items = works.sql(
        "SELECT id, url, policy_version_id, budget_seconds, consumed_seconds, running_since FROM sla_workitem"
        " WHERE url LIKE %s", pattern,
    )  # fmt: skip
    rows = works.sql(
        "SELECT e.item_id, e.level, e.repeat, e.outcome, e.planned_at, e.fired_at, e.recipients, i.url"
        " FROM sla_escalation e JOIN sla_workitem i ON i.id = e.item_id WHERE i.url LIKE %s", pattern,
    )  # fmt: skip
    tally = Tally(items=len(items), records=len(rows), kills=kills)
    places = Counter((row[0], row[1], row[2]) for row in rows)
    ladders = {key: steps(works, key) for key in {item[2] for item in items}}
    expected = {(item[0], *place) for item in items for place in places_due(ladders[item[2]], item, at, works)}
    tally.escalations_lost = len(expected - places.keys())
    tally.escalations_doubled = sum(places.values()) - len(places)
    count_letters(works, tally, rows, pattern, per_person)
    fired = [row for row in rows if row[3] == "fired"]
    tally.lateness = [(works.moment(row[5]) - works.moment(row[4])).total_seconds() for row in fired]
    return tally


def count_letters(works, tally, rows, pattern, per_person) -> None:
    """Each person told must have a letter, each letter one delivery; a second letter is a doubled escalation."""
    told = Counter()
    for *_rest, outcome, _planned, _fired, people, url in rows:
        if outcome == "fired":
            people = people if isinstance(people, list) else json.loads(people)
            told.update((url, person["id"]) for person in people)
            assert people, f"nobody was told of {url}"
    if per_person:
        told = Counter(set(told))
    letters = works.sql(
        "SELECT url, recipient_id, message_id, created_at FROM notifications_outbox WHERE url LIKE %s"
        " AND state <> 'void' AND channel = 'email'", pattern,
    )  # fmt: skip
    written = Counter((url, person) for url, person, *_rest in letters)
    taken = Counter(map(hexed, works.post.taken))
    found = [taken[hexed(letter[2])] for letter in letters]
    tally.letters = sum(found)
    tally.letters_lost = sum((told - written).values()) + found.count(0)
    tally.letters_doubled = sum(number - 1 for number in found if number > 1)
    tally.escalations_doubled += sum((written - told).values())
    planned = {row[7]: works.moment(row[4]) for row in rows if row[3] == "fired"}
    tally.delivery = [(works.post.moments[hexed(letter[2])] - planned[letter[0]]).total_seconds()
                      for letter in letters if letter[0] in planned and taken[hexed(letter[2])]]


def hexed(message_id) -> str:
    return str(message_id).replace("-", "")


def steps(works, version) -> list[tuple]:
    return works.sql("SELECT level, at_percent, minutes_past_due, repeat_every_minutes, repeat_at_most"
                     " FROM sla_escalationstep WHERE version_id = %s ORDER BY level", version)  # fmt: skip


def places_due(steps, item, at, works) -> list[tuple]:
    """The levels and repeats whose moment has passed, worked out anew; these clocks run day and night."""
    _key, _url, _version, budget, consumed, since = item
    used = consumed + (at - works.moment(since)).total_seconds()
    starts = [budget * percent / 100 if percent is not None else budget + 60 * minutes
              for _level, percent, minutes, *_rest in steps]  # fmt: skip
    found = []
    for (level, *_rest, every, most), start, stop in zip(steps, starts, [*starts[1:], float("inf")], strict=True):
        again = [(repeat, start + 60 * every * repeat) for repeat in range(1, most + 1)]
        calls = [(0, start), *((repeat, threshold) for repeat, threshold in again if threshold < stop)]
        found += [(level, repeat) for repeat, threshold in calls if threshold <= used]
    return found


def percentile(values, share) -> float:
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0
