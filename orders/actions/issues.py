"""Problems: told to the right people at once, a major one taken note of by a superior, solved only with a solution."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from desk.refusals import BadInput, Changed, Condition, GateShut, NotYours, OwnRequest, Remedy
from desk.text import shown, when, word
from orders import search
from orders.actions import clocks, door
from orders.actions.issue_decisions import current_decision, write_decision
from orders.actions.issue_lock import (
    locked,
    noted,
    refuse_blind,
    refuse_solved,
    require_at_work,
    require_superior,
    save,
    superiors_near,
)
from orders.actions.trail import inform
from orders.models import Issue
from people.duty import Roster, general_managers, hands_of, head_of, with_role
from people.models import Department
from people.roles import Right, Role
from records.authority import require_second
from sla import actions as sla

Severity = Issue.Severity
DEPARTMENT_OF_KIND = {
    Issue.Kind.MACHINE: "production", Issue.Kind.QUALITY: "quality", Issue.Kind.NO_MATERIAL: "procurement",
    Issue.Kind.CANNOT_FINISH: "production", Issue.Kind.SUPPLY: "procurement", Issue.Kind.TRANSPORT: "logistics",
    Issue.Kind.CUSTOMER: "sales",
}
NOTED_BY = gettext_lazy("A head of department or management takes note of a major problem.")
LOWERED_BY = gettext_lazy("A head of department or management says that a major problem is minor.")
RAISED = gettext_noop("Problem ({kind}): {text}")
RAISED_AS_MAJOR = gettext_noop("Major problem ({kind}): {text}")


@transaction.atomic
def raise_issue(
    *, order_id, by, kind, text, severity=Severity.MINOR, is_stopping=False, step=None, material_line=None,
) -> Issue:
    """Report a problem. A major one goes to the superiors of both departments and general management at once.

    `text`: what somebody typed, or a `desk.text.sentence` of the desk's own, which everybody reads in their language.
    """
    if by is not None and not by.may(Right.ISSUE_RAISE):
        raise NotYours(_("You cannot report a problem on this order."))
    order = door.lock(order_id, by=by)
    department = _department_of(kind, order)
    owner = clocks.person_on_duty(order, department)
    issue = Issue.objects.create(
        order=order, kind=kind, severity=severity, text=shown(text), sentence=text if isinstance(text, dict) else None,
        is_stopping=is_stopping, step=step, material_line=material_line, raised_at=timezone.now(),
        raised_by=by or order.created_by, owner=owner,
    )
    issue.item = _open_item(issue, department, by)
    if issue.is_major:
        issue.major_item = _ask_superior(issue, department, by)
    issue.save(update_fields=["item", "major_item"])
    _tell_of(issue, department, by, "issue_raised")
    search.index(order.pk)
    return issue


def _department_of(kind, order):
    code = DEPARTMENT_OF_KIND.get(kind) or order.department_code
    return Department.objects.select_related("head").get(code=code)


def _open_item(issue, department, by):
    return clocks.open_item(
        issue.order, kind="problem", subject=gettext_noop("Solve the problem: {text}"),
        params={"text": issue.told(120)}, department=department, assignee=issue.owner, by=by,
        url=issue.get_absolute_url(),
    )


def _ask_superior(issue, department, by):
    return clocks.open_item(
        issue.order, kind="major_problem", subject=gettext_noop("Take note of the major problem: {text}"),
        params={"text": issue.told(120)}, department=department, assignee=_superior_of(issue, department), by=by,
        url=issue.get_absolute_url(),
    )


def _superior_of(issue, department):
    """The head, or who stands in; then the deputies and the ranks above. Never who raised the problem."""
    first, roster = _raisers(issue), Roster()
    ranks = [department.head, *department.deputies.all(), *with_role(Role.MANAGER), *with_role(Role.GENERAL_MANAGER)]
    for person in ranks:
        found = None if person is None or person.natural_id in first else roster.stand_in(person)
        if found and found.natural_id not in first:
            return found
    return department.head


def _raisers(issue) -> set[int]:
    """The human beings behind the report."""
    return hands_of([(issue.raised_by, issue.raised_at)], Right.ISSUE_RAISE)


def _tell_of(issue, department, by, verb):
    source = RAISED_AS_MAJOR if issue.is_major else RAISED
    event = noted(issue, verb, source, by, kind=word(Issue.Kind(issue.kind).label))
    people = {issue.owner, issue.order.created_by, *_superiors(issue, department, by)}
    inform(issue.order, event, people, url=issue.get_absolute_url())


def _superiors(issue, department, by):
    """The heads of both departments; above them managers and general management for a major problem."""
    if not issue.is_major:
        return []
    heads = [head_of(department)]
    if by and by.department_id:
        heads.append(head_of(by.department))
    return [*heads, *with_role(Role.MANAGER), *general_managers()]


@transaction.atomic
def acknowledge_issue(*, issue_id, by, text, version=None) -> Issue:
    """A superior has taken note of a major problem, and says what happens next. Never who raised it."""
    issue = locked(issue_id, by, version)
    require_superior(by, issue, NOTED_BY)
    if not issue.is_major:
        raise GateShut(_("Only a major problem is taken note of."))
    if issue.acknowledged_at:
        raise Changed(_("%(who)s has taken note of it already.") % {"who": issue.acknowledged_by})
    if not text.strip():
        raise BadInput(_("Say in a few words what happens next."), field="text")
    _check_other(issue, by, text)
    issue.acknowledged_at, issue.acknowledged_by = timezone.now(), by
    issue.acknowledgement = text.strip()[:500]
    save(issue, "acknowledged_at", "acknowledged_by", "acknowledgement")
    if issue.major_item and issue.major_item.is_living:
        sla.finish(issue.major_item, by=by)
    event = noted(issue, "issue_acknowledged", gettext_noop("Took note of the problem: {text}. Next: {next}"), by,
                  next=issue.acknowledgement)
    inform(issue.order, event, {issue.raised_by, issue.holder}, url=issue.get_absolute_url())
    return issue


def _check_other(issue, by, reason):
    first = _raisers(issue)
    refusal = _("You reported this problem, so another superior takes note of it.")
    others = superiors_near(issue, without=first)
    if by.hands & first and others:
        raise OwnRequest(refusal, who=others)
    require_second(
        by=by, right=Right.SEE_ALL, first=first, refusal=refusal, subject=issue.order.stream, act=f"issue:{issue.pk}",
        text=gettext_noop("Took note of the problem: {text}"), params={"text": issue.told()},
        url=issue.get_absolute_url(), reason=reason,
    )


@transaction.atomic
def change_issue_owner(*, issue_id, by, person, version=None) -> Issue:
    """Somebody else answers for it, of whichever department sees the order; the task goes along."""
    issue = locked(issue_id, by, version)
    require_at_work(by, issue)
    refuse_solved(issue)
    before = issue.holder
    if before and person.pk == before.pk:
        raise BadInput(_("%(person)s has this problem already.") % {"person": person}, field="person")
    refuse_blind(person, issue.order, "person")
    issue.owner = person
    if issue.item and issue.item.is_living:
        issue.item = sla.reassign(issue.item, person, by, department=person.department)
    else:
        issue.item = _open_item(issue, person.department or _department_of(issue.kind, issue.order), by)
    save(issue, "owner", "item")
    event = noted(issue, "issue_owner_changed", gettext_noop("{person} answers for the problem now: {text}"), by,
                  person=str(person))
    inform(issue.order, event, {before, issue.raised_by, person}, url=issue.get_absolute_url())
    return issue


@transaction.atomic
def change_issue_severity(*, issue_id, by, severity, reason="", version=None) -> Issue:
    """Minor → major: told as if raised so. Major → minor: a superior's word, with the reason."""
    issue = locked(issue_id, by, version)
    require_at_work(by, issue)
    refuse_solved(issue)
    if severity == issue.severity:
        raise Changed(_("This problem is %(severity)s already.") % {"severity": issue.get_severity_display()})
    if severity == Severity.MAJOR:
        _make_major(issue, by, reason.strip())
    else:
        _make_minor(issue, by, reason.strip())
    return issue


