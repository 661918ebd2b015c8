"""What the database refuses of problems, whoever writes."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from orders import actions
from orders.models import Issue, IssueAction, IssueDecider, IssueDecision
from tests.factories import orders as make
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


def refused(words, deed):
    with pytest.raises(IntegrityError, match=words), transaction.atomic():
        deed()


def sql(text, *values):
    with connection.cursor() as cursor:
        cursor.execute(text, values)


def raised(people, severity="major", by=None):
    order = make.submitted(people)
    return actions.raise_issue(order_id=order.pk, by=by or people.buyer, kind="machine", text="x", severity=severity)


def rows(issue):
    return Issue.objects.filter(pk=issue.pk)


def decided(issue, people, count=2, superior=None):
    """Written past the door: the people, of whom perhaps one is a superior."""
    now = timezone.now()
    decision = IssueDecision.objects.create(
        issue=issue, text="x", people_count=count, decided_at=now, recorded_at=now, recorded_by=people[0]
    )
    for person in people:
        IssueDecider.objects.create(decision=decision, person=person, is_superior=person == superior)
    return decision


@pytest.mark.clause("5.3")
def test_major_problem_is_not_solved_past_the_superiors(people, production_head):
    issue, now = raised(people), timezone.now()
    solved = {"solved_at": now, "solved_by": people.buyer, "solution": "x"}
    unnoted = raised(people)
    decided(unnoted, [people.buyer, production_head], superior=production_head)
    refused("taken note", lambda: rows(unnoted).update(**solved))
    refused("superior", lambda: rows(unnoted).update(**solved, severity="minor"))
    refused("says why", lambda: rows(issue).update(severity="minor"))
    refused("says why", lambda: rows(issue).update(
        severity="minor", lowered_at=now, lowered_by=people.operator, lowered_reason="x"))
    refused("a superior takes note", lambda: rows(issue).update(acknowledged_at=now, acknowledged_by=people.operator))
    own = raised(people, by=production_head)
    refused("who raised", lambda: rows(own).update(acknowledged_at=now, acknowledged_by=production_head))
    actions.acknowledge_issue(issue_id=issue.pk, by=production_head, text="next")
    refused("stays", lambda: rows(issue).update(acknowledged_at=None))
    refused("joint decision", lambda: rows(issue).update(**solved))
    decided(issue, [people.buyer, people.operator])
    refused("joint decision", lambda: rows(issue).update(**solved))
    decided(issue, [production_head], superior=production_head)
    refused("joint decision", lambda: sql(
        "UPDATE orders_issue SET solved_at = %s, solution = 'x', solved_by_id = %s WHERE id = %s",
        now, people.buyer.pk, issue.pk))  # fmt: skip
    decided(issue, [people.buyer, production_head], superior=production_head)
    rows(issue).update(**solved)
    old = Issue.objects.create(order=issue.order, kind="other", severity="major", text="x", raised_at=now,
                               raised_by=people.buyer, **solved)  # fmt: skip
    rows(old).update(text="solved before the rule")
    refused("stays solved", lambda: rows(issue).update(solution_sentence={"msg": "y", "params": {}}))
    refused("stays solved", lambda: rows(issue).update(solved_at=None, solved_by=None, solution=""))
    refused("no decision", lambda: decided(issue, [people.buyer]))


@pytest.mark.clause("5.3")
def test_actions_and_decisions_are_written_once(people, production_head):
    issue, now = raised(people, "minor"), timezone.now()
    action = actions.open_issue_action(
        issue_id=issue.pk, by=people.buyer, text="x", owner=people.buyer, due_at=now + timedelta(hours=1)
    )
    actions.open_issue_action(
        issue_id=issue.pk, by=people.buyer, text="y", owner=people.buyer, due_at=now + timedelta(hours=1)
    )
    refused("open action", lambda: rows(issue).update(solved_at=now, solved_by=people.buyer, solution="x"))
    of_it = IssueAction.objects.filter(pk=action.pk)
    refused("append-only", lambda: of_it.update(text="z"))
    refused("append-only", lambda: of_it.update(due_at=now + timedelta(days=9)))
    refused("append-only", lambda: sql("DELETE FROM orders_issueaction WHERE id = %s", action.pk))
    refused("done_action_says", lambda: of_it.update(done_at=now, done_by=people.buyer))
    refused("cancelled_action_says", lambda: of_it.update(cancelled_at=now, cancelled_by=people.buyer))
    actions.finish_issue_action(action_id=action.pk, by=people.buyer, result="ok")
    refused("stays ended", lambda: of_it.update(done_at=None, done_by=None, result=""))
    decision = decided(issue, [people.buyer, production_head])
    refused("append-only", lambda: IssueDecision.objects.update(text="z"))
    refused("append-only", lambda: sql("DELETE FROM orders_issuedecider WHERE decision_id = %s", decision.pk))
    refused("append-only", lambda: IssueDecider.objects.update(is_superior=True))
    refused("recorded with", lambda: IssueDecider.objects.create(decision=decision, person=people.operator))
    refused("two_people", lambda: decided(issue, [people.buyer], count=1))
    account = UserFactory(same_person_as=people.buyer)
    refused("decides once", lambda: decided(issue, [people.buyer, account]))
    refused("a superior is", lambda: decided(issue, [people.buyer], superior=people.buyer))
