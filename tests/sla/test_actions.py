from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from desk.refusals import BadInput, Changed, GateShut
from notifications.actions import add_robot
from notifications.models import Notification, Outbox
from people.models import User
from records.models import Event
from sla import actions, defaults
from sla.models import (
    Acknowledgement,
    CalendarDay,
    Escalation,
    EscalationStep,
    Heartbeat,
    Pause,
    Policy,
    PolicyVersion,
    WorkCalendar,
    WorkItem,
)
from tests.factories.people import AbsenceFactory
from tests.factories.sla import open_item

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
State, Outcome = WorkItem.State, Escalation.Outcome


def told(level=None):
    rows = Notification.objects.order_by("pk")
    if level is not None:
        rows = rows.filter(key__contains=f":{level}:")
    return [row.recipient.username for row in rows.select_related("recipient")]


def levels(item):
    return [(row.level, row.repeat, row.outcome) for row in item.escalations.order_by("level", "repeat")]


def again(item):
    return WorkItem.objects.get(pk=item.pk)


def policy(kind="confirmation"):
    return Policy.objects.get(kind=kind, urgency_class="")


# Opening


@pytest.mark.clause("3.1.1")
def test_the_confirmation_clock_is_x_working_hours(company, sales):
    begin = datetime(2026, 2, 13, 17, 30, tzinfo=SHANGHAI)
    item = open_item(company["sales"], assignee=sales, now=begin)
    assert item.due_at == datetime(2026, 2, 14, 9, 30, tzinfo=SHANGHAI)
    assert item.next_fire_at == datetime(2026, 2, 14, 8, 30, tzinfo=SHANGHAI)


@pytest.mark.clause("3.1.1")
def test_x_is_what_the_administrator_sets(company, sales, admin, monday):
    actions.save_policy(policy(), by=admin, reason="Customers wait less", target_seconds=1800, now=monday)
    item = open_item(company["sales"], assignee=sales, now=monday + MINUTE)
    assert item.due_at == monday + 31 * MINUTE


def test_a_kind_without_a_limit_takes_the_default(company, monday):
    item = open_item(company["sales"], kind="something_new", now=monday)
    assert item.policy_version.policy.kind == "default"
    assert item.kind_label == "something_new"


def test_an_urgency_class_has_its_own_limit(company, admin, monday):
    urgent = Policy.objects.create(kind="confirmation", urgency_class="A")
    actions.save_policy(urgent, by=admin, reason="Class A", target_seconds=600, steps=defaults.default_ladder(),
                        now=monday)
    assert open_item(company["sales"], urgency_class="A", now=monday).budget_seconds == 600
    assert open_item(company["sales"], urgency_class="B", now=monday).budget_seconds == 7200


def test_a_fixed_moment_is_counted_day_and_night(company, monday, planner):
    item = open_item(
        company["production"], kind="operation", now=monday, due_at=monday + 14 * HOUR, assignee=planner
    )
    assert item.due_at == monday + 14 * HOUR
    assert item.next_fire_at == monday + 7 * HOUR


def test_a_fixed_moment_in_the_past_is_late_at_once(company, monday):
    item = open_item(company["production"], kind="operation", now=monday, due_at=monday - 10 * MINUTE)
    assert item.face(monday).state == "over"
    assert item.face(monday).seconds_left == -600
    actions.sweep(now=monday)
    assert levels(item)[-1] == (3, 0, Outcome.FIRED)


@pytest.mark.clause("1.3.1")
def test_a_repeated_stage_goes_on_with_what_is_left_but_a_quarter(company, monday, sales):
    item = open_item(company["sales"], now=monday, consumed_seconds=6600, minimum_share=0.25, assignee=sales)
    assert item.budget_seconds - item.consumed_seconds == 1800
    assert item.due_at == monday + 30 * MINUTE
    assert levels(item) == [(1, 0, Outcome.SUPERSEDED)]
    assert item.next_fire_at == monday + 6 * MINUTE


def test_without_any_limit_no_clock_starts(departments):
    with pytest.raises(GateShut):
        open_item(departments["sales"])


def test_a_deadline_after_the_known_holidays_is_provisional(company):
    item = open_item(company["sales"], now=datetime(2026, 12, 31, 17, 30, tzinfo=SHANGHAI))
    assert item.is_provisional


