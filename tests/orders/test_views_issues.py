"""The page of one problem, and the acts on it."""

import io
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from orders import actions
from tests.factories import orders as make

pytestmark = pytest.mark.django_db


def url(name, issue, *more):
    return reverse(f"orders:{name}", args=[issue.order_id, issue.pk, *more])


def act(client, address, **values):
    return client.post(address, {"once": uuid4().hex} | values)


@pytest.fixture
def issue(people):
    order = make.submitted(people)
    return actions.raise_issue(order_id=order.pk, by=people.buyer, kind="machine", text="主轴坏了", severity="major")


def due():
    return timezone.localtime(timezone.now() + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.clause("5.3", "4.2.3")
def test_worked_on_and_solved_by_pages_alone(people, issue, client_of):
    buyer, head = client_of(people.buyer), client_of(people.production_head)
    act(buyer, url("issue_action", issue), text="借主轴", owner=people.operator.pk, due_at=due())
    assert not issue.actions.exists()  # the operator has no step of this order, so does not see it
    assert act(buyer, url("issue_action", issue), text="借主轴", owner=people.buyer.pk, due_at=due()).status_code == 302
    page = head.get(url("issue", issue)).content.decode()
    for words in ("No superior has taken note yet", "借主轴", people.buyer.name):
        assert words in page
    act(head, url("issue_note", issue), text="马上借")
    shut = act(buyer, url("issue_solve", issue), solution="换了主轴", decided_with=[people.production_head.pk])
    assert shut.status_code == 409
    for words in ("借主轴", "换了主轴", url("issue", issue)):
        assert words in shut.content.decode()
    action = issue.actions.get()
    assert act(buyer, url("issue_action_done", issue, action.pk), result="借到").status_code == 302
    offered = buyer.get(url("issue_solve", issue)).context["form"]
    assert offered.initial["decided_with"] == [str(people.production_head.pk)]
    act(buyer, url("issue_decide", issue), text="外协", people=[people.buyer.pk, people.production_head.pk],
        decided_at=timezone.localtime().strftime("%Y-%m-%dT%H:%M"))  # fmt: skip
    assert "decided_with" not in buyer.get(url("issue_solve", issue)).context["form"].fields
    act(buyer, url("issue_solve", issue), solution="换了主轴")
    issue.refresh_from_db()
    assert issue.solved_by == people.buyer
    page = client_of(people.finance).get(url("issue", issue)).content.decode()
    for words in ("外协", "借到", "马上借", "换了主轴", "superior"):
        assert words in page


def test_stale_form_keeps_what_was_typed(people, issue, client_of):
    client = client_of(people.buyer)
    seen = client.get(url("issue_owner", issue)).context["version"]
    sent = {"person": people.planners[0].pk, "version": seen}
    assert act(client, url("issue_owner", issue), **sent).status_code == 302
    typed = act(client, url("issue_action", issue), text="借主轴", owner=people.buyer.pk, due_at=due(), version=seen)
    assert typed.status_code == 409
    assert "借主轴" in typed.content.decode()
    assert act(client, url("issue_severity", issue), reason="备件在库").status_code == 403
    assert act(client_of(people.production_head), url("issue_severity", issue), reason="").status_code == 422
    assert act(client_of(people.production_head), url("issue_severity", issue), reason="备件在库").status_code == 302


def test_stranger_is_told_nothing_and_who_looks_only_does_nothing(people, issue, client_of, stranger, operator):
    client = client_of(stranger)
    names = ("issue", "issue_owner", "issue_severity", "issue_decide", "issue_action", "issue_note", "issue_solve")
    assert {client.get(url(name, issue)).status_code for name in names} == {404}
    other = make.submitted(people)
    assert client_of(people.buyer).get(reverse("orders:issue", args=[other.pk, issue.pk])).status_code == 404
    note = act(client_of(people.buyer), url("issue_note", issue), text="x")
    assert note.status_code == 403
    assert people.production_head.name in note.content.decode()


def test_page_asks_the_same_for_one_action_and_for_three(people, issue, client_of, django_assert_max_num_queries):
    client, counts = client_of(people.sales), []
    for count in (1, 2):
        for _each in range(count):
            actions.open_issue_action(issue_id=issue.pk, by=people.buyer, text="x", owner=people.planners[count],
                                      due_at=timezone.now() + timedelta(hours=2))  # fmt: skip
            actions.decide_issue(issue_id=issue.pk, by=people.buyer, text="x",
                                 people=[people.planners[count], people.production_head])  # fmt: skip
        for address in (url("issue", issue), reverse("orders:issues", args=[issue.order_id])):
            with django_assert_max_num_queries(60) as seen:
                client.get(address)
            counts.append(len(seen))
    assert counts[:2] == counts[2:]


@pytest.mark.clause("5.3")
def test_overview_holds_what_one_sees(people, issue, client_of, stranger, django_assert_max_num_queries):
    buyer, address = client_of(people.buyer), reverse("orders:problems")
    small = actions.raise_issue(order_id=issue.order_id, by=people.buyer, kind="supply", text="晚到", severity="minor")

    def shown(client, show):
        return [row.pk for row in client.get(address, {"show": show}).context["page"]]

    assert shown(buyer, "") == [issue.pk, small.pk]
    actions.change_issue_owner(issue_id=issue.pk, by=people.buyer, person=people.sales)
    assert shown(client_of(people.sales), "mine") == [issue.pk]
    assert shown(buyer, "department") == [small.pk]
    assert shown(buyer, "major") == [issue.pk]
    assert shown(client_of(stranger), "") == []
    action = actions.open_issue_action(issue_id=small.pk, by=people.buyer, text="催货", owner=people.buyer,
                                       due_at=timezone.now() + timedelta(hours=1))  # fmt: skip
    assert shown(buyer, "overdue") == []
    with time_machine.travel(action.due_at + timedelta(minutes=1), tick=False):
        assert shown(client_of(people.buyer), "overdue") == [small.pk]
    with django_assert_max_num_queries(60) as few:
        assert "催货" in buyer.get(address).content.decode()
    for severity in ("major", "minor"):
        more = actions.raise_issue(order_id=make.submitted(people).pk, by=people.buyer, kind="other", text="y",
                                   severity=severity)  # fmt: skip
        actions.open_issue_action(issue_id=more.pk, by=people.buyer, text="z", owner=people.sales, due_at=action.due_at)
    with django_assert_max_num_queries(len(few)):
        buyer.get(address)
    file = buyer.get(reverse("orders:problems_file"), {"show": "department"})
    rows = list(load_workbook(io.BytesIO(b"".join(file.streaming_content))).active.values)
    assert (rows[0][0], rows[1][2], rows[1][9]) == ("Urgent order", "晚到", "催货")
    actions.cancel_issue_action(action_id=action.pk, by=people.buyer, reason="到货")
    actions.solve_issue(issue_id=small.pk, by=people.buyer, solution="到货")
    assert small.pk not in shown(buyer, "")
