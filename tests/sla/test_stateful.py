"""S1–S12 of the clock: whatever people, rules, crashes and sweeps do in whatever order.

The oracle counts open minutes of its own days, written down as a list of booleans; it knows nothing of the engine's
arithmetic. `FAULTS=1` tells many more and longer stories.
"""

import os
from bisect import bisect_left
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from notifications.models import Notification, Outbox
from people.models import User
from sla import actions, effects
from sla.models import CalendarDay, Escalation, EscalationStep, Heartbeat, Policy, WorkCalendar, WorkItem

pytestmark = pytest.mark.django_db

IS_LARGE = os.environ.get("FAULTS") == "1"
ACTS_ON_ONE = ("pause or resume", "acknowledge", "reassign", "finish", "return")
STORIES, ACTS = (int(os.environ.get("STORIES", 400)), 40) if IS_LARGE else (14, 18)
DAYS = 21
START = datetime(2026, 3, 2, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))  # a plain working Monday
KIND = "story"
State, Outcome = WorkItem.State, Escalation.Outcome
TARGETS = (60, 120, 200)
# Special days that a story may choose between: date, kind, hours.
EDITIONS = (
    (),
    (("2026-03-02", "special", "08:00-11:00"), ("2026-03-03", "holiday", "")),
    (("2026-03-03", "special", "08:00-12:00, 13:00-22:00"), ("2026-03-07", "make_up", "09:00-15:00")),
)


def moment(minute):
    return START + timedelta(minutes=minute)


# The oracle


class Hours:
    """Open minutes, one by one."""

    def __init__(self, special=()):
        hours = {day: text for day, _kind, text in special}
        is_open = [self._is_open(moment(minute), hours) for minute in range(DAYS * 24 * 60)]
        self.before = [0, *accumulate(is_open)]

    def _is_open(self, at, hours):
        usual = "08:00-12:00, 13:00-18:00" if at.weekday() < 5 else ""
        spans = hours.get(at.date().isoformat(), usual)
        return any(span[:5] <= at.strftime("%H:%M") < span[6:] for span in spans.split(", ") if span)

    def between(self, earlier, later):
        return self.before[later] - self.before[earlier]

    def after(self, since, minutes):
        return since if minutes <= 0 else bisect_left(self.before, self.before[since] + minutes)


HOURS = [Hours(special) for special in EDITIONS]


def thresholds(target) -> dict:
    """The ladder of `steps` below, in minutes of use."""
    found = {(1, 0): target / 2, (2, 0): target * 0.8, (3, 0): target, (4, 0): target + 30}
    found |= {(2, n): target * 0.8 + 5 * n for n in (1, 2, 3) if target * 0.8 + 5 * n < target}
    return found | {(5, n): target + 60 + 60 * n for n in range(4)}


def steps():
    rows = (
        (1, 50, None, ["assignee"], None, 0), (2, 80, None, ["assignee", "head"], 5, 3),
        (3, 100, None, ["head"], None, 0),
        (4, None, 30, ["manager"], None, 0), (5, None, 60, ["general_manager"], 60, 3),
    )
    return [
        EscalationStep(level=level, at_percent=percent, minutes_past_due=minutes, recipients=whom,
                       channels=["in_app", "email"], repeat_every_minutes=every, repeat_at_most=most)
        for level, percent, minutes, whom, every, most in rows
    ]


@dataclass
class Twin:
    """What the oracle knows of one work item."""

    pk: int
    source: str
    target: int
    hours: Hours
    version: int
    since: int | None
    used: int = 0
    until: int | None = None  # of a pause
    is_claimed: bool = True
    is_closed: bool = False
    is_in_order: bool = True  # false once its rules changed: a longer limit may repeat a level passed long ago
    done: set = field(default_factory=set)
    silent: list = field(default_factory=list)  # (level, until)

    def used_at(self, now):
        return self.used + (self.hours.between(self.since, now) if self.since is not None else 0)

    def stop(self, now):
        self.used, self.since = self.used_at(now), None

    def wake(self, now):
        """A pause ends by itself at its time, whenever that is noticed."""
        if self.until is not None and self.until <= now:
            self.since, self.until = self.until, None

    def due(self, now) -> set:
        """Places that must have their record when everything was swept."""
        if self.is_closed or self.since is None:
            return set()
        found = {place for place, threshold in thresholds(self.target).items() if threshold <= self.used_at(now)}
        if not self.is_claimed and self.target / 4 <= self.used_at(now):
            found.add((0, 0))
        return found - self.done

    def planned(self, place):
        return self.hours.after(self.since, thresholds(self.target)[place] - self.used)


