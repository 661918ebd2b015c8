"""One measurement of everything at one size."""

import statistics
import time
from dataclasses import dataclass

from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from bench import work
from bench.floor.models import Note
from bench.server import Cost, Gunicorn
from config.demo import company, people
from coordination.board import computed
from kpi.actions import compute
from kpi.models import ScoreCase
from kpi.months import Month
from kpi.weeks import Week
from sla.actions import sweep
from sla.models import WorkItem


@dataclass
class Result:
    orders: int
    counts: dict[str, work.Counts]
    costs: dict[str, Cost]  # over the wire
    idle_sweep_ms: float = 0
    escalated: int = 0
    escalate_seconds: float = 0
    wall_ms: float = 0
    month_cases: int = 0
    month_seconds: float = 0


def prepare(*, is_loaded: bool) -> None:
    call_command("migrate", verbosity=0)
    if Note._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Note)
    call_command("compile_languages", verbosity=0)
    if is_loaded:
        return
    call_command("seed_defaults")
    people.seed()
    company.seed()


def load(orders: int) -> None:
    call_command("seed_load", orders=orders, yes_add=True)


def client_of(user) -> Client:
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(user, backend="people.backends.PersonBackend")
    return client


def cookie_of(user) -> str:
    return client_of(user).cookies["sessionid"].value


def measure(orders: int, requests: int, due: int, say) -> Result:
    say("statements and commits")
    found = Result(orders, work.counts(client_of), {})
    say("requests through gunicorn, 2 sync workers")
    server = Gunicorn()
    try:
        found.costs = over_the_wire(server, requests)
    finally:
        server.stop()
    say("the clock")
    drain()
    found.idle_sweep_ms = idle_sweep(requests)
    work.due_items(due)
    started = time.perf_counter()
    found.escalated = drain()
    found.escalate_seconds = time.perf_counter() - started
    WorkItem.objects.living().filter(source__startswith="bench:").update(next_fire_at=None)
    found.wall_ms = wall(requests)
    found.month_cases, found.month_seconds = last_month()
    return found


def wall(times) -> float:
    """The board of this week's meeting, computed from the records as before the start; the middle one of so many."""
    took = []
    for _number in range(times):
        started = time.perf_counter()
        computed(Week.now(), timezone.now())
        took.append(time.perf_counter() - started)
    return statistics.median(took) * 1000


def last_month() -> tuple[int, float]:
    """How many cases the scores of the month that ended have, and how long they take; nothing of it is kept."""
    with transaction.atomic():
        started = time.perf_counter()
        run = compute(month=(Month.now() - 1).first)
        seconds = time.perf_counter() - started
        cases = ScoreCase.objects.filter(part__score__run=run).count()
        transaction.set_rollback(True)
    return cases, seconds


def over_the_wire(server, requests) -> dict[str, Cost]:
    by, manager = work.sales(), cookie_of(work.manager())
    pages = {"floor insert": "/floor/insert", "floor list": "/floor/list"} | work.pages()
    for url in pages.values():
        server.cost([url] * 4, manager)  # both workers have read what they read once
    costs = {name: server.cost([url] * requests, manager) for name, url in pages.items()}
    for name, prepare_one in (("submit", work.draft), ("confirm", work.confirmed_by_customer)):
        urls = [f"/floor/{name}/{prepare_one(by).pk}" for _number in range(requests)]
        costs[name] = server.cost(urls, cookie_of(by))
    return costs


def drain() -> int:
    """Sweep until nothing is due; how many were told."""
    told = 0
    while (swept := sweep()).fired:
        told += swept.fired
    return told


def idle_sweep(times) -> float:
    """The look alone: what a sweep costs when nothing is due."""
    best = float("inf")
    for _number in range(times):
        started = time.perf_counter()
        sweep()
        best = min(best, time.perf_counter() - started)
    return best * 1000
