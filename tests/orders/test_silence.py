"""The customer's silence: said by Sales after two attempts, then cancelled or renewed by its head."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from desk.refusals import BadInput, Changed, GateShut, NotYours
from orders import actions
from orders.actions.silence import proposed_until
from orders.models import Silence, UrgentOrder
from records.models import CompanySettings
from sla.models import WorkItem
from tests.factories import orders as make

pytestmark = pytest.mark.django_db


def attempt(order, by, was_reached=False, at=None):
    actions.log_contact(
        order_id=order.pk, by=by, contact="Gao", how="call", text="", was_reached=was_reached, now=at
    )


def asked(order):
    return WorkItem.objects.living().filter(source=order.stream, kind="silence")


def say(order, by, **values):
    return actions.acknowledge_silence(order_id=order.pk, by=by, note_text="calling the purchasing office", **values)


def test_silence_needs_two_attempts_and_leaves_the_clock_running(people, buyer):
    order = make.submitted(people)
    attempt(order, people.sales)
    attempt(order, people.sales, was_reached=True)
    attempt(order, people.sales)
    with pytest.raises(GateShut) as caught:  # the answered talk counts from anew
        say(order, people.sales)
    assert "now 1" in str(caught.value.missing[0].text)
    attempt(order, people.sales)
    with pytest.raises(NotYours):
        say(order, buyer)
    for until in (timezone.now(), timezone.now() + timedelta(days=15)):
        with pytest.raises(BadInput) as caught:
            say(order, people.sales, until=until)
        assert caught.value.field == "until"
    silence = say(order, people.sales)
    item = UrgentOrder.objects.get(pk=order.pk).stage_item
    assert (silence.attempts, item.state) == (2, "running")
    assert item.acknowledgements.get().until == silence.until
    with pytest.raises(Changed):
        say(order, people.sales)


def test_days_of_patience_are_the_companys_working_days(people):
    friday = timezone.make_aware(datetime(2026, 11, 20, 10, 0))
    assert (proposed_until(friday) - friday).days == 5
    CompanySettings.objects.update_or_create(pk=1, defaults={"silent_customer_days": 1})
    assert (proposed_until(friday) - friday).days == 3


def test_time_over_asks_the_head_to_cancel_or_renew(people, sales_head):
    order = make.submitted(people)
    attempt(order, people.sales)
    attempt(order, people.sales)
    now = timezone.now()
    say(order, people.sales, until=now + timedelta(days=1))
    assert actions.ask_about_silences(now=now + timedelta(hours=23)) == 0
    with pytest.raises(Changed):
        actions.renew_silence(order_id=order.pk, by=sales_head, note_text="once more")
    over = now + timedelta(days=1)
    assert actions.ask_about_silences(now=over) == 1
    assert actions.ask_about_silences(now=over) == 0
    assert asked(order).get().assignee == sales_head
    with pytest.raises(NotYours):
        actions.renew_silence(order_id=order.pk, by=people.sales, note_text="once more", now=over)
    actions.renew_silence(order_id=order.pk, by=sales_head, note_text="once more", now=over)
    assert not asked(order).exists()
    assert list(Silence.objects.order_by("pk").values_list("end", flat=True)) == ["renewed", ""]
    actions.ask_about_silences(now=over + timedelta(days=9))
    actions.cancel(order_id=order.pk, by=sales_head, reason="no answer", was_customer_told=True)
    assert not asked(order).exists()
    actions.ask_about_silences(now=over + timedelta(days=9))
    assert Silence.objects.latest("pk").end == "cancelled"


def test_answer_of_the_customer_ends_the_silence(people):
    order = make.submitted(people)
    attempt(order, people.sales)
    attempt(order, people.sales)
    now = timezone.now()
    say(order, people.sales, until=now + timedelta(days=1))
    actions.ask_about_silences(now=now + timedelta(days=2))
    actions.confirm_item(order_id=order.pk, by=people.sales, item="place", contact="Gao", how="call")
    assert (Silence.objects.get().end, asked(order).exists()) == ("answered", False)
