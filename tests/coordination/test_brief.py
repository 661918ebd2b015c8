"""The sheet of an order beside the wall: as the order stands now, for who may read both the meeting and the order."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from coordination import actions
from kpi.weekly import risk_rows
from kpi.weeks import Week
from orders.actions import open_issue_action, raise_issue
from orders.models import Issue
from tests.coordination.conftest import TEN
from tests.coordination.test_meeting import decide, started
from tests.factories import orders as make

pytestmark = [pytest.mark.django_db, pytest.mark.clause("5.2")]


@pytest.fixture
def meeting(clock, people):
    return actions.plan_meeting(week=Week.now())


def brief_of(meeting, order):
    return reverse("coordination:brief", args=[meeting.pk, order.pk])


def problem(order, by, text, severity="minor"):
    return raise_issue(order_id=order.pk, by=by, kind="machine", text=text, severity=severity)


def test_the_sheet_says_what_is_promised_made_and_open(meeting, people, client_of):
    order = make.at_production(people)
    problem(order, people.planners[0], "夹具松动")
    major = problem(order, people.planners[0], "主轴坏了", Issue.Severity.MAJOR)
    action = open_issue_action(issue_id=major.pk, by=major.holder, text="借用二号机", owner=people.operator,
                               due_at=TEN + timedelta(hours=3))
    client = client_of(meeting.chair)
    page = client.get(brief_of(meeting, order))
    assert "<h1" in page.text
    sheet = client.get(brief_of(meeting, order), headers={"HX-Request": "true"}).text
    assert "<h1" not in sheet and "data-close" in sheet, "in the sheet alone one closes it"
    facts = {str(fact.label): str(fact.value) for fact in page.context["facts"]}
    assert facts["Promised"] != "nothing yet" and " passed" in "".join(facts.values())
    assert sheet.index("主轴坏了") < sheet.index(action.text) < sheet.index("夹具松动")
    assert str(people.operator) in sheet and order.get_absolute_url() in sheet


def test_the_major_problem_stands_for_the_order_though_a_minor_one_is_older(meeting, people):
    order = make.submitted(people)
    problem(order, people.sales, "夹具松动")
    problem(order, people.sales, "主轴坏了", Issue.Severity.MAJOR)
    count, [row] = risk_rows(meeting.chair, TEN, 5)
    assert (count, row.said) == (1, "主轴坏了")


def test_an_outcome_starts_from_the_sheet_while_the_meeting_runs(meeting, people, client_of, general_manager):
    order = make.submitted(people)
    client, address = client_of(meeting.chair), brief_of(meeting, order)
    assert "outcome_url" not in client.get(address).context, "nothing is written down before the start"
    started(meeting, meeting.chair)
    assert "outcome_url" not in client_of(general_manager).get(address).context
    form = client.get(client.get(address).context["outcome_url"])
    assert form.context["form"]["order"].value() == order.number


def test_the_sheet_is_only_for_who_reads_the_meeting_and_sees_the_order(meeting, people, client_of, general_manager):
    draft = make.draft(people.sales)
    assert client_of(general_manager).get(brief_of(meeting, draft)).status_code == 404
    order = make.submitted(people)
    assert client_of(people.operator).get(brief_of(meeting, order)).status_code == 404
    assert client_of(general_manager).get(brief_of(meeting, order)).status_code == 200


def test_an_outcome_links_its_order_only_for_who_may_open_it(meeting, people, client_of, hr):
    order, running = make.submitted(people), started(meeting, meeting.chair)
    running.attendances.filter(department=hr.department).update(person=hr)
    decide(running, meeting.chair, order=order)
    address = brief_of(meeting, order)
    assert address in client_of(meeting.chair).get(meeting.get_absolute_url()).text
    told = client_of(hr).get(meeting.get_absolute_url()).text
    assert order.number in told and address not in told
    assert client_of(hr).get(address).status_code == 404


def test_the_sheet_asks_the_same_for_one_problem_and_for_three(meeting, people, client_of):
    order, client = make.submitted(people), client_of(meeting.chair)
    counts = []
    for texts in (["一"], ["二", "三"]):
        for text in texts:
            issue = problem(order, people.sales, text)
            open_issue_action(issue_id=issue.pk, by=issue.holder, text="处理", owner=issue.holder,
                              due_at=TEN + timedelta(hours=3))
        with CaptureQueriesContext(connection) as queries:
            client.get(brief_of(meeting, order))
        counts.append(len(queries))
    assert counts[0] == counts[1]
