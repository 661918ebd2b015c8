from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from desk.keyset import paginate, walk
from people.models import Absence
from tests.factories.people import AbsenceFactory, UserFactory

START = datetime(2026, 11, 2, 8, 0, 0, 123456, tzinfo=UTC)
ORDER = ("-starts_at", "note", "-pk")


def absences(minutes, person):
    """Cancelled ones: of others a person has one at a time."""
    return [
        AbsenceFactory(
            person=person, starts_at=START + timedelta(minutes=minute), ends_at=START + timedelta(days=9), note=note,
            cancelled_at=START, cancelled_by=person,
        )
        for minute, note in minutes
    ]  # fmt: skip


def pages(size, ordering=ORDER):
    cursor, found = None, []
    while cursor != "":
        page = paginate(Absence.objects.all(), ordering, cursor=cursor, size=size)
        found.append(page.rows)
        cursor = page.next_cursor
    return found


class Property(TestCase):
    @given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), max_size=12), st.integers(1, 5))
    def test_pages_together_are_the_whole_list_in_its_order(self, rows, size):
        absences(rows, UserFactory())
        found = pages(size)
        assert [row for page in found for row in page] == list(Absence.objects.order_by(*ORDER))
        assert all(len(page) == size for page in found[:-1])

    @given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), max_size=12), st.integers(1, 5))
    def test_the_way_back_shows_the_same_pages(self, rows, size):
        absences(rows, UserFactory())
        page, there = paginate(Absence.objects.all(), ORDER, size=size), []
        while page.next_cursor:
            there.append(page.rows)
            page = paginate(Absence.objects.all(), ORDER, cursor=page.next_cursor, size=size)
        for rows_there in reversed(there):
            page = paginate(Absence.objects.all(), ORDER, cursor=page.previous_cursor, size=size)
            assert page.rows == rows_there
        assert page.previous_cursor == ""

    @given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), max_size=12), st.integers(1, 5))
    def test_a_walk_and_named_tuples_give_the_same_rows(self, rows, size):
        absences(rows, UserFactory())
        tuples = Absence.objects.values_list("pk", "starts_at", "note", named=True)
        keys = list(Absence.objects.order_by(*ORDER).values_list("pk", flat=True))
        assert [row.pk for row in walk(tuples, ORDER, size)] == keys
        assert [row.pk for row in walk(Absence.objects.all(), ORDER, size)] == keys


@pytest.mark.django_db
def test_rows_that_come_meanwhile_move_no_page():
    """Nothing is shown twice, nothing that was there is left out."""
    person = UserFactory()
    before = absences([(minute, "a") for minute in range(6)], person)
    first = paginate(Absence.objects.all(), ORDER, size=2)
    absences([(9, "new"), (3, "b")], person)
    second = paginate(Absence.objects.all(), ORDER, cursor=first.next_cursor, size=9)
    assert not set(first.rows) & set(second.rows)
    assert set(before) <= {*first.rows, *second.rows}


@pytest.mark.django_db
def test_a_forged_or_foreign_cursor_starts_anew():
    absences([(1, "a"), (2, "b"), (3, "c")], UserFactory())
    first = paginate(Absence.objects.all(), ORDER, size=2)
    assert paginate(Absence.objects.all(), ORDER, cursor="forged", size=2).rows == first.rows
    other = paginate(Absence.objects.all(), ("pk",), cursor=first.next_cursor, size=2)
    assert other.rows == list(Absence.objects.order_by("pk")[:2])


@pytest.mark.django_db
def test_a_page_is_one_query_and_the_last_one_has_no_cursor(django_assert_num_queries):
    absences([(1, "a"), (2, "b")], UserFactory())
    with django_assert_num_queries(1):
        page = paginate(Absence.objects.all(), ORDER, size=2)
    assert len(page) == 2
    assert page.next_cursor == ""


@pytest.mark.django_db
def test_where_nothing_is_left_the_list_starts_anew():
    absences([(1, "a"), (2, "b"), (3, "c")], UserFactory())
    first = paginate(Absence.objects.all(), ORDER, size=2)
    second = paginate(Absence.objects.all(), ORDER, cursor=first.next_cursor, size=2)
    Absence.objects.filter(pk=second.rows[0].pk).delete()
    assert paginate(Absence.objects.all(), ORDER, cursor=first.next_cursor, size=2).rows == first.rows
    Absence.objects.filter(pk__in=[row.pk for row in first]).delete()
    assert paginate(Absence.objects.all(), ORDER, cursor=second.previous_cursor, size=2).rows == []
