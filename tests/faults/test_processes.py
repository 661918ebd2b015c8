"""Two of everything, as on servers, and what happens when some of it is killed, stopped or away."""

import re
from collections import Counter
from uuid import uuid4

import pytest
from django.db import connection

from tests.faults.house import Ear, House, new_order
from tests.servers import nginx_binary, wait_until
from tests.test_start import processes_of

pytestmark = [pytest.mark.django_db, pytest.mark.postgres, pytest.mark.redis, pytest.mark.slow]
ITEMS = 30


@pytest.fixture(scope="module")
def house(tmp_path_factory, django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        address = connection.settings_dict
    url = f"postgres://postgres@{address['HOST']}:{address['PORT']}/{address['NAME']}"
    built = House(tmp_path_factory.mktemp("house"), ITEMS)
    try:
        built.open(url)
        yield built
    finally:
        built.remove()


def confirmed(house, address) -> dict:
    """What the page of the confirmation offers, with all four ticked."""
    page = house.ask(f"{address}confirmation/", user="lin").text
    fields = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', page))
    ticks = {f"is_{item}": "on" for item in ("specification", "quantity", "time", "place")}
    return fields | ticks | {"contact": "沈洁", "how": "call", "once": uuid4().hex}


@pytest.fixture(scope="module")
def order(house):
    """Entered and confirmed through the door, while a page of the same person listens."""
    ear = Ear(house, "lin")
    assert ear.answer.status == 200
    wait_until(lambda: ear.has_heard("retry: 3000"), seconds=20)
    sent = new_order()
    first, again = (house.ask("/orders/new/", user="lin", data=sent) for _ in range(2))
    assert (first.status, first.headers["Location"]) == (302, again.headers["Location"]), first.text
    wait_until(lambda: ear.has_heard("data: work"), seconds=20)
    address = first.headers["Location"]
    assert house.ask(f"{address}confirmation/", user="lin", data=confirmed(house, address)).status == 302
    done = house.ask(f"{address}confirmation/done/", user="lin", data={"once": uuid4().hex})
    assert done.status == 302, done.text
    house.sql(f"DELETE FROM access_session WHERE session_key = '{house.sessions['lin']}'")
    assert ear.is_over.wait(30), "the stream ends with the session"
    ear.close()
    return address


@pytest.fixture(scope="module")
def at_work(house, order):
    """Two workers and two beats; both workers die in the middle of a letter, and are started anew."""
    house.post.stall_after = 5
    house.start_workers()
    house.start_beats()
    assert house.post.is_stalling.wait(60)
    for name in ("worker1", "worker2"):
        house.kill(name)
    house.post.go_on()
    house.sql("UPDATE notifications_outbox SET next_try_at = now() WHERE state = 'leased'")  # the leases ran out
    house.start_workers()
    return house


def test_an_order_flows_through_the_proxy(house, order):
    assert re.fullmatch(r"/orders/\d+/", order)
    assert house.one("SELECT count(*) FROM orders_urgentorder") == 1
    assert house.one("SELECT stage FROM orders_urgentorder") == "review"
    if nginx_binary():
        assert house.ask("/metrics").status == house.ask("/readyz").status == 404
        assert house.stop("web1") == 0
        assert {house.ask("/sign-in/").status for _ in range(6)} == {200}


def test_nothing_is_lost_and_nothing_is_doubled(at_work):
    house = at_work
    fired = (
        "SELECT count(*) FROM sla_escalation e JOIN sla_workitem i ON i.id = e.item_id"
        " WHERE i.source LIKE 'paper:%' AND outcome = 'fired'"
    )
    wait_until(lambda: house.one(fired) == ITEMS, seconds=60)
    unsent = "SELECT count(*) FROM notifications_outbox WHERE next_try_at IS NOT NULL"
    wait_until(lambda: house.one(unsent) == 0, seconds=60)
    taken = Counter(house.post.taken)
    written = {str(row[0]) for row in house.sql("SELECT message_id FROM notifications_outbox WHERE state = 'sent'")}
    assert set(taken) == written
    assert sum(taken.values()) - len(taken) <= 2, "at most the letter in each killed worker's hand"
    assert house.one(fired) == ITEMS
    assert house.one("SELECT count(DISTINCT (item_id, level, repeat)) = count(*) FROM sla_escalation") is True


def test_without_redis_work_goes_on_and_administrators_know(at_work):
    house = at_work
    house.redis.freeze()
    assert house.ask("/orders/new/", user="xu", at="web2").status in (200, 403)
    page = house.ask("/", user="admin", at="web2").text
    assert "Redis does not answer" in page
    house.redis.thaw()


def test_without_the_database_nothing_is_pretended_and_all_comes_back(at_work):
    house = at_work
    house.sessions["lin"] = house.sessions["admin"]
    beat = "SELECT ok_at FROM sla_heartbeat WHERE name = 'sweep'"
    wait_until(lambda: house.sql(beat), seconds=60)  # the first sweep may be on its way still
    before = house.one(beat)
    house.postgres.stop()
    talk = {"once": uuid4().hex, "theme": "dark", "next": "/"}
    page = house.ask("/", user="admin", at="web2", language="zh-hant")
    assert (page.status, page.headers["Retry-After"]) == (503, "10")
    assert '<html lang="zh-Hant"' in page.text and "The database does not answer" in page.text
    kept = house.ask("/theme/", user="admin", data=talk, at="web2")
    assert kept.status == 503
    assert f'value="{talk["once"]}"' in kept.text and 'value="dark"' in kept.text
    assert house.ask("/healthz", at="web2").status == 503
    assert house.ask("/livez", at="web2").status == 200

    house.postgres.start()
    wait_until(lambda: house.ask("/theme/", user="admin", data=talk, at="web2").status == 302, seconds=20)
    assert house.one("SELECT theme FROM people_user WHERE username = 'admin'") == "dark"
    later = f"SELECT ok_at > '{before.isoformat()}'::timestamptz FROM sla_heartbeat WHERE name = 'sweep'"
    wait_until(lambda: house.one(later), seconds=60)


def test_everything_ends_when_it_is_told_and_leaves_nobody(at_work):
    house = at_work
    ended = house.end()
    assert ended == dict.fromkeys(ended, 0)
    wait_until(lambda: processes_of(house.folder) == [], seconds=15)
