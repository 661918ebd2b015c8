"""Money of an order: asked for, decided by a second person, booked, settled."""

from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, Condition, GateShut, NotYours, OwnRequest
from desk.text import money as said_money
from desk.text import sentence, word
from finance.models import ExpenseLimit, Settlement
from finance.reports import cost_sheet, rush_charge, sales_rows, statement_content
from finance.urgency import URGENT_KINDS
from orders import actions, gates
from orders.actions.door import touch, who_may
from orders.actions.form import next_number
from orders.actions.trail import inform, note
from orders.machine import Box, Stage
from orders.models import CostEntry, ExpenseRequest, UrgentOrder
from orders.models.money import CostKind
from people.duty import hands_of, with_rights
from people.models import User
from people.roles import Right
from records.actions import record
from records.authority import require_second
from records.models import CompanySettings
from records.rules import CHANGED_RULE, STREAM, lock_rules
from sla import actions as sla
from sla.models import WorkItem

Rank = ExpenseLimit.Rank
LIMITS_CHANGED = "finance.expenselimit.change"  # as Django's administration calls it
CAUSE_OF_KIND = {
    **dict.fromkeys(URGENT_KINDS, CostEntry.Cause.URGENCY),
    CostKind.REWORK: CostEntry.Cause.REWORK,
    CostKind.SCRAP: CostEntry.Cause.SCRAP,
}


def sheet_of(order):
    return cost_sheet(order, CompanySettings.current().budget_allowance_percent)


# Expenses


def rank_of(person) -> str | None:
    """One's own rank, or that of who handed the right over."""
    if person.may(Right.EXPENSE_DECIDE_OVER):
        return Rank.MANAGEMENT
    deciders = person.authorities(Right.EXPENSE_DECIDE)
    if not deciders:
        return None
    is_head = any(decider.is_head and decider.department_code == "finance" for decider in deciders)
    return Rank.FINANCE_HEAD if is_head else Rank.ACCOUNTANT


def limits() -> dict[str, Decimal | None]:
    """What each rank decides alone; None = everything."""
    return ExpenseLimit.DEFAULTS | dict(ExpenseLimit.objects.values_list("rank", "up_to_amount"))


@transaction.atomic
def set_limits(*, by, amounts, reason, version=None) -> None:
    """`amounts`: rank → the most it decides alone, None without limit; a higher rank never decides less."""
    if not by.use(Right.CONFIGURE):
        raise NotYours(_("Only an administrator can configure the desk."), who=who_may(Right.CONFIGURE))
    lock_rules(version, LIMITS_CHANGED)
    ordered = [amounts[rank] for rank in ExpenseLimit.DEFAULTS]
    sizes = [float("inf") if amount is None else amount for amount in ordered]
    if sizes != sorted(sizes):
        raise BadInput(_("A higher rank cannot decide less than a lower one."))
    known = limits()
    changed = [rank for rank in amounts if amounts[rank] != known[rank]]
    if not changed:
        raise BadInput(_("Nothing is different from before."))
    said = [sentence(CHANGED_RULE, {"rule": word(Rank(rank).label), "old": _limit(known[rank]),
                                    "new": _limit(amounts[rank])}) for rank in changed]
    for rank in changed:
        ExpenseLimit.objects.update_or_create(rank=rank, defaults={"up_to_amount": amounts[rank]})
    record(LIMITS_CHANGED, gettext_noop("Expense limits changed: {changes}. Reason: {reason}"), by=by,
           stream=STREAM, params={"changes": said, "reason": reason.strip()})


def _limit(amount):
    return word(gettext_noop("without limit")) if amount is None else said_money(amount)


def may_decide(person, amount, is_over_budget, known) -> bool:
    """`known`: limits(), asked once for a list."""
    rank = rank_of(person)
    if rank is None or (is_over_budget and rank != Rank.MANAGEMENT):
        return False
    return known[rank] is None or amount <= known[rank]


def deciders(expense, is_over_budget) -> list[User]:
    people = User.objects.filter(is_active=True).exclude(role="").exclude(pk=expense.requested_by_id)
    listed, known = with_rights(people.order_by("pk")), limits()
    return [person for person in listed if may_decide(person, expense.amount, is_over_budget, known)][:4]


