"""Properties P1 to P12 of the working calendar (docs: the clock), and its pinned dates."""

import os
import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
import holidays
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sla.defaults import mainland_days
from sla.worktime import ALWAYS, Calendar, NoWorkingTime, format_spans, parse_spans

SHANGHAI = ZoneInfo("Asia/Shanghai")
WORKDAY = parse_spans("08:00-12:00, 13:00-18:00")
ZONES = ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "UTC", "Australia/Lord_Howe"]
HOUR, DAY = 3600, timedelta(days=1)
START = date(2026, 3, 1)


def factory():
    days = {day.date: parse_spans(day.hours) for day in mainland_days(None, (2025, 2026))}
    return Calendar("Asia/Shanghai", (WORKDAY,) * 5 + ((),) * 2, days, date(2026, 12, 31))


FACTORY = factory()


def at(*parts, zone=SHANGHAI):
    return datetime(*parts, tzinfo=zone)


@st.composite
def spans(draw, least=0):
    """A day's spans, not overlapping; the last one may cross midnight."""
    marks = sorted(draw(st.lists(st.integers(0, 1439), min_size=2 * least, max_size=6, unique=True)))
    pairs = [(marks[i], marks[i + 1]) for i in range(0, len(marks) - 1, 2)]
    if pairs and draw(st.booleans()):
        pairs[-1] = (pairs[-1][0], 1440 + draw(st.integers(0, pairs[0][0])) if pairs[0][0] else 1440)
    return tuple(pairs)


@st.composite
def calendars(draw, zone=None):
    week = (draw(spans(least=1)),) + tuple(draw(spans()) for _ in range(6))
    days = draw(st.dictionaries(st.integers(0, 40).map(lambda n: START + n * DAY), spans(), max_size=5))
    return Calendar(zone or draw(st.sampled_from(ZONES)), week, days)


moments = st.datetimes(datetime(2026, 3, 1), datetime(2026, 4, 5)).map(lambda moment: moment.replace(tzinfo=UTC))
amounts = st.integers(0, 60 * HOUR)


@given(calendars(), moments, amounts)
def test_p1_between_undoes_add(calendar, moment, seconds):
    assert calendar.between(moment, calendar.add(moment, seconds)) == seconds


@given(calendars(), moments, amounts, amounts)
def test_p2_adding_twice_is_adding_the_sum(calendar, moment, first, second):
    assert calendar.add(calendar.add(moment, first), second) == calendar.add(moment, first + second)


@given(calendars(), st.lists(moments, min_size=3, max_size=3).map(sorted))
def test_p3_between_is_additive_over_a_split(calendar, three):
    begin, middle, end = three
    whole = calendar.between(begin, middle) + calendar.between(middle, end)
    assert calendar.between(begin, end) == pytest.approx(whole, abs=1e-6)


@given(calendars(), moments, amounts, amounts)
def test_p4_add_is_monotone_in_the_amount(calendar, moment, first, second):
    few, many = sorted((first, second))
    assert calendar.add(moment, few) <= calendar.add(moment, many)


@given(calendars(), moments, moments, st.integers(1, 60 * HOUR))
def test_p4_add_is_monotone_in_the_moment(calendar, first, second, seconds):
    early, late = sorted((first, second))
    assert calendar.add(early, seconds) <= calendar.add(late, seconds)


@given(calendars(), moments, st.integers(1, 60 * HOUR))
def test_p5_a_deadline_lies_in_or_at_the_end_of_working_time(calendar, moment, seconds):
    assert calendar.is_open(calendar.add(moment, seconds) - timedelta(microseconds=1))


@given(calendars(), moments, st.integers(300, 60 * HOUR), st.lists(st.integers(1, 100), min_size=2, max_size=5))
def test_p6_thresholds_are_ordered(calendar, moment, budget, percents):
    marks = [calendar.add(moment, budget * percent / 100) for percent in sorted(percents)]
    assert marks == sorted(marks)
    assert marks[-1] <= calendar.add(moment, budget)


@given(calendars(), moments, st.integers(1, 60 * HOUR), st.integers(1, 20 * HOUR), st.integers(1, 40 * HOUR))
def test_p7_a_pause_never_makes_due_earlier(calendar, moment, rest, ran, paused):
    budget, stopped = ran + rest, moment + timedelta(seconds=ran)
    used = calendar.between(moment, stopped)
    resumed = stopped + timedelta(seconds=paused)
    assert calendar.add(resumed, budget - used) >= calendar.add(moment, budget)


@given(calendars(), moments, st.integers(1, 60 * HOUR))
def test_p7_a_pause_in_closed_time_costs_nothing(calendar, moment, budget):
    assume(not calendar.is_open(moment))
    assert calendar.add(calendar.next_change(moment), budget) == calendar.add(moment, budget)


@given(moments, amounts)
def test_p8_day_and_night_is_plain_addition(moment, seconds):
    assert ALWAYS.add(moment, seconds) == moment + timedelta(seconds=seconds)
    assert ALWAYS.between(moment, moment + timedelta(seconds=seconds)) == seconds


@given(calendars(), moments, st.integers(1, 60 * HOUR), st.integers(0, 40), spans(least=1))
def test_p9_a_holiday_is_never_earlier_and_a_make_up_day_never_later(calendar, moment, seconds, number, hours):
    day = START + number * DAY
    plain = Calendar(calendar.zone, calendar.week, {**calendar.days, day: ()})
    worked = Calendar(calendar.zone, calendar.week, {**calendar.days, day: hours})
    assert plain.add(moment, seconds) >= calendar.add(moment, seconds)
    assert worked.add(moment, seconds) <= plain.add(moment, seconds)


