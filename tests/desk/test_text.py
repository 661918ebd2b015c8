from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from desk import text

pytestmark = pytest.mark.once
MOMENT = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_november():
    with time_machine.travel(datetime(2026, 11, 22, tzinfo=UTC), tick=False):
        yield


@pytest.mark.parametrize(
    ("language", "shown"),
    [("en", "Wed 25 Nov 18:00"), ("zh-hans", "11-25 周三 18:00"), ("zh-hant", "11-25 週三 18:00")],
)
def test_a_moment_is_the_companys_time(language, shown):
    with translation.override(language):
        assert text.when(MOMENT) == shown


@pytest.mark.parametrize(("language", "shown"), [("en", "Mon 4 Jan 2027"), ("zh-hans", "2027-01-04 周一")])
def test_another_year_is_said(language, shown):
    with translation.override(language):
        assert text.day(date(2027, 1, 4)) == shown


def test_a_day_is_the_companys_day():
    assert text.day(datetime(2026, 11, 25, 20, 0, tzinfo=UTC)) == "Thu 26 Nov"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (59, "0:00"), (2580, "0:43"), (-4320, "1:12"), (35999, "9:59"), (36000, "10 h"),
     (73200, "20 h 20 m"), (172800, "2 d 0 h"), (198000, "2 d 7 h")],
)  # fmt: skip
def test_durations_grow_coarser(seconds, shown):
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(9480, "¥ 9,480"), (Decimal("9480.5"), "¥ 9,480.50"), (-4600, "−¥ 4,600"), (Decimal("0.005"), "¥ 0.01"),
     (0, "¥ 0"),     (None, "–"), ("", "–")],
)  # fmt: skip
def test_money_shows_cents_only_where_there_are_some(amount, shown):
    assert text.money(amount) == shown


def test_a_sentence_without_its_parameter_shows_the_gap():
    assert text.render("{who} approved", {}) == "{who} approved"


def test_a_sentence_shows_its_moments():
    assert text.render("Due {at}", {"at": text.moment(MOMENT)}) == "Due Wed 25 Nov 18:00"


def test_a_lazy_word_is_kept_in_english_and_read_in_the_readers_language():
    with translation.override("zh-hans"):
        kept = text.word(_("Yes"))
        assert kept == {"msg": "Yes"}
        assert text.render("{answer}", {"answer": kept}) == "是"


def test_list_of_words_is_read_in_the_readers_language():
    params = {"box": [text.word("Made"), text.word("Costs settled")]}
    assert text.render("Signed: {box}", params) == "Signed: Made, Costs settled"
    with translation.override("zh-hans"):
        assert text.render("Signed: {box}", params) == "已签署：生产完成、费用已结清"
