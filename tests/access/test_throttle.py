import pytest

from access import throttle
from access.models import Attempts
from access.tasks import forget_ended
from desk.refusals import TooMany
from tests.access.conftest import ENDLESS
from tests.together import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def three_a_day(settings):
    settings.THROTTLES = {"x": (3, ENDLESS)}


def test_one_too_many_is_refused_and_said_how_long():
    assert [throttle.hit("x", 1) for _ in range(3)] == [2, 1, 0]
    with pytest.raises(TooMany) as refused:
        throttle.hit("x", 1)
    assert "minutes" in str(refused.value.because)
    assert throttle.hit("x", 2) == 2, "others go on"


def test_several_at_a_time_count_as_several():
    with pytest.raises(TooMany):
        throttle.hit("x", 1, times=4)


def test_failures_are_counted_and_forgotten_with_success():
    for _ in range(5):
        throttle.note("x", "a")
    with pytest.raises(TooMany):
        throttle.refuse_more("x", "a")
    throttle.forget("x", "a")
    throttle.refuse_more("x", "a")


def test_whose_tries_they_are_is_not_kept():
    throttle.hit("x", "lin")
    assert "lin" not in Attempts.objects.get().key


def test_ended_counts_are_forgotten():
    throttle.hit("x", 1)
    Attempts.objects.update(ends_at="2020-01-01T00:00Z")
    assert forget_ended() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_processes_count_together(settings):
    settings.THROTTLES = {"x": (5, ENDLESS)}
    answers = at_once(*[lambda: throttle.hit("x", 1)] * 8)
    assert sum(not isinstance(answer, TooMany) for answer in answers) <= 5, "who came together may all be sent away"
    assert Attempts.objects.get().count == 8
