"""Who hears at once that something new waits. Nothing is sent but the topic's name: the page asks for the rest itself.

One query a second for everybody who is connected to this process, whatever their number. A topic counts what its
audience would see; a figure that moved is news. A further topic (an order's room) is one more row of TOPICS, and one
more key of a listener that may hear it.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.db import close_old_connections, connections
from django.db.models import CharField, Count, F, Max, Sum, Value
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from notifications.models import Notification
from people.models import Absence, User
from sla.models import WorkItem

log = logging.getLogger(__name__)

TICK_SECONDS = 1
RECHECK_SECONDS = 5
BLIND_SECONDS = 30  # so long without an answer about sessions, and nobody is let listen any more
MOST_EACH = 10

Key = tuple[str, int]  # topic and whose


@dataclass(frozen=True)
class Topic:
    name: str  # what the page is told
    code: str  # unique
    rows: Callable  # ids of the audience -> queryset of (whom, number, mark)


def _messages(ids):
    unread = Notification.objects.filter(
        recipient__in=ids, read_at__isnull=True, voided_at__isnull=True, shown_from__lte=timezone.now()
    )
    return unread.values(whom=F("recipient")).annotate(number=Count("pk"), mark=Max("pk"))


def _work(**of):
    items = WorkItem.objects.living().filter(**of)
    return items.values(whom=F("assignee" if "assignee__in" in of else "department")).annotate(
        number=Count("pk"), mark=Sum("version")
    )


TOPICS = (
    Topic("messages", "messages", _messages),
    Topic("work", "own", lambda ids: _work(assignee__in=ids)),
    Topic("work", "unclaimed", lambda ids: _work(department__in=ids, assignee__isnull=True)),
    Topic("work", "headed", lambda ids: _work(department__in=ids)),
)
NAMES = {topic.code: topic.name for topic in TOPICS}


def marks(keys) -> dict[Key, tuple]:
    """The present figures of all keys, in one query."""
    wanted = defaultdict(set)
    for code, whose in keys:
        wanted[code].add(whose)
    parts = [
        topic.rows(wanted[topic.code]).annotate(code=Value(topic.code, CharField())).order_by()
        .values_list("code", "whom", "number", "mark")
        for topic in TOPICS if wanted[topic.code]
    ]  # fmt: skip
    if not parts:
        return {}
    return {(code, whom): (number, mark) for code, whom, number, mark in parts[0].union(*parts[1:], all=True)}


def keys_of_sessions(session_keys) -> dict[str, frozenset[Key]]:
    """What each session may hear; one that ended, or whose person may not sign in any more, is not in it."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    rows = store.get_model_class().objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    data = {row.session_key: store().decode(row.session_data) for row in rows}
    people = User.objects.filter(is_active=True).select_related("department").in_bulk(
        {int(values[SESSION_KEY]) for values in data.values() if SESSION_KEY in values}
    )
    absent = defaultdict(set)
    for delegate, person in Absence.objects.current().filter(delegate__in=people).values_list("delegate", "person"):
        absent[delegate].add(person)
    found = {}
    for key, values in data.items():
        user = people.get(int(values.get(SESSION_KEY, 0)))
        if user and constant_time_compare(values.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
            found[key] = keys_of(user, absent[user.pk])
    return found


def keys_of(user, absent) -> frozenset[Key]:
    keys = {("messages", user.pk), ("own", user.pk), *(("own", person) for person in absent)}
    if user.department_id:
        keys.add(("headed" if user.is_head else "unclaimed", user.department_id))
    return frozenset(keys)


@dataclass(eq=False)
class Listener:
    session: str
    keys: frozenset
    seen: dict = field(default_factory=dict)
    news: set = field(default_factory=set)
    has_news: asyncio.Event = field(default_factory=asyncio.Event)
    is_ended: bool = False

    @property
    def person(self) -> int:
        return next(whose for code, whose in self.keys if code == "messages")

    def look(self, figures) -> None:
        """The first figure is where it starts from; another one is news."""
        for key in self.keys:
            figure = figures.get(key)
            if key in self.seen and self.seen[key] != figure:
                self.news.add(NAMES[key[0]])
                self.has_news.set()
            self.seen[key] = figure

    def end(self) -> None:
        self.is_ended = True
        self.has_news.set()


class Hub:
    """Everybody connected here, and the one thread that asks the database for them."""

    def __init__(self):
        self.listeners = set()
        self.database = ThreadPoolExecutor(1)
        self.checked_at = time.monotonic()
        self.is_ending = lambda: False

    async def ask(self, question, *arguments):
        return await asyncio.get_running_loop().run_in_executor(self.database, answered, question, *arguments)

    async def admit(self, session: str) -> Listener | None:
        """None: no such session."""
        keys = (await self.ask(keys_of_sessions, [session])).get(session)
        if keys is None:
            return None
        listener = Listener(session, keys)
        listener.look(await self.ask(marks, keys))
        self.listeners.add(listener)
        return listener

    def is_full_for(self, person: int) -> bool:
        return sum(listener.person == person for listener in self.listeners) > MOST_EACH

    @property
    def is_full(self) -> bool:
        return len(self.listeners) >= settings.STREAM_CONNECTIONS

    async def run(self) -> None:
        checked = self.checked_at = time.monotonic()
        while not self.is_ending():
            await asyncio.sleep(TICK_SECONDS)
            if time.monotonic() - checked >= RECHECK_SECONDS:
                checked = time.monotonic()
                await self.safely(self.recheck)
            await self.safely(self.tell)
        self.end_all()

    async def safely(self, step) -> None:
        """The database may be away for a while; who listens hears nothing then, and asks the web server instead."""
        try:
            await step()
        except Exception:
            log.exception("The stream could not ask the database")
            if time.monotonic() - self.checked_at > BLIND_SECONDS:
                self.end_all()

    async def tell(self) -> None:
        there = list(self.listeners)
        if not there:
            return
        figures = await self.ask(marks, {key for listener in there for key in listener.keys})
        for listener in there:
            listener.look(figures)

    async def recheck(self) -> None:
        there = list(self.listeners)
        if there:
            may = await self.ask(keys_of_sessions, [listener.session for listener in there])
            for listener in there:
                listener.keys = may.get(listener.session, listener.keys)
                if listener.session not in may:
                    listener.end()
        self.checked_at = time.monotonic()

    def end_all(self) -> None:
        for listener in self.listeners:
            listener.end()


def answered(question, *arguments):
    close_old_connections()
    try:
        return question(*arguments)
    except Exception:
        connections.close_all()
        raise
