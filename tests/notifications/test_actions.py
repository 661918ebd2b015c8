import asyncio
import socket
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from time import monotonic

import pytest
from aiosmtpd.controller import Controller
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications import tasks
from notifications.actions import after_quiet_hours, dispatch, dispatching, mark_read, tell, void
from notifications.models import Notification, Outbox, Preference
from notifications.reports import backlog, unread_count
from tests.factories.people import UserFactory

STATE = Outbox.State
TEXT = "Confirm {what}"


def say(recipients, key="event:1", **values):
    tell(**({"key": key, "recipients": recipients, "text": TEXT, "params": {"what": "UO-1"}, "url": "/orders/1/"}
            | values))  # fmt: skip


@pytest.fixture
def letter(sales):
    say([sales])
    return Outbox.objects.get()


def later(**delta):
    return timezone.now() + timedelta(**delta)


# Telling


def test_a_person_is_told_once_whatever_is_repeated(sales, planner):
    say([sales, planner, sales])
    say([sales])
    assert Notification.objects.count() == Outbox.objects.count() == 2


@pytest.mark.clause("1.3.2")
def test_telling_twenty_costs_what_telling_one_costs(db, django_assert_num_queries):
    people = UserFactory.create_batch(20)
    with django_assert_num_queries(3) as one:
        say(people[:1], key="event:1")
    with django_assert_num_queries(len(one)):
        say(people, key="event:2")


def test_telling_nobody_writes_nothing(db):
    say([])
    assert not Notification.objects.exists()


def test_a_held_message_is_nowhere_until_its_time(sales):
    say([sales], hold_seconds=10)
    assert unread_count(sales) == 0
    assert dispatch().taken == 0
    assert dispatch(now=later(seconds=11)).sent == 1
    assert Notification.objects.inbox_of(sales, later(seconds=11)).count() == 1


def test_a_message_withdrawn_in_time_is_never_seen(sales):
    say([sales], hold_seconds=10, source="order:1")
    assert void("order:1") == 1
    assert dispatch(now=later(seconds=11)).taken == 0
    assert not Notification.objects.inbox_of(sales, later(seconds=11)).exists()


def test_who_has_no_address_or_wants_no_mail_is_told_in_the_desk(sales, planner):
    planner.email = ""
    Preference.objects.create(person=sales, by_email=False)
    say([sales, planner])
    assert not Outbox.objects.exists()
    assert unread_count(sales) == unread_count(planner) == 1


QUIET = Preference(quiet_from=time(22), quiet_until=time(7))


@pytest.mark.parametrize(("hour", "waits"), [(21, 0), (22, 9), (23, 8), (3, 4), (7, 0)])
def test_quiet_hours_are_waited_for(hour, waits):
    moment = datetime(2026, 3, 2, hour, tzinfo=timezone.get_default_timezone())
    assert after_quiet_hours(moment, QUIET) == moment + timedelta(hours=waits)


def test_an_urgent_message_does_not_wait_for_quiet_hours(sales):
    Preference.objects.create(person=sales, quiet_from=time(0), quiet_until=time(23, 59))
    night = datetime(2026, 3, 2, 1, tzinfo=UTC)
    say([sales], key="event:1", now=night)
    say([sales], key="event:2", now=night, is_urgent=True)
    assert [row.event for row in Outbox.objects.filter(next_try_at=night)] == ["event:2"]


# Reading


def test_reading_marks_ones_own_messages_only(sales, planner):
    say([sales, planner])
    assert mark_read(by=sales) == 1
    assert (unread_count(sales), unread_count(planner)) == (0, 1)


# Dispatching


def test_a_letter_goes_out_once(letter, mailoutbox):
    assert dispatch().sent == 1
    assert dispatch().taken == 0
    letter.refresh_from_db()
    assert (letter.state, letter.attempts, letter.lease) == (STATE.SENT, 1, None)
    assert [message.to for message in mailoutbox] == [[letter.recipient.email]]


def test_a_letter_says_what_and_where(letter, mailoutbox, settings):
    settings.BASE_URL = "https://desk.example"
    dispatch()
    assert mailoutbox[0].subject == "Confirm UO-1"
    assert "https://desk.example/orders/1/" in mailoutbox[0].body
    assert mailoutbox[0].extra_headers["Message-ID"] == f"<{letter.message_id}@desk.example>"


def test_a_letter_speaks_its_readers_language(sales, mailoutbox):
    sales.language = "zh-hans"
    sales.save()
    say([sales], text="Monday", params={})
    dispatch()
    assert mailoutbox[0].subject == "星期一"


def test_a_dispatcher_that_died_is_relieved_when_its_lease_ends(letter, mailoutbox):
    held = dispatching._take(50, timezone.now())
    assert dispatch().taken == 0
    assert dispatch(now=later(seconds=91)).sent == 1
    assert dispatching._mark(held, state=STATE.DEAD) == 0
    assert len(mailoutbox) == 1
    letter.refresh_from_db()
    assert letter.state == STATE.SENT


