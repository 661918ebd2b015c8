from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from kpi import reports
from kpi.views import week_start
from orders import actions
from orders.models import StageRun
from tests.factories import orders as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def span():
    now = timezone.now()
    return now - timedelta(days=1), now + timedelta(days=1)


def figures(stage, span):
    return next(row for row in reports.lead_time_by_stage(*span) if row.stage == stage)


@pytest.mark.clause("1.3.1")
def test_lead_time_by_stage_adds_runs_and_limits(people, span, django_assert_num_queries):
    for used in (600, 9000):
        order = make.at_review(people)
        StageRun.objects.filter(order=order, stage="confirmation").update(used_seconds=used, limit_seconds=7200)
    with django_assert_num_queries(1):
        row = figures("confirmation", span)
    assert (row.runs, row.used_seconds, row.limit_seconds, row.in_time) == (2, 9600, 14400, 1)
    assert (row.used_percent, row.in_time_percent, row.mean_seconds, row.is_late) == (67, 50, 4800, False)


def test_walked_through_and_running_stages_do_not_count(people, span):
    order = make.at_review(people)
    assert figures("review", span).runs == 0
    StageRun.objects.filter(order=order, stage="confirmation").update(is_carried=True)
    assert figures("confirmation", span).runs == 0
    assert figures("confirmation", span).in_time_percent is None


def test_stays_of_another_week_do_not_count(people, span):
    make.at_review(people)
    start, _end = span
    assert sum(row.runs for row in reports.lead_time_by_stage(start - timedelta(days=7), start)) == 0


@pytest.mark.clause("1.3.1")
def test_on_time_is_judged_on_the_first_promise(people, django_assert_num_queries):
    kept, moved = make.at_settlement(people), make.at_procurement(people)
    later = moved.required_at + timedelta(days=30)
    actions.promise(order=moved, promised_at=later, by=people.planners[0], reason="late")
    span = (timezone.now(), timezone.now() + timedelta(days=7))
    with django_assert_num_queries(1):
        figure = reports.on_time_by_first_promise(*span)
    assert (figure.due, figure.kept, figure.percent) == (2, 1, 50)
    assert kept.stage == "settlement"


def test_change_the_customer_caused_starts_the_judgement_anew(people):
    order = make.at_procurement(people)
    later = order.required_at + timedelta(days=30)
    actions.promise(order=order, promised_at=later, by=people.sales, reason="asked", cause="customer")
    assert reports.on_time_by_first_promise(timezone.now(), timezone.now() + timedelta(days=20)).due == 0
    assert reports.on_time_by_first_promise(timezone.now(), later + timedelta(days=1)).due == 1


@pytest.mark.parametrize(("name", "status"), [
    ("sales_head", 200), ("production_head", 200), ("procurement_head", 200), ("quality_head", 200),
    ("logistics_head", 200), ("finance_head", 200), ("manager", 200), ("general_manager", 200),
    ("sales", 403), ("planner", 403), ("operator", 403), ("finance", 403), ("stranger", 403),
])
def test_figures_are_for_heads_and_management(name, status, request, client_of):
    assert client_of(request.getfixturevalue(name)).get(reverse("kpi:weekly")).status_code == status


@pytest.mark.clause("1.3.1")
def test_page_shows_each_stage_with_a_bar(people, sales_head, client_of):
    order = make.at_review(people)
    StageRun.objects.filter(order=order, stage="confirmation").update(used_seconds=9000, limit_seconds=7200)
    text = client_of(sales_head).get(reverse("kpi:weekly")).text
    assert "125 %" in text
    assert "meter--over p-100" in text


@pytest.mark.parametrize("week", ["", "2026-11-18", "nonsense", "2026-13-45", "0001-01-01", "9999-12-31"])
def test_any_week_is_a_page(week, sales_head, client_of):
    response = client_of(sales_head).get(reverse("kpi:weekly"), {"week": week})
    assert response.status_code == 200
    assert timezone.localtime(response.context["start"]).weekday() == 0


def test_week_starts_on_monday_midnight_of_the_company():
    start = timezone.localtime(week_start("2026-11-22", timezone.now()))
    assert (start.isoformat(), start.weekday()) == ("2026-11-16T00:00:00+08:00", 0)