def _make_major(issue, by, reason):
    issue.severity = Severity.MAJOR
    department = issue.item.department if issue.item else _department_of(issue.kind, issue.order)
    if issue.acknowledged_at is None:
        issue.major_item = _ask_superior(issue, department, by)
    save(issue, "severity", "major_item")
    _tell_of(issue, department, by, "issue_severity_changed")
    if reason:
        noted(issue, "issue_severity_reason", gettext_noop("Why the problem is major: {reason}"), by, reason=reason)


def _make_minor(issue, by, reason):
    require_superior(by, issue, LOWERED_BY)
    if not reason:
        raise BadInput(_("Say why it is minor: the superiors were told that it is major."), field="reason")
    issue.severity = Severity.MINOR
    issue.lowered_at, issue.lowered_by, issue.lowered_reason = timezone.now(), by, reason[:500]
    save(issue, "severity", "lowered_at", "lowered_by", "lowered_reason")
    if issue.major_item and issue.major_item.is_living:
        sla.cancel(issue.major_item, reason="minor", by=by)
    event = noted(issue, "issue_severity_changed", gettext_noop("The problem is minor: {text}. Reason: {reason}"), by,
                  reason=issue.lowered_reason)
    inform(issue.order, event, {issue.holder, issue.raised_by, issue.order.created_by}, url=issue.get_absolute_url())


