"""The same work as it is usually done, to be killed in the same way: what the desk's clock is compared with.

Two ways leave the moment to Celery (a task with an ETA for each item, acknowledged before or after it ran), two look
into a table (marked before the deed, or after it, and without a lock). None of this is the product's.
"""

import os
import signal
import smtplib
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg2
import redis
from celery import Celery

from tests.servers import wait_until

VISIBILITY_SECONDS = 20  # an hour where nobody sets it, for deadlines of hours and days
TABLES = """
CREATE TABLE naive_item (way text, id int, due_at timestamptz, is_done boolean DEFAULT false, PRIMARY KEY (way, id));
CREATE INDEX ON naive_item (way, due_at) WHERE NOT is_done;
CREATE TABLE naive_escalation (way text, item int, at timestamptz DEFAULT now());
"""


def celery(way, **options) -> Celery:
    app = Celery(way, broker=os.environ.get("BROKER_URL", "redis://")[:-1] + str(BROKERS[way]))
    app.conf.update(
        broker_transport_options={"visibility_timeout": VISIBILITY_SECONDS}, task_ignore_result=True,
        broker_connection_retry_on_startup=True, **options,
    )  # fmt: skip
    app.task(escalate, name="escalate")
    return app


def escalate(way, number) -> None:
    with database() as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO naive_escalation (way, item) VALUES (%s, %s)", [way, number])
    post(way, number)


def database():
    return psycopg2.connect(os.environ["DATABASE_URL"])


def post(way, number) -> None:
    server = urlsplit(os.environ["EMAIL_URL"])
    text = f"Message-ID: <{way}.{number}.{uuid4()}@naive>\nSubject: {number} is due\n\nIt is."
    with smtplib.SMTP(server.hostname, server.port) as smtp:
        smtp.sendmail("naive@localhost", ["chen@demo.example"], text)


BROKERS = {"early": 1, "late": 2}
early = celery("early")
late = celery("late", task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1)


def schedule(way, items, first, seconds) -> None:
    app, at = {"early": early, "late": late}[way], datetime.fromisoformat(first)
    for number in range(items):
        moment = at + timedelta(seconds=seconds * number / items)
        app.tasks["escalate"].apply_async((way, number), eta=moment)


def enter(way, items, first, seconds) -> None:
    with database() as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO naive_item SELECT %s, n, %s + %s * interval '1 second' * n / %s"
                       " FROM generate_series(0, %s - 1) AS n",
                       [way, datetime.fromisoformat(first), seconds, items, items])  # fmt: skip


def loop(way) -> None:
    """Look for what is due, again and again."""
    connection = database()
    connection.autocommit = True
    cursor = connection.cursor()
    while True:
        cursor.execute("SELECT id FROM naive_item WHERE way = %s AND NOT is_done AND due_at <= now()"
                       " ORDER BY due_at LIMIT 200", [way])  # fmt: skip
        found = cursor.fetchall()
        for (number,) in found:
            {"mark": mark_and_act, "act": act_and_mark}[way](cursor, number)
        if not found:
            time.sleep(0.2)


def mark_and_act(cursor, number) -> None:
    cursor.execute("UPDATE naive_item SET is_done = true WHERE way = 'mark' AND id = %s AND NOT is_done", [number])
    if cursor.rowcount:
        cursor.execute("INSERT INTO naive_escalation (way, item) VALUES ('mark', %s)", [number])
        post("mark", number)


def act_and_mark(cursor, number) -> None:
    cursor.execute("INSERT INTO naive_escalation (way, item) VALUES ('act', %s)", [number])
    post("act", number)
    cursor.execute("UPDATE naive_item SET is_done = true WHERE way = 'act' AND id = %s", [number])


def counted(works, way, items) -> dict:
    done = dict(works.sql("SELECT item, count(*) FROM naive_escalation WHERE way = %s GROUP BY item", way))
    letters = Counter(int(name.split(".")[1]) for name in works.post.taken if name.startswith(f"{way}."))
    return {
        "escalations lost": items - len(done), "escalations doubled": sum(done.values()) - len(done),
        "letters lost": items - len(letters), "letters doubled": sum(letters.values()) - len(letters),
    }  # fmt: skip


WAYS = {  # way: what it is called
    "early": "Celery tasks with an ETA, as they come",
    "late": "Celery tasks with an ETA, `acks_late`",
    "mark": "a table, marked before the deed",
    "act": "a table, read, act, mark, no lock",
}


def worker(works, way, number) -> tuple:
    if way in ("mark", "act"):
        return ("tests.faults.naive.loop", way)
    broker = works.redis.url[:-1] + str(BROKERS[way])  # the variable BROKER_URL would go before the app's own
    return ("celery", "--app", f"tests.faults.naive:{way}", "--broker", broker, "worker", "--pool", "threads",
            "--concurrency", "1", "--without-gossip", "--without-mingle", "--hostname", f"{way}{number}@naive")


def compare(works, way, items, kills, every) -> dict:
    """Four workers of one way, killed as the desk's are."""
    crew = {f"{way}{number}": worker(works, way, number) for number in range(4)}
    for name, command in crew.items():
        works.start(name, *command)
    is_celery = way in ("early", "late")
    first = datetime.now(UTC) + timedelta(seconds=VISIBILITY_SECONDS / 2 if is_celery else 0)
    works.start("boss", f"tests.faults.naive.{'schedule' if is_celery else 'enter'}", way, items, first.isoformat(),
                0.8 * kills * every)  # fmt: skip
    works.kill_at_random(crew, kills, every)
    works.ended("boss", seconds=120)
    with suppress(AssertionError):  # what is queued again and again does not end; then it is counted as it is
        wait_until(lambda: is_over(works, way), seconds=6 * VISIBILITY_SECONDS)
    for name in crew:
        works.signal(name, signal.SIGKILL)
        works.ended(name)
    return counted(works, way, items)


def is_over(works, way) -> bool:
    if way in ("mark", "act"):
        return not works.one("SELECT count(*) FROM naive_item WHERE way = %s AND NOT is_done", way)
    with redis.Redis(port=works.redis.port, db=BROKERS[way]) as client:
        return not client.llen("celery") and not client.hlen("unacked")
