"""Problems of an order: reported, taken note of by a superior, solved with a solution."""

from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _

from orders import actions
from orders.forms.issues import IssueForm, NoteForm, SolutionForm
from orders.models import Issue
from orders.pages import shell, visible_order
from orders.views.base import OrderAct
from people.roles import Right


def issues(request, pk):
    order = visible_order(request, pk)
    rows = order.issues.select_related("raised_by", "owner", "acknowledged_by", "solved_by", "step")
    may_note = request.user.is_head or request.user.may(Right.SEE_ALL)
    context = {"issues": rows, "may_take_note": may_note, "may_raise": request.user.may(Right.ISSUE_RAISE)}
    return render(request, "orders/order_issues.html", shell(request, order) | context)


class RaiseIssue(OrderAct):
    right = Right.ISSUE_RAISE
    form_class = IssueForm
    back_to = "orders:issues"
    title = _("Report a problem")
    submit_label = _("Report")
    consequences = (
        _("Who answers for it and the salesperson are told, and a clock starts."),
        _("A major problem goes at once to the heads of both departments, the managers and general management."),
    )

    def form_kwargs(self):
        return {"order": self.order}

    def act(self, form):
        actions.raise_issue(order_id=self.order.pk, by=self.request.user, **form.cleaned_data)


class IssueAct(OrderAct):
    back_to = "orders:issues"

    def subject(self):
        super().subject()
        issues = Issue.objects.select_related("raised_by")
        self.issue = get_object_or_404(issues, pk=self.kwargs["issue"], order=self.order)

    def about(self):
        return self.issue.text


class TakeNote(IssueAct):
    form_class = NoteForm
    title = _("Take note of a major problem")
    submit_label = _("Take note")
    consequences = (_("Your name and the time stand with the problem; it can then be solved."),)

    def act(self, form):
        actions.acknowledge_issue(issue_id=self.issue.pk, by=self.request.user)


class Solve(IssueAct):
    right = Right.ISSUE_RAISE
    form_class = SolutionForm
    title = _("Mark as solved")
    submit_tone = "ok"
    consequences = (_("The problem's clock stops; who reported it and the salesperson are told."),)

    def act(self, form):
        actions.solve_issue(issue_id=self.issue.pk, by=self.request.user, solution=form.cleaned_data["solution"])
