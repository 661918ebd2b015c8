"""The panes of "My work" for what sales and every department decide about an order."""

from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from desk.text import money, render, when
from orders.actions.issue_actions import may_cancel, may_end
from orders.actions.issue_decisions import current_decision
from orders.actions.issue_lock import may_work_on
from orders.models import Issue, IssueAction, Negotiation
from orders.money import may_see
from orders.panes import entered, found, name_of, next_stage, paper_of, place, required
from orders.views.confirmation import Confirm, four, living_items
from orders.views.negotiation import IF_ACCEPTED, Refuse
from people.duty import is_superior
from people.roles import Right
from sla.panes import Button, Check, Fact, Pane, Verdict, show

BEGIN = gettext_lazy("Nothing changes before you have filled in that page.")


def confirmation(request, pk):
    item, order = found(request, pk, ("confirmation",))
    living = living_items(order)
    rows = four(order, living)
    is_complete = len(living) == len(rows)
    may = item.is_living and request.user.may(Right.ORDER_CONFIRM)
    if is_complete:
        verdict = Verdict(_("The customer has confirmed all four points."), tone="ok")
        decision = Button(_("Confirm and send the sheet"), reverse("orders:confirm", args=[order.pk]), "A", "pri",
                          fields={})
    else:
        verdict = Verdict(_("%(open)d of 4 points are not confirmed yet.") % {"open": len(rows) - len(living)},
                          _("Ask %(contact)s.") % {"contact": order.contact_name or order.customer}, "warn")
        decision = Button(_("Confirm with the customer"), reverse("orders:confirmation", args=[order.pk]), "A", "pri",
                          "phone")
    return show(request, Pane(
        item, name_of(order), entered(order), verdict,
        facts=[required(order), place(order), Fact(_("Contact"), order.contact_name or "–", order.contact_phone),
               Fact(_("Reason for urgency"), order.get_reason_display())],
        checks_title=_("What the customer confirms"),
        checks=[Check(_("%(point)s: %(value)s") % {"point": row["label"], "value": _said(row["value"])},
                      "done" if row["confirmed"] else "missing") for row in rows],
        after=next_stage(order), decisions=[decision] if may else [],
        consequences=Confirm.consequences if is_complete and may else [BEGIN], version=order.version,
    ))  # fmt: skip


def _said(values) -> str:
    return _(", ").join(when(value) if hasattr(value, "isoformat") else str(value) for value in values)


def take_back_options(request, pk):
    """Where the sender of a negotiation withdraws it."""
    item, order = found(request, pk, ("negotiation",))
    return redirect("orders:negotiation_withdraw", order.pk, paper_of(Negotiation, item, "opened_by").pk)


def negotiation(request, pk):
    item, order = found(request, pk, ("negotiation",))
    talk = paper_of(Negotiation, item, "opened_by", "offer_answer__option")
    if (said := getattr(talk, "offer_answer", None)) and item.is_living:
        return _answered(request, item, order, talk, said)
    options = list(talk.options.all())
    is_open = item.is_living and request.user.may(Right.ORDER_NEGOTIATE)
    ends = min((option.valid_until for option in options), default=None)
    return show(request, Pane(
        item, name_of(order), entered(order),
        Verdict(_("It cannot be done as asked."), talk.reason, "warn"),
        facts=[required(order), Fact(_("Options"), len(options)), Fact(_("Valid until"), when(ends) if ends else "–"),
               _cost(options, request.user)],
        checks_title=_("Options for the customer"),
        checks=[Check(_said_option(option), "done" if option.valid_until > timezone.now() else "missing")
                for option in options],
        decisions=_answers(order, talk, options) if is_open else [],
        consequences=[_("The customer's answer changes the order, and it is reviewed again."), BEGIN]
        if is_open else [],
    ))  # fmt: skip


def _answered(request, item, order, talk, said):
    """The customer has chosen on the link: one press makes it so."""
    may = request.user.may(Right.ORDER_NEGOTIATE)
    chosen = said.option
    verdict = Verdict(_("The customer chose: %(option)s") % {"option": chosen.description}, said.comment, "ok") \
        if chosen else Verdict(_("The customer chose none of the options."), said.comment, "over")
    confirm = Button(_("Confirm the answer"), reverse("orders:offer_confirm", args=[order.pk, talk.pk]), "A", "pri",
                     fields={})
    return show(request, Pane(
        item, name_of(order), entered(order), verdict,
        facts=[Fact(_("Answered by"), said.contact, when(said.answered_at)), required(order)],
        decisions=[confirm] if may else [],
        consequences=(IF_ACCEPTED if chosen else Refuse.consequences) if may else [],
    ))  # fmt: skip


def _cost(options, user) -> Fact:
    if not may_see(user, "resource"):
        return Fact(_("Extra cost"), "–", _("not shown to you"))
    amounts = [option.extra_cost_amount or 0 for option in options] or [0]
    return Fact(_("Extra cost"), f"{money(min(amounts))} – {money(max(amounts))}")


def _said_option(option) -> str:
    return _("%(kind)s: %(what)s") % {"kind": option.get_kind_display(), "what": option.description}


def _answers(order, talk, options) -> list[Button]:
    now = timezone.now()
    open_ones = [option for option in options if option.valid_until > now]
    buttons = [
        Button(_("Accepted: %(option)s") % {"option": option.get_kind_display()},
               reverse("orders:negotiation_accept", args=[order.pk, talk.pk, option.pk]),
               "" if place else "A", "" if place else "pri")
        for place, option in enumerate(open_ones)
    ]  # fmt: skip
    refused = reverse("orders:negotiation_refuse", args=[order.pk, talk.pk])
    return [*buttons, Button(_("Accepts none"), refused, "D", "dan", "cross")]


