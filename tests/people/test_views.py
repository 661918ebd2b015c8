import pytest
from django.test import Client
from django.urls import reverse

from people.models import User
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def lin(departments):
    person = UserFactory(username="lin", name="林晓雯")
    person.set_password(PASSWORD)
    person.save()
    return person


def sign_in(client, password=PASSWORD, **fields):
    return client.post(reverse("access:sign_in"), {"username": "lin", "password": password, **fields})


# Signing in and out


def test_every_page_asks_to_sign_in_and_comes_back(client):
    response = client.get(reverse("people:profile"))
    assert response.status_code == 302
    assert response.url == f"{reverse('access:sign_in')}?next={reverse('people:profile')}"


def test_a_fragment_sends_the_whole_page_to_sign_in(client):
    response = client.get(reverse("people:profile"), headers={"HX-Request": "true"})
    assert response["HX-Redirect"].startswith(reverse("access:sign_in"))


def test_right_password_opens_the_page_asked_for(client, lin):
    response = sign_in(client, next=reverse("people:profile"))
    assert response.url == reverse("people:profile")
    assert client.get(response.url).status_code == 200


def test_sign_in_leads_to_no_other_host(client, lin):
    assert sign_in(client, next="https://evil.example/").url == "/"


def test_wrong_password_is_told_without_saying_which_part(client, lin):
    response = sign_in(client, "wrong")
    assert b"enter a correct username and password" in response.content
    assert "_auth_user_id" not in client.session


def test_who_left_cannot_sign_in_nor_stay(client, lin):
    sign_in(client)
    User.objects.update(is_active=False)
    assert client.get(reverse("people:profile")).status_code == 302
    assert sign_in(Client()).status_code == 200


def test_eight_wrong_passwords_close_the_name_for_a_while(client, lin, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        response = sign_in(client, "wrong")
    assert response.status_code == 429
    assert b"closed for 15 minutes" in response.content
    assert sign_in(client).status_code == 429
    other_device = Client(REMOTE_ADDR="10.1.1.1")
    assert sign_in(other_device).status_code == 302


def test_sign_out_needs_a_post(client, lin):
    sign_in(client)
    assert client.get(reverse("people:sign_out")).status_code == 405
    client.post(reverse("people:sign_out"))
    assert "_auth_user_id" not in client.session


def test_a_post_without_its_token_is_refused(lin):
    assert sign_in(Client(enforce_csrf_checks=True)).status_code == 403


# Language


def language_of(response):
    return response["Content-Language"]


@pytest.mark.parametrize(("asked", "shown"), [
    ("zh-CN,zh;q=0.9", "zh-hans"), ("zh-SG", "zh-hans"), ("zh", "zh-hans"), ("zh-TW", "zh-hant"), ("zh-HK", "zh-hant"),
    ("zh-Hant-HK", "zh-hant"), ("de-DE,de", "en"), ("", "en"),
])
def test_browsers_language_finds_ours(client, asked, shown):
    response = client.get(reverse("access:sign_in"), headers={"Accept-Language": asked})
    assert language_of(response) == shown


def test_language_chosen_before_signing_in_stays_in_a_cookie(client):
    response = client.post(reverse("people:language"), {"language": "zh-hant", "next": reverse("access:sign_in")})
    assert response.url == reverse("access:sign_in")
    assert language_of(client.get(reverse("access:sign_in"))) == "zh-hant"


def test_profiles_language_counts_more_than_cookie_and_browser(client_of, sales):
    client = client_of(sales)
    client.post(reverse("people:language"), {"language": "zh-hans", "next": "/"})
    assert User.objects.get(pk=sales.pk).language == "zh-hans"
    client.cookies["django_language"] = "zh-hant"
    response = client.get(reverse("people:profile"), headers={"Accept-Language": "en"})
    assert language_of(response) == "zh-hans"


def test_unknown_language_and_foreign_address_change_nothing(client_of, sales):
    response = client_of(sales).post(reverse("people:language"), {"language": "xx", "next": "//evil.example"})
    assert response.url == "/"
    assert User.objects.get(pk=sales.pk).language == ""


def test_language_is_not_chosen_by_a_link(client):
    assert client.get(reverse("people:language"), {"language": "zh-hans"}).status_code == 405


# Profile


def test_theme_is_kept_and_leads_back(client_of, sales):
    client = client_of(sales)
    response = client.post(reverse("people:theme"), {"theme": "dark", "next": reverse("people:profile")})
    assert response.url == reverse("people:profile")
    assert b'data-theme="dark"' in client.get(response.url).content
    assert client.post(reverse("people:theme"), {"theme": "pink", "next": "https://evil.example"}).url == "/"
    assert User.objects.get(pk=sales.pk).theme == "dark"


def test_profile_saves_language_and_appearance_only(client_of, sales):
    changes = {"language": "zh-hant", "theme": "dark", "role": "administrator", "is_superuser": "on"}
    assert client_of(sales).post(reverse("people:profile"), changes).status_code == 302
    sales = User.objects.get(pk=sales.pk)
    assert (sales.language, sales.theme, sales.role, sales.is_superuser) == ("zh-hant", "dark", "sales", False)


def test_profile_lists_what_one_may_do(client_of, sales, stranger):
    assert b"enter an urgent order" in client_of(sales).get(reverse("people:profile")).content
    assert b"No right yet" in client_of(stranger).get(reverse("people:profile")).content


def test_own_password_is_changed_and_one_stays_signed_in(client, lin):
    sign_in(client)
    new = {"new_password1": "another long phrase", "new_password2": "another long phrase"}
    refused = client.post(reverse("access:password"), {"old_password": "wrong", **new})
    assert refused.status_code == 422
    assert client.post(reverse("access:password"), {"old_password": PASSWORD, **new}).status_code == 302
    assert client.get(reverse("people:profile")).status_code == 200
    assert User.objects.get(pk=lin.pk).check_password("another long phrase")


def test_short_and_common_passwords_are_refused(client, lin):
    sign_in(client)
    for weak in ("short", "password123456"):
        change = {"old_password": PASSWORD, "new_password1": weak, "new_password2": weak}
        assert client.post(reverse("access:password"), change).status_code == 422
