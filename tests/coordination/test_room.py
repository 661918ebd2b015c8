"""The order's room: who says what, who is called, who has read, and what the database never lets happen."""

from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from coordination import actions
from coordination.members import Members, called_in
from coordination.models import Mention, Post, PostFile, RoomRead
from desk.refusals import BadInput, Changed, GateShut, NotYours
from notifications.models import Notification
from orders import actions as orders
from orders.actions.trail import UNDO_SECONDS
from orders.models import UrgentOrder
from orders.seeing import seen
from people.duty import with_rights
from people.models import User
from records.audit import breaks
from records.models import Event
from tests.factories import orders as make

pytestmark = [pytest.mark.django_db, pytest.mark.clause("5.1")]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.fixture
def order(people):
    return make.submitted(people)


@pytest.fixture
def planned(people):
    """With operations, which their operator sees."""
    return make.at_procurement(people)


def say(order, by, text="板料今晚发车", **values):
    return actions.post(order_id=order.pk, by=by, text=text, **values)


def statements(act):
    with CaptureQueriesContext(connection) as context:
        act()
    return [query["sql"] for query in context.captured_queries if "SAVEPOINT" not in query["sql"]]


# Saying


def test_whoever_sees_the_order_says_something_and_it_stands_among_its_events(planned, people):
    order = planned
    for person in (people.buyer, people.finance, people.operator, people.planners[0]):
        said = say(order, person)
        event = Event.objects.get(stream_id=order.stream, number=said.number)
        assert (event.verb, event.actor, event.at) == ("room.post", person, said.posted_at)
    assert Post.objects.count() == 4
    assert not list(breaks())


def test_the_language_is_that_of_the_words_not_of_the_page(order, people):
    assert say(order, people.buyer, "shipped tonight").language == "en"
    assert say(order, people.buyer).language == "zh-hans"
    with translation.override("zh-hant"):
        assert say(order, people.buyer, "板料今晚發車").language == "zh-hant"


def test_who_does_not_see_the_order_says_nothing(order, stranger, hr, people):
    for person in (stranger, hr):
        with pytest.raises(NotYours):
            say(order, person)
    with pytest.raises(GateShut, match="draft"):
        say(make.draft(people.sales), people.sales)
    with pytest.raises(BadInput) as refused:
        say(order, people.buyer, "   ")
    assert refused.value.field == "text"
    assert not Post.objects.exists()


def test_a_post_changes_nothing_on_the_order_and_stops_no_withdrawal(people):
    order = make.at_review(people)
    version = order.version
    say(order, people.buyer)
    order.refresh_from_db()
    assert order.version == version
    orders.withdraw(order_id=order.pk, by=people.sales)
    order.refresh_from_db()
    assert order.stage == "confirmation"


def test_the_room_of_a_closed_order_stays_open_for_thirty_days(people):
    order = make.closed(people)
    with time_machine.travel(timezone.now() + timedelta(days=29), tick=False):
        say(order, people.sales)
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False), pytest.raises(GateShut) as refused:
        say(order, people.sales)
    assert "30 days" in str(refused.value.because)
    assert refused.value.missing


def test_saying_something_costs_eight_statements(order, people):
    say(order, people.buyer)
    assert len(statements(lambda: say(order, people.buyer))) <= 8


def test_a_problem_is_raised_and_a_solution_solves_it(order, people):
    problem = say(order, people.buyer, "CNC-3 夹具只有一套", kind="problem", issue_kind="machine", severity="minor")
    assert (problem.issue.text, problem.issue.raised_by) == ("CNC-3 夹具只有一套", people.buyer)
    assert problem.issue.is_open and problem.acts_on_problem
    said = say(order, people.planners[0], "改用 CNC-4", kind="solution", issue=problem.issue)
    problem.issue.refresh_from_db()
    assert (problem.issue.solution, problem.issue.is_open, said.issue) == ("改用 CNC-4", False, problem.issue)
    with pytest.raises(Changed):
        say(order, people.planners[0], "again", kind="solution", issue=problem.issue)
    assert Post.objects.count() == 2


def test_a_major_problem_is_not_solved_by_words_alone_and_whoever_may_not_raise_one_raises_none(order, people, manager):
    problem = say(order, people.buyer, "停机", kind="problem", issue_kind="machine", severity="major")
    with pytest.raises(GateShut):
        say(order, people.planners[0], "修好了", kind="solution", issue=problem.issue)
    with pytest.raises(NotYours):
        say(order, manager, "x", kind="problem", issue_kind="machine", severity="minor")
    assert Post.objects.count() == 1


