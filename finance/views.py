from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from desk.faces import TaskFace
from desk.keyset import paginate
from desk.paper import pdf_response
from desk.text import money
from finance import actions, papers
from finance.charging import CHANGED, change_charge_rule, may_be_charged, set_rush_charge
from finance.forms import (
    ChargeForm,
    ChargeRuleForm,
    CostForm,
    CreditForm,
    DecisionForm,
    ExpenseForm,
    LimitsForm,
    ReasonForm,
    StatementForm,
)
from finance.models import ChargeDecision, ChargeRule, Settlement
from finance.reports import sales_rows
from finance.urgency import price_of_urgency, suggest_charge
from orders import actions as orders
from orders.machine import Stage
from orders.models import Complaint, CostEntry, ExpenseRequest, UrgentOrder
from orders.models.money import CostKind
from orders.money import may_see
from orders.pages import shell, visible_order
from orders.views.base import OrderAct
from orders.views.taking_back import TakeBack
from people.roles import Right
from records.acts import ActView, require
from records.models import CompanySettings, Event
from records.rules import STREAM, version_of_rules
from sla.kinds import Kind


def board(request):
    """Expense requests that wait, and orders to settle."""
    user = request.user
    if not (user.may(Right.EXPENSE_DECIDE) or user.may(Right.SEE_RESULT)):
        require(user, Right.EXPENSE_DECIDE)
    visible = UrgentOrder.objects.visible_to(user)
    waiting = ExpenseRequest.objects.filter(state=ExpenseRequest.State.REQUESTED, order__in=visible)
    page = paginate(
        waiting.select_related("order__customer", "department", "requested_by", "item"),
        ordering=("requested_at", "pk"), cursor=request.GET.get("after"),
    )
    to_settle = UrgentOrder.objects.filter(pk__in=visible, stage=Stage.SETTLEMENT)
    return render(request, "finance/board.html", {
        "page": page, "may_decide": user.may(Right.EXPENSE_DECIDE),
        "to_settle": to_settle.select_related("customer", "stage_item").order_by("stage_item__due_at", "pk")[:100],
    })


def order_tab(request, pk):
    """What this person may see of the order's money; without any of it the tab does not exist."""
    order = visible_order(request, pk)
    user = request.user
    sees_result, sees_sales = may_see(user, "result"), may_see(user, "sales")
    sees_resource = may_see(user, "resource")
    expenses = _expenses(user, order, sees_result)
    if not (sees_result or sees_sales or sees_resource or expenses):
        raise Http404
    price = price_of_urgency(order) if sees_resource or sees_sales else None
    settlement = Settlement.objects.filter(order=order).first() if sees_result else None
    is_open = not order.is_final
    tasks = _tasks(order) if sees_result and order.stage == Stage.SETTLEMENT else []
    context = shell(request, order) | {
        "sees_result": sees_result, "sees_sales": sees_sales, "expenses": expenses,
        "sales": sales_rows(order) if sees_sales else [],
        "sheet": actions.sheet_of(order) if sees_result else None,
        "settlement": settlement,
        "tasks_to_settle": tasks, "is_settleable": all(task.state == "done" for task in tasks),
        "may_record": is_open and user.may(Right.COST_RECORD),
        "may_settle": is_open and order.stage == Stage.SETTLEMENT and user.may(Right.SETTLE),
        "may_decide": user.may(Right.EXPENSE_DECIDE),
        "price": price if sees_resource else None,
        "suggestion": suggest_charge(order, price) if sees_sales and may_be_charged(order) else None,
        "charge": ChargeDecision.objects.filter(order=order).select_related("rule", "decided_by").first()
        if sees_sales else None,
        "may_charge": sees_sales and may_be_charged(order) and user.may(Right.ORDER_NEGOTIATE),
        "may_ask": is_open and user.may(Right.ISSUE_RAISE) and bool(user.department_id),
    }
    return render(request, "finance/order_tab.html", context)


def _tasks(order) -> list[TaskFace]:
    return [
        TaskFace(condition.text, state="done" if condition.is_met else "now")
        for condition in actions.settling_conditions(order)
    ]


def _expenses(user, order, sees_result) -> list[ExpenseRequest]:
    """All of them for the cost sheet's readers, their own for who asked."""
    expenses = order.expenses.select_related("requested_by", "decided_by", "department")
    return list(expenses if sees_result else expenses.filter(requested_by=user))


