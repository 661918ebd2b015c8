"""A shared phone: the badge and its PIN switch the person, for acts at machines only, and not for long."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import check_password
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from access import actions
from access.models import Pin, Session
from desk.refusals import GateShut, NotYours, OwnRequest
from notifications.models import Notification
from orders.models import OrderStep
from production.models import TimeSegment
from records.models import AccessLink, Event
from tests.factories import production as make
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db
FLOOR = "/production/scan/"
PIN = "3719"


def door(token):
    return reverse("access:badge_pin", args=[token])


def badge_of(person, by, pin=PIN):
    token = actions.issue_badge(person=person, by=by)
    actions.set_pin(by=person, pin=pin)
    return token


def scanned(token, pin=PIN, client=None):
    client = client or Client()
    return client, client.post(door(token), {"pin": pin})


@pytest.mark.once
def test_badge_and_pin_open_the_machines_and_nothing_else(operator, planner, production_head):
    token = badge_of(operator, production_head)
    phone, answer = scanned(token)
    assert answer.url == FLOOR and phone.get(FLOOR).status_code == 200
    assert phone.get("/").url == FLOOR
    for address in ("/profile/", "/profile/security/", "/orders/", "/production/", "/search/", "/badges/"):
        answer = phone.get(address)
        assert answer.status_code == 403 and "machines only" in answer.content.decode(), address
    assert phone.post("/profile/password/", {}).status_code == 403
    page = phone.get(FLOOR).content.decode()
    assert "/profile/" not in page and 'data-minutes="5"' in page
    other = badge_of(planner, production_head, "4826")  # another badge on the same phone switches the person
    assert "is signed out by it" in phone.get(door(other)).content.decode()
    scanned(other, "4826", phone)
    assert Session.objects.get().user == planner and Session.objects.get().badge
    Client().get(door(token))
    assert Client().get(FLOOR).status_code == 302


@pytest.mark.once
def test_a_badge_session_ends_after_five_minutes_without_use(operator, production_head):
    phone, _answer = scanned(badge_of(operator, production_head))
    left = Session.objects.get().expire_date - timezone.now()
    assert timedelta(minutes=4) < left <= timedelta(minutes=5)
    Session.objects.update(expire_date=timezone.now() + timedelta(minutes=1))
    phone.get(FLOOR)  # use prolongs it at once
    assert Session.objects.get().expire_date > timezone.now() + timedelta(minutes=4)
    Session.objects.update(expire_date=timezone.now() + timedelta(minutes=1))
    phone.get("/production/scan/connection/", headers={"HX-Request": "true"})  # what the page asks by itself does not
    assert Session.objects.get().expire_date < timezone.now() + timedelta(minutes=2)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert phone.get(FLOOR).status_code == 302


@pytest.mark.once
def test_pins_cannot_be_tried_out(operator, production_head):
    token = badge_of(operator, production_head)
    assert PIN not in Pin.objects.get().digest and check_password(PIN, Pin.objects.get().digest)
    for _try in range(5):
        assert scanned(token, "0000")[1].status_code == 422
    assert scanned(token)[1].status_code == 429
    assert Notification.objects.filter(recipient=operator, text__contains="failed at the PIN").exists()
    assert not Session.objects.exists()


@pytest.mark.once
def test_a_badge_needs_a_pin_and_ends_when_it_is_revoked(operator, production_head):
    token = actions.issue_badge(person=operator, by=production_head)
    assert "no PIN yet" in Client().get(door(token)).content.decode()
    assert scanned(token)[1].status_code == 422
    actions.set_pin(by=operator, pin=PIN)
    phone, _answer = scanned(token)
    newer = actions.issue_badge(person=operator, by=production_head)
    assert phone.get(FLOOR).status_code == 302 and scanned(token)[1].status_code == 409
    phone, _answer = scanned(newer)
    actions.revoke_badge(person=operator, by=production_head)
    assert phone.get(FLOOR).status_code == 302
    with pytest.raises(GateShut):
        actions.revoke_badge(person=operator, by=production_head)
    assert newer not in str(list(AccessLink.objects.values())) + str(list(Event.objects.values()))
    assert Event.objects.filter(verb__in=("access.badge_issued", "access.badge_revoked")).count() == 3


def test_the_database_lets_a_revoked_or_foreign_badge_open_nothing(operator, planner, production_head):
    scanned(badge_of(operator, production_head))
    own, link = Session.objects.get(), AccessLink.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Session.objects.filter(pk=own.pk).update(user=planner)
    AccessLink.objects.update(revoked_at=timezone.now(), revoked_by=production_head)
    with pytest.raises(IntegrityError), transaction.atomic():
        Session.objects.bulk_create([
            Session(session_key="k" * 32, expire_date=timezone.now(), user=operator, badge=link)
        ])


@pytest.mark.once
def test_who_issues_badges_to_whom(operator, production_head, sales, finance, admin, client_of, settings):
    for by, person, refusal in ((operator, production_head, NotYours), (production_head, production_head, OwnRequest),
                                (admin, sales, GateShut), (production_head, finance, GateShut)):
        with pytest.raises(refusal):
            actions.issue_badge(person=person, by=by)
    assert client_of(sales).get("/badges/").status_code == 403
    head = client_of(production_head)
    url = reverse("access:issue_badge", args=[operator.pk])
    assert operator.name in head.get(url).content.decode()
    page = head.post(url).content.decode()
    assert re.search(r"<svg", page) and "shown this once" in page
    shown = head.get("/badges/").content.decode()
    assert "since" in shown and "not yet" in shown
    client = client_of(operator)
    for pin, again, status in (("1234", "1234", 422), ("5555", "5555", 422), ("371", "371", 422), (PIN, "3718", 422),
                               (PIN, PIN, 302)):
        assert client.post("/profile/pin/", {"pin": pin, "again": again}).status_code == status, pin
    assert Pin.objects.get().user == operator
    assert head.post(reverse("access:revoke_badge", args=[operator.pk])).status_code == 302


@pytest.mark.once
def test_the_list_of_badges_asks_as_often_for_three_as_for_one(operator, production_head, client_of):
    client = client_of(production_head)

    def asked():
        with CaptureQueriesContext(connection) as seen:
            client.get("/badges/")
        return len(seen.captured_queries)

    asked()
    one = asked()
    for _more in range(3):
        badge_of(UserFactory(role="operator", department=operator.department), production_head)
    assert asked() == one


def test_work_is_done_by_whom_the_badge_belongs_to(people):
    order = make.at_production(people)
    step = OrderStep.objects.filter(order=order).order_by("number").first()
    phone, _answer = scanned(badge_of(people.operator, people.production_head))
    page = phone.get(reverse("production:scan", args=[step.token]))
    assert "X-Keep-Hours" not in page.headers  # a shared phone keeps no page
    assert phone.post(reverse("production:start", args=[step.token])).status_code == 302
    assert TimeSegment.objects.get().person == people.operator
    assert phone.get(reverse("production:order_tab", args=[order.pk])).status_code == 403
