"""The list of orders: filters, sorts, pages, columns, saved views, files, chosen rows."""

from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from orders.listing import COLUMNS, SORTS
from orders.models import Duty, ListChoice, OrderStep, SavedView
from tests.factories import orders as make

pytestmark = pytest.mark.django_db
SHELL = ('"access_session"', 'FROM "people_', 'FROM "sla_workitem" INNER JOIN "people_department"')


def act(client, address, **values):
    return client.post(address, {"once": uuid4().hex} | values)


def numbers(client, query=""):
    page = client.get(f"/orders/?{query}")
    assert page.status_code == 200
    return [row.number for row in page.context["page"]]


def asked(client, query, counting):
    with counting(20) as seen:
        assert client.get(f"/orders/?{query}").status_code == 200
    return [row["sql"] for row in seen]


def test_four_statements_for_one_order_and_for_three(people, client_of, django_assert_max_num_queries):
    client = client_of(people.sales)
    make.submitted(people)
    queries = ("", "time=risk&product=x&customer=y&person=z&hold=on", "sort=class&submitted_from=2020-01-01")
    for query in queries:
        own = [sql for sql in asked(client, query, django_assert_max_num_queries) if not any(p in sql for p in SHELL)]
        assert len(own) <= 4, own
    one = asked(client, "", django_assert_max_num_queries)
    make.submitted(people, lines=2), make.at_review(people)
    three = asked(client, "", django_assert_max_num_queries)
    assert len(three) == len(one) <= 7  # three of them: session, person, shell


def test_filters(people, client_of):
    first, second = make.submitted(people), make.at_review(people)
    client = client_of(people.sales)

    def shown(query):
        listed = numbers(client, query)
        return [order for order in (first, second) if order.number in listed]

    assert shown("") == [first, second]
    assert shown("stage=review") == shown("department=production") == [second]
    assert shown(f"customer={first.customer.latin_name.replace(' ', '+')}") == [first]
    assert shown(f"product={second.lines.get().product.number}") == [second]
    assert shown(f"q={first.number[-4:]}") == [first]
    assert shown("mine=on") == [first, second]
    assert shown("own=on") == [first]
    assert shown(f"person={people.sales.name}") == [first]
    assert shown("q=nothing+like+it") == []
    assert shown("stage=nonsense&submitted_from=x&sort=x&after=x") == [first, second]


def test_cells_are_drawn_and_names_stay_text(people, client_of):
    order = make.submitted(people, customer=make.make_customer(name="<b>海川</b>"))
    page = client_of(people.sales).get("/orders/").content.decode()
    row = page[page.index(f'value="{order.pk}" aria-label') :].split("</tr>")[0]
    assert "<time datetime=" in row and 'class="seal' in row
    assert "&lt;b&gt;海川&lt;/b&gt;" in row
    assert "&lt;span" not in row and "&lt;time" not in row and "&amp;lt;" not in row


def test_chips_name_each_filter_and_lead_to_the_list_without_it(people, client_of):
    page = client_of(people.sales).get("/orders/?stage=review&time=late&sort=class")
    assert [(str(chip["label"]), chip["query"]) for chip in page.context["chips"]] == [
        ("Stage", "time=late&sort=class"), ("Time", "stage=review&sort=class"),
    ]  # fmt: skip


def test_pages_lead_on_and_back_in_every_order(people, client_of, monkeypatch):
    monkeypatch.setattr("orders.views.listing.PAGE_SIZE", 1)
    made = [make.submitted(people).number for _ in range(3)]
    client = client_of(people.sales)
    for sort in SORTS:
        first = client.get(f"/orders/?sort={sort}").context["page"]
        assert not first.previous_cursor
        second = client.get("/orders/", {"sort": sort, "after": first.next_cursor}).context["page"]
        third = client.get("/orders/", {"sort": sort, "after": second.next_cursor}).context["page"]
        assert sorted(row.number for page in (first, second, third) for row in page) == sorted(made)
        assert not third.next_cursor
        back = client.get("/orders/", {"sort": sort, "after": third.previous_cursor}).context["page"]
        assert back.rows == second.rows


@pytest.mark.clause("4.1.2")
def test_list_predicts_lateness_from_the_plan(people, client_of):
    order = make.at_procurement(people)
    OrderStep.objects.filter(order=order).update(planned_end_at=order.required_at + timedelta(hours=20, minutes=20))
    client = client_of(people.sales)
    assert "20 h 20 m late" in client.get("/orders/").content.decode()
    assert numbers(client, "time=risk") == [order.number]
    assert numbers(client, "time=late") == []


def test_a_person_sees_only_what_is_open_to_them(people, client_of, stranger, hr):
    order = make.submitted(people)
    for outsider in (stranger, hr):
        client = client_of(outsider)
        assert numbers(client) == numbers(client, f"q={order.number}") == []
        assert order.number not in b"".join(client.get("/orders/file/csv/")).decode()
        assert order.number not in client.get(f"/orders/chosen/sheets/?order={order.pk}").content.decode()
        assert order.number not in client.get(f"/orders/chosen/take/?order={order.pk}").content.decode()


