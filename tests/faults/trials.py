"""The faults F1 to F11, one after another on the same works. Each gives its tally and what it missed."""

import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from tests.faults.trap import IN_HAND, POINTS
from tests.faults.works import BEAT, CLOCK, WORKER, Tally, Works, count, now
from tests.servers import wait_until

SOON_SECONDS = 15  # after a worker is there, everything due has fired


@dataclass
class Outcome:
    fault: str
    what: str
    tally: Tally
    doubled_at_most: int = 0
    missed: list = field(default_factory=list)
    note: str = ""

    def __post_init__(self):
        names = ("escalations lost", "escalations doubled", "letters lost")
        self.missed += [f"{number} {name}" for number, name in zip(self.tally.faults, names, strict=True) if number]
        if self.tally.letters_doubled > self.doubled_at_most:
            self.missed.append(f"{self.tally.letters_doubled} letters doubled, more than {self.doubled_at_most}")

    def within(self, what: str, seconds: float, bar: float = SOON_SECONDS) -> "Outcome":
        self.note += f"{'; ' if self.note else ''}{what} after {seconds:.1f} s"
        if seconds > bar:
            self.missed.append(f"{what} after {seconds:.1f} s")
        return self


def crew(clocks=2, workers=2, beats=2) -> dict:
    found = {f"clock{number}": CLOCK for number in range(clocks)}
    found |= {f"worker{number}": (*WORKER, "--hostname", f"worker{number}@desk") for number in range(workers)}
    return found | {f"beat{number}": BEAT for number in range(beats)}


@contextmanager
def at_work(works: Works, people: dict):
    for name, command in people.items():
        works.start(name, *command)
    yield
    works.stop(*people)


def f1(works, *, items=6000, kills=50, every=1.3, seconds=None, is_patient=True) -> Outcome:
    """`is_patient`: leases of the killed run out by themselves."""
    works.items("f1", items, seconds=seconds or 0.8 * kills * every)
    people = crew()
    with at_work(works, people):
        works.kill_at_random(people, kills, every)
        if not is_patient:
            works.swept("f1", seconds=300)
            works.hasten("f1")
        works.rest("f1", seconds=600)
    return Outcome("F1", f"{kills} kill -9 at random among two clocks, two Celery workers and two beats",
                   count(works, "f1", kills), doubled_at_most=kills)  # fmt: skip


def f2(works, *, items=6) -> Outcome:
    """The same items all along: what dies before its commit has done nothing, what dies after it is sent by others."""
    works.items("f2", items)
    for point in POINTS:
        name = f"trap-{point.replace(' ', '-')}"
        works.start(name, *CLOCK, trap=(point, signal.SIGKILL))
        works.trapped(name)
        works.ended(name)
        works.hasten("f2")
    with at_work(works, crew(1, 0, 0)):
        works.rest("f2")
    return Outcome("F2", f"kill -9 at {len(POINTS)} points: {', '.join(POINTS)}",
                   count(works, "f2", len(POINTS)), doubled_at_most=len(IN_HAND))  # fmt: skip


def f3(works, *, items=600) -> Outcome:
    with at_work(works, crew()):
        works.items("f3", items, seconds=10)
        time.sleep(10)  # between two moments nothing is due, and yet there is more to come
        works.rest("f3", seconds=120)
    return Outcome("F3", "two beats, two workers and two clocks at once, nobody killed", count(works, "f3"))


def f4(works, *, items=100, web=None) -> list[Outcome]:
    """Redis goes under the feet of a worker and a beat. `web` tries to write through a page meanwhile."""
    people = crew(0, 1, 1)
    faults = {
        "stopped": (works.redis.stop, works.redis.start),
        "frozen": (works.redis.freeze, works.redis.thaw),
        "flushed": (works.redis.flush, None),
    }
    found = []
    for name, (begin, end) in faults.items():
        trial = f"f4-{name}"
        outcome = Outcome("F4", f"Redis {name}", Tally())
        with at_work(works, people):
            works.items(trial, 1)
            works.swept(trial)  # the worker is at work
            begin()
            try:
                works.items(trial, items)
                if web:
                    outcome.within("a page wrote", web(), bar=5)
                if end:
                    with at_work(works, crew(1, 0, 0)):
                        outcome.within("with a clock all had fired", works.swept(trial))
                    works.items(trial, items)
            finally:
                if end:
                    end()
            outcome.within("by the worker all had fired", works.swept(trial, seconds=120), bar=45)
            works.rest(trial, seconds=120)
        outcome.tally = count(works, trial)
        outcome.__post_init__()
        found.append(outcome)
    return found