def statement(request, pk):
    """The settlement statement on paper, as it was issued."""
    order = visible_order(request, pk)
    if not may_see(request.user, "result"):
        raise Http404
    settlement = get_object_or_404(Settlement.objects.select_related("issued_by"), order=order)
    costs = [row | {"label": CostKind(row["kind"]).label} for row in settlement.content["costs"]]
    return render(request, "finance/statement_print.html", {
        "order": order, "settlement": settlement, "content": settlement.content, "costs": costs,
        "company": CompanySettings.current(),
    })


def statement_pdf(request, pk):
    order = visible_order(request, pk)
    if not may_see(request.user, "result"):
        raise Http404
    settlement = get_object_or_404(Settlement.objects.select_related("issued_by"), order=order)
    paper = papers.statement(request.user, order, settlement)
    return pdf_response(paper, f"{paper.title} {settlement}")


class MoneyAct(OrderAct):
    """An act about an order's money; back to the tab."""

    form_class = forms.Form
    back_to = "finance:order_tab"
    done = ""

    def perform(self, form):
        url = super().perform(form)
        messages.success(self.request, self.done)
        return url


class RequestExpense(MoneyAct):
    right = Right.ISSUE_RAISE
    form_class = ExpenseForm
    title = _("Ask for money")
    submit_label = _("Send to Finance")
    done = _("Finance decides it.")

    consequences = (_("Money is spent after somebody else has approved it."),)

    def act(self, form):
        orders.request_expense(order_id=self.order.pk, by=self.request.user, **form.given())


class DecideExpense(MoneyAct):
    right = Right.EXPENSE_DECIDE
    form_class = DecisionForm
    title = _("Decide the expense request")
    submit_label = _("Decide")
    done = _("Decided. Who asked is told.")

    def subject(self):
        expenses = ExpenseRequest.objects.select_related("requested_by", "department")
        self.expense = get_object_or_404(expenses, pk=self.kwargs["pk"])
        self.order = visible_order(self.request, self.expense.order_id)

    def about(self):
        return _("%(who)s asks for %(amount)s (%(kind)s): %(reason)s") % {
            "who": self.expense.requested_by, "amount": money(self.expense.amount),
            "kind": self.expense.get_kind_display(), "reason": self.expense.reason,
        }

    @property
    def consequences(self):
        sheet = actions.sheet_of(self.order)
        with_it = sheet.expected(self.expense.kind, self.expense.amount)
        lines = [_("With it the order costs %(expected)s; its budget is %(budget)s.")
                 % {"expected": money(with_it), "budget": money(sheet.budget)}]
        if with_it > sheet.budget:
            lines.append(_("This is over the budget of the order, so general management decides."))
        return lines

    def act(self, form):
        actions.decide_expense(expense_id=self.expense.pk, by=self.request.user, **form.cleaned_data)


class WithdrawExpense(TakeBack):
    kind, model, asker = Kind.EXPENSE, ExpenseRequest, "requested_by"
    consequences = (
        _("Finance decides nothing; nothing is spent."),
        _("What waits for this money is done without it, or asked for again."),
    )

    def act(self, paper):
        orders.withdraw_expense(expense_id=paper.pk, by=self.request.user)


class RecordCost(MoneyAct):
    right = Right.COST_RECORD
    form_class = CostForm
    title = _("Record a cost")
    submit_label = _("Record")
    done = _("The cost is recorded.")

    def form_kwargs(self):
        kind = self.request.GET.get("kind")
        return {"initial": {"kind": kind if kind in CostKind.values else None}}

    def act(self, form):
        actions.record_cost(order_id=self.order.pk, by=self.request.user, **form.cleaned_data)


class ReverseCost(MoneyAct):
    right = Right.COST_RECORD
    form_class = ReasonForm
    title = _("Take back an amount")
    submit_label = _("Take back")
    submit_tone = "dan"
    done = _("A counter-entry is recorded.")

    def subject(self):
        self.entry = get_object_or_404(CostEntry, pk=self.kwargs["pk"])
        self.order = visible_order(self.request, self.entry.order_id)

    def about(self):
        return f"{self.entry.get_kind_display()} · {money(self.entry.amount)} · {self.entry.text}"

    def act(self, form):
        actions.reverse_cost(entry_id=self.entry.pk, by=self.request.user, **form.cleaned_data)


class IssueStatement(MoneyAct):
    right = Right.COST_RECORD
    form_class = StatementForm
    title = _("Issue the settlement statement")
    submit_label = _("Issue")
    done = _("The statement is issued.")

    def form_kwargs(self):
        issued = Settlement.objects.filter(order=self.order).values("invoice_number", "no_invoice_reason").first()
        return {"initial": issued or {}}

    def act(self, form):
        actions.issue_statement(order_id=self.order.pk, by=self.request.user, version=self.version, **form.cleaned_data)


