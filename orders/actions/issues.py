"""Problems: told to the right people at once, solved only with a solution."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, NotYours
from desk.text import word
from orders import search
from orders.actions import clocks, door
from orders.actions.trail import inform, note
from orders.models import Issue
from people.duty import general_managers, head_of, with_role
from people.models import Department
from people.roles import Right, Role
from sla import actions as sla

DEPARTMENT_OF_KIND = {
    Issue.Kind.MACHINE: "production", Issue.Kind.QUALITY: "quality", Issue.Kind.NO_MATERIAL: "procurement",
    Issue.Kind.CANNOT_FINISH: "production", Issue.Kind.SUPPLY: "procurement", Issue.Kind.TRANSPORT: "logistics",
    Issue.Kind.CUSTOMER: "sales",
}


@transaction.atomic
def raise_issue(
    *, order_id, by, kind, text, severity=Issue.Severity.MINOR, is_stopping=False, step=None, material_line=None,
) -> Issue:
    """Report a problem. A major one goes to the superiors of both departments and general management at once."""
    if by is not None and not by.may(Right.ISSUE_RAISE):
        raise NotYours(_("You cannot report a problem on this order."))
    order = door.lock(order_id, by=by)
    code = DEPARTMENT_OF_KIND.get(kind) or order.department_code
    department = Department.objects.select_related("head").get(code=code)
    owner = clocks.person_on_duty(order, department)
    issue = Issue.objects.create(
        order=order, kind=kind, severity=severity, text=text, is_stopping=is_stopping, step=step,
        material_line=material_line, raised_at=timezone.now(), raised_by=by or order.created_by, owner=owner,
    )
    issue.item = clocks.open_item(
        order, kind="problem", subject=gettext_noop("Solve the problem: {text}"), params={"text": text[:120]},
        department=department, assignee=owner, by=by,
    )
    issue.save(update_fields=["item"])
    source = gettext_noop("Problem ({kind}): {text}")
    if issue.is_major:
        source = gettext_noop("Major problem ({kind}): {text}")
    params = {"kind": word(Issue.Kind(kind).label), "text": text, "issue": issue.pk}
    event = note(order, "issue_raised", source, by=by, params=params)
    inform(order, event, {owner, order.created_by, *_superiors(issue, department, by)})
    search.index(order.pk)
    return issue


def _superiors(issue, department, by):
    """The heads of both departments; above them managers and general management for a major problem."""
    if not issue.is_major:
        return []
    heads = [head_of(department)]
    if by and by.department_id:
        heads.append(head_of(by.department))
    return [*heads, *with_role(Role.MANAGER), *general_managers()]


@transaction.atomic
def acknowledge_issue(*, issue_id, by) -> Issue:
    """A superior has taken note of a major problem."""
    issue = _locked(issue_id, by)
    if not (by.is_head or by.may(Right.SEE_ALL)):
        raise NotYours(_("A head of department or management takes note of a major problem."))
    if issue.acknowledged_at:
        raise Changed(_("%(who)s has taken note of it already.") % {"who": issue.acknowledged_by})
    issue.acknowledged_at, issue.acknowledged_by = timezone.now(), by
    issue.save(update_fields=["acknowledged_at", "acknowledged_by"])
    note(issue.order, "issue_acknowledged", gettext_noop("Took note of the problem: {text}"), by=by,
         params={"text": issue.text})
    return issue


@transaction.atomic
def solve_issue(*, issue_id, by, solution) -> Issue:
    """Solved, with the solution in words."""
    issue = _locked(issue_id, by)
    if not solution.strip():
        raise BadInput(_("Say what solved it."), field="solution")
    if not issue.is_open:
        raise Changed(_("%(who)s has solved it already.") % {"who": issue.solved_by})
    if issue.is_major and not issue.acknowledged_at:
        raise BadInput(_("A major problem is solved after a superior has taken note of it."), field="solution")
    issue.solution, issue.solved_at, issue.solved_by = solution.strip(), timezone.now(), by
    issue.save(update_fields=["solution", "solved_at", "solved_by"])
    if issue.item and issue.item.is_living:
        sla.finish(issue.item, by=by)
    event = note(issue.order, "issue_solved", gettext_noop("Problem solved: {text} – {solution}"), by=by,
                 params={"text": issue.text, "solution": issue.solution})
    inform(issue.order, event, {issue.raised_by, issue.order.created_by})
    search.index(issue.order_id)
    return issue


def _locked(issue_id, by):
    issue = Issue.objects.select_related("item", "acknowledged_by", "solved_by").get(pk=issue_id)
    order = door.lock(issue.order_id, by=by)
    issue.refresh_from_db()
    issue.order = order
    return issue
