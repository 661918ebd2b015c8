"""What is scored, of whom, by which formula: the words that stand beside every figure, and the cases behind it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from kpi import cases
from kpi.models import Indicator, Rule

DEPARTMENT, PERSON = Rule.Scope.DEPARTMENT, Rule.Scope.PERSON


@dataclass(frozen=True)
class Unit:
    symbol: str
    scale: int  # what a ratio is multiplied with


PERCENT, STARS = Unit("%", 100), Unit("/5", 1)
UNITS = {Indicator.SATISFACTION: STARS}


def unit_of(indicator: str) -> Unit:
    return UNITS.get(indicator, PERCENT)


@dataclass(frozen=True)
class Source:
    """The cases of one indicator for departments, or for the persons of one department (blank: of any)."""

    indicator: str
    scope: str
    departments: tuple
    formula: object
    cases: Callable[..., Iterable]
    is_money: bool = False


QUALITY = {
    "sales": (_("Forms that did not come back to be filled in again ÷ forms that left the confirmation."),
              cases.submitted, cases.submitted),
    "procurement": (_("Receipts of which nothing was rejected ÷ receipts inspected."), cases.received, cases.received),
    "quality": (_("Deliveries less complaints that were ours, decided in the month ÷ deliveries."),
                cases.delivered, cases.delivered),
    "logistics": (_("Pieces that arrived whole ÷ pieces sent, by the proofs of delivery."), cases.shipped,
                  cases.shipped),
    "finance": (_("Statements issued once, no entry taken back ÷ orders settled."), cases.settled, cases.settled),
}  # fmt: skip
OWN = {
    "sales": _("Forms one handed in that did not come back to be filled in again ÷ forms one handed in."),
    "procurement": _("Receipts of what one ordered, nothing of them rejected ÷ receipts of what one ordered."),
    "quality": _("Deliveries less complaints that were ours ÷ deliveries, of orders whose inspection one signed."),
    "logistics": _("Pieces that arrived whole ÷ pieces sent, of the shipments one dispatched."),
    "finance": _("Statements issued once, no entry taken back ÷ statements, of those one issued."),
}

SOURCES = (
    Source(Indicator.TIME, DEPARTMENT, tuple(cases.STAGE_DEPARTMENT.values()), _(
        "Σ time used ÷ Σ time limit, of the stays in the department's stages that ended in the month. Paused time "
        "is not used; stages walked through and what the customer broke off do not count."
    ), cases.stays),
    Source(Indicator.ON_TIME, DEPARTMENT, cases.ON_THE_WAY, _(
        "First promises kept ÷ due in the month, of the orders the department worked on; judged anew only after a "
        "change of the customer. A missed one counts for the departments whose own stay, material or operation was "
        "late; where nobody's was, for Production, which promised."
    ), cases.promises),
    Source(Indicator.QUALITY, DEPARTMENT, ("production",),
           _("Pieces passed the first time ÷ inspected, at final inspection."), cases.inspected),
    *(Source(Indicator.QUALITY, DEPARTMENT, (code,), formula, rows) for code, (formula, rows, _own) in QUALITY.items()),
    Source(Indicator.COST, DEPARTMENT, tuple(cases.COST_KINDS), _(
        "Σ actual ÷ Σ planned cost, of the kinds the department answers for, in the orders that ended in the month. "
        "Orders that the customer changed or cancelled do not count."
    ), cases.spent, is_money=True),
    Source(Indicator.SATISFACTION, DEPARTMENT, cases.ON_THE_WAY, _(
        "Mean of the customers' ratings that came in the month, of the orders the department worked on."
    ), cases.rated),
    Source(Indicator.TIME, PERSON, (), _(
        "Σ time used ÷ Σ time limit, of one's own tasks that were done in the month. Paused time is not used; what "
        "somebody else had before, who handed it on or was absent, does not count."
    ), cases.own_items),
    Source(Indicator.ON_TIME, PERSON, (), _(
        "Tasks done in time ÷ tasks done, of one's own in the month; what somebody else had before, who handed it "
        "on or was absent, does not count."
    ), cases.own_items_in_time),
    Source(Indicator.QUALITY, PERSON, ("production",), _(
        "Good pieces ÷ pieces made, in the operations one finished oneself in the month."
    ), cases.own_operations),
    *(Source(Indicator.QUALITY, PERSON, (code,), OWN[code], own) for code, (_formula, _rows, own) in QUALITY.items()),
    Source(Indicator.SATISFACTION, PERSON, ("sales",), _(
        "Mean of the customers' ratings that came in the month, of the orders one entered oneself."
    ), cases.own_orders_rated),
)  # fmt: skip


def source_of(indicator: str, scope: str, department: str) -> Source | None:
    """None where a department, or its people, have no cases of this kind."""
    return next((source for source in SOURCES if source.indicator == indicator and source.scope == scope
                 and (department in source.departments or not source.departments)), None)  # fmt: skip
