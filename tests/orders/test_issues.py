"""A problem from the report to its solution: superiors, actions, the joint decision, who may do what."""

from datetime import timedelta

import pytest
from django.utils import timezone

from desk.refusals import BadInput, Changed, GateShut, NotYours, OwnRequest
from notifications.models import Notification
from orders import actions
from orders.models import Issue
from people.duty import is_superior
from people.models import Absence, User
from records.models import CompanySettings, Event, SoleDecision
from sla import actions as sla
from sla import item_acts
from sla.models import WorkItem
from tests.factories import orders as make
from tests.factories.people import UserFactory

pytestmark = pytest.mark.django_db


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def again(person):
    return User.objects.get(pk=person.pk)


def raised(order, by, severity="major", **values):
    return actions.raise_issue(order_id=order.pk, by=by, kind="machine", text="主轴坏了", severity=severity, **values)


def later(**span):
    return timezone.now() + timedelta(**span or {"hours": 4})


def added(issue, by, owner, text="借用外协主轴"):
    return actions.open_issue_action(issue_id=issue.pk, by=by, text=text, owner=owner, due_at=later())


def noted(issue, by):
    return actions.acknowledge_issue(issue_id=issue.pk, by=by, text="两小时内找到备件")


def said(person):
    return Notification.objects.filter(recipient=person)


@pytest.mark.clause("3.4.2", "4.2.3", "5.3")
def test_major_problem_from_the_report_to_the_joint_decision(people, manager, quality_head):
    """One way through: each refusal on it names what is missing and who can."""
    order = make.submitted(people)
    planner, head = people.planners[1], people.production_head
    issue = raised(order, planner)
    assert issue.major_item.assignee == head
    assert issue.major_item.budget_seconds == 30 * 60
    action = added(issue, planner, people.buyer)
    item = WorkItem.objects.living().get(kind="issue_action", assignee=people.buyer)
    assert (item.department.code, item.has_fixed_due, item.due_at) == ("procurement", True, action.due_at)
    solve = {"issue_id": issue.pk, "by": planner, "solution": "换主轴"}
    with pytest.raises(GateShut, match="actions are open") as shut:
        actions.solve_issue(**solve)
    assert people.buyer.name in str(shut.value.missing[0].text)
    assert shut.value.who == (people.buyer,)
    with pytest.raises(NotYours) as other:
        actions.finish_issue_action(action_id=action.pk, by=again(people.finance), result="ok")
    assert other.value.who == (people.buyer,)
    with pytest.raises(BadInput):
        actions.finish_issue_action(action_id=action.pk, by=people.buyer, result=" ")
    actions.finish_issue_action(action_id=action.pk, by=people.buyer, result="主轴明早到")
    assert fresh(item).state == "met"
    with pytest.raises(Changed, match=people.buyer.name):
        actions.cancel_issue_action(action_id=action.pk, by=planner, reason="late")
    with pytest.raises(GateShut, match="taken note") as unnoted:
        actions.solve_issue(**solve)
    assert unnoted.value.who == (head,)
    with pytest.raises(NotYours):
        noted(issue, people.buyer)
    with pytest.raises(BadInput, match="what happens next"):
        actions.acknowledge_issue(issue_id=issue.pk, by=head, text=" ")
    noted(issue, head)
    assert fresh(issue.major_item).state == "met"
    with pytest.raises(Changed, match=head.name):
        noted(issue, manager)
    with pytest.raises(BadInput, match="joint decision") as alone:
        actions.solve_issue(**solve)
    assert alone.value.field == "decided_with"
    with pytest.raises(BadInput, match="together with a superior"):
        actions.solve_issue(**solve, decided_with=[people.buyer])
    with pytest.raises(BadInput, match="at least two"):
        actions.solve_issue(**solve, decided_with=[UserFactory(same_person_as=planner, role="planner")])
    actions.solve_issue(**solve, decided_with=[head])
    issue = fresh(issue)
    decision = issue.decisions.get()
    assert [(row.person, row.is_superior) for row in decision.deciders.all()] == [(planner, False), (head, True)]
    assert (issue.solution, decision.text, issue.item.state) == ("换主轴", "换主轴", "met")
    assert said(head).filter(params__decision="换主轴").exists()
    verbs = Event.objects.filter(stream_id=order.stream, params__issue=issue.pk).order_by("number")
    assert list(verbs.values_list("verb", flat=True)) == [f"order.issue_{verb}" for verb in (
        "raised", "action_opened", "action_done", "acknowledged", "decided", "solved")]  # fmt: skip
    for deed in (lambda: added(issue, planner, head), lambda: actions.decide_issue(
        issue_id=issue.pk, by=head, text="x", people=[head, planner])):  # fmt: skip
        with pytest.raises(Changed, match="solved it already"):
            deed()


@pytest.mark.clause("5.3")
def test_note_of_a_major_problem_is_handed_on_to_superiors_only(people, manager):
    reporter = people.planners[1]
    item = raised(make.submitted(people), reporter).major_item
    for person in (people.planners[0], reporter):
        with pytest.raises(BadInput) as refused:
            item_acts.transfer(item=item, person=person, by=people.production_head)
        assert refused.value.who and all(is_superior(other) for other in refused.value.who)
    assert item_acts.transfer(item=item, person=manager, by=people.production_head).assignee == manager


