"""Who hears that something new waits. The process itself is walked in tests/faults/test_processes.py."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.utils import timezone

from config.live import Hub, Listener, keys_of_sessions, marks
from notifications.actions import mark_read, tell
from sla import actions
from tests.factories.people import AbsenceFactory, UserFactory
from tests.factories.sla import open_item

HOUR = timezone.timedelta(hours=1)


@pytest.fixture
def session_of(client_of):
    return lambda user: client_of(user).cookies["sessionid"].value


def listener_of(session) -> Listener:
    return Listener(session, keys_of_sessions([session])[session])


def news(listener) -> set:
    listener.look(marks(listener.keys))
    told, listener.news = listener.news, set()
    return told


def test_a_person_hears_of_messages_and_of_work_and_of_nobody_elses(
    clock_defaults, departments, sales, buyer, session_of
):
    hers, his = listener_of(session_of(sales)), listener_of(session_of(buyer))
    assert news(hers) == news(his) == set()
    tell(key="k", recipients=[sales], text="x", url="/")
    assert (news(hers), news(his)) == ({"messages"}, set())
    item = open_item(departments["sales"], assignee=sales)
    assert (news(hers), news(his)) == ({"work"}, set())
    actions.reassign(item, buyer, by=sales)
    assert (news(hers), news(his)) == ({"work"}, {"work", "messages"})
    mark_read(by=sales)
    assert (news(hers), news(his)) == ({"messages"}, set())
    assert (news(hers), news(his)) == (set(), set())


def test_the_head_hears_of_the_whole_department_and_a_stand_in_of_whom_she_stands_in_for(
    clock_defaults, departments, sales, sales_head, buyer, session_of
):
    now = timezone.now()
    AbsenceFactory(person=sales, delegate=buyer, starts_at=now - HOUR, ends_at=now + HOUR)
    head, stand_in = listener_of(session_of(sales_head)), listener_of(session_of(buyer))
    news(head), news(stand_in)
    open_item(departments["sales"], assignee=sales)
    assert (news(head), news(stand_in)) == ({"work"}, {"work"})


def test_a_message_held_back_is_no_news_yet(sales, session_of):
    hers = listener_of(session_of(sales))
    news(hers)
    tell(key="k", recipients=[sales], text="x", url="/", hold_seconds=60)
    assert news(hers) == set()


def test_a_session_that_ended_hears_nothing(sales, client_of, session_of):
    client = client_of(sales)
    key = client.cookies["sessionid"].value
    assert keys_of_sessions([key])
    client.logout()
    assert not keys_of_sessions([key])
    assert not keys_of_sessions(["", "nonsense"])


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "!other"}])
def test_who_may_not_sign_in_any_more_hears_nothing(sales, session_of, change):
    key = session_of(sales)
    type(sales).objects.filter(pk=sales.pk).update(**change)
    assert not keys_of_sessions([key])


@pytest.mark.parametrize("number", [1, 7])
def test_everybody_costs_one_query(departments, session_of, django_assert_num_queries, number):
    people = [UserFactory(department=departments["sales"]) for _ in range(number)]
    keys = {key for person in people for key in listener_of(session_of(person)).keys}
    with django_assert_num_queries(1):
        marks(keys)


@pytest.mark.once
class TestHub:
    def test_is_bounded_by_person_and_in_all(self, settings):
        hub = Hub()
        hub.listeners = {Listener(str(n), frozenset({("messages", 1)})) for n in range(11)}
        assert hub.is_full_for(1) and not hub.is_full_for(2)
        settings.STREAM_CONNECTIONS = 11
        assert hub.is_full

    def test_lets_nobody_listen_on_when_it_cannot_check_for_long(self):
        async def blind():
            hub = Hub()
            listener = Listener("x", frozenset({("messages", 1)}))
            hub.listeners = {listener}
            hub.checked_at -= 60

            async def fail():
                raise ConnectionError("the database is away")

            await hub.safely(fail)
            return listener.is_ended

        with ThreadPoolExecutor(1) as thread:  # in this one the browser's event loop may run
            assert thread.submit(lambda: asyncio.run(blind())).result()
