"""The demo company: believable, whole, and the same for the same seed."""

from collections import Counter
from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from config.demo import company, life, meetings, months, people
from coordination.models import Meeting, Outcome
from kpi import defaults as kpi_defaults
from kpi.models import Appeal, Incentive, MonthRun
from kpi.months import Month
from kpi.weeks import Week
from orders.machine import Stage
from orders.models import UrgentOrder
from people.models import User
from records import audit
from records.models import Event
from sla import actions as sla
from sla.models import Heartbeat, WorkItem

pytestmark = pytest.mark.once


def test_stories_are_the_same_for_the_same_moment():
    now = timezone.now()
    assert life.living(now) == life.living(now)
    assert life.history(now) == life.history(now)


def test_forty_live_over_all_stages_and_eighty_ended_within_six_months():
    now = timezone.now()
    living, history = life.living(now), life.history(now)
    assert (len(living), len(history)) == (40, 80)
    assert {story.goal for story in living} == set(life.acts.STAGES) - {"closed"}
    assert min(story.starts_at for story in history) > now - timedelta(days=life.HISTORY_DAYS)
    assert max(story.starts_at for story in history) < now - life.OLDEST_LIVING


@pytest.fixture
def factory(clock_defaults, db, settings, tmp_path):
    from people import defaults

    settings.VAR_DIR = settings.MEDIA_ROOT = tmp_path
    defaults.seed()
    people.seed()
    company.seed()


@pytest.mark.slow
def test_orders_live_through_their_days(factory):
    now = timezone.now()
    stories = {story.event: story for story in life.history(now)}
    chosen = [stories[event] for event in ("rework", "negotiated", "complained", "cancelled", "declined")]
    life.remember(chosen, until=now)
    assert Counter(UrgentOrder.objects.values_list("stage", flat=True)) == {
        Stage.CLOSED: 3, Stage.CANCELLED: 1, Stage.DECLINED: 1,
    }
    assert all(order.submitted_at < order.closed_at < now for order in UrgentOrder.objects.all())
    assert list(audit.breaks()) == []


def test_an_order_of_the_past_is_told_whole_or_not_at_all(factory):
    """No sweep meets a task of months ago that still waits."""
    now = timezone.now()
    User.objects.filter(username="ma").update(username="left")  # who reports last in a cancelled order
    story = next(story for story in life.history(now) if story.event == "cancelled")
    with pytest.raises(KeyError):
        life.remember([story], until=now)
    assert not UrgentOrder.objects.exists()
    assert not WorkItem.objects.exists()


@pytest.mark.slow
def test_living_orders_rest_where_their_stories_stop(factory):
    now = timezone.now()
    wanted = [story for story in life.living(now) if story.event in ("unreached", "hold", "machine_major")]
    life.play(wanted, until=now)
    assert Counter(UrgentOrder.objects.values_list("stage", flat=True)) == Counter(story.goal for story in wanted)
    assert UrgentOrder.objects.filter(hold__isnull=False).count() == 1


def test_started_at_night_no_story_begins_tomorrow(factory):
    night = (timezone.localtime() - timedelta(days=1)).replace(hour=0, minute=7)
    story = max(life.living(night), key=lambda story: story.starts_at)
    life.play([story], until=night)
    assert UrgentOrder.objects.count() == 1
    assert Heartbeat.objects.get(name="sweep").ok_at <= night
    assert not Event.objects.filter(at__gt=night).exists()


def test_one_month_is_published_and_one_open_to_appeals(factory):
    """A handful of tasks instead of six months of orders."""
    kpi_defaults.seed()
    cast = {user.username: user for user in User.objects.select_related("department")}
    order = UrgentOrder.objects.create(created_by=cast["lin"])
    last = Month.now() - 1
    for month in (last - 1, last):
        for days, (person, hours) in product(range(9, 12), (("wang", 3), ("zhou", 1))):
            begun = month.start + timedelta(days=days)
            task = sla.open_item(kind="default", source=order.stream, subject="Call", url="/", now=begun,
                                 department=cast[person].department, assignee=cast[person],
                                 due_at=begun + timedelta(hours=2))  # fmt: skip
            sla.finish(task, by=cast[person], now=begun + timedelta(hours=hours))
    for _twice in range(2):
        months.play(timezone.now())
    assert sorted(MonthRun.objects.values_list("state", flat=True)) == ["appeals", "published"]
    assert Appeal.objects.get().raised_by == cast["wang"]
    found = set(Incentive.objects.values_list("kind", "state"))
    assert found == {("penalty", "proposed"), ("reward", "approved")}


def test_last_weeks_meeting_is_confirmed_and_this_weeks_planned(factory):
    now = timezone.now()
    for _twice in range(2):
        meetings.play(now)
    held, planned = Meeting.objects.order_by("monday")
    assert (held.week, planned.week) == (Week.now(now) - 1, Week.now(now))
    assert (held.state, planned.state) == (Meeting.State.CONFIRMED, Meeting.State.PLANNED)
    assert sorted(Outcome.objects.values_list("kind", flat=True)) == ["action", "action", "decision"]
    assert Outcome.objects.open().get().person.username == "zhou"
    assert list(audit.breaks()) == []