@pytest.mark.clause("5.3")
def test_newer_decision_replaces_the_older_and_is_told(people, manager, stranger, quality_head):
    issue = raised(make.submitted(people), people.planners[0])
    head = people.production_head

    def decide(text, *who, **values):
        return actions.decide_issue(issue_id=issue.pk, by=people.planners[0], text=text, people=who, **values)

    refused = [
        ("at least two", [head], {}), ("at least two", [head, head], {}),
        ("together with a superior", [people.buyer, people.planners[0]], {}),
        ("does not see", [head, stranger], {}), ("after the problem", [head, manager], {"decided_at": later()}),
        ("after the problem", [head, manager], {"decided_at": later(days=-1)}),
    ]  # fmt: skip
    for words, who, values in refused:
        with pytest.raises(BadInput, match=words):
            decide("外协", *who, **values)
    first, second = decide("外协", head, people.buyer), decide("改走夜班", manager, quality_head)
    assert list(issue.decisions.all()) == [second, first]
    assert said(quality_head).filter(params__decision="改走夜班").exists()


@pytest.mark.clause("4.2.3")
def test_who_takes_note_is_never_who_reported(people, manager, general_manager, departments):
    """The head reported it: the next rank. Away: who stands in. Nobody left: alone, if the company allows it."""
    order, head = make.submitted(people), people.production_head
    issue = raised(order, head)
    assert issue.major_item.assignee == manager
    with pytest.raises(OwnRequest) as own:
        noted(issue, head)
    assert head not in own.value.who
    second = UserFactory(same_person_as=head, role="manager", department=departments["management"])
    with pytest.raises(OwnRequest):
        noted(issue, second)
    stand_in = people.planners[0]
    Absence.objects.create(person=head, delegate=stand_in, starts_at=later(hours=-1), ends_at=later(days=1))
    absent = raised(order, people.buyer)
    assert absent.major_item.assignee == stand_in
    assert noted(absent, again(stand_in)).acknowledged_by == stand_in
    own = raised(order, general_manager)
    User.objects.exclude(pk=general_manager.pk).update(is_active=False)
    with pytest.raises(OwnRequest, match="another superior"):
        noted(own, again(general_manager))
    CompanySettings.objects.update_or_create(pk=1, defaults={"has_sole_authority": True})
    noted(own, again(general_manager))
    assert SoleDecision.objects.get().act == f"issue:{own.pk}"


@pytest.mark.clause("4.2.3")
def test_nobody_takes_note_and_it_goes_higher(people, manager, general_manager):
    item = raised(make.submitted(people), people.planners[0]).major_item
    for minutes, level, whom in ((1, 2, {people.production_head, manager}), (16, 3, {manager, general_manager})):
        sla.sweep(now=item.due_at + timedelta(minutes=minutes))
        told = item.escalations.get(level=level, outcome="fired").recipients
        assert {row["id"] for row in told} == {person.pk for person in whom}


@pytest.mark.clause("4.2.3")
def test_owner_and_severity_change_with_the_task(people, manager, stranger):
    order = make.submitted(people)
    planner, head = people.planners[0], people.production_head
    issue = raised(order, planner, severity="minor")
    before = issue.owner
    with pytest.raises(BadInput, match="does not see"):
        actions.change_issue_owner(issue_id=issue.pk, by=planner, person=stranger)
    seen = fresh(issue).version
    issue = actions.change_issue_owner(issue_id=issue.pk, by=planner, person=people.buyer, version=seen)
    item = fresh(issue.item)
    assert (item.assignee, item.department.code) == (people.buyer, "procurement")
    assert said(people.buyer).exists()
    assert said(before).filter(params__person=people.buyer.name).exists()
    with pytest.raises(Changed, match="changed meanwhile"):
        actions.change_issue_owner(issue_id=issue.pk, by=planner, person=head, version=seen)
    with pytest.raises(NotYours):
        actions.change_issue_owner(issue_id=issue.pk, by=again(stranger), person=head)
    issue = actions.change_issue_severity(issue_id=issue.pk, by=planner, severity="major")
    assert issue.major_item.is_living
    assert said(manager).filter(text__startswith="Major problem").exists()
    lower = {"issue_id": issue.pk, "severity": "minor"}
    with pytest.raises(NotYours) as low:
        actions.change_issue_severity(**lower, by=planner, reason="not so bad")
    assert head in low.value.who
    with pytest.raises(BadInput, match="Say why"):
        actions.change_issue_severity(**lower, by=head)
    with pytest.raises(Changed, match="major already"):
        actions.change_issue_severity(issue_id=issue.pk, by=head, severity="major")
    issue = actions.change_issue_severity(**lower, by=head, reason="备件在库")
    assert (issue.lowered_by, fresh(issue.major_item).state) == (head, "cancelled")
    with pytest.raises(GateShut, match="Only a major"):
        noted(issue, head)
    actions.solve_issue(issue_id=issue.pk, by=planner, solution="换备件")


def test_action_is_due_later_for_somebody_who_sees_the_order(people, stranger):
    issue = raised(make.submitted(people), people.planners[0], severity="minor")
    given = {"issue_id": issue.pk, "by": people.planners[0], "text": "x", "owner": people.buyer, "due_at": later()}
    for wrong, words in (({"due_at": later(hours=-1)}, "in the future"), ({"text": " "}, "to be done"),
                         ({"owner": stranger}, "does not see")):  # fmt: skip
        with pytest.raises(BadInput, match=words):
            actions.open_issue_action(**given | wrong)
    action = actions.open_issue_action(**given)
    assert actions.solve_if_ready(issue=issue, by=people.buyer, solution="x") is False
    with pytest.raises(NotYours):
        actions.cancel_issue_action(action_id=action.pk, by=people.buyer, reason="no")
    with pytest.raises(BadInput, match="Say why"):
        actions.cancel_issue_action(action_id=action.pk, by=people.planners[0], reason="")
    actions.cancel_issue_action(action_id=action.pk, by=people.planners[0], reason="机床已好")
    assert fresh(action).item.state == "cancelled"
    assert actions.solve_if_ready(issue=issue, by=people.buyer, solution="x") is True
    assert not Issue.objects.get().is_open
