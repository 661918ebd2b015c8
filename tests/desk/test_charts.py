from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from desk.charts import Bar, Gantt, GanttRow, Mark, layout, place, points

pytestmark = pytest.mark.once
START = datetime(2026, 11, 24, 16, tzinfo=UTC)  # midnight in Shanghai


def after(hours):
    return START + timedelta(hours=hours)


def chart(*bars, hours=48, **values):
    return Gantt([GanttRow("Sawing", bars)], START, after(hours), **values)


def test_a_bar_stands_where_its_time_is():
    drawn = layout(chart(Bar(after(12), after(36))))["bars"][0]
    assert (drawn["x"], drawn["width"]) == (25, 50)


def test_a_bar_outside_the_picture_is_cut():
    drawn = layout(chart(Bar(after(-10), after(100))))["bars"][0]
    assert (drawn["x"], drawn["width"]) == (0, 100)


def test_a_label_stands_on_the_free_side():
    early, late = layout(chart(Bar(after(1), after(5), "a"), Bar(after(40), after(47), "b")))["bars"]
    assert not early["is_left"]
    assert late["is_left"]


def test_days_begin_at_the_companys_midnight():
    days = [tick["label"] for tick in layout(chart())["ticks"] if tick["is_day"]]
    assert days == ["Wed 25 Nov", "Thu 26 Nov"]


@given(st.integers(1, 24 * 90))
def test_the_axis_never_crowds(hours):
    assert len(layout(chart(hours=hours))["ticks"]) <= 17


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))
def test_every_place_is_in_the_picture(at):
    assert 0 <= place(chart(), at) <= 100


def test_an_empty_span_is_no_division():
    assert place(Gantt([], START, START), START) == 0


def test_the_table_says_what_the_picture_says():
    drawn = chart(Bar(after(12), after(36), "Night <shift>"), marks=[Mark(after(40), "Required")], label="Plan")
    html = Template("{% gantt chart %}").render(Context({"chart": drawn}))
    assert html.count("Night &lt;shift&gt;") == 2
    assert "Wed 25 Nov 12:00" in html
    assert 'x="25.0%"' in html
    assert "style=" not in html


def test_a_line_goes_from_its_lowest_to_its_highest():
    ys = [y for x, y in points([3, 9, 6])]
    assert ys[0] == max(ys)
    assert ys[1] == min(ys)


@pytest.mark.parametrize("values", [[], [5], [4, 4, 4]])
def test_a_line_of_nothing_or_of_the_same(values):
    assert len(points(values)) == len(values)