@transaction.atomic
def solve_issue(*, issue_id, by, solution, decided_with=(), version=None) -> Issue:
    """Solved, with the solution in words or as a sentence of the desk's own, like a problem's `text`.

    `decided_with`: a major problem's joint decision, written in the same act.
    """
    issue = locked(issue_id, by, version)
    require_at_work(by, issue)
    words = shown(solution).strip()
    if not words:
        raise BadInput(_("Say what solved it."), field="solution")
    refuse_unready(issue)
    if issue.is_major and not current_decision(issue):
        _decide_together(issue, by, words, decided_with)
    _solve(issue, by, words, solution if isinstance(solution, dict) else None)
    return issue


def solve_if_ready(*, issue, by, solution) -> bool:
    """Where the cause is gone by itself: a problem that people are at work on stays open for them."""
    if issue.actions.open().exists() or (issue.is_major and not (issue.acknowledged_at and current_decision(issue))):
        return False
    solve_issue(issue_id=issue.pk, by=by, solution=solution)
    return True


def refuse_unready(issue) -> None:
    """What must be there before anybody writes down a solution."""
    refuse_solved(issue)
    _refuse_open_actions(issue)
    _refuse_unnoted(issue)


def _refuse_open_actions(issue):
    rows = list(issue.actions.open().select_related("owner", "item__assignee"))
    if not rows:
        return
    missing = [
        Condition(_("%(action)s: %(person)s, due %(due)s")
                  % {"action": row.text, "person": row.holder, "due": when(row.due_at)}) for row in rows
    ]
    raise GateShut(
        _("This problem cannot be solved yet: actions are open."),
        because=_("%(count)d open; each is finished with its result, or cancelled with a reason.")
        % {"count": len(rows)}, missing=missing, who=list(dict.fromkeys(row.holder for row in rows)),
        remedy=Remedy(_("To the actions"), issue.get_absolute_url()),
    )


def _refuse_unnoted(issue):
    if not issue.is_major or issue.acknowledged_at:
        return
    item = issue.major_item
    who = [item.assignee] if item and item.is_living and item.assignee else superiors_near(issue)
    raise GateShut(
        _("A major problem is solved after a superior has taken note of it."),
        missing=[_("A superior has taken note of it")], who=who,
    )


def _decide_together(issue, by, solution, decided_with):
    if not decided_with:
        raise BadInput(
            _("A major problem is solved by a joint decision: say with whom it was decided."),
            because=_("At least two people, one of them a head of department or of management."),
            who=superiors_near(issue), field="decided_with",
        )
    people = list({person.pk: person for person in (by, *decided_with)}.values())
    write_decision(issue, by, solution, people, field="decided_with")


def _solve(issue, by, words, sentence):
    issue.solution, issue.solution_sentence = words, sentence
    issue.solved_at, issue.solved_by = timezone.now(), by
    save(issue, "solution", "solution_sentence", "solved_at", "solved_by")
    holder = issue.holder
    if issue.item and issue.item.is_living:
        sla.finish(issue.item, by=by)
    event = noted(issue, "issue_solved", gettext_noop("Problem solved: {text} – {solution}"), by,
                  solution=sentence or words)
    inform(issue.order, event, {issue.raised_by, holder, issue.order.created_by}, url=issue.get_absolute_url())
    search.index(issue.order_id)
