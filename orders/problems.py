"""All open problems that somebody may see, over all orders: major ones first, then the oldest."""

from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models import Issue, IssueAction, UrgentOrder

ORDERING = ("severity", "raised_at", "pk")  # "major" stands before "minor"


def _with_overdue_action(rows, user):
    late = IssueAction.objects.open().filter(issue=OuterRef("pk"), due_at__lte=timezone.now())
    return rows.filter(Exists(late))


FILTERS = {
    "": (_("All"), lambda rows, user: rows),
    "mine": (_("Mine"), lambda rows, user: rows.filter(Q(item__assignee=user) | Q(item=None, owner=user))),
    "department": (_("My department"), lambda rows, user: rows.filter(
        Q(item__department=user.department_id) | Q(item=None, owner__department=user.department_id))),
    "major": (_("Major"), lambda rows, user: rows.filter(severity=Issue.Severity.MAJOR)),
    "overdue": (_("Overdue action"), _with_overdue_action),
}


def open_problems(user, show=""):
    """With the open actions of each, the next one first, in as many statements for any number."""
    orders = UrgentOrder.objects.submitted().visible_to(user).order_by().values("pk")
    rows = Issue.objects.filter(solved_at__isnull=True, order__in=orders)
    actions = IssueAction.objects.open().select_related("owner", "item__assignee")
    return FILTERS[show][1](rows, user).select_related(
        "order__customer", "owner", "item__assignee", "raised_by", "acknowledged_by"
    ).prefetch_related(Prefetch("actions", actions, to_attr="open_actions"))


def next_action(issue) -> IssueAction | None:
    return next(iter(issue.open_actions), None)


def table(rows):
    """What the file of the list says: its header, and a line for each problem."""
    header = [_("Urgent order"), _("Customer"), _("Problem"), _("Kind"), _("Severity"), _("Reported"), _("Reported by"),
              _("Owner"), _("Noted by"), _("Next action"), _("Who"), _("Due"), _("Open actions")]  # fmt: skip
    return [str(label) for label in header], (_line(issue) for issue in rows)


def _line(issue) -> list:
    action = next_action(issue)
    return [
        str(issue.order), str(issue.order.customer or ""), issue.said, issue.get_kind_display(),
        issue.get_severity_display(), issue.raised_at, str(issue.raised_by), str(issue.holder or ""),
        str(issue.acknowledged_by or ""), action and action.text, action and str(action.holder),
        action and action.due_at, len(issue.open_actions),
    ]
