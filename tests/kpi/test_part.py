"""What stands behind one part of a score, and who sees it when."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.periodic import JOBS
from config.tasks import ring
from kpi import actions, defaults
from kpi.models import MonthRun, Score, ScoreCase
from kpi.tasks import score_ended_month
from orders.models import CostEntry, UrgentOrder
from people.models import User
from tests.factories import orders as make

pytestmark = [pytest.mark.django_db, pytest.mark.clause("6.1.1")]
OCTOBER = datetime(2026, 10, 14, 2, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 1, 1, tzinfo=UTC)


@pytest.fixture
def orders(people):
    """Two at delivery in October, the first one cancelled, with its costs."""
    defaults.seed()
    with time_machine.travel(OCTOBER):
        found = [make.at_delivery(people), make.at_delivery(people)]
        CostEntry.objects.bulk_create([
            CostEntry(order=found[0], kind="labour", is_planned=is_planned, amount=amount, source=f"test:{amount}",
                      recorded_at=timezone.now(), recorded_by=people.finance)
            for is_planned, amount in ((True, 1000), (False, Decimal("1234.50")))
        ])  # fmt: skip
        UrgentOrder.objects.filter(pk=found[0].pk).update(closed_at=timezone.now(), outcome="cancelled")
    return found


@pytest.fixture
def empty_run(departments):
    defaults.seed()
    return actions.compute(month=date(2026, 10, 1), now=NOVEMBER)


def address(score, indicator="time"):
    return reverse("kpi:part", args=[str(score.run), score.pk, indicator])


def of(run, code):
    return Score.objects.select_related("run").get(run=run, department__code=code, person=None)


def publish(run, by):
    """Past the tables' guards: how a month gets there is told elsewhere."""
    MonthRun.objects.filter(pk=run.pk).update(state="appeals", checks_until=NOVEMBER, appeals_from=NOVEMBER,
                                              appeals_until=NOVEMBER + timedelta(days=3))  # fmt: skip
    MonthRun.objects.filter(pk=run.pk).update(state="published", published_by=by,
                                              published_at=NOVEMBER + timedelta(days=4))  # fmt: skip


PEOPLE = ("production_head", "sales_head", "planner", "operator", "manager", "general_manager", "hr", "stranger")


def test_behind_a_part_stands_every_case(orders, request, client_of, general_manager):
    run = actions.compute(month=date(2026, 10, 1), now=NOVEMBER)
    clients = {name: client_of(request.getfixturevalue(name)) for name in (*PEOPLE, "finance_head", "procurement_head")}
    before_publication_one_sees_ones_own(run, clients, request)
    publish(run, general_manager)
    production = address(of(run, "production"))
    assert {clients[name].get(production).status_code for name in PEOPLE} == {200}
    each_case_names_its_order(run, orders, clients, production)
    amounts_are_for_those_who_may_see_the_result(run, clients)
    nothing_else_is_there(run, clients["sales_head"], production)


def before_publication_one_sees_ones_own(run, clients, request):
    own = Score.objects.select_related("run").get(run=run, person=request.getfixturevalue("production_head"))
    for score, seeing in ((of(run, "production"), {"production_head", "manager", "general_manager", "hr"}),
                          (of(run, "sales"), {"sales_head", "manager", "general_manager", "hr"}),
                          (own, {"production_head", "manager", "general_manager", "hr"})):  # fmt: skip
        found = {name: clients[name].get(address(score)).status_code for name in PEOPLE}
        assert found == {name: 200 if name in seeing else 404 for name in PEOPLE}


def each_case_names_its_order(run, orders, clients, production):
    page = clients["sales_head"].get(production)
    assert page.text.count(orders[1].get_absolute_url()) == 2, "review and production"
    assert "Stay in the stage Review" in page.text and "Σ time used ÷ Σ time limit" in page.text
    assert page.context["all_cases"] == 4 == len(page.context["page"])
    assert "an order not open to you" not in page.text
    orders[1].group_grants.all().delete()
    hidden = clients["procurement_head"].get(production)
    assert hidden.text.count("an order not open to you") == 2 and orders[1].number not in hidden.text
    assert len(hidden.context["page"]) == 4, "they are counted all the same"
    judged = clients["hr"].get(production)  # who decides appeals and proposes penalties
    assert judged.text.count(orders[1].number) == 2 and orders[1].get_absolute_url() not in judged.text
    assert "not open to you" not in judged.text
    for show, count in (("counted", 4), ("left", 0)):
        listed = clients["sales_head"].get(production, {"show": show})
        assert len(listed.context["page"]) == count
    assert "No case stands behind this figure." in listed.text


def amounts_are_for_those_who_may_see_the_result(run, clients):
    cost = address(of(run, "production"), "cost")
    assert "¥ 1,234.50" in clients["finance_head"].get(cost).text
    for name in ("procurement_head", "operator"):
        text = clients[name].get(cost).text
        assert "1,234" not in text and "1,000" not in text and "caused by the customer" in text
        assert "Amounts are shown to those who may see the cost sheet." in text


def nothing_else_is_there(run, client, production):
    for wrong in (address(of(run, "production"), "nothing"), address(of(run, "sales"), "cost"), production + "?show=x",
                  production.replace("2026-10", "2026-09"), production.replace("2026-10", "nonsense")):  # fmt: skip
        assert client.get(wrong).status_code == 404, wrong


def cases(part, count, order=None):
    ScoreCase.objects.bulk_create([
        ScoreCase(part=part, order=order, origin=f"item:{number}", text="Task", at=OCTOBER, numerator=1, denominator=1)
        for number in range(count)
    ])  # fmt: skip


def test_same_statements_for_one_and_three_cases(empty_run, people, client_of):
    score = of(empty_run, "sales")
    part, order = score.parts.get(indicator="time"), make.submitted(people)
    client, counts = client_of(User.objects.get(username="gao")), []
    for count in (3, 1):
        part.case_rows.all().delete()
        cases(part, count, order)
        with CaptureQueriesContext(connection) as captured:
            assert len(client.get(address(score)).context["page"]) == count
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_long_list_goes_on(empty_run, client_of, sales_head):
    score = of(empty_run, "sales")
    cases(score.parts.get(indicator="time"), 63)
    first = client_of(sales_head).get(address(score))
    rest = client_of(sales_head).get(address(score), {"after": first.context["page"].next_cursor})
    seen = [case.pk for page in (first, rest) for case in page.context["page"]]
    assert (len(first.context["page"]), len(set(seen)), len(seen)) == (50, 63, 63)


@pytest.mark.clause("6.1.2")
def test_the_month_that_ended_is_scored_by_the_clock(people):
    assert "kpi.tasks.score_ended_month" in {job.task for job in JOBS}, "run_sla rings the same list without Redis"
    defaults.seed()
    with time_machine.travel(OCTOBER):
        make.submitted(people)
    assert score_ended_month(now=datetime(2026, 10, 31, 15, 59, tzinfo=UTC)) == 0, "September: no order yet"
    assert score_ended_month(now=datetime(2026, 10, 31, 16, 1, tzinfo=UTC)) == 1, "there it is November"
    assert score_ended_month(now=datetime(2026, 10, 31, 17, tzinfo=UTC)) == 0
    run = MonthRun.objects.get()
    assert (str(run), run.computed_by) == ("2026-10", None)
    with time_machine.travel(datetime(2026, 12, 3, tzinfo=UTC)):
        ring("kpi.tasks.score_ended_month")
        ring("kpi.tasks.score_ended_month")
    assert [str(run) for run in MonthRun.objects.all()] == ["2026-11", "2026-10"]
