"""Who hears at once that something new waits. Nothing is sent but the topic's name: the page asks for the rest itself.

One query a second for everybody who is connected to this process, whatever their number. A topic counts what its
audience would see; a figure that moved is news. A further topic is one more row of TOPICS, and one more key of a
listener that may hear it. A page that shows an order's room says which: its key is there while the order is open to
the session's person, which is asked as often as the session itself.
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
from django.db.models import BigIntegerField, CharField, Count, F, Max, Sum, Value
from django.db.models.functions import Cast, Substr
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from notifications.models import Notification
from orders.seeing import seen
from people.duty import with_rights
from people.models import Absence, User
from records.models import Stream
from sla.models import WorkItem

log = logging.getLogger(__name__)

TICK_SECONDS = 1
RECHECK_SECONDS = 5
BLIND_SECONDS = 30  # so long without an answer about sessions, and nobody is let listen any more
MOST_EACH = 10

ROOM = "room"

Key = tuple[str, int]  # topic and whose
Ear = tuple[str, int | None]  # a session, and the order whose room its page shows


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


def _rooms(ids):
    """The length of an order's chain: what is said in its room stands among its events."""
    chains = Stream.objects.filter(name__in=[f"order:{order}" for order in ids])
    order = Cast(Substr("name", len("order:") + 1), BigIntegerField())
    return chains.values(whom=order).annotate(number=F("length"), mark=F("length"))


TOPICS = (
    Topic("messages", "messages", _messages),
    Topic("work", "own", lambda ids: _work(assignee__in=ids)),
    Topic("work", "unclaimed", lambda ids: _work(department__in=ids, assignee__isnull=True)),
    Topic("work", "headed", lambda ids: _work(department__in=ids)),
    Topic(ROOM, ROOM, _rooms),
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


def keys_of_ears(ears) -> dict[Ear, frozenset[Key]]:
    """What each page may hear: nothing once its session has ended, no room of an order that is not open to it."""
    people, absent = people_of_sessions({session for session, _order in ears})
    open_rooms = seen({(people[session], order) for session, order in ears if order and session in people})
    found = {}
    for session, order in ears:
        if user := people.get(session):
            room = {(ROOM, order)} if (user.pk, order) in open_rooms else set()
            found[session, order] = keys_of(user, absent[user.pk]) | room
    return found


def keys_of_sessions(session_keys) -> dict[str, frozenset[Key]]:
    """The same of pages that show no room."""
    return {session: keys for (session, _), keys in keys_of_ears({(key, None) for key in session_keys}).items()}


def people_of_sessions(session_keys) -> tuple[dict[str, User], dict]:
    """Who each session is of, and for whom they stand in; one that ended, or whose person may not sign in any more,
    is not in it."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    rows = store.get_model_class().objects.filter(session_key__in=session_keys, expire_date__gt=timezone.now())
    data = {row.session_key: store().decode(row.session_data) for row in rows}
    people = with_rights(User.objects.filter(is_active=True)).in_bulk(
        {int(values[SESSION_KEY]) for values in data.values() if SESSION_KEY in values}
    )
    absent = defaultdict(set)
    for delegate, person in Absence.objects.current().filter(delegate__in=people).values_list("delegate", "person"):
        absent[delegate].add(person)
    found = {}
    for key, values in data.items():
        user = people.get(int(values.get(SESSION_KEY, 0)))
        if user and constant_time_compare(values.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
            found[key] = user
    return found, absent


def keys_of(user, absent) -> frozenset[Key]:
    keys = {("messages", user.pk), ("own", user.pk), *(("own", person) for person in absent)}
    if user.department_id:
        keys.add(("headed" if user.is_head else "unclaimed", user.department_id))
    return frozenset(keys)


@dataclass(eq=False)
class Listener:
    session: str
    keys: frozenset
    order: int | None = None
    seen: dict = field(default_factory=dict)
    news: set = field(default_factory=set)
    has_news: asyncio.Event = field(default_factory=asyncio.Event)
    is_ended: bool = False

    @property
    def ear(self) -> Ear:
        return self.session, self.order

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

    async def admit(self, session: str, order: int | None = None) -> Listener | None:
        """None: no such session. A room that is not open to it is as if it had not been asked for."""
        keys = (await self.ask(keys_of_ears, {(session, order)})).get((session, order))
        if keys is None:
            return None
        listener = Listener(session, keys, order)
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
            may = await self.ask(keys_of_ears, {listener.ear for listener in there})
            for listener in there:
                listener.keys = may.get(listener.ear, listener.keys)
                if listener.ear not in may:
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
