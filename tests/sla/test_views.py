from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from notifications.models import Outbox
from people.models import Delegation
from sla import actions, item_acts, reports
from sla.models import Heartbeat, WorkCalendar, WorkItem
from tests.factories.people import AbsenceFactory
from tests.factories.sla import open_item

HOUR = timedelta(hours=1)
NOW = timezone.now


def shown(client, **query):
    response = client.get(reverse("sla:my_work"), query)
    assert response.status_code == 200
    return {group.code: [row.item for row in group.items] for group in response.context["groups"]}


# My work


@pytest.mark.clause("1.3.2")
def test_my_work_is_grouped_by_how_soon_it_is_due(company, sales, client_of):
    now = NOW()
    past, hour, later = (open_item(company["sales"], assignee=sales, now=now, due_at=now + delta)
                         for delta in (-HOUR, HOUR / 2, timedelta(days=3)))  # fmt: skip
    waiting = actions.pause(open_item(company["sales"], assignee=sales), "hold", by=sales)
    assert shown(client_of(sales)) == {"past": [past], "hour": [hour], "later": [later], "waiting": [waiting]}


def test_an_item_due_this_evening_stands_under_today(company, sales, monday):
    item = open_item(company["sales"], assignee=sales, now=monday, due_at=monday + 5 * HOUR)
    assert [group.code for group in reports.groups([item], monday)] == ["today"]


@pytest.mark.clause("1.3.2")
def test_my_work_shows_mine_and_what_nobody_took_in_my_department(company, sales, planner, client_of):
    mine = open_item(company["sales"], assignee=sales)
    unclaimed = open_item(company["sales"])
    others = open_item(company["sales"], assignee=company["sales"].head)
    elsewhere = open_item(company["production"])
    found = {item for items in shown(client_of(sales)).values() for item in items}
    assert found == {mine, unclaimed}
    head = {item for items in shown(client_of(company["sales"].head)).values() for item in items}
    assert head == {mine, unclaimed, others}
    assert {item for items in shown(client_of(planner)).values() for item in items} == {elsewhere}


def test_a_stand_in_sees_the_work_of_the_absent(company, sales, planner, client_of):
    item = open_item(company["sales"], assignee=sales)
    AbsenceFactory(person=sales, delegate=planner, starts_at=NOW() - HOUR, ends_at=NOW() + HOUR)
    assert [item] in shown(client_of(planner)).values()


def test_tabs_part_decisions_from_tasks(company, planner, sales, client_of):
    decision = open_item(company["production"], kind="review_decision", assignee=planner, by=sales)
    task = open_item(company["production"], kind="plan", assignee=planner)
    client = client_of(planner)
    assert list(shown(client, tab="decide").values()) == [[decision]]
    assert list(shown(client, tab="do").values()) == [[task]]
    assert list(shown(client_of(sales), tab="started").values()) == [[decision]]


def test_what_i_closed_is_under_done(company, sales, client_of):
    item = actions.finish(open_item(company["sales"], assignee=sales), by=sales)
    assert shown(client_of(sales), tab="done") == {"done": [item]}
    assert shown(client_of(sales)) == {}


def test_a_delegate_finds_what_waits_for_the_giver_in_as_many_queries(company, sales_head, manager, sales, client_of):
    now, asker = timezone.now(), sales
    Delegation.objects.create(from_person=sales_head, to_person=manager, rights=["order.decide", "order.confirm"],
                              starts_at=now - HOUR, ends_at=now + HOUR)
    client, url = client_of(manager), reverse("sla:my_work") + "?tab=decide"

    def enter():
        return open_item(company["sales"], kind="decline_proposal", assignee=sales_head, by=asker)

    first, foreign = enter(), open_item(company["sales"], kind="negotiation", assignee=sales_head, by=asker)
    own = open_item(company["sales"], kind="decline_proposal", assignee=sales_head, by=manager)
    one = statements(client, url)
    group, = client.get(url).context["groups"]
    assert [(row.item, row.absent) for row in group.items] == [(first, sales_head)]
    assert not item_acts.is_mine(foreign, manager), "that right was not handed over"
    assert not item_acts.is_mine(own, manager), "nobody decides what they asked for"
    enter()
    enter()
    assert len(statements(client, url)) == len(one)