def problem(request, pk):
    item, order = found(request, pk, ("problem",))
    issue = paper_of(Issue, item, "raised_by", "owner", "step", "item__assignee")
    return show(request, Pane(
        item, issue.said, name_of(order), _state(issue), facts=_about(issue, order), checks=_checks(issue),
        decisions=_solutions(request.user, issue) if item.is_living else [],
        consequences=[_("Solved, its clock stops; who reported it and the salesperson are told.")],
    ))


def major_problem(request, pk):
    """The superiors' task: to take note, and to say what happens next."""
    item, order = found(request, pk, ("major_problem",))
    issues = Issue.objects.select_related("raised_by", "owner", "step", "item__assignee")
    issue = get_object_or_404(issues, major_item=item)
    may = item.is_living and is_superior(request.user) and request.user.natural_id != issue.raised_by.natural_id
    note = Button(_("Take note"), reverse("orders:issue_note", args=[order.pk, issue.pk]), "A", "pri", "eye")
    return show(request, Pane(
        item, issue.said, name_of(order), _state(issue), facts=_about(issue, order), checks=_checks(issue),
        decisions=[note] if may else [], consequences=[BEGIN] if may else [],
    ))


def _state(issue) -> Verdict:
    about = _("%(kind)s, %(severity)s") % {"kind": issue.get_kind_display(), "severity": issue.get_severity_display()}
    return Verdict(_("Work has stopped.") if issue.is_stopping else _("Work goes on."), about,
                   "over" if issue.is_stopping or issue.is_major else "warn")


def _about(issue, order) -> list[Fact]:
    return [Fact(_("Operation"), issue.step or "–"), Fact(_("Owner"), issue.holder or "–"),
            Fact(_("Reported"), issue.raised_by, when(issue.raised_at)), required(order)]


def _checks(issue) -> list[Check]:
    """What must be there before it is solved."""
    checks = [Check(_("%(action)s: %(person)s, due %(due)s")
                    % {"action": action.text, "person": action.holder, "due": when(action.due_at)},
                    "missing" if action.is_open else "done")
              for action in issue.actions.filter(cancelled_at=None).select_related("owner", "item__assignee")]
    if issue.is_major:
        noted = Check(_("A superior has taken note of it"), "done" if issue.acknowledged_at else "missing")
        decided = Check(_("Decided together with a superior"), "done" if current_decision(issue) else "missing")
        checks = [noted, *checks, decided]
    return checks


def _solutions(user, issue) -> list[Button]:
    key = [issue.order_id, issue.pk]
    found = []
    if issue.is_major and not issue.acknowledged_at and is_superior(user):
        found.append(Button(_("Take note"), reverse("orders:issue_note", args=key), "A", "pri", "eye"))
    if may_work_on(user):
        tone = "" if found else "pri"
        found.append(Button(_("Mark as solved"), reverse("orders:issue_solve", args=key), "" if found else "A", tone))
    return found


def issue_action(request, pk):
    item, order = found(request, pk, ("issue_action",))
    related = ("issue__owner", "issue__item__assignee", "owner", "opened_by", "item__assignee")
    action = paper_of(IssueAction, item, *related)
    key = [order.pk, action.issue_id, action.pk]
    buttons = []
    if item.is_living and may_end(action, action.issue, request.user):
        buttons.append(Button(pgettext("action", "Done"), reverse("orders:issue_action_done", args=key), "A", "pri"))
    if item.is_living and may_cancel(action, action.issue, request.user):
        buttons.append(Button(_("Cancel the action"), reverse("orders:issue_action_cancel", args=key), "D", "",
                              "cross"))
    return show(request, Pane(
        item, action.text, name_of(order), Verdict(action.issue.said, action.issue.get_kind_display(), "warn"),
        facts=[Fact(_("Due"), when(action.due_at), tone="bad" if action.is_overdue else ""),
               Fact(_("Asked for"), action.opened_by, when(action.opened_at)),
               Fact(_("Answers for the problem"), action.issue.holder or "–"), required(order)],
        decisions=buttons,
        consequences=[_("The problem cannot be solved before the action has ended.")] if buttons else [],
    ))


def sheet_receipt(request, pk):
    item, order = found(request, pk, ("sheet_receipt",))
    sheet = order.sheets.select_related("issued_by").first()
    may = item.is_living and sheet and request.user.department_id == item.department_id
    receive = reverse("orders:sheet_receive", args=[order.pk, sheet.version]) if sheet else ""
    return show(request, Pane(
        item, name_of(order), entered(order),
        Verdict(_("Version %(number)d of the processing sheet is in force.") % {"number": sheet.version},
                render(sheet.reason)) if sheet else None,
        facts=[required(order), place(order), Fact(_("Sheet"), sheet and sheet.number),
               Fact(_("Issued"), sheet and sheet.issued_by, sheet and when(sheet.issued_at))],
        checks_title=_("Products"), checks=[Check(line) for line in order.kept.lines],
        decisions=[Button(_("Received"), receive, "A", "pri", fields={}),
                   Button(_("Read the sheet"), reverse("orders:sheet", args=[order.pk]), icon="page")] if may else [],
        consequences=[_("Your name, your department and the time stand on the sheet.")] if may else [],
    ))  # fmt: skip
