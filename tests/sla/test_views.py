from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from notifications.models import Outbox
from records.models import Event
from sla import actions, reports
from sla.models import CalendarEdition, Escalation, Heartbeat, Policy, PolicyVersion, WorkCalendar, WorkItem
from tests.factories.people import AbsenceFactory
from tests.factories.sla import open_item

HOUR = timedelta(hours=1)
NOW = timezone.now


def confirmation():
    return Policy.objects.get(kind="confirmation", urgency_class="")


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


# Limits


def limit(**values):
    return {"hours": 1, "minutes": 30, "calendar": WorkCalendar.objects.get().pk, "remind_percent": 40,
            "escalate_percent": 70, "reason": "Customers wait less"} | values  # fmt: skip


@pytest.mark.clause("3.1.1")
def test_the_administrator_changes_x(company, admin, client_of):
    url = reverse("sla:limit_edit", args=[confirmation().pk])
    client = client_of(admin)
    assert client.get(url).status_code == 200
    assert client.post(url, limit(version=1)).status_code == 302
    version = confirmation().current
    assert (version.number, version.target_seconds, version.remind_percent) == (2, 5400, 40)
    assert (version.made_by, version.reason) == (admin, "Customers wait less")
    assert open_item(company["sales"], now=NOW()).budget_seconds == 5400
    page = client.get(reverse("sla:limits")).content.decode()
    assert "1:30" in page


@pytest.mark.parametrize("values", [
    {"hours": 0, "minutes": 0}, {"hours": 0, "minutes": 4}, {"hours": 2161}, {"reason": ""},
    {"remind_percent": 80, "escalate_percent": 70}, {"escalate_percent": 101},
])  # fmt: skip
def test_a_senseless_limit_is_refused_and_what_was_typed_stays(company, admin, client_of, values):
    url = reverse("sla:limit_edit", args=[confirmation().pk])
    response = client_of(admin).post(url, limit(**values))
    assert response.status_code == 422
    assert confirmation().versions.count() == 1
    if "reason" not in values:
        assert "Customers wait less" in response.content.decode()


def test_a_stale_form_is_refused_once_and_its_text_is_kept(company, admin, general_manager, client_of):
    actions.save_policy(confirmation(), by=general_manager, reason="Meanwhile", target_seconds=3600)
    url = reverse("sla:limit_edit", args=[confirmation().pk])
    client = client_of(admin)
    response = client.post(url, limit(version=1))
    assert response.status_code == 409
    assert {"Customers wait less" in response.content.decode(), "Meanwhile" in response.content.decode()} == {True}
    assert client.post(url, limit(version=response.context["version"])).status_code == 302


def test_only_an_administrator_sees_and_changes_limits(company, sales, manager, client_of):
    for person in (sales, manager):
        for url in (reverse("sla:limits"), reverse("sla:limit_edit", args=[confirmation().pk])):
            response = client_of(person).get(url)
            assert response.status_code == 403
            assert "管理员" in response.content.decode()


def test_the_list_of_limits_costs_the_same_for_more_rows(company, admin, client_of):
    client, url = client_of(admin), reverse("sla:limits")
    before = len(statements(client, url))
    for letter in "ABC":
        extra = Policy.objects.create(kind="confirmation", urgency_class=letter)
        actions.save_policy(extra, by=admin, reason="Class", target_seconds=600, steps=[])
    assert len(statements(client, url)) == before


# Administration


def test_a_version_made_in_the_administration_goes_through_the_action(company, admin, client_of):
    client = client_of(admin)
    url = f"{reverse('admin:sla_policyversion_add')}?policy={confirmation().pk}"
    page = client.get(url)
    assert page.status_code == 200
    data = page.context["adminform"].form.initial
    formset = page.context["inline_admin_formsets"][0].formset
    assert len(formset.forms) == 5
    posted = {
        "policy": confirmation().pk, "target_minutes": 10, "calendar": data["calendar"].pk, "remind_percent": 50,
        "escalate_percent": 80, "pause_reasons": ["customer"], "reason": "A shorter ladder",
        "in_force_from_0": "2026-01-01", "in_force_from_1": "08:00",
        "steps-TOTAL_FORMS": 1, "steps-INITIAL_FORMS": 0, "steps-0-level": 1,
        "steps-0-at_percent": 50, "steps-0-recipients": ["assignee", "head"], "steps-0-channels": ["in_app"],
        "steps-0-repeat_at_most": 0,
    }
    response = client.post(url, posted)
    assert response.status_code == 302, response.context["errors"]
    version = confirmation().current
    assert (version.number, version.made_by, version.target_seconds) == (2, admin, 600)
    assert version.pause_reasons == ["customer"]
    assert client.get(reverse("admin:sla_policyversion_change", args=[version.pk])).status_code == 200
    assert [step.recipients for step in version.steps.all()] == [["assignee", "head"]]


def test_a_calendar_saved_in_the_administration_is_published(company, admin, client_of):
    calendar = WorkCalendar.objects.get()
    week = {f"week_{day}": hours for day, hours in enumerate(["08:00-12:00"] * 5 + ["", ""])}
    response = client_of(admin).post(reverse("admin:sla_workcalendar_change", args=[calendar.pk]), week | {
        "code": "factory", "name": "Factory", "time_zone": "Asia/Shanghai", "covered_until": "2026-12-31",
        "days-TOTAL_FORMS": 0, "days-INITIAL_FORMS": 0,
    })  # fmt: skip
    assert response.status_code == 302
    assert CalendarEdition.objects.count() == 2
    assert WorkCalendar.objects.get().edition.body["week"][0] == "08:00-12:00"
    assert Event.objects.filter(verb="publish_calendar").exists()


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


def test_a_version_never_changes_nor_goes(company, admin, client_of):
    version = PolicyVersion.objects.first()
    url = reverse("admin:sla_policyversion_delete", args=[version.pk])
    assert client_of(admin).post(url, {"post": "yes"}).status_code == 403
    assert not Escalation.objects.exists()
