"""Problems of an order: reported, taken note of by a superior, worked on, decided together, solved."""

from functools import cached_property

from django.db.models import Count, Prefetch, Q
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders import actions
from orders.actions.issue_actions import check_may_cancel, check_may_end
from orders.actions.issue_decisions import current_decision
from orders.actions.issue_lock import may_work_on, require_at_work, require_superior
from orders.actions.issues import LOWERED_BY, NOTED_BY, refuse_unready
from orders.forms.issues import (
    AcknowledgementForm,
    ActionForm,
    DecisionForm,
    IssueForm,
    OwnerForm,
    ReasonForm,
    ResultForm,
    SeverityForm,
    SolutionForm,
)
from orders.models import Issue, IssueAction, IssueDecider
from orders.pages import shell, visible_order
from orders.seeing import people_who_see
from orders.views.base import OrderAct
from people.duty import is_superior, superiors
from people.roles import Right
from records.models import Event, StoredFile

HISTORY = 200


def issues(request, pk):
    order = visible_order(request, pk)
    still_open = Count("actions", Q(actions__done_at=None, actions__cancelled_at=None))
    rows = order.issues.annotate(open_actions=still_open).select_related(
        "raised_by", "owner", "acknowledged_by", "solved_by", "step", "item__assignee"
    )
    context = {
        "issues": rows, "may_take_note": is_superior(request.user), "may_work": may_work_on(request.user),
        "may_raise": request.user.may(Right.ISSUE_RAISE),
    }
    return render(request, "orders/order_issues.html", shell(request, order) | context)


def issue(request, pk, issue):
    order = visible_order(request, pk)
    related = ("raised_by", "owner", "acknowledged_by", "lowered_by", "solved_by", "step", "item__assignee",
               "major_item__assignee", "material_line__material")  # fmt: skip
    found = get_object_or_404(order.issues.select_related(*related), pk=issue)
    found.order = order
    user = request.user
    is_above, is_at_work = is_superior(user), may_work_on(user)
    context = {
        "issue": found, "steps_taken": _with_rights(found, user), "decisions": _decisions(found),
        "history": _history(found), "photos": photos_of(found),
        "face": found.item.face() if found.item and found.item.is_living else None,
        "may_take_note": found.is_open and found.is_major and not found.acknowledged_at and is_above,
        "may_work": found.is_open and is_at_work, "may_lower": found.is_open and is_above,
    }
    return render(request, "orders/order_issue.html", shell(request, order) | context)


def _history(issue) -> list[Event]:
    found = Event.objects.filter(stream_id=issue.order.stream, params__issue=issue.pk)
    events = list(found.select_related("actor__department").order_by("-number")[:HISTORY])
    for event in events:
        event.department_code = event.actor.department_code if event.actor else ""
    return events


def photos_of(issue):
    return StoredFile.objects.filter(subject=issue.order.stream, purpose=f"issue:{issue.pk}").order_by("pk")


def _with_rights(issue, user) -> list[IssueAction]:
    """The actions, and what this person may do with each open one."""
    rows = list(issue.actions.select_related("owner", "opened_by", "done_by", "cancelled_by", "item__assignee"))
    is_above = is_superior(user)
    for action in rows:
        is_theirs = is_above or user in (action.holder, action.owner, issue.holder)
        action.may_end = action.is_open and is_theirs
        action.may_cancel = action.is_open and (is_above or user in (action.opened_by, issue.holder))
    return rows


def _decisions(issue) -> list:
    deciders = IssueDecider.objects.select_related("person")
    return list(issue.decisions.select_related("recorded_by").prefetch_related(Prefetch("deciders", deciders)))


class RaiseIssue(OrderAct):
    right = Right.ISSUE_RAISE
    form_class = IssueForm
    back_to = "orders:issues"
    title = _("Report a problem")
    submit_label = _("Report")
    consequences = (
        _("Who answers for it and the salesperson are told, and a clock starts."),
        _("A major problem goes at once to the heads of both departments, the managers and general management."),
        _("A superior takes note of it within the time limit, or it goes higher."),
    )

    def form_kwargs(self):
        return {"order": self.order}

    def act(self, form):
        actions.raise_issue(order_id=self.order.pk, by=self.request.user, **form.cleaned_data)


class IssueAct(OrderAct):
    """An act on one problem: made from its version, back to its page."""

    def subject(self):
        super().subject()
        issues = Issue.objects.select_related("raised_by", "owner", "acknowledged_by", "item__assignee")
        self.issue = get_object_or_404(issues, pk=self.kwargs["issue"], order=self.order)
        self.check(self.request.user)

    def check(self, user):
        require_at_work(user, self.issue)

    def about(self):
        return self.issue.said

    def next_url(self):
        return self.issue.get_absolute_url()

    @property
    def version_now(self):
        return self.issue.version

    @property
    def said(self) -> dict:
        return {"issue_id": self.issue.pk, "by": self.request.user, "version": self.version}

    @cached_property
    def people(self) -> list:
        return list(people_who_see(self.order))

    def likely_and_others(self, but=()) -> dict:
        """The superiors and whom the problem concerns; the others who see the order."""
        named = {self.issue.raised_by_id, self.issue.owner_id, self.issue.acknowledged_by_id}
        named |= set(superiors().values_list("pk", flat=True)) | set(self.issue.actions.values_list("owner", flat=True))
        people = [person for person in self.people if person.pk not in but]
        return {
            "likely": [person for person in people if person.pk in named],
            "others": [person for person in people if person.pk not in named],
        }


