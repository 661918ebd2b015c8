"""What somebody does about a problem until a time: a task of its own, finished with its result."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, NotYours
from desk.text import moment
from orders.actions import clocks
from orders.actions.issue_lock import locked, noted, refuse_blind, refuse_solved, require_at_work, save
from orders.actions.trail import inform
from orders.models import IssueAction
from people.duty import is_superior
from people.models import Department
from sla import actions as sla
from sla.item_acts import stood_in
from sla.models import WorkItem


@transaction.atomic
def open_issue_action(*, issue_id, by, text, owner, due_at, version=None) -> IssueAction:
    """A task in the owner's work, due at a moment; the problem cannot be solved before it has ended."""
    issue = locked(issue_id, by, version)
    require_at_work(by, issue)
    refuse_solved(issue)
    now = timezone.now()
    if not text.strip():
        raise BadInput(_("Say what is to be done."), field="text")
    if due_at <= now:
        raise BadInput(_("An action is due in the future."), field="due_at")
    refuse_blind(owner, issue.order, "owner")
    action = IssueAction.objects.create(
        issue=issue, text=text.strip()[:500], owner=owner, due_at=due_at, opened_at=now, opened_by=by
    )
    action.item = clocks.open_item(
        issue.order, kind="issue_action", subject=gettext_noop("On a problem: {text}"),
        params={"text": action.text[:120]}, department=owner.department or _department(issue), assignee=owner, by=by,
        due_at=due_at, url=issue.get_absolute_url(), now=now,
    )
    action.save(update_fields=["item"])
    save(issue)
    event = noted(issue, "issue_action_opened", gettext_noop("{person} does by {due}: {action}"), by,
                  person=str(owner), due=moment(due_at), action=action.text)
    inform(issue.order, event, {owner, issue.holder}, url=issue.get_absolute_url())
    return action


def _department(issue):
    """Of who belongs to none: the department that has the problem."""
    return issue.item.department if issue.item else Department.objects.get(code=issue.order.department_code)


@transaction.atomic
def finish_issue_action(*, action_id, by, result, version=None) -> IssueAction:
    """Done, with what came of it: by whose task it is, by who answers for the problem, by a superior."""
    action, issue = _locked(action_id, by, version)
    check_may_end(action, issue, by)
    if not result.strip():
        raise BadInput(_("Say what came of it."), field="result")
    action.result, action.done_at, action.done_by = result.strip()[:500], timezone.now(), by
    action.save(update_fields=["result", "done_at", "done_by"])
    _close(action, issue, by)
    event = noted(issue, "issue_action_done", gettext_noop("Done: {action} – {result}"), by,
                  action=action.text, result=action.result)
    inform(issue.order, event, {issue.holder, action.opened_by}, url=issue.get_absolute_url())
    return action


@transaction.atomic
def cancel_issue_action(*, action_id, by, reason, version=None) -> IssueAction:
    """Not needed any more, for a reason: by who asked for it, who answers for the problem, or a superior."""
    action, issue = _locked(action_id, by, version)
    check_may_cancel(action, issue, by)
    if not reason.strip():
        raise BadInput(_("Say why it is not needed any more."), field="reason")
    action.cancel_reason, action.cancelled_at, action.cancelled_by = reason.strip()[:500], timezone.now(), by
    action.save(update_fields=["cancel_reason", "cancelled_at", "cancelled_by"])
    _close(action, issue, by, reason=action.cancel_reason)
    event = noted(issue, "issue_action_cancelled", gettext_noop("Not needed any more: {action}. Reason: {reason}"), by,
                  action=action.text, reason=action.cancel_reason)
    inform(issue.order, event, {action.holder, action.opened_by, issue.holder}, url=issue.get_absolute_url())
    return action


def _close(action, issue, by, reason=""):
    save(issue)
    if action.item is None or not action.item.is_living:
        return
    if reason:
        sla.cancel(action.item, reason=reason, by=by)
    else:
        sla.finish(action.item, by=by)


def _locked(action_id, by, version):
    issue_id = IssueAction.objects.values_list("issue_id", flat=True).get(pk=action_id)
    issue = locked(issue_id, by, version)
    action = issue.actions.select_related("owner", "opened_by", "item__assignee", "done_by", "cancelled_by").get(
        pk=action_id
    )
    if not action.is_open:
        raise Changed(_("%(who)s has ended this action already.") % {"who": action.done_by or action.cancelled_by})
    return action, issue


def may_end(action, issue, user) -> bool:
    """By whose task it is (or who stands in), who answers for the problem, or a superior."""
    is_theirs = user in (action.owner, action.holder, issue.holder)
    item = action.item
    return is_theirs or is_superior(user) or bool(
        item and item.is_living and WorkItem.objects.filter(pk=item.pk).for_person(user).exists()
    )


def may_cancel(action, issue, user) -> bool:
    return user in (action.opened_by, issue.holder) or is_superior(user)


def check_may_end(action, issue, by):
    if not may_end(action, issue, by):
        raise NotYours(_("This action waits for somebody else."), who=[action.holder])
    by.on_behalf_of = stood_in(by, action.item) if action.item else None


def check_may_cancel(action, issue, by):
    if not may_cancel(action, issue, by):
        raise NotYours(_("Who asked for an action, or who answers for the problem, cancels it."),
                       who=list(filter(None, dict.fromkeys([action.opened_by, issue.holder]))))
