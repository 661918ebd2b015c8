"""Coming in: password, code, and what a stranger tries."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access import second_factor
from access.models import IssuedPassword, Session
from notifications.models import Notification
from people.models import User
from records.models import AccessLink, Event
from tests.access.conftest import ENDLESS
from tests.access.phone import PASSWORD, Phone
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db
CODE = "/sign-in/code/"
NEW = "another long phrase"


def sign_in(client, password=PASSWORD, username="lin", **fields):
    return client.post(reverse("access:sign_in"), {"username": username, "password": password, **fields})


def is_in(client):
    return client.get("/profile/").status_code == 200


# The code


def test_password_alone_is_not_enough_for_who_has_a_factor(client, lin, phone_of):
    phone = phone_of(lin)
    assert sign_in(client, next="/profile/").url == CODE
    assert not is_in(client)
    assert client.post(CODE, {"code": "000000"}).status_code == 422
    assert client.post(CODE, {"code": phone.code()}).url == "/profile/"
    assert is_in(client)


def test_a_code_opens_once(lin, phone_of):
    phone = phone_of(lin)
    code = phone.code()
    for expected in (302, 422):
        client = Client()
        sign_in(client)
        assert client.post(CODE, {"code": code}).status_code == expected
    assert not second_factor.verify(lin, phone.code(-1)), "nor an earlier one after it"


def test_a_recovery_code_opens_once_and_others_go_on(lin, phone_of):
    first, second, *__ = phone_of(lin).recovery_codes
    assert second_factor.verify(lin, first)
    assert not second_factor.verify(lin, first)
    assert second_factor.verify(lin, second)
    assert second_factor.recovery_codes_left(lin) == 8


def test_codes_cannot_be_tried_out_and_the_owner_is_told(client, lin, phone_of):
    phone = phone_of(lin)
    sign_in(client)
    for _ in range(5):
        client.post(CODE, {"code": "000000"})
    assert client.post(CODE, {"code": phone.code()}).status_code == 429
    other = Client(REMOTE_ADDR="10.9.9.9")
    sign_in(other)
    assert other.post(CODE, {"code": phone.code()}).status_code == 429
    assert Notification.objects.filter(recipient=lin).count() == 1
    assert Event.objects.filter(verb="access.codes_failed").count() == 1


def test_the_second_step_needs_the_first_and_soon(client, lin, phone_of):
    phone = phone_of(lin)
    assert client.post(CODE, {"code": phone.code()}).url == "/sign-in/"
    sign_in(client)
    session = client.session
    session["pending_sign_in"] |= {"until": (timezone.now() - timedelta(seconds=1)).isoformat()}
    session.save()
    assert client.post(CODE, {"code": phone.code()}).url == "/sign-in/"


def test_secrets_lie_encrypted_and_survive_a_new_key(lin, phone_of, settings):
    phone = phone_of(lin)
    assert phone.secret not in str(list(second_factor.Authenticator.objects.values_list("data", flat=True)))
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new one"
    assert second_factor.verify(lin, phone.code())


# Who must have one


@pytest.mark.parametrize("who", ["configurator", "general_manager", "finance", "finance_head"])
def test_rank_without_a_factor_is_led_to_it_before_anything_else(request, client_of, settings, who):
    settings.REQUIRE_SECOND_FACTOR = True
    client = client_of(request.getfixturevalue(who))
    for url in ("/", "/profile/", "/orders/", "/admin/"):
        assert client.get(url).url == reverse("access:enrol")
    assert client.post("/theme/", {"theme": "dark"}).status_code == 302
    assert client.get("/", headers={"HX-Request": "true"})["HX-Redirect"] == reverse("access:enrol")


def test_others_may_do_without(client_of, sales, settings):
    settings.REQUIRE_SECOND_FACTOR = True
    assert client_of(sales).get("/profile/").status_code == 200


def test_enrolling_shows_codes_once_and_opens_the_desk(client_of, general_manager, settings):
    settings.REQUIRE_SECOND_FACTOR = True
    client, other = client_of(general_manager), client_of(general_manager)
    page = client.get(reverse("access:enrol"))
    assert client.post(reverse("access:enrol"), {"code": "000000"}).status_code == 422
    phone = Phone(page.context["secret"])
    assert page.context["secret"] not in str(dict(client.session)), "not in the clear even before"
    done = client.post(reverse("access:enrol"), {"code": phone.code()})
    assert len(done.context["codes"]) == 10
    assert done["Cache-Control"].count("no-store")
    assert client.get("/profile/").status_code == 200
    assert other.get("/profile/").status_code == 302, "what was open without a factor has ended"
    assert not second_factor.verify(general_manager, phone.code()), "the first code is used"
    assert Event.objects.filter(verb="access.factor_enrolled").exists()
    assert client.post(reverse("access:remove_factor")).status_code == 409


def test_every_page_says_when_it_is_off(client, client_of, sales, settings):
    assert b"second factor is off" in client.get("/sign-in/").content
    assert b"second factor is off" in client_of(sales).get("/profile/").content
    settings.REQUIRE_SECOND_FACTOR = True
    assert b"second factor is off" not in client_of(sales).get("/profile/").content


def test_new_recovery_codes_void_the_old(client_of, lin, phone_of):
    old = phone_of(lin).recovery_codes
    new = client_of(lin).post(reverse("access:recovery_codes")).context["codes"]
    assert not set(old) & set(new)
    assert not second_factor.verify(lin, old[0])
    assert second_factor.verify(lin, new[0])


def test_who_need_not_have_one_takes_it_off(client_of, lin, phone_of):
    phone_of(lin)
    assert client_of(lin).post(reverse("access:remove_factor")).status_code == 302
    assert not second_factor.is_enrolled(lin)


# Passwords


def test_an_issued_password_is_for_choosing_ones_own(client, lin, configurator):
    IssuedPassword.objects.create(user=lin, issued_by=configurator, expires_at=timezone.now() + timedelta(hours=1))
    sign_in(client)
    assert client.get("/orders/").url == reverse("access:password")
    change = {"old_password": PASSWORD, "new_password1": PASSWORD, "new_password2": PASSWORD}
    assert client.post(reverse("access:password"), change).status_code == 422, "not the same again"
    change |= {"new_password1": NEW, "new_password2": NEW}
    assert client.post(reverse("access:password"), change).status_code == 302
    assert client.get("/profile/").status_code == 200
    assert not IssuedPassword.objects.exists()


def test_an_issued_password_ends(client, lin):
    now = timezone.now()
    IssuedPassword.objects.create(user=lin, issued_at=now - timedelta(days=4), expires_at=now - timedelta(days=1))
    assert b"only for the first days" in sign_in(client).content
    assert not is_in(client)


def test_password_change_is_audited_without_it_and_told(client, lin):
    sign_in(client)
    there = Client()
    sign_in(there)
    change = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert client.post(reverse("access:password"), change).status_code == 302
    event = Event.objects.get(verb="access.password_changed")
    assert NEW not in str(event.params)
    assert Notification.objects.filter(recipient=lin).exists()
    assert not is_in(there)
    assert Session.objects.filter(user=lin).count() == 1


def test_old_password_cannot_be_guessed_at_the_change(client, lin):
    sign_in(client)
    change = {"old_password": "guess", "new_password1": NEW, "new_password2": NEW}
    answers = [client.post(reverse("access:password"), change).status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]


@pytest.mark.parametrize("weak", ["short", "password123456", "x" * 129, "Urgent-Order-Desk1", "lin.lin@example.com"])
def test_weak_passwords_are_refused(client, lin, weak):
    lin.email = "lin.lin@example.com"
    lin.save()
    sign_in(client)
    change = {"old_password": PASSWORD, "new_password1": weak, "new_password2": weak}
    assert client.post(reverse("access:password"), change).status_code == 422


@pytest.mark.parametrize("good", ["urgent order desk feeds my cat", "一二三四五六七八九十一二", "xyz zyx a b c d"])
def test_phrases_of_any_letters_are_taken(client, lin, good):
    sign_in(client)
    change = {"old_password": PASSWORD, "new_password1": good, "new_password2": good}
    assert client.post(reverse("access:password"), change).status_code == 302


# A stranger at the door


def test_known_and_unknown_names_are_answered_alike(lin, configurator):
    UserFactory(username="gone", is_active=False).set_password(PASSWORD)

    def answer(name, password):
        page = sign_in(Client(REMOTE_ADDR="10.0.0.9"), password, name)
        text = re.sub(r'value="[^"]*"|nonce="[^"]*"|data-now="\d+"', "", page.content.decode())
        return page.status_code, text

    assert answer("lin", "wrong") == answer("nobody-here", "wrong") == answer("gone", PASSWORD)


def test_the_hasher_runs_for_unknown_names_too(lin, monkeypatch):
    from django.contrib.auth.hashers import MD5PasswordHasher

    runs = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *args: runs.append(1) or encode(*args))
    sign_in(Client(), "wrong")
    known = len(runs)
    sign_in(Client(), "wrong", "nobody-here")
    assert len(runs) == 2 * known


def test_many_names_from_one_address_are_stopped(client, lin, settings):
    settings.THROTTLES = settings.THROTTLES | {"sign_in_address": (3, ENDLESS)}
    for number in range(3):
        sign_in(client, "wrong", f"name{number}")
    assert sign_in(client).status_code == 429
    assert sign_in(Client(REMOTE_ADDR="10.2.2.2")).status_code == 302


def test_one_name_from_many_addresses_is_stopped_but_not_at_its_own_place(lin, settings):
    settings.THROTTLES = settings.THROTTLES | {"sign_in_name": (3, ENDLESS)}
    home = Client(REMOTE_ADDR="10.0.0.1")
    assert sign_in(home).status_code == 302
    for number in range(3):
        sign_in(Client(REMOTE_ADDR=f"10.3.0.{number}"), "wrong", "LIN")
    assert sign_in(Client(REMOTE_ADDR="10.3.0.99")).status_code == 429
    assert sign_in(Client(REMOTE_ADDR="10.0.0.1")).status_code == 302


def test_no_page_of_the_library_is_reachable(client_of, sales):
    for path in ("/accounts/login/", "/accounts/2fa/", "/2fa/authenticate/", "/accounts/", "/login/"):
        assert client_of(sales).get(path).status_code == 404


# The link for a new password


def issue(client_of, configurator, person):
    return client_of(configurator).post(reverse("access:password_link", args=[person.pk]))


def test_a_link_opens_once_and_is_shown_once(client, client_of, configurator, lin):
    there = client_of(lin)
    page = issue(client_of, configurator, lin)
    url = page.context["url"].removeprefix("http://testserver")
    assert page["Cache-Control"].count("no-store")
    assert client.get(url).status_code == 200
    assert client.get(url)["Referrer-Policy"] == "no-referrer"
    assert is_in(there), "looking changes nothing"
    assert client.post(url, {"new_password1": "short", "new_password2": "short"}).status_code == 422
    assert client.post(url, {"new_password1": NEW, "new_password2": NEW}).status_code == 200
    assert not is_in(client), "it signs nobody in"
    assert not is_in(there)
    assert client.post(url, {"new_password1": NEW, "new_password2": NEW}).status_code == 409
    assert sign_in(client, NEW).status_code == 302
    verbs = set(Event.objects.values_list("verb", flat=True))
    assert {"access.password_link_issued", "access.password_set_by_link"} <= verbs
    token = url.strip("/").split("/")[-1]
    assert token not in str(list(Event.objects.values_list("params", flat=True)))
    assert not AccessLink.objects.filter(token_sha256=token).exists()


def test_a_link_does_not_pass_the_second_factor(client, client_of, configurator, lin, phone_of):
    phone_of(lin)
    url = issue(client_of, configurator, lin).context["url"]
    client.post(url, {"new_password1": NEW, "new_password2": NEW})
    assert sign_in(client, NEW).url == CODE


def test_a_later_link_ends_the_earlier_and_a_day_ends_any(client, client_of, configurator, lin):
    first = issue(client_of, configurator, lin).context["url"]
    second = issue(client_of, configurator, lin).context["url"]
    assert client.get(first).status_code == 409
    AccessLink.objects.update(issued_at=timezone.now() - timedelta(days=2), expires_at=timezone.now())
    assert client.get(second).status_code == 409


def test_links_are_issued_by_another_administrator_only(client_of, configurator, lin, sales_head, admin):
    assert issue(client_of, configurator, configurator).status_code == 403
    assert issue(client_of, sales_head, lin).status_code == 403
    assert issue(client_of, configurator, admin).status_code == 403, "not for who stands above"
    User.objects.filter(pk=lin.pk).update(is_active=False)
    assert issue(client_of, configurator, lin).status_code == 409


def test_guessed_links_are_stopped(client, db, settings):
    settings.THROTTLES = settings.THROTTLES | {"link": (3, ENDLESS)}
    answers = [client.get(f"/password/guess{number}/").status_code for number in range(4)]
    assert answers == [409, 409, 409, 429]


def test_a_factor_is_reset_by_another_person_and_audited(client_of, configurator, lin, phone_of):
    phone_of(lin)
    phone_of(configurator)
    there = client_of(lin)
    client = client_of(configurator)
    assert client.post(reverse("access:reset_factor", args=[configurator.pk])).status_code == 403
    assert client.post(reverse("access:reset_factor", args=[lin.pk])).status_code == 302
    assert not second_factor.is_enrolled(lin)
    assert not is_in(there)
    assert Event.objects.filter(verb="access.factor_reset", actor=configurator).exists()
    assert client.post(reverse("access:reset_factor", args=[lin.pk])).status_code == 409
    assert client_of(lin).post(reverse("access:reset_factor", args=[configurator.pk])).status_code == 403


def test_everybody_may_be_asked_for_a_factor(client_of, sales, settings):
    settings.REQUIRE_SECOND_FACTOR_OF_ALL = True
    assert client_of(sales).get("/profile/").url == reverse("access:enrol")


def test_signing_out_empties_the_browser(client_of, sales):
    assert "storage" in client_of(sales).post("/sign-out/", secure=True)["Clear-Site-Data"]