class TakeNote(IssueAct):
    form_class = AcknowledgementForm
    title = _("Take note of a major problem")
    submit_label = _("Take note")
    consequences = (
        _("Your name, the time and what you wrote stand with the problem; the superiors' clock ends."),
        _("It is solved with a joint decision, once its actions are done."),
    )

    def check(self, user):
        require_superior(user, self.issue, NOTED_BY)

    def act(self, form):
        actions.acknowledge_issue(text=form.cleaned_data["text"], **self.said)


class Solve(IssueAct):
    form_class = SolutionForm
    title = _("Mark as solved")
    submit_tone = "ok"
    consequences = (_("The problem's clock stops; who reported it and the salesperson are told."),)

    def check(self, user):
        super().check(user)
        refuse_unready(self.issue)

    def form_kwargs(self):
        is_asked = self.issue.is_major and current_decision(self.issue) is None
        if not is_asked:
            return {"is_asked": False, "likely": (), "others": ()}
        offered = self.likely_and_others(but={self.request.user.pk})
        noted = [str(self.issue.acknowledged_by_id)] if self.issue.acknowledged_at else []
        return {"is_asked": True, "initial": {"decided_with": noted}} | offered

    def act(self, form):
        actions.solve_issue(
            solution=form.cleaned_data["solution"], decided_with=form.together("decided_with"), **self.said
        )


class ChangeOwner(IssueAct):
    form_class = OwnerForm
    title = _("Change the owner")
    consequences = (_("The task goes along with its clock; both people are told."),)

    def form_kwargs(self):
        return {"people": [person for person in self.people if person != self.issue.holder]}

    def act(self, form):
        actions.change_issue_owner(person=form.cleaned_data["person"], **self.said)


class ChangeSeverity(IssueAct):
    form_class = SeverityForm

    @property
    def title(self):
        return _now("Say that it is minor") if self.issue.is_major else _now("Say that it is major")

    @property
    def consequences(self):
        if self.issue.is_major:
            return [_("A superior says so, with the reason; it stands with the problem.")]
        return [
            _("A major problem goes at once to the heads of both departments, the managers and general management."),
            _("A superior takes note of it within the time limit, or it goes higher."),
        ]

    def check(self, user):
        super().check(user)
        if self.issue.is_major:
            require_superior(user, self.issue, LOWERED_BY)

    def form_kwargs(self):
        return {"is_major": self.issue.is_major}

    def act(self, form):
        severity = Issue.Severity.MINOR if self.issue.is_major else Issue.Severity.MAJOR
        actions.change_issue_severity(severity=severity, reason=form.cleaned_data["reason"], **self.said)


class Decide(IssueAct):
    form_class = DecisionForm
    title = _("Record a joint decision")
    submit_label = _("Record")
    consequences = (
        _("Each of the people is told; the decision stays as it is written and replaces the one before."),
        _("Of a major problem at least one of them heads a department or belongs to management."),
    )

    def form_kwargs(self):
        noted = [self.issue.acknowledged_by_id, self.request.user.pk]
        return self.likely_and_others() | {"initial": {"people": list(map(str, filter(None, noted)))}}

    def act(self, form):
        actions.decide_issue(text=form.cleaned_data["text"], people=form.together("people"),
                             decided_at=form.cleaned_data["decided_at"], **self.said)


class AddAction(IssueAct):
    form_class = ActionForm
    title = _("Add an action")
    submit_label = _("Add")
    consequences = (
        _("It stands in the owner's work with its clock; late, it goes higher as any task."),
        _("The problem cannot be solved before the action has ended."),
    )

    def form_kwargs(self):
        return {"people": self.people, "initial": {"owner": str(self.issue.holder.pk if self.issue.holder else "")}}

    def act(self, form):
        actions.open_issue_action(**form.cleaned_data, **self.said)


class ActionAct(IssueAct):
    """How an action ends."""

    may = None  # the action's own question whether somebody may

    def check(self, user):
        rows = self.issue.actions.select_related("owner", "opened_by", "item__assignee")
        self.action = get_object_or_404(rows, pk=self.kwargs["action"])
        self.may(self.action, self.issue, user)

    def about(self):
        return self.action.text

    @property
    def said(self):
        return {"action_id": self.action.pk, "by": self.request.user}


class FinishAction(ActionAct):
    may = staticmethod(check_may_end)
    form_class = ResultForm
    title = _("The action is done")
    submit_label = pgettext_lazy("action", "Done")
    submit_tone = "ok"
    consequences = (_("Its clock stops; who answers for the problem is told the result."),)

    def act(self, form):
        actions.finish_issue_action(result=form.cleaned_data["result"], **self.said)


class CancelAction(ActionAct):
    may = staticmethod(check_may_cancel)
    form_class = ReasonForm
    title = _("Cancel the action")
    submit_tone = "dan"
    consequences = (_("It stays with the problem as not needed, with the reason; its owner is told."),)

    def act(self, form):
        actions.cancel_issue_action(reason=form.cleaned_data["reason"], **self.said)