@transaction.atomic
def decide_expense(*, expense_id, is_approved, by, reason="", version=None) -> ExpenseRequest:
    """Approve or refuse money that somebody else asked for, within one's limit and the order's budget."""
    order_id = ExpenseRequest.objects.values_list("order_id", flat=True).get(pk=expense_id)
    order = actions.lock(order_id, by=by, version=version)
    expense = ExpenseRequest.objects.select_related("item", "requested_by", "decided_by").get(pk=expense_id)
    is_over = sheet_of(order).is_over_budget_with(expense.kind, expense.amount)
    _check_decision(expense, order, is_approved, is_over, by, reason)
    expense.state = ExpenseRequest.State.APPROVED if is_approved else ExpenseRequest.State.REFUSED
    expense.is_over_budget, expense.decision_reason = is_over, reason.strip()[:500]
    expense.decided_at, expense.decided_by = timezone.now(), by
    expense.save(update_fields=[
        "state", "is_over_budget", "is_sole_decision", "decision_reason", "decided_at", "decided_by",
    ])
    if is_approved:
        _book(expense, order, by)
    if expense.item and expense.item.is_living:
        sla.finish(expense.item, by=by, is_refusal=not is_approved)
    touch(order)
    event = note(order, "expense_decided", _DECIDED[expense.state], by=by, money="resource", params={
        "kind": word(expense.get_kind_display()), "reason": expense.reason, "amount": str(expense.amount),
        "because": expense.decision_reason or "–"})
    inform(order, event, {expense.requested_by})
    return expense


_DECIDED = {
    ExpenseRequest.State.APPROVED: gettext_noop("Expense approved: {kind}, {reason}"),
    ExpenseRequest.State.REFUSED: gettext_noop("Expense refused: {kind}, {reason}. {because}"),
}


def _check_decision(expense, order, is_approved, is_over, by, reason):
    if not any(map(by.use, (Right.EXPENSE_DECIDE_OVER, Right.EXPENSE_DECIDE))):
        raise NotYours(_("Finance decides expense requests."), who=deciders(expense, is_over))
    if expense.state != ExpenseRequest.State.REQUESTED:
        raise Changed(
            _("%(who)s has decided this already: %(state)s.")
            % {"who": expense.decided_by or expense.requested_by, "state": expense.get_state_display()}
        )
    if not is_approved and not reason.strip():
        raise BadInput(_("Say why in a few words, so that the others can act."), field="reason")
    _check_second(expense, order, is_over, by, reason)
    if is_approved:
        _check_authority(expense, order, is_over, by)


def _check_second(expense, order, is_over, by, reason):
    first = hands_of([(expense.requested_by, expense.requested_at)])
    refusal = _("You asked for this money, so somebody else decides.")
    if by.hands & first and (others := [one for one in deciders(expense, is_over) if one.natural_id not in first]):
        raise OwnRequest(refusal, who=others)
    require_second(
        by=by, right=Right.EXPENSE_DECIDE_OVER, first=first, refusal=refusal, subject=order.stream,
        act=f"expense:{expense.pk}", text=gettext_noop("Expense request of {order}: {reason}"), reason=reason,
        params={"order": str(order), "reason": expense.reason[:120]}, url=order.get_absolute_url(),
    )
    expense.is_sole_decision = bool(by.hands & first)


def _check_authority(expense, order, is_over, by):
    if order.is_final:
        raise GateShut(_("This order has ended: nothing is spent for it any more."))
    limit = limits()[rank_of(by)]
    if limit is not None and expense.amount > limit:
        raise NotYours(
            _("%(amount)s is above your limit of %(limit)s.")
            % {"amount": said_money(expense.amount), "limit": said_money(limit)}, who=deciders(expense, is_over),
        )
    if is_over and rank_of(by) != Rank.MANAGEMENT:
        sheet = sheet_of(order)
        raise NotYours(
            _("This is over the budget of the order, so general management decides."),
            because=_("With it the order costs %(expected)s; its budget is %(budget)s.") % {
                "expected": said_money(sheet.expected(expense.kind, expense.amount)),
                "budget": said_money(sheet.budget),
            },
            who=deciders(expense, is_over),
        )


def _book(expense, order, by):
    actions.add_cost(
        order=order, kind=expense.kind, by=by,
        cause=expense.cause or CAUSE_OF_KIND.get(expense.kind, CostEntry.Cause.NORMAL), amount=expense.amount,
        is_planned=False, source=f"expense:{expense.pk}", text=expense.reason[:300],
    )


# Costs


@transaction.atomic
def record_cost(*, order_id, kind, by, amount=Decimal(0), text="", cause="", is_none=False) -> CostEntry:
    """An actual amount that no act has booked, or “there was none” with a reason."""
    order = _open(order_id, by)
    if is_none:
        amount = Decimal(0)
        _check_none(order, kind, text)
    elif amount <= 0:
        raise BadInput(_("The amount must be more than 0."), field="amount")
    number = order.costs.count() + 1
    entry = actions.add_cost(
        order=order, kind=kind, amount=amount, is_planned=False, is_none=is_none, text=text.strip()[:300], by=by,
        cause=cause or CAUSE_OF_KIND.get(kind, CostEntry.Cause.NORMAL), source=f"cost:{order.pk}:{number}",
    )
    touch(order)
    said = gettext_noop("No cost of {kind}: {text}") if is_none else gettext_noop("Cost recorded: {kind}, {text}")
    note(order, "cost_recorded", said, by=by, money="result",
         params={"kind": word(CostKind(kind).label), "text": entry.text, "amount": str(entry.amount)})
    return entry