# Calling


def test_people_and_departments_are_called_by_name(order, people):
    buyer, sales = people.buyer, people.sales
    people_there, departments = Members(order).people, Members(order).departments
    for text, who in (
        (f"@{buyer.name} 几点到？", {buyer}), (f"＠{buyer.username}", {buyer}), (f"@{buyer.latin_name}: ok?", {buyer}),
        ("@采购 请看", {"procurement"}), ("@採購部門", {"procurement"}), ("@Procurement?", {"procurement"}),
        (f"@{buyer.name} @{sales.name}", {buyer, sales}), ("a@b.c", set()), ("nobody @ all", set()),
    ):  # fmt: skip
        found_people, found = called_in(text, people_there, departments)
        assert found_people | {department.code for department in found} == who, text


def test_the_called_are_told_once_and_who_called_is_not(order, people):
    buyer = people.buyer
    department = next(found for found in Members(order).departments if found.code == "procurement")
    said = say(order, people.sales, f"@{buyer.name} @{people.sales.name} 几点到？", people=[buyer],
               departments=[department])  # fmt: skip
    told = Notification.objects.filter(key=f"post:{said.pk}")
    assert told.filter(recipient=buyer).count() == 1 and not told.filter(recipient=people.sales).exists()
    assert "几点到" in told.first().text_shown
    assert told.first().shown_from > said.posted_at  # while it may still be taken back
    assert Mention.objects.filter(post=said).count() == 3


def test_what_stays_in_the_house_is_not_quoted_in_a_message(order, people):
    said = say(order, people.sales, f"@{people.buyer.name} 成本太高", is_confidential=True)
    assert "成本" not in Notification.objects.get(key=f"post:{said.pk}").text_shown


def test_who_does_not_see_the_order_cannot_be_called(order, people, stranger):
    with pytest.raises(BadInput) as refused:
        say(order, people.sales, people=[stranger])
    assert refused.value.field == "called"
    said = say(order, people.sales, f"@{stranger.name} hello")
    assert not said.mentions.exists()


def test_all_members_see_the_order(planned, people, manager, hr):
    order = planned
    members = Members(order).people
    assert {people.operator, people.buyer, manager} <= set(members) and hr not in members
    assert all(UrgentOrder.objects.visible_to(person).filter(pk=order.pk).exists() for person in members)


def test_seen_by_many_is_what_each_sees_alone(order, people, manager, hr, stranger, admin, sales_head, planned):
    found = [order, planned, make.draft(people.sales)]
    everybody = with_rights(User.objects.filter(is_active=True))
    pairs = {(person, order.pk) for person in everybody for order in found}
    alone = {
        (person.pk, key) for person in everybody
        for key in UrgentOrder.objects.visible_to(person).submitted().filter(pk__in=[row.pk for row in found])
        .values_list("pk", flat=True)
    }  # fmt: skip
    assert seen(pairs) == alone
    assert len(statements(lambda: seen(pairs))) == 4


# Files and taking back


def test_files_come_with_a_post_and_go_with_it(order, people):
    files = [SimpleUploadedFile(f"{n}.png", PNG) for n in range(2)]
    said = say(order, people.buyer, files=files)
    assert [row.file.subject for row in PostFile.objects.filter(post=said)] == [order.stream] * 2
    actions.take_back(post_id=said.pk, by=people.buyer)
    assert {row.file.purpose for row in PostFile.objects.filter(post=said)} == {"taken_back"}


def test_ones_own_words_are_taken_back_within_seconds(order, people):
    said = say(order, people.buyer, f"@{people.sales.name}")
    with pytest.raises(NotYours):
        actions.take_back(post_id=said.pk, by=people.sales)
    actions.take_back(post_id=said.pk, by=people.buyer)
    assert Notification.objects.get(key=f"post:{said.pk}").voided_at
    with pytest.raises(Changed):
        actions.take_back(post_id=said.pk, by=people.buyer)
    late = say(order, people.buyer)
    later = late.posted_at + timedelta(seconds=UNDO_SECONDS + 1)
    with time_machine.travel(later, tick=False), pytest.raises(GateShut) as refused:
        actions.take_back(post_id=late.pk, by=people.buyer)
    assert "10 seconds" in str(refused.value.because)
    problem = say(order, people.buyer, kind="problem", issue_kind="supply", severity="minor")
    with pytest.raises(GateShut, match="problem"):
        actions.take_back(post_id=problem.pk, by=people.buyer)