class Settle(MoneyAct):
    right = Right.SETTLE
    title = submit_label = _("Settle the order")
    submit_tone = "ok"
    done = _("The order is settled.")

    consequences = (_("You sign that its costs are settled. The order ends; nothing of it can be changed afterwards."),)

    def act(self, form):
        actions.settle(order_id=self.order.pk, by=self.request.user, version=self.version)


class SetRushCharge(MoneyAct):
    """Sales takes the suggestion over, or writes another one with a reason."""

    right = Right.ORDER_NEGOTIATE
    form_class = ChargeForm
    template_name = "finance/rush_charge.html"
    title = _("Set the rush charge")
    submit_label = _("Set the charge")
    done = _("The rush charge is set.")
    consequences = (
        _("It stands on the order and in the settlement statement, beside what was suggested."),
        _("The customer hears it from you."),
    )

    def subject(self):
        super().subject()
        self.suggestion = suggest_charge(self.order)

    def form_kwargs(self):
        return {"initial": {"amount": self.suggestion.amount, "suggested": self.suggestion.amount}}

    def context(self):
        return super().context() | {
            "suggestion": self.suggestion, "sees_resource": may_see(self.request.user, "resource"),
        }

    def page(self, form, *, status=200, refusal=None):
        if form.is_bound:  # what was typed stays; the suggestion is the one of now
            form.data = form.data.copy()
            form.data["suggested"] = self.suggestion.amount
        return super().page(form, status=status, refusal=refusal)

    def act(self, form):
        set_rush_charge(order_id=self.order.pk, by=self.request.user, version=self.version, **form.cleaned_data)


class EditChargeRule(ActView):
    """How a rush charge is suggested; each change is a version of its own."""

    right = Right.CONFIGURE
    asks_again = True
    form_class = ChargeRuleForm
    template_name = "finance/charge_rule.html"

    @property
    def version_now(self):
        return version_of_rules(CHANGED)

    def form_kwargs(self):
        return {"instance": ChargeRule.current()}

    def perform(self, form):
        values = dict(form.cleaned_data)
        change_charge_rule(by=self.request.user, reason=values.pop("reason"), values=values, version=self.version)
        messages.success(self.request, _("Saved."))
        return reverse("finance:charge_rule")

    def context(self):
        return {
            "title": _("Rule of the rush charge"), "submit_label": _("Save the rule"),
            "back_url": reverse("records:rules"), "back_label": _("Company rules"), "rule": ChargeRule.current(),
            "changes": Event.objects.filter(stream=STREAM, verb=CHANGED).order_by("-number")[:20],
            "consequences": [
                _("It only suggests: Sales takes the amount over, or writes another one with a reason."),
                _("Charges that are set already stay."),
            ],
        }


class Limits(ActView):
    """Up to what amount each rank decides expense requests."""

    right = Right.CONFIGURE
    form_class = LimitsForm

    @property
    def version_now(self):
        return version_of_rules(actions.LIMITS_CHANGED)

    def form_kwargs(self):
        return {"known": actions.limits()}

    def perform(self, form):
        reason = form.cleaned_data["reason"]
        actions.set_limits(by=self.request.user, amounts=form.amounts(), reason=reason, version=self.version)
        messages.success(self.request, _("Saved."))
        return reverse("finance:limits")

    def context(self):
        return {
            "title": _("Expense limits"), "submit_label": _("Save the limits"), "back_url": reverse("records:rules"),
            "back_label": _("Company rules"),
            "consequences": [_("Requests that wait are decided by the new limits.")],
        }


class WriteCredit(MoneyAct):
    """What quality granted for a complaint; the order may be settled already."""

    right = Right.COST_RECORD
    form_class = CreditForm
    title = _("Write the credit")
    done = _("Written. Sales is told.")
    consequences = (
        _("The amount stands as a cost of this order, as a counter-entry; a statement that was issued stays."),
    )

    def subject(self):
        complaints = Complaint.objects.select_related("line__product")
        self.complaint = get_object_or_404(complaints, pk=self.kwargs["pk"])
        self.order = visible_order(self.request, self.complaint.order_id)

    def about(self):
        return _("%(number)s, %(quantity)d × %(product)s: %(text)s") % {
            "number": self.complaint.number, "quantity": self.complaint.quantity,
            "product": self.complaint.line.product, "text": self.complaint.text,
        }

    def act(self, form):
        orders.write_credit(complaint_id=self.complaint.pk, by=self.request.user, **form.cleaned_data)