def f5(works, server=None, *, items=200, times=4) -> Outcome:
    """Connections cut in mid-sweep, and with `server` PostgreSQL itself ended at once and started."""
    people = crew(2, 0, 0)
    works.items("f5", items, seconds=times)
    with at_work(works, people):
        for _number in range(times):
            time.sleep(1)
            works.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                      " AND backend_type = 'client backend'")  # fmt: skip
        if server:
            time.sleep(1)
            server.stop("immediate")
            time.sleep(2)
            server.start()
        works.swept("f5")
        works.hasten("f5")
        works.rest("f5", seconds=120)
    cuts = times + bool(server)
    what = f"connections cut {times} times" + (", PostgreSQL ended at once and started" if server else "")
    return Outcome("F5", what, count(works, "f5"), doubled_at_most=cuts * len(people))


def f6(works) -> list[Outcome]:
    post, found = works.post, []
    ways = (
        ("refuses the connection", post.close, post.open, 3),
        ("hangs in the middle of a letter", post.hang, post.go_on, 1),
        ("answers 451 to the letter", lambda: post.say(data="451 later"), post.say, 3),
        ("answers 554 to the letter", lambda: post.say(data="554 no"), post.say, 3),
        ("answers 450 to the address", lambda: post.say(address="450 later"), post.say, 3),
    )
    with at_work(works, crew(1, 0, 0)):
        for number, (what, begin, end, items) in enumerate(ways):
            trial = f"f6-{number}"
            begin()
            works.items(trial, items)
            works.swept(trial)
            wait_until(lambda trial=trial: not having(works, trial, "error = ''"), seconds=60)
            end()
            works.hasten(trial, "waiting")
            works.rest(trial)
            hands = int("hangs" in what)  # taken by the server after nobody listened any more
            found.append(Outcome("F6", f"the mail server {what}, then works", count(works, trial),
                                 doubled_at_most=hands * items))  # fmt: skip
        found.append(f6_dead(works))
    return found


def having(works, trial, condition) -> int:
    return works.one(f"SELECT count(*) FROM notifications_outbox WHERE url LIKE %s AND {condition}",
                     f"/paper/{trial}/%")  # fmt: skip


def f6_dead(works) -> Outcome:
    """An address that does not exist: given up at once, and told in the desk."""
    works.post.say(address="550 nobody")
    works.items("f6-dead", 3)
    works.rest("f6-dead")
    works.post.say()
    inbox = works.one("SELECT count(*) FROM notifications_notification WHERE url LIKE %s", "/paper/f6-dead/%")
    dead = having(works, "f6-dead", "state = 'dead'")
    tally = count(works, "f6-dead")
    tally.letters_lost -= min(dead, inbox)
    return Outcome("F6", "the mail server answers 550 to the address", tally, note=f"{dead} given up, told in the desk")


def f7(works, *, items=60) -> Outcome:
    """Three clocks, of which one is an hour ahead and one an hour behind."""
    works.items("f7", items, first=now() - timedelta(minutes=90), seconds=2 * 5400)
    works.start("ahead", *CLOCK, skew=3600)
    works.start("behind", *CLOCK, skew=-3600)
    works.start("right", *CLOCK)
    works.swept("f7")
    time.sleep(6)
    works.stop("ahead", "behind")
    works.hasten("f7", "waiting", "leased")  # the hour has passed
    works.rest("f7")
    works.stop("right")
    return Outcome("F7", "a clock an hour ahead and one an hour behind beside a right one", count(works, "f7"))


