"""One letter a day, and quiet hours."""

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone

from notifications.actions import dispatch, dispatching, tell, tell_all
from notifications.actions.telling import Message, next_time
from notifications.mail import Postman
from notifications.models import Notification, Outbox, Preference
from tests.factories.people import UserFactory
from tests.together import at_once

STATE = Outbox.State
ZONE = timezone.get_default_timezone()
NOON = datetime(2026, 3, 2, 12, tzinfo=ZONE)
EVENING = NOON.replace(hour=18)


def say(recipients, number=1, now=NOON, **values):
    tell(**({"key": f"event:{number}", "recipients": recipients, "text": "Confirm {what}", "now": now,
             "params": {"what": f"UO-{number}"}, "url": f"/orders/{number}/"} | values))  # fmt: skip


@pytest.fixture
def reader(sales):
    Preference.objects.create(person=sales, digest_at=time(18))
    return sales


@pytest.mark.once
def test_the_hour_comes_once_a_day():
    for hour, days in ((12, 0), (18, 0), (19, 1), (23, 1)):
        assert next_time(NOON.replace(hour=hour), time(18)) == EVENING + timedelta(days=days)


def test_what_does_not_press_is_one_letter_and_what_presses_is_not(reader, planner, mailoutbox):
    reader.language = "zh-hans"
    reader.save()
    for number in range(3):
        say([reader, planner], number)
    say([reader], 9, is_urgent=True)
    assert Notification.objects.filter(recipient=reader).count() == 4
    assert dispatch(now=NOON).sent == 4  # the planner's three, and what presses
    assert dispatch(now=EVENING - timedelta(seconds=1)).taken == 0
    assert dispatch(now=EVENING).sent == 3
    assert dispatch(now=EVENING + timedelta(days=1)).taken == 0
    day = mailoutbox[-1]
    assert (len(mailoutbox), day.to, day.subject) == (5, [reader.email], "今日汇总：3 条消息")
    assert all(f"UO-{number}" in day.body and f"/orders/{number}/" in day.body for number in range(3))


def test_what_was_withdrawn_is_not_in_it(reader, mailoutbox):
    say([reader], 1, source="order:1")
    say([reader], 2)
    [*held] = dispatching._take_digest(reader.pk, EVENING)
    Outbox.objects.filter(event="event:1").update(state=STATE.VOID, lease=None, next_try_at=None)
    dispatching._send(dispatching._hold(held, EVENING), Postman(), EVENING, dispatching.DispatchResult())
    assert "UO-2" in mailoutbox[0].body and "UO-1" not in mailoutbox[0].body


def test_a_dispatcher_that_dies_sends_the_same_letter_again_and_what_came_since_apart(reader, mailoutbox):
    say([reader], 1)
    say([reader], 2)
    held = dispatching._hold(dispatching._take_digest(reader.pk, EVENING), EVENING)
    dispatching._post(held, Postman())  # and here it dies
    say([reader], 3, now=EVENING)
    later = EVENING + timedelta(seconds=91)
    assert [dispatch(now=later).sent for _round in range(3)] == [1, 2, 0]
    first, new, again = mailoutbox
    assert first.extra_headers["Message-ID"] == again.extra_headers["Message-ID"] != new.extra_headers["Message-ID"]
    assert first.body == again.body and "UO-3" not in first.body and "UO-3" in new.body
    assert set(Outbox.objects.values_list("state", flat=True)) == {STATE.SENT}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_dispatchers_at_once_make_one_letter_of_it(reader, mailoutbox):
    for number in range(6):
        say([reader], number)
    sent = at_once(*[lambda: dispatch(now=EVENING).sent] * 4)
    assert sorted(sent) == [0, 0, 0, 6]
    assert len(mailoutbox) == 1 and Outbox.objects.values("bundle").distinct().count() == 1


def test_preferences_are_read_once_for_all(db, django_assert_num_queries):
    people = UserFactory.create_batch(6)
    Preference.objects.bulk_create([Preference(person=person, digest_at=time(18)) for person in people])
    with django_assert_num_queries(3):
        tell_all([Message(key=f"e:{number}", recipients=people, text="x", url="/") for number in range(5)])
    assert Outbox.objects.filter(is_digest=True).count() == 30