# Reading


def test_a_mark_goes_on_and_is_written_only_for_what_is_new(order, people):
    said = say(order, people.buyer)
    unread = Post.objects.unread_by(people.sales)
    assert unread.count() == 1 and not Post.objects.unread_by(people.buyer).exists()
    actions.mark_read(order=order, by=people.sales, number=said.number, mark=None)
    mark = RoomRead.objects.get()
    assert not unread.exists()
    assert not statements(lambda: actions.mark_read(order=order, by=people.sales, number=said.number, mark=mark))
    actions.mark_read(order=order, by=people.sales, number=said.number - 1, mark=None)  # two pages at once
    assert RoomRead.objects.get().number == said.number
    say(order, people.buyer)
    assert unread.count() == 1


# Searching


def test_what_was_said_is_found_in_either_script_and_only_where_one_may_look(order, people, stranger):
    said = say(order, people.buyer, "佛山库有现货 18 张，运单 FS-20261123")
    say(order, people.buyer, "夹具")

    def found(query, person=people.sales):
        return set(Post.objects.living().seen_by(person).saying(query))

    for query in ("现货", "現貨", "运单 佛山", "fs-2026", "1123", "張"):
        assert found(query) == {said}, query
    assert not found("现货 夹具") and not found("现货", stranger)
    actions.take_back(post_id=said.pk, by=people.buyer)
    assert not found("现货")


# What the database refuses, whoever writes


def refused(sql, *params):
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.rowcount
    return True


@pytest.mark.postgres
def test_words_are_neither_changed_nor_removed(order, people):
    _attack(order, people)


@pytest.mark.once
def test_words_are_neither_changed_nor_removed_on_sqlite(order, people):
    _attack(order, people)


def _attack(order, people):
    said = say(order, people.buyer, f"@{people.sales.name}", files=[SimpleUploadedFile("a.png", PNG)])
    other = make.submitted(people)
    posts = Post.objects.filter(pk=said.pk)
    for change in ({"text": "other"}, {"author": people.sales}, {"kind": "solution"}, {"number": 1},
                   {"posted_at": timezone.now()}, {"folded": ""}, {"order": other}):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            posts.update(**change)
    for table in ("coordination_post", "coordination_mention", "coordination_postfile"):
        refused(f"DELETE FROM {table}")
    refused("UPDATE coordination_mention SET person_id = %s", people.finance.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        posts.update(withdrawn_at=said.posted_at + timedelta(seconds=UNDO_SECONDS + 1))
    posts.update(withdrawn_at=said.posted_at + timedelta(seconds=UNDO_SECONDS))
    for later in (None, said.posted_at):
        with pytest.raises(IntegrityError), transaction.atomic():
            posts.update(withdrawn_at=later)
    problem = say(order, people.buyer, kind="problem", issue_kind="supply", severity="minor")
    with pytest.raises(IntegrityError), transaction.atomic():
        Post.objects.filter(pk=problem.pk).update(withdrawn_at=problem.posted_at)
    _forge(order, other, problem, people)
    actions.mark_read(order=order, by=people.sales, number=3, mark=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        RoomRead.objects.update(number=2)


def _forge(order, other, problem, people):
    """Words without an event, of another one's, in a draft, of another order's problem, a problem that is none."""
    values = {"kind": "progress", "text": "x", "language": "en", "posted_at": timezone.now(), "folded": "", "grams": ""}
    free = say(order, people.buyer).number + 1
    draft = make.draft(people.sales)
    for wrong in (
        {"order": order, "number": free, "author": people.buyer},
        {"order": other, "number": 1, "author": people.buyer},
        {"order": draft, "number": 1, "author": people.sales},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Post.objects.create(**values | wrong)
    event = _event(other, people.buyer)
    for wrong in ({"issue": problem.issue}, {"kind": "problem"}, {"kind": "gossip"}, {"text": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Post.objects.create(**values | {"order": other, "number": event, "author": people.buyer} | wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        Post.objects.create(**values | {"order": other, "number": event, "author": people.sales})
    Post.objects.create(**values | {"order": other, "number": event, "author": people.buyer})


def _event(order, by):
    from records.actions import record

    return record("room.post", "x", by=by, stream=order.stream).number