def _check_none(order, kind, text):
    if not text.strip():
        raise BadInput(_("Say why there was no cost of this kind."), field="text")
    if order.costs.filter(kind=kind, is_planned=False).exists():
        raise Changed(_("An actual cost of %(kind)s is recorded already.") % {"kind": CostKind(kind).label})


@transaction.atomic
def reverse_cost(*, entry_id, reason, by) -> CostEntry:
    """Take back an actual amount by its counter-entry; the first one stays."""
    wrong = CostEntry.objects.get(pk=entry_id)
    order = _open(wrong.order_id, by)
    if not reason.strip():
        raise BadInput(_("Say what was wrong with it."), field="reason")
    if wrong.is_planned or wrong.is_none or wrong.source.startswith("reverse:"):
        raise GateShut(_("Only an actual amount is taken back."))
    source = f"reverse:{wrong.pk}"
    if CostEntry.objects.filter(source=source).exists():
        raise Changed(_("This entry was taken back already."))
    entry = actions.add_cost(
        order=order, kind=wrong.kind, cause=wrong.cause, amount=-wrong.amount, is_planned=False, source=source, by=by,
        text=reason.strip()[:300],
    )
    touch(order)
    note(order, "cost_reversed", gettext_noop("Cost taken back: {kind}, {text}"), by=by, money="result",
         params={"kind": word(wrong.get_kind_display()), "text": entry.text, "amount": str(entry.amount)})
    return entry


def _open(order_id, by, version=None) -> UrgentOrder:
    order = actions.lock(order_id, by=by, version=version)
    if not by.use(Right.COST_RECORD):
        raise NotYours(_("Only Finance keeps the cost sheet."), who=who_may(Right.COST_RECORD))
    if order.is_final:
        raise GateShut(_("This order is settled: its cost sheet stays as it is."))
    return order


# Settlement


@transaction.atomic
def issue_statement(*, order_id, by, invoice_number="", no_invoice_reason="", version=None) -> Settlement:
    """The settlement statement as the records stand now; issued again it gets the next version."""
    order = _open(order_id, by, version)
    if order.stage != Stage.SETTLEMENT:
        raise GateShut(_("This order is not in settlement: it is in %(stage)s.") % {"stage": order.get_stage_display()})
    invoice, reason = invoice_number.strip(), no_invoice_reason.strip()
    if bool(invoice) == bool(reason):
        raise BadInput(_("Give the invoice number, or say why there is none."), field="invoice_number")
    settlement = _settlement_of(order)
    sheet = sheet_of(order)
    settlement.content = statement_content(order, sheet)
    settlement.sales_amount = sum((row.amount for row in sales_rows(order)), rush_charge(order))
    settlement.cost_amount, settlement.urgency_amount = sheet.actual, sheet.urgency
    settlement.invoice_number, settlement.no_invoice_reason = invoice[:40], reason[:300]
    settlement.issued_at, settlement.issued_by = timezone.now(), by
    settlement.save()
    touch(order)
    note(order, "statement_issued", gettext_noop("Settlement statement {number} version {version} issued"), by=by,
         params={"number": settlement.number, "version": settlement.version})
    return settlement


def _settlement_of(order) -> Settlement:
    settlement = Settlement.objects.filter(order=order).first()
    if settlement:
        settlement.version += 1
        return settlement
    prefix = f"ST-{timezone.localtime():%y%m}-"
    return Settlement(order=order, number=f"{prefix}{next_number(prefix):04d}")


def settling_conditions(order) -> list[Condition]:
    """All that stands between the order and its end, in finance's words."""
    settlement = Settlement.objects.filter(order=order).first()
    is_fresh = settlement is not None and settlement.content == statement_content(order, sheet_of(order))
    conditions = [Condition(_("The settlement statement is issued and says what the records say"), is_fresh)]
    if order.is_cancelled:
        waiting = WorkItem.objects.living().filter(source=order.stream, kind="stop_report")
        conditions += [
            Condition(_("%(department)s has reported its stop and cost") % {"department": item.department})
            for item in waiting.select_related("department")
        ]
    return [*gates.conditions(order, Box.COSTS), *conditions]


@transaction.atomic
def settle(*, order_id, by, version=None) -> UrgentOrder:
    """Sign the costs and close the order: delivered → closed, cancelled → cancelled."""
    order = _open(order_id, by, version)
    if order.stage != Stage.SETTLEMENT:
        raise GateShut(_("This order is not in settlement: it is in %(stage)s.") % {"stage": order.get_stage_display()})
    conditions = settling_conditions(order)
    if not all(condition.is_met for condition in conditions):
        raise GateShut(_("This order cannot be settled yet."), missing=conditions)
    if not order.sign_offs.living().filter(box=Box.COSTS).exists():
        actions.sign(order=order, box=Box.COSTS, by=by)
    return actions.move(order_id=order.pk, step="settle_cancelled" if order.is_cancelled else "settle", by=by)