@given(calendars(), moments)
def test_the_next_open_moment_is_open_and_nothing_before_it_is(calendar, moment):
    opens = calendar.open_from(moment)
    assert calendar.is_open(opens) and calendar.between(moment, opens) == 0


@given(moments, st.integers(1, HOUR))
def test_p10_an_all_closed_calendar_raises(moment, seconds):
    closed = Calendar("Asia/Shanghai", ((),) * 7)
    with pytest.raises(NoWorkingTime):
        closed.add(moment, seconds)
    with pytest.raises(NoWorkingTime):
        closed.open_from(moment)
    assert closed.between(moment, moment + 400 * DAY) == 0
    assert closed.next_change(moment) is None


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Shanghai"])
def test_p11_the_zone_of_the_process_changes_nothing(zone):
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        assert factory().add(at(2026, 2, 13, 17, 30), 4 * HOUR) == at(2026, 2, 14, 11, 30)
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


@given(calendars(), moments, amounts, st.sampled_from(ZONES))
def test_p11_the_zone_a_moment_is_written_in_changes_nothing(calendar, moment, seconds, zone):
    assert calendar.add(moment.astimezone(ZoneInfo(zone)), seconds) == calendar.add(moment, seconds)


def test_p11_a_night_shift_over_the_end_of_summer_time_is_an_hour_longer():
    night = Calendar("Europe/Berlin", (parse_spans("22:00-06:00"),) * 7)
    berlin = ZoneInfo("Europe/Berlin")
    begin, end = at(2026, 10, 24, 22, zone=berlin), at(2026, 10, 25, 6, zone=berlin)
    assert night.between(begin, end) == 9 * HOUR


def oracle(calendar, moment, minutes):
    """Minute by minute, with no arithmetic at all."""
    moment = moment.astimezone(UTC)
    for _tries in range(60 * 24 * 60):
        if not minutes:
            return moment
        if oracle_is_open(calendar, moment):
            minutes -= 1
        moment += timedelta(minutes=1)
    raise AssertionError("the oracle found no time")


def oracle_is_open(calendar, moment):
    local = moment.astimezone(ZoneInfo(calendar.zone))
    minute = local.hour * 60 + local.minute
    today, yesterday = local.date(), local.date() - DAY
    hours = {day: calendar.days.get(day, calendar.week[day.weekday()]) for day in (today, yesterday)}
    return any(start <= minute < end for start, end in hours[today]) or any(
        start <= minute + 1440 < end for start, end in hours[yesterday]
    )


whole_minutes = moments.map(lambda moment: moment.replace(second=0, microsecond=0))


@settings(max_examples=30)
@given(calendars(zone="Asia/Shanghai"), whole_minutes, st.integers(0, 12 * 60))
def test_p12_equals_a_minute_by_minute_oracle(calendar, moment, minutes):
    assert calendar.add(moment, minutes * 60) == oracle(calendar, moment, minutes)


@given(calendars(zone="Asia/Shanghai"), whole_minutes)
def test_p12_opens_and_closes_when_the_oracle_does(calendar, moment):
    assert calendar.is_open(moment) == oracle_is_open(calendar, moment)
    change = calendar.next_change(moment)
    assert oracle_is_open(calendar, change) != oracle_is_open(calendar, moment)
    assert calendar.is_open(change - timedelta(seconds=1)) == calendar.is_open(moment)


@pytest.mark.clause("3.1.1")
@pytest.mark.parametrize(("begin", "hours", "end"), [
    (at(2026, 2, 13, 17, 30), 4, at(2026, 2, 14, 11, 30)),  # the make-up Saturday before the Spring Festival
    (at(2026, 9, 19, 10), 4, at(2026, 9, 20, 12)),  # a plain Saturday, then a make-up Sunday
    (at(2026, 9, 30, 17), 2, at(2026, 10, 8, 9)),  # over the National Day week
])  # fmt: skip
def test_pinned_dates(begin, hours, end):
    assert FACTORY.add(begin, hours * HOUR) == end


@pytest.mark.parametrize("year", [2025, 2026])
def test_every_day_agrees_with_the_second_opinion(year):
    day = date(year, 1, 1)
    while day.year == year:
        noon = at(day.year, day.month, day.day, 9)
        assert FACTORY.is_open(noon) == chinese_calendar.is_workday(day), day
        day += DAY


def test_the_library_still_knows_no_make_up_days_of_2027():
    """When this fails, the notice for 2027 is out: seed it."""
    assert not [day for day in holidays.country_holidays("CN", years=2027).weekend_workdays if day.year == 2027]


def test_covered_until_makes_later_deadlines_provisional():
    assert FACTORY.is_covered(at(2026, 12, 31, 23))
    assert not FACTORY.is_covered(at(2027, 1, 1, 0, 1))


def test_overlapping_spans_count_once():
    calendar = Calendar("UTC", (parse_spans("20:00-04:00, 02:00-10:00"),) * 7)
    assert calendar.between(at(2026, 3, 2, zone=UTC), at(2026, 3, 3, zone=UTC)) == 14 * HOUR


@pytest.mark.parametrize("text", ["08:00", "25:00-26:00", "08:70-09:00", "eight-nine", "08:00–"])
def test_spans_that_are_none_are_refused(text):
    with pytest.raises(ValueError):
        parse_spans(text)


def test_spans_are_written_as_they_are_read():
    text = "08:00-12:00, 22:00-06:00"
    assert format_spans(parse_spans(text)) == text


def test_a_long_deadline_is_quick():
    """A list of 300 rows of 90 working days each must not be felt."""
    begun = time.process_time()
    for hour in range(300):
        FACTORY.add(at(2026, 3, 2) + timedelta(hours=hour), 60 * 9 * HOUR)
    assert time.process_time() - begun < 1
