"""A test escalation: the engine of every day, heard by whoever started it alone."""

from datetime import timedelta

import pytest

from desk.refusals import Changed, GateShut
from notifications.actions import dispatch
from notifications.models import Notification, Outbox
from records.models import Event
from sla import actions, defaults, drills, reports
from sla.models import Heartbeat, Policy, PolicyVersion, WorkItem
from tests.factories.people import AbsenceFactory

MINUTE = timedelta(minutes=1)


@pytest.fixture
def confirmation(company):
    return Policy.objects.get(kind="confirmation")


@pytest.fixture
def started(company, confirmation, admin, monday):
    Heartbeat.objects.create(name="sweep", period_seconds=5, ok_at=monday)
    return drills.start(policy=confirmation, department=company["sales"], minutes=4, by=admin, now=monday)


def test_it_travels_the_ladder_and_reaches_one_person(
    started, company, admin, manager, general_manager, monday, mailoutbox
):
    heard = {}
    for seconds in range(0, 245, 5):
        now = monday + timedelta(seconds=seconds)
        if actions.sweep(now=now).fired:
            heard[seconds] = Notification.objects.latest("pk").text_shown
        dispatch(now=now)
        drills.end_done(now)
    # Of 2 h and 120 min more: 1 h, 96 min, 2 h, 150 min and 4 h, each at its share of 4 minutes.
    assert list(heard) == [60, 100, 120, 150, 240]
    head = company["sales"].head
    expected = [(1, str(head)), (2, str(head)), (3, str(head)), (4, str(manager)), (5, str(general_manager))]
    assert [(level.number, level.stands_for) for level in drills.levels(started)] == expected
    assert all(text.startswith(f"Drill: would go to {whom}. ") for text, (_n, whom)
               in zip(heard.values(), expected, strict=True))  # fmt: skip
    assert set(Notification.objects.values_list("recipient", flat=True)) == {admin.pk}
    assert {tuple(message.to) for message in mailoutbox} == {(admin.email,)}
    assert len(mailoutbox) == 5
    assert [level.escalation.lateness_seconds <= 5 for level in drills.levels(started)] == [True] * 5
    assert [len(level.messages) for level in drills.levels(started)] == [2] * 5
    item = WorkItem.objects.get(pk=started.pk)
    assert not item.is_living, "it ended by itself"
    assert actions.reconcile(now=monday + 5 * MINUTE)["repaired"] == 0


def test_it_is_no_real_task(started, company, admin, sales_head, general_manager, monday):
    assert not WorkItem.objects.living().for_person(general_manager).exists()
    assert not WorkItem.objects.living().for_person(sales_head).exists()
    assert WorkItem.objects.living().for_person(admin).get() == started
    late = monday + timedelta(hours=1)
    Heartbeat.objects.update(ok_at=late)
    state = reports.health(late)
    assert (state.is_ok, state.oldest_due_seconds) == (True, 0)
    assert "drill" not in {policy.kind for policy in reports.limits()}
    assert company["sales"].pk != started.department_id


def test_it_can_be_stopped_and_is_recorded(started, admin, monday):
    drills.stop(started, by=admin, now=monday + MINUTE / 2)
    assert actions.sweep(now=monday + 5 * MINUTE).taken == 0
    assert not Notification.objects.exists()
    assert drills.ended().get() == started
    assert [level.planned_at for level in drills.levels(WorkItem.objects.get())] == [None] * 5
    event = Event.objects.get(stream="clock", verb="drill")
    assert (event.actor, event.params["minutes"]) == (admin, 4)


def test_it_waits_for_its_letters_but_not_for_ever(started, monday):
    actions.sweep(now=monday + 4 * MINUTE)
    assert Outbox.objects.unsent().exists()
    assert drills.end_done(monday + 5 * MINUTE) == 0
    assert drills.end_done(monday + 10 * MINUTE) == 1
    assert drills.end_done(monday + 10 * MINUTE) == 0


def test_one_at_a_time(started, confirmation, company, admin, monday):
    again = {"policy": confirmation, "department": company["sales"], "minutes": 1, "by": admin, "now": monday}
    with pytest.raises(Changed) as refused:
        drills.start(**again)
    assert list(refused.value.who) == [admin]
    drills.stop(started, by=admin, now=monday)
    assert drills.start(**again).policy_version.number == 2


def test_who_is_away_starts_none(confirmation, company, admin, manager, monday):
    AbsenceFactory(person=admin, delegate=manager, starts_at=monday - MINUTE, ends_at=monday + timedelta(days=1))
    with pytest.raises(GateShut):
        drills.start(policy=confirmation, department=company["sales"], minutes=2, by=admin, now=monday)
    assert not WorkItem.objects.exists()


def test_no_group_hears_it(confirmation, company, admin, monday):
    steps = defaults.default_ladder()
    for step in steps:
        step.channels = ["robot"]
    actions.save_policy(confirmation, by=admin, reason="Groups hear", steps=steps, now=monday)
    drills.start(policy=confirmation, department=company["sales"], minutes=1, by=admin, now=monday + MINUTE)
    made = PolicyVersion.objects.get(policy__kind="drill")
    assert {tuple(step.channels) for step in made.steps.all()} == {("in_app",)}
    assert {step.person for step in made.steps.all()} == {admin}


@pytest.mark.parametrize(("thresholds", "shares"), [
    ([3600, 5760, 7200, 9000, 14400], [25, 40, 50, 62, 100]),
    ([100, 100, 100], [98, 99, 100]),
    ([1, 2, 100000], [1, 2, 100]),
    ([50], [100]),
])  # fmt: skip
def test_levels_come_one_after_the_other(thresholds, shares):
    assert drills._shares(thresholds) == shares


def test_the_end_of_drills_asks_few_statements(started, django_assert_num_queries, monday):
    with django_assert_num_queries(1):
        drills.end_done(monday)
