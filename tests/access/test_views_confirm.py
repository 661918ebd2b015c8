"""Changes of the rules want a fresh word."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from access.models import IssuedPassword, Session
from people.models import User
from records.models import CompanySettings, Event
from sla.models import Policy
from tests.access.conftest import ENDLESS
from tests.access.phone import PASSWORD
from tests.records.test_admin import form_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def stale(client_of, configurator):
    """Signed in a while ago."""
    client = client_of(configurator)
    for row in Session.objects.all():
        row.begun_at -= timedelta(minutes=11)
        row.save(update_fields=["begun_at"])
    return client


def limit_form(policy):
    return {f"limit_{policy.pk}": "3", f"seen_{policy.pk}": 1, "mode": "new", "reason": "试行一周"}


def test_a_limit_is_changed_after_a_fresh_word_and_what_was_typed_is_kept(stale, clock_defaults):
    policy = Policy.objects.get(kind="confirmation", urgency_class="")
    url, form = reverse("sla:limits"), limit_form(policy)
    assert stale.get(url).status_code == 200, "looking is free"
    page = stale.post(url, form)
    assert page.status_code == 403
    assert "试行一周" in page.content.decode()
    kept = dict(page.context["kept"])
    assert kept == {name: str(value) for name, value in form.items()}
    before = policy.versions.count()
    assert stale.post(url, kept | {"confirm_password": "wrong"}).status_code == 422
    assert policy.versions.count() == before
    done = stale.post(url, kept | {"confirm_password": PASSWORD})
    assert done.status_code == 302, done.context["form"].errors
    assert policy.versions.count() == before + 1
    assert stale.post(url, {"mode": "new"}).status_code == 422, "the word stays fresh for a while"


def test_the_administration_asks_too_and_keeps_the_form(stale, departments):
    CompanySettings.current()
    url = reverse("admin:records_companysettings_change", args=[1])
    data = form_of(stale, url) | {"company_name": "华东精工"}
    page = stale.post(url, data)
    assert page.status_code == 403
    assert CompanySettings.current().company_name == ""
    assert stale.post(url, dict(page.context["kept"]) | {"confirm_password": PASSWORD}).status_code == 302
    assert CompanySettings.current().company_name == "华东精工"


def test_a_role_is_not_given_from_an_unattended_screen(stale, lin):
    url = reverse("admin:people_user_change", args=[lin.pk])
    assert stale.post(url, form_of(stale, url) | {"role": "administrator"}).status_code == 403
    assert User.objects.get(pk=lin.pk).role == ""
    assert stale.post(reverse("access:password_link", args=[lin.pk])).status_code == 403
    assert stale.post(reverse("access:reset_factor", args=[lin.pk])).status_code == 403


def test_who_has_a_factor_gives_its_code_too(stale, configurator, lin, phone_of):
    phone = phone_of(configurator)
    url = reverse("access:password_link", args=[lin.pk])
    assert stale.post(url, {"confirm_password": PASSWORD}).status_code == 422
    assert stale.post(url, {"confirm_password": PASSWORD, "confirm_code": "000000"}).status_code == 422
    assert stale.post(url, {"confirm_password": PASSWORD, "confirm_code": phone.code()}).status_code == 200


def test_it_cannot_be_guessed(stale, lin):
    url = reverse("access:password_link", args=[lin.pk])
    answers = [stale.post(url, {"confirm_password": f"guess {n}"}).status_code for n in range(6)]
    assert answers == [422] * 5 + [429]


def test_a_password_given_by_an_administrator_is_an_issued_one(client_of, configurator, lin):
    desk, there = client_of(configurator), client_of(lin)
    given = {"password1": "issued long phrase", "password2": "issued long phrase", "usable_password": "true"}
    assert desk.post(reverse("admin:auth_user_password_change", args=[lin.pk]), given).status_code == 302
    assert IssuedPassword.objects.get().user == lin
    assert there.get("/profile/").status_code == 302


def test_deactivating_ends_every_session(client_of, configurator, lin):
    desk, __ = client_of(configurator), client_of(lin)
    url = reverse("admin:people_user_change", args=[lin.pk])
    data = form_of(desk, url)
    data.pop("is_active")
    assert desk.post(url, data).status_code == 302
    assert not Session.objects.filter(user=lin).exists()


def test_secrets_have_no_page_in_the_administration(client_of, admin):
    page = client_of(admin).get("/admin/").content.decode()
    for model in ("mfa/authenticator", "account/emailaddress", "access/session"):
        assert model not in page
        assert client_of(admin).get(f"/admin/{model}/").status_code == 404


def test_a_fresh_word_is_a_new_session(stale, lin):
    key = stale.cookies["sessionid"].value
    stale.post(reverse("access:password_link", args=[lin.pk]), {"confirm_password": PASSWORD})
    assert stale.cookies["sessionid"].value != key
    assert not Session.objects.filter(pk=key).exists()


def test_the_way_in_wants_a_fresh_word_too(stale):
    for name in ("access:enrol", "access:sign_out_everywhere", "access:recovery_codes", "access:remove_factor"):
        assert stale.post(reverse(name)).status_code == 403


def test_an_administrator_signs_somebody_out(client_of, configurator, lin):
    desk, there = client_of(configurator), client_of(lin)
    desk.post(reverse("admin:people_user_changelist"), {"action": "sign_out", "_selected_action": [lin.pk]})
    assert there.get("/profile/").status_code == 302
    assert Event.objects.filter(verb="access.sessions_ended", actor=configurator).exists()


def test_uploads_are_counted(client_of, sales, settings):
    settings.THROTTLES = settings.THROTTLES | {"upload": (2, ENDLESS)}
    client = client_of(sales)
    data = {"language": "en", "theme": "auto"}
    files = [SimpleUploadedFile("a.txt", b"a") for _ in range(3)]
    answers = [client.post("/profile/", data | {"file": file}).status_code for file in files]
    assert answers == [302, 302, 429]


def test_a_persons_page_leads_to_what_an_administrator_does(client_of, configurator, lin):
    desk = client_of(configurator)
    page = desk.get(reverse("admin:people_user_change", args=[lin.pk])).content.decode()
    for name in ("password_link", "reset_factor"):
        address = reverse(f"admin:people_user_{name}", args=[lin.pk])
        assert address in page
        assert desk.get(address).url == reverse(f"access:{name}", args=[lin.pk])
