"""The weekly rush budgets: set by an administrator, told to the head of Sales when one is passed."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, NotYours
from desk.text import money as said_money
from desk.text import sentence, word
from orders.actions.trail import inform, note
from orders.models import RushBudget
from orders.rush import uses
from people.duty import with_role
from people.models import Department
from people.roles import Right, Role
from records.actions import record
from records.rules import CHANGED_RULE, STREAM, lock_rules

CHANGED = "orders.rushbudget.change"
NO_LIMIT = gettext_noop("no limit")


@transaction.atomic
def set_rush_budget(
    *, by, scope, reason, customer=None, person=None, orders_a_week=None, cost_a_week_amount=None, version=None
) -> RushBudget:
    """Of one customer or salesperson, or of everybody of that kind; both empty: no budget."""
    if not by.use(Right.CONFIGURE):
        raise NotYours(_("Only an administrator can configure the desk."), who=with_role(Role.ADMINISTRATOR))
    lock_rules(version, CHANGED)
    if not reason.strip():
        raise BadInput(_("Say why in a few words, so that others understand the change."), field="reason")
    whom = {"customer": customer} if scope == RushBudget.Scope.CUSTOMER else {"person": person}
    row = RushBudget.objects.filter(scope=scope, **whom).first() or RushBudget(scope=scope, **whom)
    before = (row.orders_a_week, row.cost_a_week_amount)
    is_exception = row.pk is None and bool(customer or person)  # without limit, where everybody else has one
    if before == (orders_a_week, cost_a_week_amount) and not is_exception:
        raise BadInput(_("Nothing is different from before."))
    row.orders_a_week, row.cost_a_week_amount = orders_a_week, cost_a_week_amount
    row.full_clean()
    row.save()
    said = [_said(gettext_noop("urgent orders a week"), before[0], orders_a_week, str),
            _said(gettext_noop("extra cost a week"), before[1], cost_a_week_amount, said_money)]
    record(CHANGED, gettext_noop("Rush budget of {whom} changed: {changes}. Reason: {reason}"), by=by, stream=STREAM,
           params={"whom": _named(row), "changes": list(filter(None, said)) or [word(NO_LIMIT)],
                   "reason": reason.strip()})
    return row


def _named(row):
    if row.customer or row.person:
        return str(row.customer or row.person)
    return word(gettext_noop("Every other customer") if row.scope == RushBudget.Scope.CUSTOMER
                else gettext_noop("Every other salesperson"))  # fmt: skip


def _said(label, old, new, shown):
    if old == new:
        return None
    old, new = (word(NO_LIMIT) if value is None else shown(value) for value in (old, new))
    return sentence(CHANGED_RULE, {"rule": word(label), "old": old, "new": new})


MANY = gettext_noop("{whom} has {orders} urgent orders this week, the rush budget is {limit}")
DEAR = gettext_noop("Urgency for {whom} cost {cost_amount} this week, the rush budget is {limit_amount}")


def warn_of_many(order, *, by, now=None) -> None:
    """The order that has just been submitted passed a number: its timeline and the head of Sales hear it."""
    for use in uses(order.customer, order.created_by, now):
        if use.has_many_orders:
            _tell(order, MANY, by, {"whom": str(use.whom), "orders": use.orders, "limit": use.orders_limit})


def warn_of_cost(order, amount, *, by, now=None) -> None:
    """With this amount of urgency a budget is passed; told once, for before it was not."""
    for use in uses(order.customer, order.created_by, now or timezone.now()):
        if use.has_high_cost and use.cost - amount <= use.cost_limit:
            _tell(order, DEAR, by, {"whom": str(use.whom), "cost_amount": said_money(use.cost),
                                    "limit_amount": said_money(use.cost_limit)}, money="resource")


def _tell(order, text, by, params, money=""):
    event = note(order, "rush_budget_passed", text, by=by, params=params, money=money)
    sales = Department.objects.select_related("head").get(code="sales")
    inform(order, event, {sales.head})
