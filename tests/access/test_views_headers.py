import pytest
from django.urls import reverse

from tests.access import headers
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


def test_pages_of_everybody_and_refusals_carry_the_headers(client, client_of, sales):
    """tests/test_urls.py asks the same of every address."""
    signed_in = client_of(sales)
    for answer in (
        client.get("/sign-in/"), client.get("/nowhere/"), client.get("/"), signed_in.get("/profile/"),
        signed_in.get("/nowhere/"), signed_in.get("/admin/"), signed_in.post("/profile/second-factor/off/", {}),
    ):  # fmt: skip
        assert headers.missing(answer) == []


def test_the_administration_too(client_of):
    client = client_of(UserFactory(role="administrator"))
    for name in ("admin:index", "admin:people_user_changelist", "admin:jsi18n"):
        assert headers.missing(client.get(reverse(name))) == []


def test_under_https_cookies_and_transport_are_strict(client, settings):
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 3600
    from django.middleware.security import SecurityMiddleware

    answer = SecurityMiddleware(lambda request: client.get("/sign-in/", secure=True))
    assert answer.redirect and answer.sts_seconds == 3600
    page = client.get("/sign-in/", secure=True)
    for cookie in page.cookies.values():
        assert cookie["secure"] and cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["path"] == "/"
