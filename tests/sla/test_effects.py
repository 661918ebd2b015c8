"""What is shown before a rule is changed is what happens to the clocks that run."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk.refusals import Changed
from notifications.models import Notification
from records.models import Event
from sla import actions, effects
from sla.defaults import default_ladder
from sla.models import Escalation, Policy, PolicyVersion, WorkCalendar, WorkItem
from tests.factories.sla import open_item

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
State, Outcome = WorkItem.State, Escalation.Outcome


@pytest.fixture
def policy(company):
    return Policy.objects.get(kind="confirmation", urgency_class="")


def shorter(policy, admin, seconds, now):
    return actions.save_policy(policy, by=admin, reason="Customers wait less", target_seconds=seconds, now=now)


def levels(item):
    return [(row.level, row.outcome) for row in item.escalations.order_by("level", "repeat")]


@pytest.mark.clause("3.1.1")
def test_preview_is_what_is_applied(policy, company, sales, admin, monday):
    fresh = open_item(company["sales"], assignee=sales, now=monday, source="order:1")
    old = open_item(company["sales"], assignee=sales, now=monday - HOUR, source="order:2")
    paused = open_item(company["sales"], kind="confirmation", assignee=sales, now=monday, source="order:3")
    actions.pause(paused, "hold", admin, now=monday)
    apart = open_item(company["sales"], now=monday, due_at=monday + 9 * HOUR)
    now = monday + 50 * MINUTE
    version = shorter(policy, admin, 3600, now)
    shown = effects.preview(effects.running_under(policy), version=version, now=now)
    assert {effect.item.pk for effect in shown} == {fresh.pk, old.pk, paused.pk}
    by_item = {effect.item.pk: effect for effect in shown}
    assert by_item[fresh.pk].new_due == monday + HOUR and by_item[fresh.pk].is_sooner
    assert by_item[old.pk].is_late_now and by_item[old.pk].item.state == State.BREACHED
    assert by_item[paused.pk].is_stopped and by_item[paused.pk].new_due is None
    assert WorkItem.objects.get(pk=fresh.pk).due_at == monday + 2 * HOUR, "looking changes nothing"
    done = effects.move(effects.running_under(policy), version=version, by=admin, reason="Meeting 48", now=now)
    assert {e.item.pk: (e.old_due, e.new_due, e.is_late_now, e.calls_now) for e in done} == {
        e.item.pk: (e.old_due, e.new_due, e.is_late_now, e.calls_now) for e in shown
    }
    assert WorkItem.objects.get(pk=apart.pk).due_at == monday + 9 * HOUR
    moved = WorkItem.objects.get(pk=fresh.pk)
    assert moved.policy_version == version and moved.acts.get().text == "Meeting 48"
    assert Event.objects.filter(stream_id=f"policy:{policy.pk}", verb="move_clocks").count() == 1
    assert Notification.objects.filter(recipient=sales, text=effects.SOONER).count() == 1


@pytest.mark.parametrize("fires", [False, True])
def test_levels_passed_by_the_new_limit_are_told_only_when_asked(policy, company, sales, admin, monday, fires):
    item = open_item(company["sales"], assignee=sales, now=monday)
    now = monday + 50 * MINUTE
    version = shorter(policy, admin, 3000, now - MINUTE)
    [effect] = effects.move(
        effects.running_under(policy), version=version, by=admin, reason="Now", now=now, fires_passed=fires
    )
    assert effect.calls_now == (1, 2, 3)
    actions.sweep(now=now + MINUTE)
    expected = Outcome.FIRED if fires else Outcome.SUPERSEDED
    assert levels(item)[-1] == (3, expected)
    assert [level for level, _outcome in levels(item)] == [1, 2, 3]


def test_a_longer_limit_brings_a_late_clock_back_and_tells_no_level_twice(policy, company, sales, admin, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    actions.sweep(now=monday + 121 * MINUTE)
    assert WorkItem.objects.get(pk=item.pk).state == State.BREACHED
    now = monday + 125 * MINUTE
    version = shorter(policy, admin, 4 * 3600, now)
    [effect] = effects.move(effects.running_under(policy), version=version, by=admin, reason="More", now=now)
    assert (effect.item.state, effect.is_late_now) == (State.RUNNING, False)
    before = levels(item)
    actions.sweep(now=effect.new_due + 31 * MINUTE)
    assert levels(item)[: len(before)] == before
    assert levels(item)[-1] == (4, Outcome.FIRED)


def test_a_calendar_with_another_holiday_moves_what_counts_by_it(company, sales, admin, monday):
    item = open_item(company["sales"], assignee=sales, now=monday + 8 * HOUR)
    calendar = WorkCalendar.objects.get()
    calendar.days.create(date=monday.date() + timedelta(days=1), kind="holiday", name="Flood")
    edition = actions.publish_calendar(calendar, by=admin)
    [shown] = effects.preview(effects.running_by(calendar), edition=edition, now=monday + 8 * HOUR)
    assert shown.new_due - shown.old_due == timedelta(days=1)
    effects.move(effects.running_by(calendar), edition=edition, by=admin, reason="Flood", now=monday + 8 * HOUR)
    assert WorkItem.objects.get(pk=item.pk).due_at == shown.new_due
    assert actions.reconcile()["repaired"] == 0


def test_clocks_that_ended_meanwhile_are_said(policy, company, sales, admin, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    chosen = WorkItem.objects.filter(pk=item.pk)
    actions.finish(item, by=sales, now=monday + MINUTE)
    with pytest.raises(Changed):
        effects.move(chosen, version=policy.current, by=admin, reason="Late", now=monday + HOUR)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    opened=st.integers(0, 600), used=st.integers(0, 7000), swept=st.booleans(),
    target=st.integers(300, 40_000), later=st.integers(0, 900),
)
def test_moving_keeps_the_sum_and_agrees_with_the_preview(
    company, sales, admin, monday, opened, used, swept, target, later
):
    """Used and left are the limit; what was shown is what is there; the reconciler finds nothing to mend."""
    policy = Policy.objects.get(kind="confirmation", urgency_class="")
    begin = monday + opened * MINUTE
    now = begin + later * MINUTE
    item = open_item(company["sales"], assignee=sales, now=begin, consumed_seconds=used, source="order:7")
    if swept:
        actions.sweep(now=now)
    item.refresh_from_db()
    spent = int(item.used_seconds(now))
    version = PolicyVersion(policy=policy, target_seconds=target, calendar=WorkCalendar.objects.get())
    [shown] = effects.preview(WorkItem.objects.filter(pk=item.pk), version=version, steps=default_ladder(), now=now)
    saved = shorter(policy, admin, target, now)
    [done] = effects.move(WorkItem.objects.filter(pk=item.pk), version=saved, by=admin, reason="Try it", now=now)
    assert (done.new_due, done.is_late_now, done.calls_now) == (shown.new_due, shown.is_late_now, shown.calls_now)
    assert done.item.consumed_seconds == spent
    assert done.item.consumed_seconds + done.item.left_seconds(now) == target
    assert actions.reconcile(now=now)["repaired"] == 0
    actions.cancel(WorkItem.objects.get(pk=item.pk), "tried", now=now)
