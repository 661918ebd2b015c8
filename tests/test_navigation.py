from datetime import timedelta

import pytest
from django.utils import timezone

from config.navigation import MENU, navigation
from people.backends import PersonBackend
from people.models import Department
from tests.factories.sla import open_item

pytestmark = [pytest.mark.once, pytest.mark.django_db]


@pytest.fixture
def limits(clock_defaults):
    """The time limits that open_item needs."""


def rail(user, rf, path="/"):
    request = rf.get(path)
    request.user = user
    return {str(entry["label"]): entry for group in navigation(request)["navigation"]() for entry in group["entries"]}


def test_shows_only_what_a_person_may_open(rf, operator, admin):
    assert "Time limits" in rail(admin, rf)
    assert "Time limits" not in rail(operator, rf)


def test_counts_in_red_what_is_late_or_soon_is(rf, planner, limits):
    for place, minutes in enumerate((-10, 50, 120)):
        due_at = timezone.now() + timedelta(minutes=minutes)
        open_item(planner.department, source=f"order:{place}", assignee=planner, due_at=due_at)
    entry = rail(planner, rf)["My work"]
    assert entry["hot"]
    assert entry["count"] == 2


@pytest.mark.parametrize("waiting", [1, 3])
def test_asks_the_same_whatever_waits(rf, planner, limits, django_assert_num_queries, waiting):
    for place in range(waiting):
        open_item(planner.department, source=f"order:{place}", assignee=planner)
    planner = PersonBackend().get_user(planner.pk)  # as a request brings the person
    assert planner.rights
    with django_assert_num_queries(1):
        rail(planner, rf)


def test_nobody_has_no_rail(rf):
    assert "navigation" not in navigation(rf.get("/"))


def test_departments_carry_their_seal():
    boards = [entry for _label, entries in MENU for entry in entries if entry.url_name.endswith(":board")]
    seals = {entry.icon for entry in boards}
    assert len(boards) >= 5
    assert seals <= set(Department.Code.values)
