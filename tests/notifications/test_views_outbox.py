from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from notifications.actions import dispatch, tell, void_letters
from notifications.models import Outbox
from notifications.reports import loads
from records.models import Event

STATE = Outbox.State


def say(person, number=1):
    tell(key=f"event:{number}", recipients=[person], text="Confirm {what}", params={"what": f"UO-{number}"},
         url=f"/orders/{number}/", source=f"order:{number}")  # fmt: skip


def fail(*numbers, state=STATE.DEAD, error="451 Try later"):
    next_try = timezone.now() + timedelta(minutes=1) if state == STATE.WAITING else None
    Outbox.objects.filter(event__in=[f"event:{number}" for number in numbers]).update(
        state=state, next_try_at=next_try, attempts=5, error=error
    )


@pytest.fixture
def url():
    return reverse("notifications:outbox")


def test_the_outbox_is_the_administrators(sales, sales_head, client_of, url):
    for person in (sales, sales_head):
        client = client_of(person)
        assert client.get(url).status_code == client.post(url, {"act": "again"}).status_code == 403


def test_what_did_not_arrive_is_shown_in_pages_of_the_same_cost(sales, admin, client_of, url):
    client = client_of(admin)

    def statements(**asked):
        with CaptureQueriesContext(connection) as caught:
            response = client.get(url, asked)
        return len(caught), response

    for number in range(30):
        say(sales, number)
    fail(0)
    one, response = statements()
    assert [row.event for row in response.context["page"].rows] == ["event:0"]
    assert "451 Try later" in response.content.decode() and "1 letter was not delivered" in response.content.decode()
    fail(*range(29))
    fail(28, state=STATE.WAITING)
    many, response = statements()
    assert one == many
    page = response.context["page"]
    rest = client.get(url, {"after": page.next_cursor}).context["page"]
    assert len({row.pk for row in [*page.rows, *rest.rows]}) == 29
    late = client.get(url, {"state": "late", "channel": "email"}).context["page"].rows
    assert [row.event for row in late] == ["event:28"]
    assert not client.get(url, {"channel": "robot"}).context["page"].rows
    assert client.get(url, {"state": "nonsense", "channel": "x", "after": "y"}).status_code == 200


def test_a_letter_is_sent_again_as_the_same_letter(sales, admin, client_of, url, mailoutbox):
    for number in (1, 2, 3):
        say(sales, number)
    fail(1, 2, 3)
    letters = list(Outbox.objects.order_by("pk"))
    client = client_of(admin)
    assert client.post(url, {"only": letters[0].pk}).status_code == 302
    chosen = {"letters": [letters[1].pk, letters[2].pk], "act": "again"}
    assert client.post(url, chosen | {"once": "a"}).status_code == 302
    assert client.post(url, chosen | {"once": "a"}).status_code == 302  # a double click
    assert dispatch().sent == 3
    headers = {message.extra_headers["Message-ID"].split("@")[0].strip("<") for message in mailoutbox}
    assert headers == {str(letter.message_id) for letter in letters}
    assert set(Outbox.objects.values_list("state", "attempts", "error")) == {(STATE.SENT, 1, "")}
    assert Event.objects.filter(verb="letter.again").count() == 2


def test_what_was_settled_meanwhile_is_not_sent_again(sales, admin, client_of, url):
    for number in (1, 2, 3):
        say(sales, number)
    fail(1, 2)
    void_letters("order:1")
    client = client_of(admin)
    first, second, third = Outbox.objects.order_by("pk")
    for chosen in ([first.pk], [first.pk, second.pk]):
        response = client.post(url, {"letters": chosen, "act": "again"})
        assert response.status_code == 409 and "Withdrawn" in response.content.decode()
    Outbox.objects.filter(pk=third.pk).update(state=STATE.LEASED, lease=third.message_id)
    assert client.post(url, {"only": third.pk}).status_code == 409
    for chosen in ({}, {"letters": ["x", "-1", "9" * 30]}, {"letters": ["999999"]}):
        assert client.post(url, chosen | {"act": "again"}).status_code == 422
    assert list(Outbox.objects.order_by("pk").values_list("state", flat=True)) == [STATE.VOID, STATE.DEAD, STATE.LEASED]


def test_giving_up_wants_a_reason_and_ends_the_alarm(sales, admin, client_of, url):
    say(sales)
    fail(1)
    client, letter = client_of(admin), Outbox.objects.get()
    response = client.post(url, {"letters": [letter.pk], "act": "give_up", "reason": " "})
    assert response.status_code == 422 and "checked" in response.content.decode()
    assert client.post(url, {"letters": [letter.pk], "act": "give_up", "reason": "离职"}).status_code == 302
    letter.refresh_from_db()
    assert (letter.state, letter.given_up_by, letter.reason) == (STATE.GIVEN_UP, admin, "离职")
    page = client.get(url, {"state": "given_up"}).content.decode()
    assert "离职" in page and "not delivered." not in page
    assert client.post(url, {"only": letter.pk}).status_code == 409


def test_the_number_of_messages_for_each_person_is_shown(sales, planner, admin, client_of, url):
    for number in range(3):
        say(sales, number)
    say(planner, 9)
    assert [(load.person, load.numbers[0], load.total) for load in loads()] == [(sales, 3, 3), (planner, 1, 1)]
    page = client_of(admin).get(url).content.decode()
    assert page.index(sales.name) < page.index(planner.name)
