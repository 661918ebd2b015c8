"""What is found from the top bar and by Ctrl K: only what a person may see, open and do now."""

import pytest
from django.urls import reverse

from tests.factories import orders as make

pytestmark = [pytest.mark.once, pytest.mark.django_db]
LIVE = {"HX-Request": "true"}


def found(client, typed, **headers):
    page = client.get(reverse("search"), {"q": typed}, headers=headers)
    assert page.status_code == 200
    return page.context


def acts(client, typed):
    return [act["url"] for act in found(client, typed)["actions"]]


def test_orders_and_acts_for_those_who_may(people, client_of, stranger, operator):
    customer = make.make_customer(name="海川泵业有限公司")
    order = make.at_review(people, customer=customer)
    other, short = make.submitted(people), order.number[-4:]
    planner, sales, outside = client_of(people.planners[0]), client_of(people.sales), client_of(stranger)
    back, talk = reverse("orders:send_back", args=[order.pk]), reverse("orders:contact", args=[order.pk])
    for typed in (f"return {short}", f"{order.number} return", f"退回 {short}", f"退回{short}", "tuihui hcby",
                  "退回 泵業", f"tuihui {short}"):  # fmt: skip
        assert acts(planner, typed) == [back], typed
        assert [row.pk for row in found(planner, typed)["orders"]] == [order.pk]
    assert found(planner, f"退回{short}")["asked"] == short
    assert back not in acts(sales, f"return {short}"), "the order is not with Sales"
    assert acts(sales, f"log {short}") == [talk]
    assert talk not in acts(planner, f"log {short}")
    assert not acts(planner, "return") and not acts(planner, short)
    assert acts(planner, f"hold {short}") == [] and acts(planner, f"hold {other.number}") == []
    for typed in (order.number, f"return {short}", "海川"):
        nothing = found(outside, typed)
        assert not nothing["orders"] and not nothing["actions"]
    assert not found(client_of(operator), short)["orders"]


def test_pages_of_the_rail_in_each_script(client_of, people, admin):
    limits = reverse("sla:limits")
    for typed in ("time limits", "时限", "時限", "limits"):
        assert [page["url"] for page in found(client_of(admin), typed)["pages"]] == [limits], typed
        assert not found(client_of(people.sales), typed)["pages"]


def test_part_and_page_say_the_same_in_few_statements(people, client_of, django_assert_max_num_queries):
    client, typed = client_of(people.sales), "return UO"
    make.submitted(people)
    with django_assert_max_num_queries(12) as one:
        part = client.get(reverse("search"), {"q": typed}, headers=LIVE)
    make.submitted(people, lines=2), make.at_review(people)
    with django_assert_max_num_queries(len(one)):
        part = client.get(reverse("search"), {"q": typed}, headers=LIVE).content.decode()
    page = client.get(reverse("search"), {"q": typed}).content.decode()
    assert "<html" not in part and part.count('class="mono"') == page.count('class="mono"') >= 3
    assert client.get(reverse("search"), {"q": "\0 ' %" * 60}).status_code == 200
