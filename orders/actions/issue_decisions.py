"""Joint decisions on a problem: what was decided, and the people who took it."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput
from orders.actions.issue_lock import locked, noted, refuse_blind, refuse_solved, require_at_work, save, superiors_near
from orders.actions.trail import inform
from orders.models import IssueDecider, IssueDecision
from people.duty import superiors

LEAST_PEOPLE = 2


@transaction.atomic
def decide_issue(*, issue_id, by, text, people, decided_at=None, version=None) -> IssueDecision:
    """Kept beside the earlier ones, which it replaces."""
    issue = locked(issue_id, by, version)
    require_at_work(by, issue)
    refuse_solved(issue)
    return write_decision(issue, by, text.strip(), people, decided_at)


def write_decision(issue, by, text, people, decided_at=None, field="people") -> IssueDecision:
    """The caller holds the lock. Every one of the people is told; the decision stands in the order's events."""
    now = timezone.now()
    above = {person.pk for person in superiors()}
    if not text:
        raise BadInput(_("Say what was decided."), field="text")
    _check_people(issue, people, above, field)
    _check_time(issue, decided_at, now)
    decision = IssueDecision.objects.create(
        issue=issue, text=text[:2000], people_count=len(people), decided_at=decided_at or now, recorded_at=now,
        recorded_by=by,
    )
    IssueDecider.objects.bulk_create([
        IssueDecider(decision=decision, person=person, is_superior=person.pk in above) for person in people
    ])
    save(issue)
    event = noted(
        issue, "issue_decided", gettext_noop("Decided together by {people}: {decision}"), by, decision=decision.text,
        people=[str(person) for person in people],
    )
    inform(issue.order, event, {*people, issue.holder, issue.raised_by}, url=issue.get_absolute_url())
    return decision


def _check_people(issue, people, above, field):
    humans = {person.natural_id for person in people}
    if len(humans) < LEAST_PEOPLE or len(humans) < len(people):
        raise BadInput(
            _("A joint decision is taken by at least two people."),
            because=_("Named: %(count)d. Two accounts of one human being count once.") % {"count": len(humans)},
            field=field,
        )
    if issue.is_major and not any(person.pk in above for person in people):
        raise BadInput(
            _("A major problem is decided together with a superior."),
            because=_("None of the people named heads a department or belongs to management."),
            who=superiors_near(issue), field=field,
        )
    for person in people:
        refuse_blind(person, issue.order, field)


def _check_time(issue, decided_at, now):
    if decided_at and not issue.raised_at.replace(second=0, microsecond=0) <= decided_at <= now:
        raise BadInput(_("The decision was taken after the problem was reported, and not in the future."),
                       field="decided_at")


def current_decision(issue) -> IssueDecision | None:
    """The newest. Of a major problem only one that a superior shared: it may have been minor before."""
    found = issue.decisions.filter(deciders__is_superior=True).distinct() if issue.is_major else issue.decisions.all()
    return found.first()
