"""Changes of time limits: previewed, applied all or none, decided by two where many would be late."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk.refusals import BadInput, Changed, GateShut, NotYours, OwnRequest
from notifications.models import Notification
from people.models import Delegation, User
from people.roles import Right
from records.models import Event
from sla import actions
from sla import limit_changes as changes
from sla.limit_changes import Mode, State, Terms, outlook
from sla.limits import Rule, differences, moved, names, problems, rule_of, with_ladder
from sla.models import Escalation, EscalationStep, LimitChange, Policy, PolicyVersion, WorkCalendar, WorkItem
from tests.factories.people import UserFactory
from tests.factories.sla import open_item
from tests.together import at_once, refusals

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
WHY = "Customers wait less"


def policy(kind="confirmation", urgency_class=""):
    return Policy.objects.get(kind=kind, urgency_class=urgency_class)


def rule(kind="confirmation", urgency_class="", **values):
    """The rule in force, with other values."""
    return replace(rule_of(policy(kind, urgency_class).current), **values)


def terms(mode=Mode.NEW, **values):
    return Terms(mode=mode, reason=WHY, **values)


def level(**values):
    return {"at_percent": 100, "minutes_past_due": None, "recipients": ["head"], "role": "", "person": None,
            "channels": ["in_app"], "repeat_every_minutes": None, "repeat_at_most": 0,
            "needs_acknowledgement": False} | values  # fmt: skip


def clocks(company, person, number, now, **values):
    return [open_item(company["sales"], source=f"order:{place}", assignee=person, now=now, **values)
            for place in range(1, number + 1)]  # fmt: skip


def due(items):
    return dict(WorkItem.objects.filter(pk__in=[item.pk for item in items]).values_list("pk", "due_at"))


# What is wrong


@pytest.mark.clause("3.1.1")
def test_a_rule_that_makes_no_sense_is_told_by_field_and_level(company):
    good = rule()
    assert problems(good) == []
    wrong = {
        "target_seconds": [{"target_seconds": 0}, {"target_seconds": 299}, {"target_seconds": 90 * 86400 + 1}],
        "remind_percent": [{"remind_percent": 0}, {"remind_percent": 101}],
        "escalate_percent": [{"escalate_percent": 101}, {"remind_percent": 60, "escalate_percent": 50}],
        "steps": [{"steps": []}, {"steps": [level()] * 11}],
    }
    for field, cases in wrong.items():
        for values in cases:
            assert [problem.field for problem in problems(replace(good, **values))] == [field], values
    assert "Confirmation, limit: " in problems(replace(good, target_seconds=0))[0].named(good)


def test_a_level_that_makes_no_sense_is_told_by_its_number(company, sales):
    cases = {
        "at_percent": [{"at_percent": 0}, {"at_percent": 101}, {"at_percent": None}, {"minutes_past_due": 5}],
        "minutes_past_due": [{"at_percent": None, "minutes_past_due": 0}],
        "recipients": [{"recipients": []}, {"recipients": ["nobody"]}],
        "role": [{"recipients": ["role"]}, {"role": "buyer"}, {"recipients": ["role"], "role": "king"}],
        "person": [{"recipients": ["person"]}, {"person": sales.pk}, {"recipients": ["person"], "person": 0 - 1}],
        "channels": [{"channels": []}, {"channels": ["pigeon"]}],
        "repeat_every_minutes": [{"repeat_at_most": 3}, {"repeat_every_minutes": 0, "repeat_at_most": 3}],
        "repeat_at_most": [{"repeat_every_minutes": 30}, {"repeat_every_minutes": 30, "repeat_at_most": 51}],
    }
    for field, wrong in cases.items():
        for values in wrong:
            found = problems(rule(steps=[level(at_percent=50), level(**values)]))
            assert [(problem.field, problem.level) for problem in found] == [(field, 2)], values
    upside_down = [level(at_percent=80), level(at_percent=50), level(at_percent=100)]
    assert [problem.level for problem in problems(rule(steps=upside_down))] == [2]
    fine = [level(at_percent=50, recipients=["role"], role="buyer"), level(recipients=["person"], person=sales.pk),
            level(at_percent=None, minutes_past_due=5, repeat_every_minutes=30, repeat_at_most=2)]  # fmt: skip
    assert problems(rule(steps=fine)) == []


def test_the_reminder_and_the_escalation_are_levels_of_the_ladder(company):
    found = moved(rule(), remind_percent=30, escalate_percent=100)
    assert [step["at_percent"] for step in found.steps] == [30, 100, 100, None, None]
    back = moved(found, escalate_percent=80)
    assert [step["at_percent"] for step in back.steps] == [30, 80, 100, None, None]
    other = with_ladder(rule(), [level(at_percent=25), level(at_percent=None, minutes_past_due=1)])
    assert (other.remind_percent, other.escalate_percent) == (25, 100)


# Coming into force


@pytest.mark.clause("3.1.1")
def test_several_limits_change_together_or_not_at_all(company, admin, monday):
    both = [rule(target_seconds=3600), rule("procurement", target_seconds=7200)]
    made = changes.change(both, terms(), by=admin, now=monday)
    assert {(version.policy.kind, version.number, version.reason) for version in made} == {
        ("confirmation", 2, WHY), ("procurement", 2, WHY)
    }  # fmt: skip
    with pytest.raises(BadInput) as refused:
        changes.change([rule(target_seconds=1800), rule("qc", target_seconds=10)], terms(), by=admin)
    assert "Quality check, limit" in refused.value.what
    with pytest.raises(BadInput):
        changes.change([], terms(), by=admin)
    with pytest.raises(BadInput) as refused:
        changes.change([rule(target_seconds=1800)], Terms(reason=" ab "), by=admin)
    assert refused.value.field == "reason"
    assert PolicyVersion.objects.filter(number__gt=1).count() == 2


def test_who_comes_second_is_told_who_changed_what(company, admin, general_manager):
    seen = [rule("qc", target_seconds=3600), rule(target_seconds=1800)]
    actions.save_policy(policy(), by=general_manager, reason="Meanwhile", target_seconds=3600)
    with pytest.raises(Changed) as refused:
        changes.change(seen, terms(), by=admin)
    assert (refused.value.who, "Confirmation" in refused.value.what) == ((general_manager,), True)
    assert "Meanwhile" in refused.value.because
    assert policy("qc").versions.count() == 1


def test_running_clocks_stay_unless_they_are_meant_too(company, sales, admin, monday):
    items = clocks(company, sales, 2, monday)
    changes.change([rule(target_seconds=3600)], terms(), by=admin, now=monday)
    assert set(due(items).values()) == {monday + 2 * HOUR}
    changes.change([rule(target_seconds=1800)], terms(Mode.RUNNING), by=admin, now=monday)
    assert set(due(items).values()) == {monday + HOUR / 2}
    assert {item.policy_version.number for item in WorkItem.objects.filter(kind="confirmation")} == {3}


def test_levels_already_passed_are_told_only_on_request(company, sales, admin, monday):
    for is_told in (False, True):
        [item] = clocks(company, sales, 1, monday)
        now = monday + 100 * MINUTE
        actions.sweep(now=now)
        changes.change([rule(target_seconds=5400 if is_told else 6000)],
                       terms(Mode.RUNNING, tells_passed=is_told), by=admin, now=now)  # fmt: skip
        actions.sweep(now=now)
        fired = item.escalations.filter(level=3, outcome=Escalation.Outcome.FIRED)
        assert fired.exists() is is_told
        actions.finish(item, by=sales, now=now)


def test_a_change_from_a_date_waits_for_midnight(company, admin, monday):
    today = timezone.localdate(monday)
    for wrong in (None, today, today - timedelta(days=1)):
        with pytest.raises(BadInput) as refused:
            changes.change([rule(target_seconds=600)], terms(Mode.DATE, from_date=wrong), by=admin, now=monday)
        assert refused.value.field == "from_date"
    tomorrow = today + timedelta(days=1)
    [version] = changes.change([rule(target_seconds=600)], terms(Mode.DATE, from_date=tomorrow), by=admin, now=monday)
    assert timezone.localtime(version.in_force_from).isoformat() == "2026-03-03T00:00:00+08:00"
    assert open_item(company["sales"], now=monday).budget_seconds == 7200
    assert open_item(company["sales"], now=monday + 24 * HOUR).budget_seconds == 600


def test_a_class_gets_a_limit_of_its_own_and_takes_its_clocks_along(company, sales, admin, monday):
    [urgent] = clocks(company, sales, 1, monday, urgency_class="A")
    other = open_item(company["sales"], source="order:9", urgency_class="B", now=monday)
    new = replace(rule(), urgency_class="A", target_seconds=3600, based_on=0)
    [version] = changes.change([new], terms(Mode.RUNNING), by=admin, now=monday)
    assert (version.number, version.policy.urgency_class) == (1, "A")
    assert due([urgent, other]) == {urgent.pk: monday + HOUR, other.pk: monday + 2 * HOUR}
    with pytest.raises(Changed):
        changes.change([new], terms(), by=admin, now=monday)  # somebody else made it first


def test_going_back_is_a_new_version_equal_to_the_older_one(company, admin, monday):
    first = rule()
    changes.change([replace(first, target_seconds=600, pause_reasons=["customer"])], terms(), by=admin, now=monday)
    changes.change([replace(first, based_on=2)], terms(), by=admin, now=monday)
    third = rule_of(policy().versions.get(number=3))
    assert third.says_the_same_as(first)
    assert differences(first, third, names([first, third])) == []


def test_a_difference_is_told_in_words(company, sales, admin):
    old = rule()
    steps = [*old.steps[:4], level(at_percent=None, minutes_past_due=120, recipients=["role", "person"], role="buyer",
                                   person=sales.pk, repeat_every_minutes=60, repeat_at_most=2)]  # fmt: skip
    new = replace(old, target_seconds=3600, calendar=None, pause_reasons=["customer"], steps=steps)
    found = {str(found.label): (found.old, found.new) for found in differences(old, new, names([old, new]))}
    assert found["limit"] == ("2:00", "1:00")
    assert found["working calendar"] == ("Factory", "Day and night")
    assert found["reasons to pause"] == ("–", "Waiting for the customer")
    assert found["level 5"][1] == f"+2:00: Buyer, {sales} · again every 60 min, at most 2 times · In the desk"


# The preview is what is applied


MOMENTS = count(1)  # no two versions with one key were made at the same moment, though the key is taken back


@st.composite
def situations(draw):
    """Clocks opened and paused at some time, and another limit."""
    ages = draw(st.lists(st.integers(0, 600), min_size=1, max_size=4))
    paused = draw(st.lists(st.booleans(), min_size=len(ages), max_size=len(ages)))
    percents = sorted(draw(st.lists(st.integers(1, 100), min_size=2, max_size=2)))
    return ages, paused, draw(st.integers(300, 20 * 3600)), percents, draw(st.booleans())


@pytest.mark.clause("3.1.1")
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(situation=situations())
def test_what_was_shown_is_what_is_applied(company, sales, admin, monday, settings, situation):
    ages, paused, seconds, (remind, escalate), is_always = situation
    monday += timedelta(microseconds=next(MOMENTS))
    settings.LATE_AT_ONCE_ALONE = 100
    with transaction.atomic():
        items = [open_item(company["sales"], source=f"order:{place}", assignee=sales, now=monday - age * MINUTE)
                 for place, age in enumerate(ages)]  # fmt: skip
        for item, is_paused in zip(items, paused, strict=True):
            if is_paused:
                actions.pause(item, "hold", by=sales, now=monday, until=monday + HOUR)
        actions.sweep(now=monday)
        calendar = None if is_always else WorkCalendar.objects.get().pk
        new = replace(moved(rule(), remind_percent=remind, escalate_percent=escalate), target_seconds=seconds,
                      calendar=calendar)  # fmt: skip
        shown = outlook([new], monday)
        promised = {effect.item.pk: (effect.new_due, effect.item.state, effect.item.next_fire_at)
                    for effect in shown.effects}  # fmt: skip
        assert due(items) == {effect.item.pk: effect.old_due for effect in shown.effects}, "nothing was saved"
        changes.change([new], terms(Mode.RUNNING), by=admin, now=monday)
        found = WorkItem.objects.filter(pk__in=promised).values_list("pk", "due_at", "state", "next_fire_at")
        assert {pk: rest for pk, *rest in found} == {pk: list(rest) for pk, rest in promised.items()}
        transaction.set_rollback(True)


def test_an_outlook_counts_orders(company, sales, admin, monday):
    now = monday + 80 * MINUTE
    clocks(company, sales, 3, monday)  # late at once
    open_item(company["sales"], source="order:1", now=now)  # the same order again
    open_item(company["sales"], source="order:7", assignee=sales, now=now)  # sooner, in time
    actions.pause(open_item(company["sales"], source="order:8", now=now), "hold", by=sales, now=now)
    open_item(company["sales"], source="order:9", assignee=sales, now=monday - timedelta(days=3))  # late before
    found = outlook([rule(target_seconds=3600)], now)
    assert (found.touched, found.sooner, found.late, found.late_before, found.stopped) == (6, 1, 3, 1, 1)
    assert [effect.is_late_now for effect in found.moved] == [True] * 3 + [False] * 3
    assert found.told == 1  # the head: of each clock only the highest level speaks


# Two persons


@pytest.fixture
def many_late(company, sales, monday):
    """A change that makes four orders late at once."""
    clocks(company, sales, 4, monday)
    return [rule(target_seconds=1800)], monday + HOUR


@pytest.fixture
def proposed(many_late, admin):
    rules, now = many_late
    return changes.change(rules, terms(Mode.RUNNING), by=admin, now=now)


@pytest.mark.clause("3.1.1")
def test_many_late_at_once_want_a_second_person(company, sales, admin, general_manager, many_late, proposed):
    _rules, now = many_late
    assert (proposed.state, policy().versions.count()) == ("proposed", 1)
    item = WorkItem.objects.get(kind="limit_change")
    assert (item.assignee, item.is_decision, item.source_number) == (general_manager, True, proposed.pk)
    [version] = changes.approve(proposed.pk, by=general_manager, now=now)
    assert (version.made_by, version.change.decided_by, version.number) == (admin, general_manager, 2)
    assert set(due(WorkItem.objects.filter(kind="confirmation")).values()) == {proposed.proposed_at - HOUR / 2}
    item.refresh_from_db()
    assert (item.state, item.closed_by) == ("met", general_manager)
    assert Notification.objects.filter(recipient=admin, url__contains=f"/{proposed.pk}/").exists()
    verbs = list(Event.objects.filter(stream=proposed.source).values_list("verb", flat=True))
    assert verbs == ["limit_change.proposed", "limit_change.approved"]
    with pytest.raises(Changed):
        changes.refuse(proposed.pk, by=general_manager, note="Too late", now=now)


def test_fewer_are_the_administrators_own_matter_unless_asked(company, sales, admin, monday):
    clocks(company, sales, 3, monday)
    rules, now = [rule(target_seconds=1800)], monday + HOUR
    asked = changes.change(rules, terms(), by=admin, asks=True, now=now)
    assert isinstance(asked, LimitChange)
    changes.withdraw(asked.pk, by=admin, now=now)
    assert WorkItem.objects.get(kind="limit_change").state == "cancelled"
    assert len(changes.change(rules, terms(Mode.RUNNING), by=admin, now=now)) == 1


def test_a_proposal_whose_limit_moved_on_cannot_be_approved(company, admin, general_manager, proposed):
    actions.save_policy(policy(), by=admin, reason="Meanwhile", target_seconds=3600)
    assert [rule.kind for rule in changes.stale(proposed)] == ["confirmation"]
    with pytest.raises(Changed):
        changes.approve(proposed.pk, by=general_manager)
    proposed.refresh_from_db()
    assert (proposed.state, policy().versions.count()) == ("proposed", 2)
    with pytest.raises(BadInput):
        changes.refuse(proposed.pk, by=general_manager, note=" ")
    assert changes.refuse(proposed.pk, by=general_manager, note="Changed since").state == "refused"


def test_a_proposal_whose_day_has_passed_cannot_be_approved(company, admin, general_manager, monday):
    later = timezone.localdate(monday) + timedelta(days=2)
    asked = changes.change([rule(target_seconds=600)], terms(Mode.DATE, from_date=later), by=admin, asks=True,
                           now=monday)  # fmt: skip
    with pytest.raises(GateShut):
        changes.approve(asked.pk, by=general_manager, now=monday + timedelta(days=2))
    [version] = changes.approve(asked.pk, by=general_manager, now=monday)
    assert version.in_force_from > monday


def test_never_the_same_human_being_twice(company, sales, admin, general_manager, proposed):
    """Neither by the right to decide, nor with a second account, nor with a right handed over."""
    for person in (admin, sales):
        with pytest.raises(NotYours):
            changes.approve(proposed.pk, by=person)
    twin = UserFactory(role="general_manager", same_person_as=admin)
    with pytest.raises(OwnRequest):
        changes.approve(proposed.pk, by=twin)
    days = {"starts_at": timezone.now() - HOUR, "ends_at": timezone.now() + HOUR}
    Delegation.objects.create(from_person=twin, to_person=sales, rights=[Right.LIMIT_DECIDE], **days)
    with pytest.raises(OwnRequest):
        changes.approve(proposed.pk, by=type(sales).objects.get(pk=sales.pk))
    with pytest.raises(NotYours):
        changes.withdraw(proposed.pk, by=general_manager)
    assert policy().versions.count() == 1


def test_a_company_without_a_second_person_is_told_so(company, sales, admin, general_manager, many_late):
    rules, now = many_late
    general_manager.is_active = False
    general_manager.save()
    management = company["management"]
    management.head = None
    management.save()
    with pytest.raises(GateShut):
        changes.change(rules, terms(Mode.RUNNING), by=admin, now=now)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_the_same_moment_one_is_told(company, admin, general_manager):
    asked = changes.change([rule(target_seconds=1800)], terms(), by=admin, asks=True)
    both = [rule("qc", target_seconds=1800), rule(target_seconds=3600)]
    answers = at_once(
        lambda: changes.change(both, terms(), by=admin), lambda: changes.approve(asked.pk, by=general_manager)
    )
    assert [type(answer) for answer in refusals(answers)] == [Changed]
    is_approved = LimitChange.objects.get().state == State.APPROVED
    assert (policy().versions.count(), policy("qc").versions.count()) == (2, 1 if is_approved else 2)

    again = changes.change([rule("delivery", target_seconds=1800)], terms(), by=admin, asks=True)
    answers = at_once(
        lambda: changes.refuse(again.pk, by=general_manager, note="Not now"),
        lambda: changes.approve(again.pk, by=User.objects.get(pk=general_manager.pk)),
    )
    assert [type(answer) for answer in refusals(answers)] == [Changed]
    assert policy("delivery").versions.count() == (2 if LimitChange.objects.get(pk=again.pk).note == "" else 1)


# The database itself


def refused_by_the_database(sql, *values):
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_the_database_keeps_the_two_persons_apart(company, admin, general_manager, proposed):
    twin = UserFactory(role="general_manager", same_person_as=admin)
    decide = ("UPDATE sla_limitchange SET state = 'approved', decided_at = CURRENT_TIMESTAMP, decided_by_id = %s,"
              " on_behalf_of_id = %s WHERE id = %s")  # fmt: skip
    friend, later = UserFactory(), timezone.now() + HOUR
    Delegation.objects.create(from_person=twin, to_person=friend, rights=[Right.LIMIT_DECIDE],
                              starts_at=later - 2 * HOUR, ends_at=later)  # fmt: skip
    for person, absent in ((admin, None), (twin, None), (friend, None), (general_manager, twin)):
        refused_by_the_database(decide, person.pk, absent and absent.pk, proposed.pk)
    refused_by_the_database("UPDATE sla_limitchange SET state = 'approved' WHERE id = %s", proposed.pk)
    refused_by_the_database("UPDATE sla_limitchange SET rules = '[]' WHERE id = %s", proposed.pk)
    refused_by_the_database("DELETE FROM sla_limitchange")
    changes.refuse(proposed.pk, by=general_manager, note="Not now")
    refused_by_the_database(decide, general_manager.pk, None, proposed.pk)
    refused_by_the_database("UPDATE sla_limitchange SET note = 'Other words'")
    row = {"rules": [], "mode": "new", "reason": "r", "proposed_at": timezone.now(), "proposed_by": admin}
    with pytest.raises(IntegrityError), transaction.atomic():
        LimitChange.objects.create(**row, state="approved", decided_by=general_manager, decided_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        LimitChange.objects.create(**(row | {"mode": "date"}))


def test_the_database_refuses_a_level_that_reaches_nobody(company):
    version = policy().current
    whole = {"version": version, "level": 9, "at_percent": 50, "recipients": ["head"], "channels": ["in_app"]}
    for wrong in ({"recipients": []}, {"channels": []}, {"recipients": ["head", "role"]}, {"recipients": ["person"]}):
        with pytest.raises(IntegrityError), transaction.atomic():
            EscalationStep.objects.create(**(whole | wrong))
    EscalationStep.objects.create(**(whole | {"recipients": ["role"], "role": "buyer"}))


def test_a_rule_is_the_same_after_its_journey_through_the_database(company, admin, general_manager, proposed):
    proposed.refresh_from_db()
    assert changes.rules_of(proposed) == [rule(target_seconds=1800)]
    assert isinstance(changes.rules_of(proposed)[0], Rule)
