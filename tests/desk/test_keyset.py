import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from desk.keyset import paginate, walk
from notifications.models import Notification
from tests.factories.people import UserFactory

START = datetime(2026, 11, 2, 8, 0, 0, 123456, tzinfo=UTC)
NUMBERS = itertools.count(1)
ORDER = ("-created_at", "text", "-pk")


def messages(minutes, person):
    return [
        Notification.objects.create(
            key=str(next(NUMBERS)), recipient=person, created_at=START + timedelta(minutes=minute), text=text, url="/"
        )
        for minute, text in minutes
    ]


def pages(size, ordering=ORDER):
    cursor, found = None, []
    while cursor != "":
        page = paginate(Notification.objects.all(), ordering, cursor=cursor, size=size)
        found.append(page.rows)
        cursor = page.next_cursor
    return found


class Property(TestCase):
    @given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), max_size=12), st.integers(1, 5))
    def test_pages_together_are_the_whole_list_in_its_order(self, rows, size):
        messages(rows, UserFactory())
        found = pages(size)
        assert [row for page in found for row in page] == list(Notification.objects.order_by(*ORDER))
        assert all(len(page) == size for page in found[:-1])

    @given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), max_size=12), st.integers(1, 5))
    def test_the_way_back_shows_the_same_pages(self, rows, size):
        messages(rows, UserFactory())
        page, there = paginate(Notification.objects.all(), ORDER, size=size), []
        while page.next_cursor:
            there.append(page.rows)
            page = paginate(Notification.objects.all(), ORDER, cursor=page.next_cursor, size=size)
        for rows_there in reversed(there):
            page = paginate(Notification.objects.all(), ORDER, cursor=page.previous_cursor, size=size)
            assert page.rows == rows_there
        assert page.previous_cursor == ""

    @given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), max_size=12), st.integers(1, 5))
    def test_a_walk_and_named_tuples_give_the_same_rows(self, rows, size):
        messages(rows, UserFactory())
        tuples = Notification.objects.values_list("pk", "created_at", "text", named=True)
        keys = list(Notification.objects.order_by(*ORDER).values_list("pk", flat=True))
        assert [row.pk for row in walk(tuples, ORDER, size)] == keys
        assert [row.pk for row in walk(Notification.objects.all(), ORDER, size)] == keys


@pytest.mark.django_db
def test_rows_that_come_meanwhile_move_no_page():
    """Nothing is shown twice, nothing that was there is left out."""
    person = UserFactory()
    before = messages([(minute, "a") for minute in range(6)], person)
    first = paginate(Notification.objects.all(), ORDER, size=2)
    messages([(9, "new"), (3, "b")], person)
    second = paginate(Notification.objects.all(), ORDER, cursor=first.next_cursor, size=9)
    assert not set(first.rows) & set(second.rows)
    assert set(before) <= {*first.rows, *second.rows}


@pytest.mark.django_db
def test_a_forged_or_foreign_cursor_starts_anew():
    messages([(1, "a"), (2, "b"), (3, "c")], UserFactory())
    first = paginate(Notification.objects.all(), ORDER, size=2)
    assert paginate(Notification.objects.all(), ORDER, cursor="forged", size=2).rows == first.rows
    other = paginate(Notification.objects.all(), ("pk",), cursor=first.next_cursor, size=2)
    assert other.rows == list(Notification.objects.order_by("pk")[:2])


@pytest.mark.django_db
def test_a_page_is_one_query_and_the_last_one_has_no_cursor(django_assert_num_queries):
    messages([(1, "a"), (2, "b")], UserFactory())
    with django_assert_num_queries(1):
        page = paginate(Notification.objects.all(), ORDER, size=2)
    assert len(page) == 2
    assert page.next_cursor == ""