PERSON = st.sampled_from([0, None, 1, 2])
# Every act comes some time after the one before: a run of the machine may leave out whole rules.
LATER = st.sampled_from([30, 0, 61, 1, 130, 5, 470])


class Killed(BaseException):
    """Not an Exception: nobody catches it on the way, as nobody catches kill -9."""


POINTS = {
    "after the claim": 'INSERT INTO "sla_escalation"',
    "after the escalation": 'INSERT INTO "notifications_notification"',
    "after the inbox": 'INSERT INTO "notifications_outbox"', "after the outbox": 'INSERT INTO "sla_workitem"',
}


@contextmanager
def killed_before(statement):
    def watch(execute, sql, params, many, context):
        if sql.startswith(statement):
            raise Killed
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield


def everything():
    return (
        list(Escalation.objects.order_by("pk").values_list()), list(Notification.objects.order_by("pk").values_list()),
        list(Outbox.objects.order_by("pk").values_list()), list(WorkItem.objects.order_by("pk").values_list()),
    )


class Desk:
    """The acts of a story, done to the engine and to its twin alike."""

    def __init__(self, company):
        self.company, self.department = company, company["production"]
        self.calendar = WorkCalendar.objects.get(code="factory")
        self.policy = Policy.objects.create(kind=KIND)
        self.now, self.number, self.edition, self.twins = 0, 0, 0, []
        self.admin = User.objects.get(username="admin")
        self.people = list(User.objects.filter(username__in=["sales", "zhou", "liuyang", "lin", "zhao"]).order_by("pk"))
        self.set_limit(120)

    def set_limit(self, target):
        self.version = actions.save_policy(
            self.policy, by=None, reason="story", target_seconds=target * 60, calendar=self.calendar, steps=steps(),
            remind_percent=50, escalate_percent=80, pause_reasons=["department"], now=moment(self.now),
        )  # fmt: skip
        self.target = target

    def enter(self, person, used=0, source=""):
        self.number += 1
        item = actions.open_item(
            kind=KIND, source=source or f"order:{self.number}", subject="Story", url="/", department=self.department,
            assignee=person, now=moment(self.now), consumed_seconds=used * 60, minimum_share=0.25,
        )
        used = min(used, self.target * 3 // 4)
        twin = Twin(item.pk, item.source, self.target, HOURS[self.edition], self.version.pk, self.now, used,
                    is_claimed=person is not None)
        twin.done = {place for place, threshold in thresholds(self.target).items() if 0 < used >= threshold}
        self.twins.append(twin)
        return twin

    def item(self, twin):
        return WorkItem.objects.get(pk=twin.pk)

    def pause(self, twin, minutes):
        actions.pause(self.item(twin), "department", by=self.admin, now=moment(self.now),
                      until=moment(self.now + minutes))  # fmt: skip
        twin.stop(self.now)
        twin.until = self.now + minutes

    def resume(self, twin):
        actions.resume(self.item(twin), by=self.admin, now=moment(self.now))
        twin.since, twin.until = self.now, None

    def sweep(self):
        """Until nothing is due."""
        for _round in range(6):
            if actions.sweep(now=moment(self.now)).taken == 0:
                break
        else:
            raise AssertionError("the sweep finds no end")
        for twin in self.twins:
            twin.wake(self.now)

    def move(self, twins, **rules):
        effects.move(WorkItem.objects.filter(pk__in=[twin.pk for twin in twins]), by=self.admin, reason="story",
                     now=moment(self.now), **rules)  # fmt: skip

    @property
    def living(self):
        return [twin for twin in self.twins if not twin.is_closed]


class Story(RuleBasedStateMachine):
    company = None

    @initialize(persons=st.lists(PERSON, min_size=2, max_size=3))
    def begin(self, persons):
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.desk = Desk(self.company)
        for who in persons:
            self.enter(0, who)

    def teardown(self):
        if not hasattr(self, "transaction"):
            return  # given up before it began
        try:
            if hasattr(self, "desk"):
                self.sweep()
        finally:
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    # Acts

    def later(self, minutes):
        self.desk.now = min(self.desk.now + minutes, (DAYS - 3) * 24 * 60)

    @rule(later=LATER, who=PERSON)
    def enter(self, later, who):
        self.later(later)
        self.desk.enter(self.person(who))

    def person(self, who):
        """The one of that number, or nobody."""
        person = None if who is None else self.desk.people[who]
        return person if person and person.is_active else None

    @rule(later=LATER, which=st.integers(0, 4), act=st.sampled_from(ACTS_ON_ONE),
          minutes=st.sampled_from([95, 10, 700]), who=st.integers(0, 2))
    def tend(self, later, which, act, minutes, who):
        self.later(later)
        living = self.desk.living
        if not living:
            return
        twin, now = living[which % len(living)], moment(self.desk.now)
        twin.wake(self.desk.now)
        if act == "pause or resume":
            self._stop_or_go(twin, minutes)
        elif act == "acknowledge":
            self._acknowledge(twin, self.desk.now + minutes)
        elif act == "reassign" and (person := self.person(who)):
            actions.reassign(self.desk.item(twin), person, by=self.desk.admin, now=now)
            twin.is_claimed = True
        elif act == "finish":
            actions.finish(self.desk.item(twin), by=self.desk.admin, now=now)
            twin.is_closed = True
        elif act == "return":
            self._send_back(twin)

    def _stop_or_go(self, twin, minutes):
        if twin.since is None:
            self.desk.resume(twin)
        else:
            self.desk.pause(twin, minutes)

    def _acknowledge(self, twin, until):
        row = actions.acknowledge(self.desk.item(twin), by=self.desk.admin, note="seen", now=moment(self.desk.now),
                                  until=moment(until))  # fmt: skip
        assert row.level == max((level for level, _repeat in twin.done), default=0)
        twin.silent.append((row.level, until))

    def _send_back(self, twin):
        """The stage is left for an earlier one; its next cycle goes on with what was used."""
        used = twin.used_at(self.desk.now)
        actions.cancel(self.desk.item(twin), "sent back", by=self.desk.admin, now=moment(self.desk.now))
        twin.is_closed = True
        self.desk.enter(None, used=used, source=twin.source)

    @rule(later=LATER, target_minutes=st.sampled_from(TARGETS), applies=st.sampled_from(["running", "new", "fires"]))
    def edit_policy(self, later, target_minutes, applies):
        self.later(later)
        desk = self.desk
        desk.set_limit(target_minutes)
        if applies == "new" or not desk.living:
            return
        fires = applies == "fires"
        before = {twin.pk: self._passed(twin) for twin in desk.living}
        desk.move(desk.living, version=desk.version, fires_passed=fires)
        for twin in desk.living:
            self._turn(twin, target=target_minutes, version=desk.version.pk)
            if not fires:
                twin.done |= {place for place in self._passed(twin) if place not in before[twin.pk]}

    @rule(later=LATER, edition=st.sampled_from([1, 2, 0]), is_applied=st.sampled_from([True, False]))
    def edit_calendar(self, later, edition, is_applied):
        self.later(later)
        desk = self.desk
        desk.calendar.days.all().delete()
        CalendarDay.objects.bulk_create(
            [CalendarDay(calendar=desk.calendar, date=day, kind=kind, hours=text)
             for day, kind, text in EDITIONS[edition]]
        )
        made = actions.publish_calendar(desk.calendar, by=desk.admin, now=moment(desk.now))
        desk.calendar.refresh_from_db()
        desk.edition = edition
        if is_applied and desk.living:
            desk.move(desk.living, edition=made)
            for twin in desk.living:
                self._turn(twin)

    def _turn(self, twin, **changed):
        """What it used is kept; from now on it counts by the new rules."""
        was_running = twin.since is not None
        twin.stop(self.desk.now)
        twin.hours, twin.is_in_order = HOURS[self.desk.edition], False
        vars(twin).update(changed)
        if was_running:
            twin.since = self.desk.now

    def _passed(self, twin):
        return {place for place, minutes in thresholds(twin.target).items() if minutes <= twin.used_at(self.desk.now)}

    @rule(who=st.integers(0, 4), is_there=st.booleans())
    def remove_user(self, who, is_there):
        person = self.desk.people[who % len(self.desk.people)]
        person.is_active = is_there
        User.objects.filter(pk=person.pk).update(is_active=is_there)

    # Time and sweeps

    @rule(later=LATER, is_outage=st.booleans())
    def sweep(self, later=0, is_outage=True):
        """S1–S11 in what it writes."""
        self.later(later)
        desk = self.desk
        if not is_outage:
            Heartbeat.objects.filter(name="sweep").update(ok_at=moment(desk.now), behind_since=None)
        known = set(Escalation.objects.values_list("pk", flat=True))
        desk.sweep()
        written = list(Escalation.objects.exclude(pk__in=known).order_by("item", "level", "repeat"))
        for twin in desk.twins:
            self._check(twin, [row for row in written if row.item_id == twin.pk])
        counts = everything()
        actions.sweep(now=moment(desk.now))
        assert everything() == counts, "S11"
        self.reconcile()

    @rule(later=LATER, point=st.sampled_from(sorted(POINTS)))
    def crash(self, later, point):
        self.later(later)
        before = everything()
        try:
            with killed_before(POINTS[point]):
                actions.sweep(now=moment(self.desk.now))
        except Killed:
            assert everything() == before, f"half of it was kept: {point}"
        else:
            self._catch_up()

    def _catch_up(self):
        """That point was not met; the sweep went through, with whatever was due."""
        self.desk.sweep()
        rows = Escalation.objects.values_list("item_id", "level", "repeat")
        for twin in self.desk.twins:
            due = twin.due(self.desk.now)
            twin.done |= due
            twin.is_claimed |= (0, 0) in due
            assert twin.done == {tuple(place) for pk, *place in rows if pk == twin.pk}, "S2 S3 S4"

    def _check(self, twin, rows):
        now, places = self.desk.now, [(row.level, row.repeat) for row in rows]
        assert set(places) == twin.due(now), ("S2 S3 S4", twin)
        assert len(places) == len(set(places)) and not set(places) & twin.done, "S1"
        ladder_rows = [row for row in rows if row.level]
        if twin.is_in_order and ladder_rows and twin.done:
            assert (ladder_rows[0].level, ladder_rows[0].repeat) > max(twin.done), "S5"
        fired = [row for row in ladder_rows if row.outcome == Outcome.FIRED]
        silent_to = max((level for level, until in twin.silent if until > now), default=0)
        heard = [row for row in ladder_rows if not (row.repeat and row.level <= silent_to)]
        assert fired == heard[-1:], "S5 S10: of all that is due the highest is heard"
        for row in ladder_rows:
            assert row.planned_at == moment(twin.planned((row.level, row.repeat))), "S3"
            assert row.planned_at <= row.fired_at == moment(now), "S3"
            if row.repeat and row.level <= silent_to:
                assert row.outcome == Outcome.ACKNOWLEDGED, "S10"
        for row in rows:
            self._check_heard(twin, row, is_alone=row in fired or not fired)
        twin.done |= set(places)
        twin.is_claimed |= (0, 0) in places
        self._check_item(twin)

    def _check_heard(self, twin, row, is_alone):
        if row.outcome != Outcome.FIRED:
            assert row.recipients == []
            return
        assert row.recipients, "S9"
        if not is_alone:
            return  # who got a task nobody took is not told of it beside an escalation
        keys = [f"work-item:{twin.pk}:{row.level}:{row.repeat}", f"work-item:{twin.pk}:unclaimed"]
        for person in row.recipients:
            told = Notification.objects.filter(recipient=person["id"])
            sent = Outbox.objects.filter(recipient=person["id"], channel="email")
            behind = f"{twin.source}:behind:"
            assert told.filter(key__in=keys).exists() or told.filter(key__startswith=behind).exists(), "S8"
            assert sent.filter(event__in=keys).exists() or sent.filter(event__startswith=behind).exists(), "S8"

    def _check_item(self, twin):
        item, now = self.desk.item(twin), self.desk.now
        assert (item.closed_at is not None) == twin.is_closed
        if twin.is_closed:
            assert item.next_fire_at is None, "S4"
            return
        assert item.policy_version_id == twin.version, "S7"
        assert item.budget_seconds == twin.target * 60, "S7"
        used = item.used_seconds(moment(now))
        assert used == twin.used_at(now) * 60, "S6"
        assert used + item.left_seconds(moment(now)) == item.budget_seconds, "S6"
        assert (item.state == State.PAUSED) == (twin.since is None)
        if twin.since is not None and twin.used <= twin.target:
            assert item.due_at == moment(twin.hours.after(twin.since, twin.target - twin.used))
        assert item.next_fire_at is None or item.next_fire_at > moment(now), "S2"

    def reconcile(self):
        """It has nothing to repair, whatever happened."""
        assert actions.reconcile(now=moment(self.desk.now))["repaired"] == 0


def story(company):
    return type("Story", (Story,), {"company": company})


def test_no_story_loses_or_doubles_an_escalation(company, buyer, operator):
    run_state_machine_as_test(
        story(company),
        settings=settings(max_examples=STORIES, stateful_step_count=ACTS, suppress_health_check=list(HealthCheck)),
    )  # fmt: skip


@pytest.mark.parametrize("rules", [
    {"edit_calendar": {"edition": 1, "is_applied": True}},
    {"edit_policy": {"target_minutes": 60, "applies": "running"}},
    {"edit_policy": {"target_minutes": 200, "applies": "running"}},
    {"edit_policy": {"target_minutes": 60, "applies": "fires"}},
])  # fmt: skip
def test_new_rules_silence_nothing_that_was_due(company, buyer, operator, rules):
    """Told by hand, for it was once lost: half of the limit has passed, and the rules change before anybody swept."""
    told = story(company)()
    told.begin(persons=[0, None])
    try:
        for act, given_to in rules.items():
            getattr(told, act)(later=70, **given_to)
        told.sweep(later=0, is_outage=False)
        assert all((1, 0) in twin.done for twin in told.desk.twins if twin.target < 200)
        told.sweep(later=470, is_outage=False)
        assert all((3, 0) in twin.done for twin in told.desk.twins)
    finally:
        told.teardown()


def test_a_longer_limit_after_a_shorter_one_leaves_nothing_to_repair(company, buyer, operator):
    """The next call is one of which nobody heard: level 3 was told under the shorter limit."""
    told = story(company)()
    told.begin(persons=[0, 0])
    try:
        told.edit_policy(later=70, target_minutes=60, applies="fires")
        told.sweep(later=0, is_outage=False)
        told.edit_policy(later=5, target_minutes=200, applies="running")
        told.sweep(later=105, is_outage=False)
        assert {(2, 3), (3, 0)} <= told.desk.twins[0].done
        told.reconcile()
    finally:
        told.teardown()


# S12

ACT = st.one_of(
    st.tuples(st.just("advance"), st.sampled_from([7, 30, 61, 130, 500])),
    st.tuples(st.just("enter"), st.booleans()), st.tuples(st.just("pause"), st.sampled_from([20, 400])),
    st.tuples(st.just("resume"), st.none()), st.tuples(st.just("reassign"), st.none()),
)  # fmt: skip


def told_with_sweeps(company, acts, sweeps):
    """The places that have their record when the story is over and everything rests."""
    with transaction.atomic():
        desk = Desk(company)
        desk.enter(desk.people[0])
        for (act, value), is_swept in zip(acts, sweeps, strict=False):
            twin = desk.living[-1]
            twin.wake(desk.now)
            if act == "advance":
                desk.now += value
            elif act == "enter":
                desk.enter(desk.people[0] if value else None)
            elif act == "reassign":
                actions.reassign(desk.item(twin), desk.people[1], by=desk.admin, now=moment(desk.now))
            elif act == "pause" and twin.since is not None:
                desk.pause(twin, value)
            elif act == "resume" and twin.since is None:
                desk.resume(twin)
            if is_swept:
                desk.sweep()
        desk.now += 700
        desk.sweep()
        first = desk.twins[0].pk
        found = sorted((pk - first, level, repeat) for pk, level, repeat in
                       Escalation.objects.values_list("item_id", "level", "repeat") if level)  # fmt: skip
        transaction.set_rollback(True)
    return found


def test_when_somebody_sweeps_does_not_change_what_is_recorded(company, buyer, operator):
    @settings(max_examples=STORIES, suppress_health_check=list(HealthCheck))
    @given(st.lists(ACT, min_size=3, max_size=9), st.lists(st.booleans(), min_size=9, max_size=9))
    def told(acts, sweeps):
        never = told_with_sweeps(company, acts, [False] * 9)
        assert told_with_sweeps(company, acts, sweeps) == never

    told()


def test_the_oracle_counts_by_itself():
    """Fri 17:00 + 2 h = Mon 09:00; a Tuesday off and a Saturday at work count as they are written."""
    friday = 4 * 24 * 60 + 8 * 60
    assert HOURS[0].after(friday, 120) == 7 * 24 * 60
    assert HOURS[2].after(friday, 120) == 5 * 24 * 60 + 60
    assert HOURS[1].after(0, 121) == 2 * 24 * 60 - 59
    for twin_hours in HOURS:
        assert all(later - earlier in (0, 1) for earlier, later in pairwise(twin_hours.before))
