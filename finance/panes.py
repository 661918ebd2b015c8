"""The pane of "My work" for an expense request, and several of them approved together."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.text import money, when
from finance import actions
from orders.models import ExpenseRequest
from orders.panes import entered, found, name_of, paper_of
from people.roles import Right
from sla.bulk import BulkRow, BulkView
from sla.panes import Button, Check, Fact, Pane, Step, Verdict, show


def expense(request, pk):
    item, order = found(request, pk, ("expense",))
    asked = paper_of(ExpenseRequest, item, "requested_by__department", "department", "decided_by")
    sees = request.user.may(Right.EXPENSE_DECIDE) or request.user.pk == asked.requested_by_id
    if not sees:
        return show(request, Pane(item, asked.reason, name_of(order)))
    sheet = actions.sheet_of(order)
    is_over = sheet.is_over_budget_with(asked.kind, asked.amount)
    deciders = actions.deciders(asked, is_over)
    may = item.is_living and request.user in deciders
    return show(request, Pane(
        item, asked.reason, f"{name_of(order)} · {entered(order)}", _verdict(sheet, asked, is_over),
        facts=[Fact(_("Amount"), money(asked.amount)), Fact(_("Kind"), asked.get_kind_display()),
               *(_budget(sheet, asked) if request.user.may(Right.SEE_RESULT) else ())],
        checks=_checks(request.user, asked, is_over), before=[_asked(asked)],
        after=[Step("finance", person, person.get_role_display(), _limit(person)) for person in deciders
               if person != request.user],
        decisions=_decisions(asked) if may else [],
        consequences=[_("Approved, the amount is booked on the order, and who asked is told.")] if may else [],
    ))  # fmt: skip


def _verdict(sheet, asked, is_over) -> Verdict:
    if is_over:
        return Verdict(_("This is over the budget of the order, so general management decides."), tone="over")
    return Verdict(_("Within the budget of the order."), tone="ok")


def _budget(sheet, asked) -> list[Fact]:
    with_it = sheet.expected(asked.kind, asked.amount)
    return [
        Fact(_("Order costs with it"), money(with_it), "", "bad" if with_it > sheet.budget else "good"),
        Fact(_("Budget"), money(sheet.budget)),
    ]


def _checks(user, asked, is_over) -> list[Check]:
    known = actions.limits()
    rank = actions.rank_of(user)
    if rank is None:
        return []
    limit = known[rank]
    text = _("Your limit is %(limit)s") % {"limit": money(limit)} if limit is not None else _("You have no limit")
    return [
        Check(text, "done" if actions.may_decide(user, asked.amount, is_over, known) else "missing"),
        Check(_("Somebody else asked for it"), "missing" if user.pk == asked.requested_by_id else "done"),
    ]


def _limit(person) -> str:
    limit = actions.limits()[actions.rank_of(person)]
    return _("up to %(limit)s") % {"limit": money(limit)} if limit is not None else _("no limit")


def _asked(asked) -> Step:
    person = asked.requested_by
    return Step(person.department_code, person, person.get_role_display(),
                _("Asked %(when)s") % {"when": when(asked.requested_at)}, is_done=True)


def _decisions(asked) -> list[Button]:
    url = reverse("finance:expense_decide", args=[asked.pk])
    approve = _("Approve %(amount)s") % {"amount": money(asked.amount)}
    return [
        Button(approve, url, "A", "pri", fields={"is_approved": "yes", "reason": ""}),
        Button(_("Reject"), url, "D", "dan", "cross"),
    ]


class ApproveExpenses(BulkView):
    """Each with its amount and what it does to the order's budget; what is above one's limit stays."""

    kinds = ("expense",)
    title = gettext_lazy("Approve expense requests")
    submit_label = gettext_lazy("Approve")
    note = gettext_lazy("Each amount is booked on its order, and who asked is told.")

    def row(self, item):
        asked = ExpenseRequest.objects.select_related("order", "requested_by").get(item=item)
        sheet = actions.sheet_of(asked.order)
        is_over = sheet.is_over_budget_with(asked.kind, asked.amount)
        may = actions.may_decide(self.request.user, asked.amount, is_over, actions.limits())
        shown = _("%(who)s asks for %(amount)s (%(kind)s). With it the order costs %(expected)s of %(budget)s.") % {
            "who": asked.requested_by, "amount": money(asked.amount), "kind": asked.get_kind_display(),
            "expected": money(sheet.expected(asked.kind, asked.amount)), "budget": money(sheet.budget),
        }  # fmt: skip
        return BulkRow(item, shown, "" if may else _("above your limit: %(what)s") % {"what": shown})

    def decide(self, item, form):
        asked = ExpenseRequest.objects.get(item=item)
        actions.decide_expense(expense_id=asked.pk, is_approved=True, by=self.request.user)
