from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from desk.refusals import BadInput, Changed, GateShut, NotYours, OwnRequest
from notifications.models import Notification
from records.models import Event
from sla import actions, item_acts, reports
from sla.models import Countersign, ItemAct, WorkItem
from tests.factories.people import AbsenceFactory, UserFactory
from tests.factories.sla import open_item

HOUR = timedelta(hours=1)


@pytest.fixture
def review(company, sales, production_head):
    """A decision that sales sent to the head of production."""
    return open_item(company["production"], kind="review_decision", assignee=production_head, by=sales)


@pytest.fixture
def deputy(company, departments):
    person = UserFactory(name="刘刚", role="planner", department=departments["production"])
    departments["production"].deputies.add(person)
    return person


def told(person):
    return [message.key.split(":")[2] for message in Notification.objects.filter(recipient=person).order_by("pk")]


def test_a_task_is_handed_on_and_said_so(review, production_head, deputy):
    item_acts.transfer(item=review, person=deputy, by=production_head, text="You know the machine")
    review.refresh_from_db()
    assert review.assignee == deputy
    act = review.acts.get()
    assert (act.act, act.by, act.person, act.text) == ("transfer", production_head, deputy, "You know the machine")
    assert told(deputy) == ["given"]
    assert Event.objects.filter(stream_id="order:1", verb="reassign").exists()


def test_who_cannot_decide_is_not_handed_it(review, production_head, planner, sales, stranger):
    with pytest.raises(BadInput) as refused:
        item_acts.transfer(item=review, person=planner, by=production_head)
    assert refused.value.field == "person"
    with pytest.raises(OwnRequest):
        item_acts.transfer(item=review, person=sales, by=production_head)
    with pytest.raises(NotYours) as refused:
        item_acts.transfer(item=review, person=production_head, by=planner)
    assert refused.value.who == (production_head,)
    assert "left" in str(refused.value.because)
    review.refresh_from_db()
    assert review.assignee == production_head


def test_a_stand_in_hands_on_what_waits_for_the_absent(review, production_head, deputy, manager):
    now = timezone.now()
    AbsenceFactory(person=production_head, delegate=manager, starts_at=now - HOUR, ends_at=now + HOUR)
    item_acts.transfer(item=review, person=deputy, by=manager)
    assert WorkItem.objects.get(pk=review.pk).assignee == deputy


def test_what_is_decided_already_says_who_and_when(review, production_head, deputy):
    actions.finish(review, by=deputy)
    with pytest.raises(Changed) as refused:
        item_acts.transfer(item=review, person=deputy, by=production_head)
    assert deputy.name in refused.value.what
    assert refused.value.remedy.url == "/"


def test_a_task_goes_back_to_who_sent_it_with_the_reason(review, production_head, sales):
    with pytest.raises(BadInput):
        item_acts.give_back(item=review, by=production_head, text=" no ")
    item_acts.give_back(item=review, by=production_head, text="Which drawing?")
    review.refresh_from_db()
    assert (review.assignee, review.acts.get().text) == (sales, "Which drawing?")
    assert Notification.objects.get(recipient=sales).params["note"] == "Which drawing?"
    with pytest.raises(GateShut):
        item_acts.give_back(item=review, by=sales, text="Nobody above")
    item_acts.transfer(item=review, person=production_head, by=sales, text="Revision C")


def test_an_added_approver_agrees_first(review, production_head, buyer, sales):
    with pytest.raises(OwnRequest):
        item_acts.add_approver(item=review, person=sales, by=production_head)
    asked = item_acts.add_approver(item=review, person=buyer, by=production_head, text="Is there steel?")
    assert [row.pk for row in reports.living_page(WorkItem.objects.for_person(buyer))] == [asked.task_id]
    with pytest.raises(Changed):
        item_acts.add_approver(item=review, person=buyer, by=production_head)
    with pytest.raises(GateShut) as refused:
        actions.finish(review, by=production_head)
    assert refused.value.who == (buyer,)
    with pytest.raises(NotYours):
        item_acts.answer(task=asked.task, by=production_head, agrees=True)
    item_acts.answer(task=asked.task, by=buyer, agrees=True)
    with pytest.raises(Changed):
        item_acts.answer(task=asked.task, by=buyer, agrees=True)
    assert actions.finish(review, by=production_head).state == "met"
    assert told(production_head) == ["agree"]


