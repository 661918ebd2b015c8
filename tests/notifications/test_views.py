import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from notifications.actions import dispatch, tell
from notifications.models import Notification
from notifications.reports import unread_count

FILES = "django.core.mail.backends.filebased.EmailBackend"


def say(person, number=1):
    tell(key=f"event:{number}", recipients=[person], text="Confirm {what}", params={"what": f"UO-{number}"},
         url=f"/orders/{number}/")  # fmt: skip


@pytest.fixture
def var_mail(settings, tmp_path):
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = FILES, str(tmp_path)
    return tmp_path


def test_the_inbox_shows_ones_own_messages(sales, planner, client_of):
    say(sales, 1)
    say(planner, 2)
    page = client_of(sales).get(reverse("notifications:inbox")).content.decode()
    assert "Confirm UO-1" in page and "UO-2" not in page


def test_following_a_message_reads_it(sales, client_of):
    say(sales)
    message = Notification.objects.get()
    response = client_of(sales).post(reverse("notifications:follow", args=[message.pk]))
    assert (response.status_code, response.url) == (302, "/orders/1/")
    assert unread_count(sales) == 0


def test_nobody_follows_or_reads_anothers_message(sales, planner, client_of):
    say(sales)
    message = Notification.objects.get()
    client = client_of(planner)
    assert client.post(reverse("notifications:follow", args=[message.pk])).status_code == 404
    client.post(reverse("notifications:mark_read"), {"message": message.pk})
    client.post(reverse("notifications:mark_read"))
    assert unread_count(sales) == 1


def test_all_messages_are_marked_at_once(sales, client_of):
    for number in range(3):
        say(sales, number)
    client_of(sales).post(reverse("notifications:mark_read"))
    assert unread_count(sales) == 0


def test_the_inbox_costs_the_same_for_more_rows_and_turns_pages(sales, client_of):
    client, url = client_of(sales), reverse("notifications:inbox")

    def statements():
        with CaptureQueriesContext(connection) as caught:
            response = client.get(url)
        return len(caught), response

    say(sales, 0)
    one, _response = statements()
    for number in range(1, 60):
        say(sales, number)
    many, response = statements()
    assert one == many
    page = response.context["page"]
    rest = client.get(url, {"after": page.next_cursor}).context["page"]
    assert len({row.pk for row in [*page.rows, *rest.rows]}) == 60


@pytest.mark.clause("3.1.1")
def test_without_a_mail_server_the_letters_are_readable(sales, admin, client_of, var_mail):
    sales.language = "zh-hans"
    sales.save()
    tell(key="event:1", recipients=[sales], text="Past: {what}", params={"what": "启明风电 UO-1"}, url="/orders/1/")
    dispatch()
    client = client_of(admin)
    page = client.get(reverse("notifications:mail"))
    assert sales.email in page.content.decode()
    letter = page.context["letters"][0]
    text = client.get(reverse("notifications:letter", args=[letter.file, letter.number])).content.decode()
    assert "启明风电 UO-1" in text and 'href="http://127.0.0.1:8000/orders/1/"' in text


def test_letters_turn_pages(sales, admin, client_of, var_mail):
    for number in range(51):
        (var_mail / f"20260302-0900{number:02}-1.log").write_bytes(b"Subject: " + str(number).encode() + b"\n\nText")
    client, url = client_of(admin), reverse("notifications:mail")
    page = client.get(url)
    assert [letter.subject for letter in page.context["letters"]] == [str(number) for number in range(50, 0, -1)]
    rest = client.get(url, {"after": page.context["next"]})
    assert [letter.subject for letter in rest.context["letters"]] == ["0"]


@pytest.mark.parametrize("name", ["..%2Fenv", "env", "x.log", "..log"])
def test_only_letters_are_read(admin, client_of, var_mail, name):
    (var_mail / "env").write_text("SECRET_KEY=1")
    assert client_of(admin).get(f"/messages/mail/{name}/0/").status_code == 404


def test_letters_are_for_administrators(sales, client_of, var_mail):
    assert client_of(sales).get(reverse("notifications:mail")).status_code == 403


def test_with_a_mail_server_there_is_no_page_of_letters(admin, client_of):
    assert client_of(admin).get(reverse("notifications:mail")).status_code == 404