def f8(works, *, orders=60, to_an_order=5) -> Outcome:
    """Nobody swept for 72 hours; the first to come back is killed."""
    works.items("f8", orders * to_an_order, first=now() - timedelta(hours=72), seconds=71.9 * 3600,
                to_a_source=to_an_order)  # fmt: skip
    works.call("outage", 72)
    works.start("first", *CLOCK, trap=("before commit", signal.SIGKILL))
    works.trapped("first")
    works.ended("first")
    with at_work(works, crew(2, 0, 0)):
        works.rest("f8", seconds=120)
    return Outcome("F8", f"72 h outage, {to_an_order} items of each of {orders} orders, at most one letter for a person"
                   " and an order", count(works, "f8", 1, per_person=True))  # fmt: skip


def f9(works, *, items=30) -> Outcome:
    """The others of its batch go on; it is shown, and fires when it is mended."""
    works.items("f9", items)
    works.call("poison", "f9", items // 2)
    with at_work(works, crew(1, 0, 0)):
        works.rest("f9")
        before = count(works, "f9")
        fault = works.one("SELECT fault FROM sla_workitem WHERE url = %s", f"/paper/f9/{items // 2}/")
        works.call("mend", "f9", items // 2)
        works.rest("f9")
    found = Outcome("F9", "one item of a batch is poisoned, shown, and mended", count(works, "f9"), note=fault[:40])
    if not fault or before.letters != items - 1:
        found.missed.append(f"{before.letters} letters beside the poisoned item, which is shown as “{fault}”")
    return found


def f10(works, *, items=20, patience=60) -> list[Outcome]:
    """Workers that live and do nothing: one holds rows in a transaction, one a letter.

    `patience`: for how long PostgreSQL lets a transaction stand still; 0 does not wait for that and kills.
    """
    works.items("f10-rows", items)
    works.start("stuck", *CLOCK, trap=("after claim", signal.SIGSTOP))
    works.trapped("stuck")
    works.items("f10-free", items)
    with at_work(works, crew(1, 0, 0)):
        free = works.swept("f10-free")
        assert works.due("f10-rows") == items, "the stopped one holds them"
        if not patience:
            works.kill("stuck")
        held = works.swept("f10-rows", seconds=patience + 60)
        if patience:
            works.signal("stuck", signal.SIGCONT)  # it finds its connection gone
            works.stop("stuck")
        works.rest("f10-rows")
        works.rest("f10-free")
    rows = Outcome("F10", "a worker stopped in a transaction with rows claimed",
                   count(works, "f10-rows") + count(works, "f10-free"))  # fmt: skip
    rows.within("others fired what it did not hold", free)
    rows.within("and what it held", held, bar=patience + SOON_SECONDS)
    works.items("f10-letters", items)
    works.start("stuck", *CLOCK, trap=("after letter", signal.SIGSTOP))
    works.trapped("stuck")
    works.hasten("f10-letters")
    with at_work(works, crew(1, 0, 0)):
        works.rest("f10-letters", seconds=patience + 60)
        works.signal("stuck", signal.SIGCONT)
    works.stop("stuck")
    return [rows, Outcome("F10", "a worker stopped with a letter in hand, going on when others have sent it",
                          count(works, "f10-letters"), doubled_at_most=1)]  # fmt: skip


def f11(works, *, items=60, edits=12) -> Outcome:
    works.call("limited", "f11", items)
    sweepers = dict.fromkeys(("sweeper0", "sweeper1"), ("tests.faults.seed.sweep_all_the_time",))
    with at_work(works, sweepers):
        works.call("edit_limit", edits)
        works.swept("f11")
    with at_work(works, crew(1, 0, 0)):
        works.rest("f11")
    repaired = int(works.call("reconciled").split()[-1])
    found = Outcome("F11", f"a limit edited {edits} times, also for what runs, while two sweep without a pause",
                    count(works, "f11"), note=f"{repaired} to repair afterwards")  # fmt: skip
    if repaired:
        found.missed.append(f"{repaired} to repair afterwards")
    return found


def quiet(works, *, items=600, seconds=60) -> Outcome:
    """One clock, nobody killed: how late?"""
    works.items("quiet", items, first=now() + timedelta(seconds=6), seconds=seconds)
    with at_work(works, crew(1, 0, 0)):
        time.sleep(seconds + 6)
        works.rest("quiet", seconds=120)
    return Outcome("–", f"one clock, items due over {seconds} s", count(works, "quiet"))