def test_a_letter_withdrawn_after_the_lease_is_not_sent(sales, mailoutbox):
    say([sales], source="order:1")
    held = dispatching._take(50, timezone.now())
    void("order:1")
    assert not dispatching._hold(held, timezone.now())
    assert not mailoutbox
    assert Outbox.objects.get().state == STATE.VOID


def test_the_task_sends_more_than_one_batch(db, mailoutbox):
    say(UserFactory.create_batch(tasks.BATCH + 3))
    tasks.dispatch()
    assert len(mailoutbox) == tasks.BATCH + 3


@pytest.mark.once
def test_an_idle_dispatcher_reads_indexes_of_what_is_unsent_alone(db):
    with CaptureQueriesContext(connection) as asked:
        dispatch()
    with connection.cursor() as cursor:
        plans = []
        for query in asked:
            if query["sql"].startswith("SELECT"):
                cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
                plans.append(" ".join(row[3] for row in cursor.fetchall()))
    for plan, index in zip(plans, ("unsent_of_a_robot", "unsent_of_a_day", "unsent_by_next_try"), strict=True):
        assert index in plan


# Against a real server


class Desk:
    """A mail server with a temper."""

    def __init__(self):
        self.received, self.answer, self.refuses = [], "250 OK", ""
        self.sessions, self.hangs_up = set(), False

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if self.refuses:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.received.append(message_from_bytes(envelope.content, policy=policy.default))
        self.sessions.add(session.peer)
        if self.hangs_up:
            asyncio.get_running_loop().call_soon(server.transport.close)
        return self.answer


@pytest.fixture
def server(settings):
    desk = Desk()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    controller = Controller(desk, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 5
    yield desk
    controller.stop()


def test_a_server_takes_a_letter(letter, server):
    assert dispatch().sent == 1
    assert server.received[0]["Message-ID"] == f"<{letter.message_id}@127.0.0.1>"
    assert "Confirm UO-1" in server.received[0].get_content()


@pytest.mark.parametrize(("hangs_up", "connections"), [(False, 1), (True, 3)])
def test_letters_share_a_connection_and_survive_its_end(sales, planner, admin, server, hangs_up, connections):
    """Some servers end it after each letter: the next one is not put back for that."""
    say([sales, planner, admin], channels=("email",))
    server.hangs_up = hangs_up
    result = dispatch()
    assert (result.sent, result.failed, len(server.sessions)) == (3, 0, connections)


@pytest.mark.parametrize("answer", ["451 Try again later", "554 Not like this"])
def test_a_server_that_refuses_is_asked_again_then_given_up(letter, server, answer):
    server.answer = answer
    moment, waits = timezone.now(), []
    while (found := Outbox.objects.get()).state == STATE.WAITING:
        waits.append(round((found.next_try_at - moment) / timedelta(minutes=1)))
        moment = max(moment, found.next_try_at)
        dispatch(now=moment)
    assert waits == [0, 1, 5, 15, 60]
    assert (found.state, found.attempts, backlog().dead) == (STATE.DEAD, 5, 1)
    assert answer[:3] in found.error
    assert len({message["Message-ID"] for message in server.received}) == 1


def test_an_address_that_does_not_exist_is_given_up_at_once(sales, server):
    say([sales], channels=("email",))
    server.refuses = "550 No such person"
    assert dispatch().dead == 1
    assert unread_count(sales) == 1  # by another channel


def test_one_refused_letter_does_not_hold_the_others(sales, planner, server):
    sales.email = "two@words@example.com"
    sales.save()
    say([sales, planner])
    result = dispatch()
    assert (result.taken, result.sent, result.failed) == (2, 1, 1)


def test_a_server_that_hangs_costs_no_more_than_the_timeout(letter, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
        settings.EMAIL_TIMEOUT = 0.3
        assert dispatch().failed == 1
    letter.refresh_from_db()
    assert (letter.state, letter.attempts) == (STATE.WAITING, 1)


def test_a_dispatch_ends_when_its_time_is_up_and_leaves_the_rest_to_the_next(sales, planner, server):
    say([sales, planner], channels=("email",))
    assert dispatch(ends_at=monotonic()).taken == 0
    assert list(Outbox.objects.values_list("state", "attempts", "lease")) == [(STATE.WAITING, 0, None)] * 2
    assert dispatch(ends_at=monotonic() + 60).sent == 2


def test_settings_of_which_no_connection_is_made_are_a_try(letter, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = True
    assert dispatch().failed == 1


def test_no_server_at_all_is_a_try(letter, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert dispatch().failed == 1
    assert not mail.outbox