def test_a_no_keeps_it_shut_until_it_is_refused_or_returned(review, production_head, buyer):
    asked = item_acts.add_approver(item=review, person=buyer, by=production_head)
    with pytest.raises(BadInput):
        item_acts.answer(task=asked.task, by=buyer, agrees=False)
    item_acts.answer(task=asked.task, by=buyer, agrees=False, text="No steel")
    with pytest.raises(GateShut):
        actions.finish(review, by=production_head)
    assert actions.finish(review, by=production_head, is_refusal=True).awaited == 0
    assert Countersign.objects.get().state == "withdrawn"


def test_who_asked_takes_it_back_while_nobody_answered(review, production_head, buyer):
    asked = item_acts.add_approver(item=review, person=buyer, by=production_head)
    with pytest.raises(NotYours):
        item_acts.ask_no_more(asked=asked, by=buyer)
    item_acts.ask_no_more(asked=asked, by=production_head)
    asked.task.refresh_from_db()
    assert asked.task.state == "cancelled"
    assert actions.finish(review, by=production_head).state == "met"


def test_a_cancelled_task_asks_nobody_any_more(review, production_head, buyer):
    asked = item_acts.add_approver(item=review, person=buyer, by=production_head)
    actions.cancel(review, "returned", by=production_head)
    assert not WorkItem.objects.living().exists()
    assert Countersign.objects.get(pk=asked.pk).state == "withdrawn"


def test_the_database_keeps_what_was_not_agreed_from_being_done(review, production_head, buyer):
    asked = item_acts.add_approver(item=review, person=buyer, by=production_head)
    done = {"state": "met", "closed_at": timezone.now(), "running_since": None, "next_fire_at": None}
    for attack in (done, done | {"awaited": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            WorkItem.objects.filter(pk=review.pk).update(**attack)
    with pytest.raises(IntegrityError), transaction.atomic():
        Countersign.objects.filter(pk=asked.pk).update(asked_by=buyer)
    with pytest.raises(IntegrityError), transaction.atomic():
        Countersign.objects.filter(pk=asked.pk).update(state="refused", answered_at=timezone.now())


def test_a_task_is_closed_for_nobody_but_who_is_away(review, production_head, deputy, manager):
    now = timezone.now()
    done = {"state": "met", "closed_at": now, "closed_by": manager, "running_since": None, "next_fire_at": None}
    for absent in (deputy, production_head):
        with pytest.raises(IntegrityError, match="handed the right over"), transaction.atomic():
            WorkItem.objects.filter(pk=review.pk).update(**done, closed_for=absent)
    AbsenceFactory(person=production_head, delegate=manager, starts_at=now - HOUR, ends_at=now + HOUR)
    asked = item_acts.add_approver(item=review, person=deputy, by=manager)
    assert (review.acts.get().on_behalf_of, str(review.acts.get().who)) == (
        production_head, f"{manager} for {production_head}",
    )
    item_acts.ask_no_more(asked=asked, by=manager)
    assert actions.finish(review, by=manager).closed_for == production_head


def test_acts_are_written_once(review, production_head, sales):
    item_acts.comment(item=review, by=sales, text="The line stands still")
    with pytest.raises(IntegrityError), transaction.atomic():
        ItemAct.objects.update(text="…")
    with pytest.raises(IntegrityError), transaction.atomic():
        ItemAct.objects.all().delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        ItemAct.objects.create(item=review, act="return", by=sales, person=sales, at=timezone.now())
    assert told(production_head) == ["comment"]


def test_a_reminder_goes_to_the_owner_now_and_then(review, production_head, sales, stranger):
    now = timezone.now()
    item_acts.remind(item=review, by=sales, now=now)
    assert told(production_head) == ["remind"]
    with pytest.raises(Changed):
        item_acts.remind(item=review, by=sales, now=now + timedelta(minutes=14))
    item_acts.remind(item=review, by=sales, now=now + timedelta(minutes=16))
    with pytest.raises(NotYours):
        item_acts.remind(item=review, by=stranger)
    with pytest.raises(BadInput):
        item_acts.remind(item=review, by=production_head)


def test_a_copy_is_to_look_at(review, production_head, buyer, sales):
    item_acts.copy_to(item=review, people=[buyer, sales], by=production_head, text="Steel by Tuesday?")
    assert [copy.item for copy in reports.copied_to(buyer)] == [review]
    assert reports.counts(buyer) == {"decide": 0, "do": 0, "started": 0, "copied": 1}
    with pytest.raises(Changed):
        item_acts.copy_to(item=review, people=[buyer], by=production_head)
    with pytest.raises(NotYours):
        item_acts.transfer(item=review, person=production_head, by=buyer)


def test_who_may_look(review, production_head, buyer, sales, manager, planner):
    assert item_acts.may_look(review, sales)
    assert item_acts.may_look(review, manager)
    assert not item_acts.may_look(review, planner)
    assert not item_acts.may_look(review, buyer)
