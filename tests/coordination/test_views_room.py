"""The first page of an order: written without JavaScript, read by who sees the order; and the list of rooms."""

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from coordination import actions
from coordination.models import Post, RoomRead
from orders import actions as orders
from tests.coordination.test_room import PNG, say
from tests.factories import orders as make

pytestmark = [pytest.mark.django_db, pytest.mark.clause("5.1")]
ROOMS = "/rooms/"


@pytest.fixture
def order(people):
    return make.submitted(people)


def write(client, order, **values):
    return client.post(order.get_absolute_url(), {"once": uuid4().hex, "text": "x", "kind": "progress"} | values)


def news(client, order, after):
    return client.get(reverse("coordination:room_news", args=[order.pk]), {"after": after})


def read(client, address):
    return client.get(address).content.decode()


def test_the_first_page_is_the_room_and_says_who_is_in_it(order, people, client_of):
    client = client_of(people.sales)
    page = read(client, order.get_absolute_url())
    assert "The room was made with 6 members." in page
    draft = make.draft(people.sales)
    assert "The room was made" not in read(client, draft.get_absolute_url())


def test_writing_calling_attaching_and_once(order, people, client_of):
    client, key = client_of(people.buyer), uuid4().hex
    files = [SimpleUploadedFile(name, PNG) for name in ("a.png", "b.png")]
    answer = write(client, order, once=key, text="<b>运单</b>", called=[f"p{people.sales.pk}"], files=files)
    assert (answer.status_code, answer.url) == (302, order.get_absolute_url())
    write(client, order, once=key, text="<b>运单</b>")
    said = Post.objects.get()
    assert said.mentions.get().person == people.sales and said.files.count() == 2
    page = read(client_of(people.sales), order.get_absolute_url())
    assert "&lt;b&gt;运单" in page and page.count("<img") >= 2
    stored = said.files.first().file
    address = reverse("orders:file", args=[order.pk, stored.pk])
    shown = client_of(people.finance).get(address)
    assert shown.getvalue() == PNG
    for close in shown._resource_closers:
        close()
    taken = client.post(reverse("coordination:take_back", args=[order.pk, said.pk]), {"once": uuid4().hex})
    assert taken.status_code == 302
    page = read(client_of(people.sales), order.get_absolute_url())
    assert "运单" not in page and "took back" in page
    assert client_of(people.finance).get(address).status_code == 404


def test_what_is_refused_is_said_and_the_words_stay(order, people, client_of, stranger):
    client = client_of(people.buyer)
    say(order, people.buyer, "停机", kind="problem", issue_kind="machine", severity="major")
    issue = order.issues.get()
    for values, status, text in (
        ({"text": ""}, 422, "text"),
        ({"text": "y" * 2001}, 422, "2000"),
        ({"text": "夹具坏了", "kind": "problem"}, 422, "what kind of problem"),
        ({"text": "修好了", "kind": "solution", "issue": issue.pk}, 409, "taken note"),
        ({"text": "图纸", "files": SimpleUploadedFile("a.exe", b"MZ")}, 422, "This kind of file is not taken"),
        ({"text": "喂", "called": [f"p{stranger.pk}"]}, 422, "喂"),
    ):
        answer = write(client, order, **values)
        page = answer.content.decode()
        assert answer.status_code == status and text in page, values
        assert values["text"][:100] in page
    assert Post.objects.count() == 1
    assert write(client, order, text="没料了", kind="problem", issue_kind="no_material").status_code == 302
    assert order.issues.filter(severity="minor").count() == 1


def test_to_whom_the_order_is_closed_the_room_is_not_there(order, people, client_of, stranger):
    said = say(order, people.buyer)
    client = client_of(stranger)
    for address in (order.get_absolute_url(), reverse("coordination:room_news", args=[order.pk])):
        assert client.get(address).status_code == 404
    assert write(client, order).status_code == 404
    assert client.post(reverse("coordination:take_back", args=[order.pk, said.pk])).status_code == 404
    assert "今晚" not in read(client, ROOMS) and "今晚" not in read(client, ROOMS + "?q=板料")


