"""The demo company: believable, whole, and the same for the same seed."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from config.demo import company, life, people
from orders.machine import Stage
from orders.models import UrgentOrder
from people.models import User
from records import audit
from sla.models import WorkItem

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