def statements(client, url):
    with CaptureQueriesContext(connection) as caught:
        assert client.get(url).status_code == 200
    return [query["sql"] for query in caught]


@pytest.mark.parametrize("tab", ["", "?tab=started", "?tab=done"])
def test_my_work_is_one_query_whatever_the_number_of_rows(company, sales, client_of, tab):
    client, url = client_of(sales), reverse("sla:my_work") + tab

    def enter(number):
        for _each in range(number):
            item = open_item(company["sales"], assignee=sales, by=sales)
            if "done" in tab:
                actions.finish(item, by=sales)

    enter(1)
    one = statements(client, url)
    enter(20)
    many = statements(client, url)
    assert len(many) == len(one)
    assert len([sql for sql in many if 'FROM "sla_workitem"' in sql and "COUNT(" not in sql]) == 1


@pytest.fixture
def real_plans(db):
    """PostgreSQL would rather read a table of three rows from end to end."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")


def test_my_work_uses_the_index(company, sales, real_plans):
    plan = WorkItem.objects.living().filter(assignee=sales).order_by("due_at").explain()
    assert "living_by_" in plan  # with few rows PostgreSQL may take any of them


def test_the_sweep_uses_the_index(company, real_plans):
    assert "living_by_next_fire" in WorkItem.objects.due(NOW()).explain()


def test_an_item_leads_to_where_it_is_done(company, sales, client_of):
    item = open_item(company["sales"], kind="plan", assignee=sales)
    assert 'href="/orders/1/"' in client_of(sales).get(reverse("sla:item", args=[item.pk])).content.decode()


# Administration


def test_a_calendar_is_not_changed_past_its_own_pages(company, admin, client_of):
    calendar, client = WorkCalendar.objects.get(), client_of(admin)
    assert client.get(reverse("admin:sla_workcalendar_changelist")).url == reverse("sla:calendars")
    url = reverse("admin:sla_workcalendar_change", args=[calendar.pk])
    assert client.get(url).url == reverse("sla:calendar", args=[calendar.pk])
    client.post(url, {"code": "factory", "name": "Changed", "time_zone": "UTC"})
    assert client.get(reverse("admin:sla_workcalendar_add")).status_code == 403
    assert WorkCalendar.objects.get().name == calendar.name


# Health


def test_health_is_red_until_somebody_winds_the_clock(company):
    response = Client().get("/healthz")
    assert response.status_code == 503
    actions.sweep()
    assert Client().get("/healthz").json()["ok"] is True


def test_health_is_red_when_a_heartbeat_is_late(company):
    actions.sweep()
    Heartbeat.objects.update(ok_at=NOW() - timedelta(seconds=16))
    assert "sweep" in Client().get("/healthz").json()["problems"][0]


def test_health_is_red_when_what_is_due_stays_undone(company, sales):
    actions.sweep()
    item = open_item(company["sales"], assignee=sales, now=NOW() - HOUR, due_at=NOW() - HOUR / 2)
    state = reports.health()
    assert not state.is_ok and state.oldest_due_seconds > 1700
    actions.finish(item, by=sales)
    assert reports.health().is_ok


def test_health_is_red_when_letters_stay(company, sales):
    actions.sweep()
    Outbox.objects.create(key="k", event="k", channel="email", recipient=sales, text="t", url="/",
                          next_try_at=NOW() - HOUR)  # fmt: skip
    assert not reports.health().is_ok


def test_health_warns_of_a_poisoned_item(company, sales):
    item = open_item(company["sales"], assignee=sales)
    WorkItem.objects.filter(pk=item.pk).update(failures=1, fault="TypeError")
    actions.sweep()
    state = reports.health()
    assert state.is_ok and "1 tasks" in state.warnings[0]
