import pytest
from django.urls import reverse

pytestmark = [pytest.mark.once, pytest.mark.django_db]


def test_the_style_page_is_the_administrators(client_of, admin, sales):
    assert client_of(admin).get(reverse("desk:styles")).status_code == 200
    assert client_of(sales).get(reverse("desk:styles")).status_code == 404


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_a_page_says_its_language(client_of, admin, language):
    type(admin).objects.filter(pk=admin.pk).update(language=language)
    html = client_of(admin).get(reverse("desk:styles")).content.decode().lower()
    assert f'<html lang="{language}"' in html


def test_a_lost_address_keeps_the_rail(client_of, sales):
    response = client_of(sales).get("/nowhere/")
    assert response.status_code == 404
    assert 'class="side"' in response.content.decode()


def test_a_stale_form_is_answered_in_plain_words(sales):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(sales, backend="people.backends.PersonBackend")
    response = client.post(reverse("people:theme"), {"theme": "dark"})
    assert response.status_code == 403
    assert "Please send it once more" in response.content.decode()
