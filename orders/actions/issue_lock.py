"""What every act on a problem begins and ends with."""

from django.utils.translation import gettext as _

from desk.refusals import BadInput, Changed, NotYours, Remedy
from orders import seeing
from orders.actions import door
from orders.actions.trail import note
from orders.models import Issue
from people.duty import is_superior, superiors
from people.roles import Right


def locked(issue_id, by, version=None) -> Issue:
    """The order's lock is the problem's too; refused where the form is older than the problem."""
    order = door.lock(Issue.objects.values_list("order_id", flat=True).get(pk=issue_id), by=by)
    found = Issue.objects.select_related(
        "raised_by", "owner", "acknowledged_by", "solved_by", "item__department", "item__assignee",
        "major_item__assignee",
    )
    issue = found.get(pk=issue_id)
    issue.order = order
    if version is not None and version != issue.version and issue.is_open:
        raise Changed(
            _("This problem was changed meanwhile. Yours was not saved."), because=_("What you typed is kept below."),
            remedy=_look(issue),
        )
    return issue


def _look(issue):
    return Remedy(_("Look at the problem"), issue.get_absolute_url())


def save(issue, *fields) -> None:
    """Forms made before it are stale from now on."""
    issue.version += 1
    issue.save(update_fields=[*fields, "version"])


def noted(issue, verb, source, by, **params):
    """The problem's key stands with each of its events: the room and the problem's own page find them by it."""
    return note(issue.order, verb, source, by=by, params={"text": issue.told(), "issue": issue.pk} | params)


def may_work_on(person) -> bool:
    return person.may(Right.ISSUE_RAISE) or is_superior(person)


def require_at_work(by, issue) -> None:
    if not (by.use(Right.ISSUE_RAISE) or is_superior(by)):
        raise NotYours(_("You only look at this order."), who=superiors_near(issue))


def require_superior(by, issue, what) -> None:
    if not is_superior(by):
        raise NotYours(what, who=superiors_near(issue))


def superiors_near(issue, without=()) -> list:
    """To be named where somebody else is refused: of the department that answers for the problem first."""
    home = issue.item.department_id if issue.item else None
    people = [person for person in superiors() if person.natural_id not in without]
    return sorted(people, key=lambda person: person.department_id != home)[:4]


def refuse_solved(issue) -> None:
    if not issue.is_open:
        raise Changed(_("%(who)s has solved it already.") % {"who": issue.solved_by}, remedy=_look(issue))


def refuse_blind(person, order, field) -> None:
    if not seeing.sees(person, order):
        raise BadInput(
            _("%(person)s does not see this order.") % {"person": person},
            because=_("Only who sees the order can work on its problem."), field=field,
        )
