"""The panes of "My work" for what sales and every department decide about an order."""

from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.text import money, render, when
from orders.models import Issue, Negotiation
from orders.money import may_see
from orders.panes import entered, found, name_of, next_stage, paper_of, place, required
from orders.views.confirmation import Confirm, four, living_items
from orders.views.negotiation import IF_ACCEPTED, Refuse
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
    issue = paper_of(Issue, item, "raised_by", "owner", "step")
    is_noted = bool(issue.acknowledged_at) or not issue.is_major
    return show(request, Pane(
        item, issue.text, name_of(order),
        Verdict(_("Work has stopped.") if issue.is_stopping else _("Work goes on."), issue.get_kind_display(),
                "over" if issue.is_stopping or issue.is_major else "warn"),
        facts=[Fact(_("How serious"), issue.get_severity_display()), Fact(_("Operation"), issue.step or "–"),
               Fact(_("Reported"), issue.raised_by, when(issue.raised_at)), required(order)],
        checks=[Check(_("A superior has taken note of it"), "done" if issue.acknowledged_at else "missing")]
        if issue.is_major else [],
        decisions=_solutions(request.user, order, issue, is_noted) if item.is_living else [],
        consequences=[_("Solved, its clock stops; who reported it and the salesperson are told.")],
        version=order.version,
    ))  # fmt: skip


def _solutions(user, order, issue, is_noted) -> list[Button]:
    key = [order.pk, issue.pk]
    found = []
    if not is_noted and (user.is_head or user.may(Right.SEE_ALL)):
        found.append(Button(_("Take note"), reverse("orders:issue_note", args=key), "A", "pri", "eye", fields={}))
    if user.may(Right.ISSUE_RAISE):
        tone = "" if found else "pri"
        solve = reverse("orders:issue_solve", args=key)
        found.append(Button(_("Mark as solved"), solve, "" if found else "A", tone, fields=None))
    return found


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