# The ladder


@pytest.mark.clause("3.1.1", "1.3.1")
def test_an_unconfirmed_order_escalates_while_nobody_looks(company, sales, manager, general_manager, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    sales_head, heard = company["sales"].head, {}
    for minutes in (59, 60, 95, 96, 119, 120, 149, 150, 299, 300):
        before = set(Notification.objects.values_list("pk", flat=True))
        actions.sweep(now=monday + minutes * MINUTE)
        heard[minutes] = sorted(row.recipient.username for row in Notification.objects.exclude(pk__in=before))
    assert heard == {
        59: [], 60: [sales.username], 95: [], 96: sorted([sales.username, sales_head.username]), 119: [],
        120: [sales_head.username], 149: [], 150: [manager.username],
        299: [], 300: [general_manager.username],  # two working hours later: lunch does not count
    }  # fmt: skip
    assert again(item).state == State.BREACHED
    assert Outbox.objects.count() == Notification.objects.count() == 6


def test_a_second_sweep_changes_nothing(company, sales, monday):
    open_item(company["sales"], assignee=sales, now=monday)
    for _again in range(3):
        actions.sweep(now=monday + 2 * HOUR)
    assert Escalation.objects.count() == 3
    assert Notification.objects.count() == 1


def test_the_last_level_repeats_at_most_five_times(company, sales, general_manager, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    moment = monday
    while moment < monday + 36 * HOUR:
        moment += 9 * MINUTE
        actions.sweep(now=moment)
    assert [row[1] for row in levels(item) if row[0] == 5] == [0, 1, 2, 3, 4, 5]
    assert told(level=5) == [general_manager.username] * 6
    assert again(item).next_fire_at is None


@pytest.mark.clause("1.3.1")
def test_after_an_outage_only_the_highest_level_is_heard(company, sales, general_manager, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    actions.sweep(now=monday + MINUTE)
    result = actions.sweep(now=monday + 72 * HOUR)
    assert (result.taken, result.fired) == (1, 1)
    assert told() == [general_manager.username]
    assert [outcome for *_place, outcome in levels(item)].count(Outcome.FIRED) == 1
    assert len(levels(item)) == 10


def test_after_an_outage_a_person_hears_of_an_order_once(company, sales, monday):
    for kind in ("confirmation", "negotiation", "delivery_confirmation"):
        open_item(company["sales"], kind=kind, assignee=sales, now=monday)
    open_item(company["sales"], source="order:2", assignee=sales, now=monday)
    actions.sweep(now=monday + MINUTE)
    actions.sweep(now=monday + 72 * HOUR)
    assert Escalation.objects.filter(outcome=Outcome.FIRED).count() == 4
    per_person = {}
    for row in Notification.objects.all():
        per_person[row.recipient_id, row.key] = per_person.get((row.recipient_id, row.key), 0) + 1
    assert set(per_person.values()) == {1}
    assert Notification.objects.count() == len({(row.recipient_id, row.key.split(":behind:")[0])
                                                for row in Notification.objects.all()})  # fmt: skip
    assert Heartbeat.objects.get(name="sweep").behind_since is None


def test_catching_up_lasts_until_everything_due_was_swept(company, monday):
    for number in range(3):
        open_item(company["sales"], source=f"order:{number}", now=monday)
    actions.sweep(now=monday + MINUTE)
    late = monday + 72 * HOUR
    assert actions.sweep(now=late, limit=2).is_full
    assert Heartbeat.objects.get(name="sweep").behind_since == monday + MINUTE
    assert not actions.sweep(now=late, limit=2).is_full
    assert Notification.objects.filter(key__contains=":behind:").count() == Notification.objects.count() > 0


def test_the_message_names_who_was_asked_before(company, sales, monday):
    open_item(company["sales"], assignee=sales, now=monday)
    actions.sweep(now=monday + 2 * HOUR)
    text = Notification.objects.get().text_shown
    assert text == (
        "Past the limit: Confirm with the customer. UO-2603-0001 · 启明风电. "
        "It was due Mon 2 Mar 11:00. Asked before: 林晓雯."
    )


def test_a_person_with_two_roles_gets_one_message(company, sales_head, monday):
    open_item(company["sales"], assignee=sales_head, now=monday)
    actions.sweep(now=monday + 100 * MINUTE)
    assert told(level=2) == [sales_head.username]


# Whom a level reaches


def absent(person, delegate, monday):
    AbsenceFactory(person=person, delegate=delegate, starts_at=monday - HOUR, ends_at=monday + timedelta(days=5))


def test_an_absent_person_is_stood_in_for(company, sales, manager, monday):
    absent(sales, manager, monday)
    open_item(company["sales"], assignee=sales, now=monday)
    actions.sweep(now=monday + HOUR)
    assert told() == [manager.username]


def test_of_two_who_stand_in_for_each_other_the_head_hears(company, sales, planner, sales_head, monday):
    absent(sales, planner, monday)
    absent(planner, sales, monday)
    open_item(company["sales"], assignee=sales, now=monday)
    actions.sweep(now=monday + HOUR)
    assert told() == [sales_head.username]


def test_where_nobody_is_left_the_administrator_hears(company, sales, admin, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    User.objects.exclude(pk=admin.pk).update(is_active=False)
    actions.sweep(now=monday + HOUR)
    assert told() == [admin.username]
    assert levels(item) == [(1, 0, Outcome.FIRED)]


def test_nobody_at_all_is_a_record_and_never_silence(company, sales, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    User.objects.update(is_active=False)
    actions.sweep(now=monday + HOUR)
    assert levels(item) == [(1, 0, Outcome.NOBODY)]
    assert not told()


def test_recipients_are_those_of_the_moment_it_fires(company, sales, planner, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    actions.reassign(item, planner, by=sales, now=monday)
    Notification.objects.all().delete()
    actions.sweep(now=monday + HOUR)
    assert told() == [planner.username]


# Poison


def test_a_poisoned_item_is_pushed_back_alone_and_shown(company, sales, monday):
    bad, good = (open_item(company["sales"], assignee=sales, now=monday, source=f"order:{n}") for n in (1, 2))
    broken = PolicyVersion.objects.create(policy=policy(), number=99, target_seconds=7200, reason="broken")
    EscalationStep.objects.create(version=broken, level=4, at_percent=10, recipients=7, channels=["in_app"])
    WorkItem.objects.filter(pk=bad.pk).update(policy_version=broken, next_fire_at=monday)
    result = actions.sweep(now=monday + HOUR)
    assert (result.taken, result.failed, result.fired) == (2, 1, 1)
    assert levels(good) == [(1, 0, Outcome.FIRED)]
    bad = again(bad)
    assert bad.fault and bad.failures == 1 and not bad.escalations.exists()
    assert bad.next_fire_at == monday + HOUR + MINUTE


# Pause


@pytest.fixture
def negotiable(company, planner, monday):
    return open_item(company["production"], kind="review_decision", assignee=planner, now=monday)


def test_a_pause_stops_the_clock_and_its_messages(negotiable, planner, monday):
    actions.pause(negotiable, "negotiation", by=planner, now=monday + HOUR, until=monday + 30 * HOUR)
    actions.sweep(now=monday + 9 * HOUR)
    assert not Escalation.objects.exists()
    item = actions.resume(negotiable, by=planner, now=monday + 24 * HOUR)
    assert (item.consumed_seconds, item.state) == (3600, State.RUNNING)
    assert item.due_at == monday + 24 * HOUR + 3 * HOUR
    assert [event.verb for event in Event.objects.order_by("number")] == ["pause", "resume"]


def test_a_pause_ends_by_itself_at_its_time_not_when_somebody_looks(negotiable, planner, monday):
    actions.pause(negotiable, "negotiation", by=planner, now=monday, until=monday + HOUR)
    assert again(negotiable).next_fire_at == monday + HOUR
    assert actions.sweep(now=monday + 3 * HOUR).resumed == 1
    item = again(negotiable)
    assert item.due_at == monday + 6 * HOUR  # 15:00, after the lunch hour
    assert not Pause.objects.filter(ended_at__isnull=True).exists()


def test_the_confirmation_has_no_reason_to_pause(company, sales, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    for reason in ("customer", "negotiation", "because"):
        with pytest.raises(GateShut):
            actions.pause(item, reason, by=sales, now=monday)
    assert actions.pause(item, "hold", by=sales, now=monday).state == State.PAUSED


def test_an_item_is_paused_once(negotiable, planner, monday):
    actions.pause(negotiable, "negotiation", by=planner, now=monday)
    with pytest.raises(Changed):
        actions.pause(negotiable, "negotiation", by=planner, now=monday)
    with pytest.raises(IntegrityError), transaction.atomic():
        Pause.objects.create(item=negotiable, reason="hold", started_at=monday, until=monday + HOUR)


def test_an_item_resumed_past_its_limit_counts_on_from_there(negotiable, planner, monday):
    actions.pause(negotiable, "negotiation", by=planner, now=monday + 6 * HOUR)  # 5 of 4 hours of work
    item = actions.resume(negotiable, by=planner, now=monday + 24 * HOUR)
    assert item.state == State.BREACHED
    assert item.face(monday + 24 * HOUR).seconds_left == -HOUR.total_seconds()


# Acknowledgement


def test_an_acknowledgement_stops_repeats_never_the_clock(company, sales, general_manager, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    actions.sweep(now=monday + 5 * HOUR)  # level 5
    assert told() == [general_manager.username]
    actions.acknowledge(item, by=general_manager, note="The customer travels", until=monday + 26 * HOUR,
                        now=monday + 5 * HOUR)
    actions.sweep(now=monday + 7 * HOUR)
    assert levels(item)[-1] == (5, 1, Outcome.ACKNOWLEDGED)
    assert told() == [general_manager.username]
    actions.sweep(now=monday + 28 * HOUR)
    assert levels(item)[-1][2] == Outcome.FIRED
    assert again(item).state == State.BREACHED


def test_an_acknowledgement_lets_higher_levels_through(company, sales, manager, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    actions.sweep(now=monday + 2 * HOUR)
    actions.acknowledge(item, by=sales, note="Calling again", until=monday + 9 * HOUR, now=monday + 2 * HOUR)
    actions.sweep(now=monday + 151 * MINUTE)
    assert told()[-1] == manager.username


@pytest.mark.parametrize(("note", "hours", "field"), [(" ", 2, "note"), ("Soon", -1, "until"), ("Soon", 999, "until")])
def test_an_acknowledgement_says_what_and_until_when(company, sales, monday, note, hours, field):
    item = open_item(company["sales"], assignee=sales, now=monday)
    with pytest.raises(BadInput) as refused:
        actions.acknowledge(item, by=sales, note=note, until=monday + hours * HOUR, now=monday)
    assert refused.value.field == field
    assert not Acknowledgement.objects.exists()


# Closing


@pytest.mark.clause("1.3.1")
@pytest.mark.parametrize(("hours", "state"), [(2, State.MET), (2.1, State.MET_LATE)])
def test_finishing_says_whether_it_was_in_time(company, sales, monday, hours, state):
    item = open_item(company["sales"], assignee=sales, now=monday)
    item = actions.finish(item, by=sales, now=monday + hours * HOUR)
    assert (item.state, item.closed_by, item.consumed_seconds) == (state, sales, int(hours * 3600))
    assert item.next_fire_at is None and item.face().state == "done"


def test_nothing_fires_after_an_item_was_left(company, sales, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    actions.cancel(item, reason="returned", by=sales, now=monday)
    actions.sweep(now=monday + 72 * HOUR)
    assert not Escalation.objects.exists()


def test_finishing_keeps_back_unsent_messages(company, sales, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    actions.sweep(now=monday + HOUR)
    actions.finish(item, by=sales, now=monday + HOUR)
    assert Outbox.objects.get().state == Outbox.State.VOID


def test_a_closed_item_is_closed_once(company, sales, sales_head, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    actions.finish(item, by=sales, now=monday)
    with pytest.raises(Changed) as refused:
        actions.finish(item, by=sales_head, now=monday)
    assert str(sales) in refused.value.what


def test_reassigning_tells_the_receiver_and_the_record(company, sales, planner, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    item = actions.reassign(item, planner, by=sales, now=monday)
    assert (item.assignee, item.version) == (planner, 2)
    assert told() == [planner.username]
    assert Event.objects.get().verb == "reassign"


# Rules


def test_a_new_version_leaves_running_items_alone(company, sales, admin, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    version = actions.save_policy(policy(), by=admin, reason="Too slow", target_seconds=1800, now=monday)
    assert (version.number, version.made_by) == (2, admin)
    actions.reconcile(now=monday)
    assert again(item).due_at == monday + 2 * HOUR
    assert Event.objects.get().params["after_seconds"] == 1800


def test_a_new_version_moves_reminder_and_escalation_of_the_ladder(company, admin, monday):
    version = actions.save_policy(policy(), by=admin, reason="Sooner", remind_percent=25, escalate_percent=60,
                                  now=monday)
    assert [step.at_percent for step in version.steps.order_by("level")] == [25, 60, 100, None, None]
    assert PolicyVersion.objects.get(policy=policy(), number=1).steps.get(level=1).at_percent == 50


@pytest.mark.clause("3.1.1")
@pytest.mark.parametrize(("values", "field"), [
    ({"target_seconds": 0}, "target_seconds"),
    ({"target_seconds": 299}, "target_seconds"),
    ({"target_seconds": 90 * 86400 + 1}, "target_seconds"),
    ({"remind_percent": 70, "escalate_percent": 60}, "escalate_percent"),
    ({"remind_percent": 0}, "remind_percent"),
    ({"escalate_percent": 101}, "escalate_percent"),
    ({"reason": "  "}, "reason"),
])  # fmt: skip
def test_a_limit_that_makes_no_sense_is_refused(company, admin, values, field):
    with pytest.raises(BadInput) as refused:
        actions.save_policy(policy(), **({"by": admin, "reason": "Try"} | values))
    assert refused.value.field == field
    assert policy().versions.count() == 1


def test_a_ladder_climbs(company, admin):
    steps = defaults.default_ladder()
    steps[3].minutes_past_due = 500
    with pytest.raises(BadInput):
        actions.save_policy(policy(), by=admin, reason="Upside down", steps=steps)


def test_two_administrators_at_once_one_is_told(company, admin, general_manager):
    actions.save_policy(policy(), by=general_manager, reason="First", target_seconds=3600, based_on=1)
    with pytest.raises(Changed) as refused:
        actions.save_policy(policy(), by=admin, reason="Second", target_seconds=1800, based_on=1)
    assert refused.value.who == (general_manager,)


def test_a_version_from_a_date_waits_for_it(company, admin, monday):
    actions.save_policy(policy(), by=admin, reason="From April", target_seconds=600, now=monday,
                        in_force_from=monday + timedelta(days=30))
    assert open_item(company["sales"], now=monday).budget_seconds == 7200
    assert open_item(company["sales"], now=monday + timedelta(days=31)).budget_seconds == 600


def test_another_urgency_class_carries_the_used_time_over(company, sales, admin, monday):
    urgent = Policy.objects.create(kind="confirmation", urgency_class="A")
    actions.save_policy(urgent, by=admin, reason="Class A", target_seconds=3600, steps=defaults.default_ladder(),
                        calendar=WorkCalendar.objects.get(), now=monday)
    item = open_item(company["sales"], assignee=sales, now=monday)
    item = actions.reclassify(item, "A", by=sales, now=monday + 45 * MINUTE)
    assert (item.consumed_seconds, item.budget_seconds) == (2700, 3600)
    assert item.due_at == monday + HOUR
    actions.sweep(now=monday + 45 * MINUTE)
    assert not told()


def test_a_changed_calendar_rules_the_clocks_that_start_later(company, sales, admin, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    calendar = WorkCalendar.objects.get()
    CalendarDay.objects.create(calendar=calendar, date=monday.date(), kind="holiday", name="Power cut")
    actions.publish_calendar(calendar, by=admin)
    actions.reconcile(now=monday)
    assert again(item).due_at == monday + 2 * HOUR
    assert open_item(company["sales"], now=monday).due_at == monday + timedelta(days=1, hours=1)


def test_publishing_an_unchanged_calendar_makes_no_edition(company, admin):
    calendar = WorkCalendar.objects.get()
    assert actions.publish_calendar(calendar, by=admin).pk == calendar.edition_id
    assert not Event.objects.exists()


def test_seeding_twice_changes_nothing(limits):
    def count():
        return [model.objects.count() for model in (WorkCalendar, CalendarDay, Policy, PolicyVersion, EscalationStep)]

    before = count()
    defaults.seed()
    assert count() == before
    assert Policy.objects.filter(kind="confirmation").get().current.target_seconds == 7200


# Watch


def test_the_reconciler_repairs_what_was_bent(company, sales, monday):
    good = open_item(company["sales"], assignee=sales, now=monday)
    bent = open_item(company["sales"], assignee=sales, now=monday)
    WorkItem.objects.filter(pk=bent.pk).update(next_fire_at=None, due_at=monday + 99 * HOUR, next_level=None)
    assert actions.reconcile(now=monday)["items"] == [bent.pk]
    bent = again(bent)
    assert (bent.due_at, bent.next_fire_at, bent.next_level) == (good.due_at, good.next_fire_at, 1)
    assert actions.reconcile(now=monday)["repaired"] == 0


def test_the_reconciler_finds_nothing_after_a_sound_life(company, sales, planner, monday):
    open_item(company["sales"], assignee=sales, now=monday)
    paused = open_item(company["production"], kind="review_decision", now=monday)
    actions.pause(paused, "negotiation", by=planner, now=monday + HOUR)
    open_item(company["sales"], now=monday, consumed_seconds=7000, minimum_share=0.25)
    for minutes in range(0, 600, 45):
        actions.sweep(now=monday + minutes * MINUTE)
        assert actions.reconcile(now=monday)["repaired"] == 0


# The database keeps it


@pytest.mark.parametrize("statement", [
    "UPDATE sla_escalation SET level = 9",
    "DELETE FROM sla_escalation",
    "UPDATE sla_policyversion SET target_seconds = 600",
    "DELETE FROM sla_escalationstep",
    "UPDATE sla_calendaredition SET body = '{}'",
])  # fmt: skip
def test_careless_sql_is_refused(company, sales, monday, statement):
    open_item(company["sales"], assignee=sales, now=monday)
    actions.sweep(now=monday + HOUR)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_level_of_an_item_is_written_once(company, sales, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    actions.sweep(now=monday + HOUR)
    with pytest.raises(IntegrityError), transaction.atomic():
        Escalation.objects.create(item=item, level=1, repeat=0, outcome="fired", planned_at=monday, fired_at=monday)


@pytest.mark.parametrize("values", [
    {"target_seconds": 60}, {"target_seconds": 91 * 86400}, {"remind_percent": 90, "escalate_percent": 80},
    {"remind_percent": 0}, {"escalate_percent": 120},
])  # fmt: skip
def test_the_database_refuses_a_senseless_limit(company, values):
    version = {"policy": policy(), "number": 50, "target_seconds": 7200, "reason": "careless"} | values
    with pytest.raises(IntegrityError), transaction.atomic():
        PolicyVersion.objects.create(**version)


def test_an_idle_sweep_takes_few_statements(company, monday, django_assert_max_num_queries):
    actions.sweep(now=monday)
    with django_assert_max_num_queries(8):
        actions.sweep(now=monday)


def test_a_sweep_without_a_moment_takes_the_present_one(company, sales):
    open_item(company["sales"], assignee=sales, now=timezone.now() - timedelta(days=9))
    assert actions.sweep().fired == 1


@pytest.mark.clause("3.1.1")
def test_from_the_limit_on_the_departments_group_hears_it_too(company, sales, admin, monday):
    own = add_robot(by=admin, name="Sales group", kind="wecom", address=f"wecombot://{'k' * 36}",
                    department=company["sales"], language="zh-hans")
    whole = add_robot(by=admin, name="Factory", kind="wecom", address=f"wecombot://{'c' * 36}", department=None,
                      language="en")
    open_item(company["sales"], assignee=sales, now=monday)
    open_item(company["quality"], assignee=company["quality"].head, now=monday, source="order:2")
    actions.sweep(now=monday + HOUR)
    assert not Outbox.objects.filter(channel="robot").exists()
    actions.sweep(now=monday + 2 * HOUR)
    spoken = Outbox.objects.filter(channel="robot").order_by("pk")
    assert [row.robot for row in spoken] == [own, whole]
