"""The room of an order over the stream: who hears of a post, and who does not."""

import os
import subprocess
import sys
import threading
from http.client import HTTPConnection

import pytest
from django.db import connection

from config.live import Hub, Listener, keys_of_ears, marks
from config.stream import room_of
from coordination import actions
from tests.factories import orders as make
from tests.servers import free_port, wait_until

pytestmark = pytest.mark.clause("5.1")


@pytest.fixture
def order(people):
    return make.submitted(people)


def say(order, by):
    return actions.post(order_id=order.pk, by=by, text="到货")


def listener_of(session, order) -> Listener:
    ear = (session, order.pk)
    return Listener(session, keys_of_ears({ear})[ear], order.pk)


def news(listener) -> set:
    listener.look(marks(listener.keys))
    told, listener.news = listener.news, set()
    return told


@pytest.fixture
def session_of(client_of):
    return lambda user: client_of(user).cookies["sessionid"].value


@pytest.mark.django_db
@pytest.mark.postgres
def test_who_sees_the_order_hears_of_its_room_and_of_no_other(order, people, stranger, session_of):
    other = make.submitted(people)
    sales, finance = (listener_of(session_of(person), order) for person in (people.sales, people.finance))
    blind, elsewhere = listener_of(session_of(stranger), order), listener_of(session_of(people.inspector), other)
    for listener in (sales, finance, blind, elsewhere):
        news(listener)
    say(order, people.buyer)
    assert news(sales) == news(finance) == {"room"}
    assert news(blind) == news(elsewhere) == set()


@pytest.mark.django_db
@pytest.mark.postgres
def test_whose_access_is_lost_hears_nothing_after_the_next_check(order, people, session_of):
    hub, listener = Hub(), listener_of(session_of(people.finance), order)
    hub.listeners = {listener}
    news(listener)
    order.group_grants.filter(group=people.finance.department.group).delete()

    async def ask(question, *arguments):
        return question(*arguments)

    hub.ask = ask  # in this thread, where the test's transaction is
    run(hub.recheck())
    say(order, people.buyer)
    assert news(listener) == set() and not listener.is_ended


def run(coroutine):
    """Nothing in it waits: no event loop is needed, which in this thread may be the browser's."""
    with pytest.raises(StopIteration):
        coroutine.send(None)


@pytest.mark.django_db
@pytest.mark.postgres
@pytest.mark.parametrize("number", [1, 4])
def test_all_rooms_cost_one_query_and_their_checks_the_same(people, session_of, number, django_assert_num_queries):
    orders = [make.submitted(people) for _ in range(number)]
    ears = {(session_of(people.sales), order.pk) for order in orders}
    with django_assert_num_queries(9):
        keys = set().union(*keys_of_ears(ears).values())
    assert {order.pk for order in orders} == {whose for code, whose in keys if code == "room"}
    with django_assert_num_queries(1):
        marks(keys)


@pytest.mark.once
def test_a_room_is_asked_for_by_its_number():
    asked = (b"room=12", b"room=12&room=3", b"", b"room=", b"room=x", b"room=-1", b"room=%FF", b"room=" + b"9" * 40)
    assert [room_of(query) for query in asked] == [12, 12, *[None] * 6]


class Page:
    """A page that listens, in a thread."""

    def __init__(self, port, session, order):
        self.connection = HTTPConnection("127.0.0.1", port)
        self.connection.request("GET", f"/stream/?room={order.pk}", headers={"Cookie": f"sessionid={session}"})
        self.answer, self.heard = self.connection.getresponse(), []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.answer:
            self.heard.append(line.decode().strip())

    def close(self):
        self.answer.close()
        self.connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_the_process_tells_who_may_hear(order, people, stranger, session_of):
    port = free_port()
    process = _stream(port)
    try:
        wait_until(lambda: _answers(port), seconds=60)
        pages = [Page(port, session_of(person), order) for person in (people.sales, stranger)]
        wait_until(lambda: all("retry: 3000" in page.heard for page in pages), seconds=20)
        say(order, people.buyer)
        wait_until(lambda: "data: room" in pages[0].heard, seconds=10)
        assert "data: room" not in pages[1].heard
    finally:
        process.terminate()
        process.wait(20)
        for page in pages:
            page.close()


def _stream(port):
    held = connection.settings_dict
    url = f"postgres://postgres@{held['HOST']}:{held['PORT']}/{held['NAME']}"
    command = [sys.executable, "-m", "config.stream", "--port", str(port)]
    return subprocess.Popen(command, env=os.environ | {"DATABASE_URL": url})


def _answers(port) -> bool:
    try:
        asking = HTTPConnection("127.0.0.1", port, timeout=2)
        asking.request("GET", "/stream/")
        asking.getresponse().read()
        asking.close()
        return True
    except OSError:
        return False
