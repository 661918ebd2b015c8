"""The page of one act: done once, refused with the text kept."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client

from records.models import Event, OnceKey

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.records.act_urls")]
PAGE = "/act/1/"


@pytest.fixture
def client(client_of, sales):
    return client_of(sales)


def notes():
    return list(Event.objects.filter(stream="note").values_list("text", flat=True))


def test_page_carries_a_fresh_once_key(client):
    first, second = (client.get(PAGE).content for _ in range(2))
    assert b'name="once"' in first
    assert first != second


def test_act_is_done_and_leads_on(client):
    response = client.post(PAGE, {"note": "Hello", "once": "k1"})
    assert (response.status_code, response.url) == (302, "/notes/1/")
    assert notes() == ["Hello"]


def test_double_click_acts_once_and_leads_to_the_first_result(client):
    answers = [client.post(PAGE, {"note": "Hello", "once": "k1"}) for _ in range(2)]
    assert [answer.url for answer in answers] == ["/notes/1/", "/notes/1/"]
    assert notes() == ["Hello"]


def test_a_new_form_acts_anew(client):
    urls = [client.post(PAGE, {"note": "Hello", "once": key}).url for key in ("k1", "k2")]
    assert urls == ["/notes/1/", "/notes/2/"]


def test_without_a_key_each_post_counts(client):
    for _ in range(2):
        client.post(PAGE, {"note": "Hello"})
    assert len(notes()) == 2


def test_another_persons_key_is_not_mine(client, client_of, sales_head):
    client.post(PAGE, {"note": "Mine", "once": "k1"})
    client_of(sales_head).post(PAGE, {"note": "Theirs", "once": "k1"})
    assert notes() == ["Mine", "Theirs"]


def test_who_was_told_of_a_change_goes_on_with_what_is_there_now(client):
    """Refused for another reason, the page stays the one that was opened."""
    assert b'name="version" value="0"' in client.get(PAGE).content
    shut = client.post(PAGE, {"note": "shut", "once": "k1", "version": "0"})
    assert b'name="version" value="0"' in shut.content
    client.post(PAGE, {"note": "Faster", "once": "k2"})
    late = client.post(PAGE, {"note": "Mine", "once": "k3", "version": "0"})
    assert late.status_code == 409
    assert b'name="version" value="1"' in late.content
    assert b'value="Mine"' in late.content
    assert client.post(PAGE, {"note": "Mine", "once": "k4", "version": "1"}).status_code == 302
    assert notes() == ["Faster", "Mine"]


@pytest.mark.parametrize(("note", "status", "says"), [
    ("shut", 409, "This is shut."), ("late", 409, "Somebody was faster."),
])
def test_refusal_keeps_the_text_and_changes_nothing(client, note, status, says):
    response = client.post(PAGE, {"note": note, "once": "k1", "version": "3"})
    page = response.content.decode()
    assert response.status_code == status
    assert says in page
    assert f'value="{note}"' in page
    assert notes() == []
    assert not OnceKey.objects.exists()
    assert client.post(PAGE, {"note": "Hello", "once": "k1"}).status_code == 302


def test_refusal_of_a_field_stands_at_the_field(client):
    form = client.post(PAGE, {"note": "shut"}).context["form"]
    assert form.errors["note"] == ["This is shut."]


def test_incomplete_form_is_shown_again(client):
    response = client.post(PAGE, {"note": "", "once": "k1"})
    assert response.status_code == 422
    assert b"This field is required." in response.content
    assert not OnceKey.objects.exists()


@pytest.mark.parametrize(("sent", "seen"), [("7", 7), ("", None), ("-1", None), ("x", None)])
def test_version_is_a_number_or_nothing(client, sent, seen):
    client.post(PAGE, {"note": "Hello", "version": sent})
    assert Event.objects.get(stream="note").params["version"] == seen


def test_missing_right_names_who_can(client_of, planner, sales, sales_head):
    for answer in (client_of(planner).get(PAGE), client_of(planner).post(PAGE, {"note": "Hello"})):
        assert answer.status_code == 403
        assert "enter an urgent order" in answer.content.decode()
        assert "林晓雯" in answer.content.decode()
    assert notes() == []


def test_what_is_not_there_is_not_found(client):
    assert client.get("/act/404/").status_code == 404


def test_act_needs_somebody_signed_in():
    assert Client().post(PAGE, {"note": "Hello"}).url.startswith("/sign-in/")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_act_once(client_of, sales):
    def press(_):
        try:
            return client_of(sales).post(PAGE, {"note": "Hello", "once": "k1"}).url
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(press, range(4))) == {"/notes/1/"}
    assert notes() == ["Hello"]