def test_a_problem_is_amber_until_it_is_solved_and_told_once(order, people, client_of):
    client = client_of(people.sales)
    said = say(order, people.buyer, "夹具只有一套", kind="problem", issue_kind="machine", severity="minor")
    page = read(client, order.get_absolute_url())
    assert "bub--prob" in page and "Mark as solved" in page
    assert page.count("夹具只有一套") == 1 + 1  # once in the stream, once among the problems one may write about
    orders.solve_issue(issue_id=said.issue_id, by=people.planners[0], solution="改用 CNC-4")
    page = read(client, order.get_absolute_url())
    assert "bub--prob" not in page and "Problem, solved" in page and "改用 CNC-4" in page


def test_news_are_what_is_newer_than_the_page(order, people, client_of):
    client = client_of(people.sales)
    said = say(order, people.buyer, "一")
    assert news(client, order, said.number).status_code == 204
    say(order, people.buyer, "二")
    problem = say(order, people.buyer, "三", kind="problem", issue_kind="machine", severity="minor")
    answer = news(client, order, said.number)
    page = answer.content.decode()
    assert "二" in page and "三" in page and "一" not in page and "2 new posts" in page
    assert news(client, order, problem.number).status_code == 204
    assert "new post" not in news(client_of(people.buyer), order, said.number).content.decode()
    orders.solve_issue(issue_id=problem.issue_id, by=people.planners[0], solution="好了")
    page = news(client, order, problem.number).content.decode()
    assert f'id="entry-{problem.number}" data-number="{problem.number}" hx-swap-oob="true"' in page
    for nonsense in ("", "x", "-1", "9" * 30):
        assert news(client, order, nonsense).status_code == 200


def test_read_marks_are_written_by_looking_and_shown_by_department(order, people, client_of):
    said = say(order, people.buyer)
    sales = client_of(people.sales)
    tabs = read(sales, reverse("orders:documents", args=[order.pk]))
    assert "something waits for you" in tabs.split('class="tabs"')[1].split("</nav>")[0]
    sales.get(order.get_absolute_url())
    assert RoomRead.objects.get(person=people.sales).number >= said.number
    tabs = read(sales, reverse("orders:documents", args=[order.pk]))
    assert f'href="{order.get_absolute_url()}">Room</a>' in tabs
    client_of(people.finance).get(order.get_absolute_url())
    page = read(sales, order.get_absolute_url())
    assert "read by 2 of 6 departments" in page and people.finance.name in page
    later = say(order, people.buyer)
    news(sales, order, said.number)
    assert RoomRead.objects.get(person=people.sales).number == later.number


def test_rooms_with_something_unread_come_first(people, client_of):
    old, new = make.submitted(people), make.submitted(people)
    say(old, people.buyer, "unread here")
    said = say(new, people.buyer, "read there")
    actions.mark_read(order=new, by=people.sales, number=said.number, mark=None)
    page = read(client_of(people.sales), ROOMS)
    assert page.index("unread here") < page.index("read there")
    assert page.count("unread here") == 1
    assert "read there" not in read(client_of(people.sales), ROOMS + "?unread=1")
    assert "Nobody has written yet" in read(client_of(people.operator), ROOMS)


def test_searching_finds_posts_page_by_page(order, people, client_of):
    for number in range(31):
        say(order, people.buyer, f"现货 {number}")
    client = client_of(people.sales)
    first = client.get(ROOMS, {"q": "現貨"})
    assert len(first.context["page"]) == 30
    second = client.get(ROOMS, {"q": "現貨", "after": first.context["page"].next_cursor})
    assert [post.text for post in second.context["page"]] == ["现货 0"]
    assert "Nothing was found" in read(client, ROOMS + "?q=nothing")


def test_pages_ask_the_same_for_one_and_for_three(people, client_of, django_assert_max_num_queries):
    client = client_of(people.sales)
    counts = set()
    for number in (1, 2):  # one room with one post, then three rooms, one of them with three
        for _ in range(number):
            order = make.submitted(people)
            for _ in range(2 * number - 1):
                say(order, people.buyer, f"@{people.finance.name} 现货", files=[SimpleUploadedFile("a.png", PNG)])
        found = []
        for address in (order.get_absolute_url(), ROOMS, ROOMS + "?q=现货", ROOMS + "?unread=1"):
            with django_assert_max_num_queries(70) as seen:
                client.get(address)
            found.append(len(seen))
        counts.add(tuple(found))
    assert len(counts) == 1, counts
