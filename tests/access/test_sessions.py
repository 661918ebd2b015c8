from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access.models import Session
from access.tasks import forget_ended
from people.models import User
from tests.access.phone import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.once]
PROFILE = "/profile/"


def back(**changes):
    """Let time pass for every session."""
    for row in Session.objects.all():
        for name, delta in changes.items():
            setattr(row, name, getattr(row, name) - delta)
        row.save(update_fields=list(changes))


def is_in(client):
    return client.get(PROFILE).status_code == 200


def test_an_unused_session_ends(client_of, sales, settings):
    client = client_of(sales)
    row = Session.objects.get()
    assert row.user == sales
    assert row.expire_date - timezone.now() <= timedelta(minutes=settings.SESSION_IDLE_MINUTES)
    back(expire_date=timedelta(minutes=settings.SESSION_IDLE_MINUTES))
    assert not is_in(client)


def test_use_prolongs_it_but_not_beyond_the_working_day(client_of, sales, settings):
    client = client_of(sales)
    back(expire_date=timedelta(minutes=100), seen_at=timedelta(minutes=100))
    assert is_in(client)
    assert Session.objects.get().expire_date > timezone.now() + timedelta(minutes=settings.SESSION_IDLE_MINUTES - 1)
    back(begun_at=timedelta(hours=settings.SESSION_HOURS, minutes=-5), seen_at=timedelta(minutes=2))
    assert is_in(client)
    assert Session.objects.get().expire_date < timezone.now() + timedelta(minutes=6)


def test_a_page_that_refreshes_itself_keeps_nobody_in(client_of, sales):
    client = client_of(sales)
    back(expire_date=timedelta(minutes=10), seen_at=timedelta(minutes=10))
    before = Session.objects.get().expire_date
    client.get(PROFILE, headers={"HX-Request": "true"})
    assert Session.objects.get().expire_date == before


def test_use_is_written_once_a_minute(client_of, sales):
    client = client_of(sales)
    is_in(client)
    seen = Session.objects.get().seen_at
    is_in(client)
    assert Session.objects.get().seen_at == seen


def test_somebody_deactivated_is_out_at_once(client_of, sales):
    client = client_of(sales)
    User.objects.update(is_active=False)
    assert not is_in(client)


def test_a_new_password_ends_the_other_sessions(client_of, sales):
    here, there = client_of(sales), client_of(sales)
    sales.set_password("another long phrase")
    sales.save()
    assert not is_in(here)
    assert not is_in(there)


def test_own_sessions_are_listed_and_ended_and_no_key_is_shown(client_of, sales, planner):
    here, there, elsewhere = client_of(sales), client_of(sales), client_of(planner)
    is_in(there)
    page = here.get(reverse("access:security")).content.decode()
    other = Session.objects.get(pk=there.session.session_key)
    assert str(other.public_id) in page
    assert not any(key in page for key in Session.objects.values_list("session_key", flat=True))
    elsewhere.post(reverse("access:end_session", args=[other.public_id]))
    assert is_in(there), "somebody else's stays"
    here.post(reverse("access:end_session", args=[other.public_id]))
    assert not is_in(there)
    assert is_in(here)


def test_signing_out_everywhere(client_of, sales):
    here, there = client_of(sales), client_of(sales)
    here.post(reverse("access:sign_out_everywhere"))
    assert not is_in(here)
    assert not is_in(there)


def test_device_and_address_are_listed(lin):
    chrome = "Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537"
    client = Client(headers={"User-Agent": chrome}, REMOTE_ADDR="10.1.2.3")
    client.post(reverse("access:sign_in"), {"username": "lin", "password": PASSWORD})
    page = client.get(reverse("access:security")).content.decode()
    assert "Chrome · Windows" in page
    assert "10.1.2.3" in page


def test_ended_sessions_are_forgotten(client_of, sales):
    client_of(sales)
    back(expire_date=timedelta(days=1))
    forget_ended()
    assert not Session.objects.exists()


def test_a_stolen_key_of_nobody_opens_nothing(client):
    client.cookies["sessionid"] = "a" * 32
    assert not is_in(client)
    assert not Session.objects.exists()