def test_columns_are_each_persons_own_and_money_is_for_those_who_may_see_it(people, client_of):
    order = make.submitted(people)
    order.lines.update(unit_price_amount=2025)
    for person, sees in ((people.sales, True), (people.planners[0], False)):
        client = client_of(person)
        assert ("amount" in client.get("/orders/columns/").content.decode()) is sees
        ListChoice.objects.create(person=person, columns=list(COLUMNS))  # as if the form had let it through
        page = client.get("/orders/").content.decode()
        file = b"".join(client.get("/orders/file/csv/")).decode()
        assert ("20,250" in page) is ("20250" in file) is sees
    answer = act(client_of(people.sales), "/orders/columns/", columns=["place", "creator"], next="stage=open")
    assert answer.url == "/orders/?stage=open"
    page = client_of(people.sales).get("/orders/").content.decode()
    assert order.place in page and 'data-label="Clock"' not in page


def test_a_view_is_saved_shared_made_the_first_and_deleted(people, sales_head, client_of):
    make.submitted(people), make.at_review(people)
    client, colleague, other = (client_of(person) for person in (people.sales, sales_head, people.buyer))
    saved = act(client, "/orders/views/new/", name="Reviews", query="stage=review&sort=class&nonsense=1",
                is_shared="on", is_default="on")  # fmt: skip
    view = SavedView.objects.get()
    assert saved.url == f"/orders/?view={view.pk}"
    assert view.query == "stage=review&sort=class"
    assert len(numbers(client)) == 1 and len(numbers(client, "view=all")) == 2  # it is the one the list opens with
    assert len(numbers(colleague)) == 2 and len(numbers(colleague, f"view={view.pk}")) == 1
    assert len(numbers(other, f"view={view.pk}")) == 2  # another department's
    assert act(client, "/orders/views/new/", name="Reviews", query="").status_code == 422
    assert act(client, f"/orders/views/{view.pk}/", name="At review", query=view.query).status_code == 302
    assert str(SavedView.objects.get()) == "At review" and len(numbers(client)) == 2
    assert act(colleague, f"/orders/views/{view.pk}/delete/").status_code == 404
    assert act(client, f"/orders/views/{view.pk}/delete/").status_code == 302
    assert not SavedView.objects.exists()


def test_files_hold_the_filtered_list_whole_and_no_formula(people, client_of, monkeypatch):
    monkeypatch.setattr("orders.views.listing.BATCH", 2)
    made = [make.submitted(people, place="=1+1").number for _ in range(5)]
    make.at_review(people)
    client = client_of(people.sales)
    ListChoice.objects.create(person=people.sales, columns=["what", "place", "required"])
    lines = b"".join(client.get("/orders/file/csv/?stage=confirmation&sort=number")).decode().splitlines()
    assert [line.split('"')[1] for line in lines[1:]] == made
    assert all("'=1+1" in line for line in lines[1:])
    sheet = load_workbook(BytesIO(b"".join(client.get("/orders/file/xlsx/?stage=confirmation&sort=number")))).active
    rows = list(sheet.iter_rows())
    assert [row[0].value for row in rows[1:]] == made
    assert rows[1][4].data_type == "s" and rows[1][4].value == "=1+1"
    assert rows[1][3].value.date() == timezone.localdate() + timedelta(days=4)
    assert client.get("/orders/file/exe/").status_code == 404


def test_chosen_orders_are_taken_over_each_by_its_own_act(people, client_of):
    mine, theirs = make.submitted(people), make.submitted(people)
    planner, colleague = people.planners[0], people.planners[1]
    for order, person in ((mine, planner), (theirs, colleague)):
        Duty.objects.update_or_create(order=order, department=planner.department, defaults={"person": person})
    client = client_of(planner)
    page = client.get(f"/orders/chosen/take/?order={mine.pk}&order={theirs.pk}&order=x").content.decode()
    assert "Take over 2 orders" in page
    answer = act(client, "/orders/chosen/take/", order=[mine.pk, theirs.pk])
    report = client.get(answer.url).content.decode()
    assert f"{mine.number} is yours already." in report and "1 order was not taken over" in report
    assert Duty.objects.get(order=theirs, department=planner.department).person == planner
    assert theirs.number in report and "taken over" in report
    act(client_of(people.operator), "/orders/chosen/take/", order=[theirs.pk])
    assert Duty.objects.get(order=theirs, department=planner.department).person == planner


def test_chosen_sheets_are_printed_one_after_the_other(people, client_of):
    first, second = make.at_review(people), make.at_review(people)
    without = make.submitted(people)
    address = f"/orders/chosen/sheets/?order={first.pk}&order={second.pk}&order={without.pk}"
    page = client_of(people.buyer).get(address).content.decode()
    assert page.count('<main class="doc sheet">') == 2
