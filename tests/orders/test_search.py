"""What an order can be found by, on both databases alike."""

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from desk.folding import fold, grams, spelled, words
from orders import actions, search
from orders.models import SearchText, UrgentOrder
from tests.factories import orders as make

pytestmark = pytest.mark.django_db
LETTERS = st.text(alphabet="海川泵业業號号乾干苎ab09 -Ａé", max_size=12)


def found(query):
    return set(UrgentOrder.objects.saying(query).values_list("pk", flat=True))


@pytest.fixture
def pumps(people):
    customer = make.make_customer(name="海川泵业有限公司", latin_name="Haichuan Pumps", code="HC-01")
    return make.submitted(people, customer=customer, place="盐城大丰港 7 号泊位", note="走侧门")


@pytest.mark.parametrize("query", [
    "泵业", "泵業", "海川 侧门", "haichuan", "HAICHUAN", "hcby", "haichuanbengye", "ｈｃｂｙ", "大丰港", "大豐港 7",
    "hc-01", "业", "u", "0001",
])  # fmt: skip
def test_an_order_is_found_as_people_type(pumps, people, query):
    make.submitted(people, place="苏州")  # another one, of another customer
    hits = found(query)
    assert pumps.pk in hits
    assert len(hits) == 1 or query in ("u", "0001")


def test_number_product_and_drawing_find_it(pumps):
    line = pumps.lines.get()
    type(line.product).objects.filter(pk=line.product_id).update(drawing_number="ZX-HSG-021")
    search.index(pumps.pk)
    for query in (pumps.number, pumps.number[-4:], line.product.number, "zx-hsg", "hsg-021"):
        assert pumps.pk in found(query), query
    assert not found("泵业 nothing")


def test_a_problem_is_found_from_the_moment_it_is_told_and_its_solution_too(pumps, people):
    issue = actions.raise_issue(order_id=pumps.pk, by=people.sales, kind="machine", text="主轴过热")
    assert found("主軸") == {pumps.pk}
    actions.solve_issue(issue_id=issue.pk, by=people.sales, solution="换了轴承")
    assert found("轴承") == {pumps.pk}


def test_money_is_not_in_it_and_drafts_are_not(pumps, people):
    pumps.lines.update(unit_price_amount=98765)
    search.index(pumps.pk)
    assert not found("98765")
    draft = make.draft(people.sales, note="geheim")
    search.index(draft.pk)
    assert not found("geheim")


def test_what_one_may_not_see_is_not_found(pumps, people, stranger, hr):
    for person, hits in ((people.buyer, 1), (stranger, 0), (hr, 0)):
        assert UrgentOrder.objects.visible_to(person).saying("泵业").count() == hits


def test_the_repair_finds_what_was_left_behind(pumps, people):
    type(pumps.customer).objects.filter(pk=pumps.customer_id).update(name="新名字")
    assert not found("新名字")
    SearchText.objects.filter(pk=make.submitted(people).pk).delete()
    assert search.repair() == 2
    assert found("新名字") == {pumps.pk}
    assert SearchText.objects.count() == 2
    assert search.reindex() == 2


def test_writing_it_takes_two_statements_for_any_number(pumps, people, django_assert_num_queries):
    keys = [pumps.pk, make.submitted(people, lines=2).pk]
    with django_assert_num_queries(2):
        search.index(*keys)


def test_what_many_say_is_looked_for_on_the_way(pumps, people, monkeypatch):
    monkeypatch.setattr("orders.models.search.MANY", 0)
    make.submitted(people, note="泵业 too")
    assert len(found("泵业")) == 2
    assert found("泵业 走侧门") == {pumps.pk}


def test_the_database_keeps_the_index_itself(pumps):
    """Written or deleted past all our code, it still answers right."""
    SearchText.objects.filter(pk=pumps.pk).update(text="完全 不同", grams="不同 完全 不 同 完 全")
    assert found("不同") == {pumps.pk} and not found("泵业")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM orders_searchtext")
    assert not found("不同")


@pytest.mark.once
@given(LETTERS, LETTERS, LETTERS)
def test_what_a_text_contains_its_folded_form_contains(before, part, after):
    whole = fold(before + " " + part + " " + after)
    assert all(word in whole for word in words(part))
    assert all(grams(word) <= grams(whole) for word in words(part))


@pytest.mark.once
def test_names_are_spelled_once_for_latin_ones_never():
    assert spelled("重庆长安") == "chongqingchangan cqca"
    assert spelled("Haichuan") == ""


class Property(TestCase):
    @given(st.lists(LETTERS, min_size=1, max_size=4), LETTERS)
    @settings(max_examples=40)
    def test_found_is_what_contains_every_word(self, texts, query):
        from tests.factories.people import UserFactory

        creator = UserFactory()
        orders = UrgentOrder.objects.bulk_create([UrgentOrder(created_by=creator) for _ in texts])
        SearchText.objects.bulk_create([
            SearchText(order=order, text=fold(text), grams=" ".join(sorted(grams(fold(text)))), order_version=1)
            for order, text in zip(orders, texts, strict=True)
        ])
        expected = {
            order.pk for order, text in zip(orders, texts, strict=True)
            if all(word in fold(text) for word in words(query))
        }  # fmt: skip
        assert found(query) == expected
