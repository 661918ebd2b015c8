"""The pages of the clock itself: who sees them, what they say, what can be done there."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.tasks import ring
from notifications.models import Notification
from records.actions import CLOCK, record
from records.models import Event
from sla import actions, drills
from sla.models import Heartbeat, Policy, PolicyVersion, WorkItem
from tests.factories.sla import open_item

pytestmark = pytest.mark.django_db
NOW = timezone.now


@pytest.fixture
def client(admin, client_of):
    return client_of(admin)


@pytest.fixture
def drill(company, admin):
    policy = Policy.objects.get(kind="confirmation")
    return drills.start(policy=policy, department=company["sales"], minutes=2, by=admin)


def page(client, name="sla:clock", *args):
    return client.get(reverse(name, args=args)).content.decode()


def poisoned(company, number=1):
    item = open_item(company["sales"], source=f"order:{number}")
    WorkItem.objects.filter(pk=item.pk).update(failures=3, fault="TypeError: broken on purpose",
                                               next_fire_at=NOW() + timedelta(hours=1))  # fmt: skip
    return WorkItem.objects.get(pk=item.pk)


def test_administrators_alone_see_and_use_it(company, drill, manager, general_manager, sales, client_of):
    item = poisoned(company)
    addresses = [reverse("sla:clock"), reverse("sla:drill_new"), drill.url,
                 reverse("sla:drill_stop", args=[drill.pk]), reverse("sla:try_again", args=[item.pk])]  # fmt: skip
    for person in (manager, general_manager, sales):
        theirs = client_of(person)
        for address in addresses:
            assert theirs.get(address).status_code == 403, address
            assert theirs.post(address).status_code in (403, 405), address
    assert WorkItem.objects.get(pk=drill.pk).is_living
    assert client_of(sales).get("/").content.decode().count(reverse("sla:clock")) == 0


def test_it_says_how_every_job_is(company, client):
    assert "No job has run yet" in page(client)
    for task in ("sla.tasks.sweep", "sla.tasks.reconcile", "orders.tasks.reconcile", "sla.tasks.ping"):
        ring(task)
    Heartbeat.objects.filter(name="orders.reconcile").update(ok_at=NOW() - timedelta(days=1))
    Heartbeat.objects.filter(name="reconcile").update(counts={"fault": "OperationalError: gone", "items": [1]})
    text = page(client)
    for said in ("Escalate what is due", "Check that every stage has its clock", "Late", "Failed", "Runs"):
        assert said in text
    assert "Call the watch outside" not in text  # no address is set
    assert reverse("sla:clock") in client.get("/").content.decode()


def test_what_was_put_right_is_read_with_its_tasks(company, client, monday):
    item = open_item(company["sales"])
    WorkItem.objects.filter(pk=item.pk).update(next_fire_at=None)
    actions.reconcile()
    text = page(client)
    assert "1 clocks did not follow from what they had used and were set right." in text
    assert reverse("sla:item", args=[item.pk]) in text


def test_an_item_that_failed_is_tried_again(company, client, admin):
    item = poisoned(company)
    assert "TypeError: broken on purpose" in page(client)
    address = reverse("sla:try_again", args=[item.pk])
    for _double_click in range(2):
        assert client.post(address, {"once": "k"}).status_code in (302, 404)
    again = WorkItem.objects.get(pk=item.pk)
    assert again.failures == 0 and again.next_fire_at <= NOW()
    assert Event.objects.get(verb="try_again").actor == admin
    assert client.get(address).status_code == 404
    closed = poisoned(company, 2)
    actions.finish(closed, by=admin)
    assert client.post(reverse("sla:try_again", args=[closed.pk])).status_code == 409


def test_a_drill_is_started_seen_and_stopped(company, client, admin):
    policy = Policy.objects.get(kind="confirmation")
    form = {"policy": policy.pk, "department": company["sales"].pk, "minutes": 2}
    address = reverse("sla:drill_new")
    for wrong in ({"minutes": 0}, {"minutes": 11}, {"minutes": ""}, {"policy": 0}, {"department": "x"}):
        assert client.post(address, form | wrong).status_code == 422, wrong
    assert not PolicyVersion.objects.filter(policy__kind="drill").exists()
    response = client.post(address, form | {"once": "a"})
    assert client.post(address, form | {"once": "a"}).url == response.url  # pressed twice
    item = WorkItem.objects.get(kind="drill")
    assert response.url == item.url == reverse("sla:drill", args=[item.pk])
    refused = client.post(address, form | {"once": "b"})
    assert refused.status_code == 409 and "under way" in refused.content.decode()

    text = page(client, "sla:drill", item.pk)
    assert f'hx-get="{item.url}"' in text and text.count("not yet") == 5
    assert str(company["sales"].head) in text
    actions.sweep(now=item.opened_at + timedelta(seconds=31))
    text = page(client, "sla:drill", item.pk)
    assert text.count("not yet") == 4 and "E-mail: Waiting" in text
    assert Notification.objects.get().recipient == admin

    assert client.post(reverse("sla:drill_stop", args=[item.pk])).status_code == 302
    text = page(client, "sla:drill", item.pk)
    assert f'hx-get="{item.url}"' not in text and "Stopped" in text and "E-mail: Withdrawn" in text
    assert client.post(reverse("sla:drill_stop", args=[item.pk])).status_code == 409
    assert item.url in page(client)
    assert client.get(reverse("sla:drill", args=[open_item(company["sales"]).pk])).status_code == 404


def test_the_page_asks_as_much_for_three_as_for_one(company, client, admin):
    counts = []
    for number in range(3):
        poisoned(company, number)
        record("noticed", "Something.", by=admin, stream=CLOCK)
        ring(("sla.tasks.sweep", "sla.tasks.reconcile", "orders.tasks.reconcile")[number])
        with CaptureQueriesContext(connection) as asked:
            page(client)
        counts.append(len(asked))
    assert counts[0] == counts[2]
