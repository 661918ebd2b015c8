"""What an order costs more because it is urgent, and the rush charge that the rule suggests for it."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_CEILING, Decimal

from django.db.models import OuterRef, Subquery
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.text import duration
from finance.models import ChargeRule
from orders.models import Complaint, Consent, CostEntry, ExpenseRequest, StageRun, UrgentOrder
from orders.models.money import CostKind

ZERO, CENT = Decimal(0), Decimal("0.01")
LATENESS = "lateness"
LABELS = {
    CostKind.OVERTIME: gettext_lazy("Overtime and extra shifts"), CostKind.TRANSPORT: gettext_lazy("Express freight"),
    CostKind.EXPEDITE: gettext_lazy("Expedite fees"), CostKind.CHANGEOVER: gettext_lazy("Change-over"),
    CostKind.OUTSIDE: gettext_lazy("Outside work because of urgency"),
    LATENESS: gettext_lazy("Lateness caused to others"), "": gettext_lazy("Other"),
}
# Asked for as money, these kinds are urgency whoever asks; of others the request says it.
URGENT_KINDS = (CostKind.EXPEDITE, CostKind.OVERTIME, CostKind.TRANSPORT)
ASKED = (ExpenseRequest.State.REQUESTED, ExpenseRequest.State.APPROVED)


@dataclass(frozen=True)
class Piece:
    """One amount, and the page it comes from."""

    text: str
    amount: Decimal
    is_planned: bool
    url: str = ""
    is_stored: bool = True  # an English source that the page translates


@dataclass
class Part:
    code: str
    pieces: list[Piece] = field(default_factory=list)

    @property
    def label(self):
        return LABELS[self.code]

    @property
    def planned(self) -> Decimal:
        return sum((piece.amount for piece in self.pieces if piece.is_planned), ZERO)

    @property
    def actual(self) -> Decimal:
        return sum((piece.amount for piece in self.pieces if not piece.is_planned), ZERO)

    @property
    def expected(self) -> Decimal:
        return max(self.planned, self.actual)


@dataclass
class Price:
    parts: list[Part]

    @property
    def planned(self) -> Decimal:
        return sum((part.planned for part in self.parts), ZERO)

    @property
    def actual(self) -> Decimal:
        return sum((part.actual for part in self.parts), ZERO)

    @property
    def expected(self) -> Decimal:
        """What is known by now: the estimate of each part until more was spent."""
        return sum((part.expected for part in self.parts), ZERO)


def price_of_urgency(order, rule=None) -> Price:
    """Four statements, whatever the order holds; parts without an amount are left out."""
    parts = {code: Part(code) for code in LABELS}
    for entry in order.costs.filter(cause=CostEntry.Cause.URGENCY, is_none=False).order_by("pk"):
        part = parts[entry.kind if entry.kind in LABELS else ""]
        part.pieces.append(Piece(entry.text, entry.amount, entry.is_planned, _page_of(entry)))
    for expense in order.expenses.filter(state__in=ASKED).order_by("pk"):
        if _is_urgent(expense):
            part = parts[expense.kind if expense.kind in LABELS else ""]
            url = reverse("finance:expense_decide", args=[expense.pk])
            part.pieces.append(Piece(expense.reason, expense.amount, True, url))
    rate = (rule or ChargeRule.current()).late_hour_amount
    parts[LATENESS].pieces += [piece for harm in harms_of(order) for piece in _lateness(harm, rate)]
    return Price([part for part in parts.values() if part.pieces])


def _is_urgent(expense) -> bool:
    return expense.cause == CostEntry.Cause.URGENCY or (not expense.cause and expense.kind in URGENT_KINDS)


# Who wrote an entry stands in its source; its page is found by name, for departments do not see each other.
PAGES = {"expense": ("finance:expense_decide", 1), "shipment": ("logistics:order_tab", None),
         "plan": ("production:order_tab", None), "time": ("production:order_tab", None)}  # fmt: skip


def _page_of(entry) -> str:
    if entry.url:
        return entry.url
    writer, *rest = entry.source.split(":")
    name, place = PAGES.get(writer, ("finance:order_tab", None))
    try:
        return reverse(name, args=[rest[place - 1] if place else entry.order_id])
    except NoReverseMatch:
        return ""


@dataclass(frozen=True)
class Harm:
    """Another order that agreed to come later than promised for this one."""

    order: UrgentOrder
    seconds: int
    delivered_at: datetime | None
    promised_at: datetime

    @property
    def late_seconds(self) -> int | None:
        """What of it came true; nothing is known before its delivery."""
        if self.delivered_at is None:
            return None
        return min(self.seconds, max(0, int((self.delivered_at - self.promised_at).total_seconds())))


def harms_of(order) -> list[Harm]:
    delivered = StageRun.objects.filter(order=OuterRef("harmed"), entered_step="deliver").order_by("-entered_at")
    agreed = order.consents.living().filter(state=Consent.State.YES).select_related("harmed").annotate(
        delivered_at=Subquery(delivered.values("entered_at")[:1])
    )
    return [
        Harm(row.harmed, _caused_seconds(row), row.delivered_at, row.promised_at) for row in agreed.order_by("pk")
    ]


def _caused_seconds(consent) -> int:
    """It may have been late before: only what comes on top is this order's."""
    since = max(consent.finish_before_at, consent.promised_at)
    return int((consent.finish_after_at - since).total_seconds())


def _lateness(harm, rate) -> list[Piece]:
    found = [_piece_of(harm, harm.seconds, rate, is_planned=True)]
    if harm.late_seconds is not None:
        found.append(_piece_of(harm, harm.late_seconds, rate, is_planned=False))
    return found


def _piece_of(harm, seconds, rate, *, is_planned) -> Piece:
    text = _("%(order)s: %(time)s later than promised") % {"order": harm.order, "time": duration(seconds)}
    amount = (Decimal(seconds) / 3600 * rate).quantize(CENT)
    return Piece(text, amount, is_planned, harm.order.get_absolute_url(), is_stored=False)


# The suggested charge


@dataclass(frozen=True)
class Suggestion:
    """How the charge is computed: a part of the order's value, a share of what urgency costs, at least so much."""

    rule: ChargeRule
    value: Decimal
    percent: Decimal
    cost: Decimal
    amount: Decimal
    is_free: bool = False  # makes good a complaint

    @property
    def of_value(self) -> Decimal:
        return (self.value * self.percent / 100).quantize(CENT)

    @property
    def of_cost(self) -> Decimal:
        return (self.cost * self.rule.cost_share_percent / 100).quantize(CENT)

    @property
    def is_minimum(self) -> bool:
        return self.of_value + self.of_cost < self.rule.minimum_amount

    def kept(self) -> dict:
        return {
            "value": str(self.value), "percent": str(self.percent), "of_value": str(self.of_value),
            "cost": str(self.cost), "share": str(self.rule.cost_share_percent), "of_cost": str(self.of_cost),
            "minimum": str(self.rule.minimum_amount), "rounding": str(self.rule.rounding_amount),
            "is_free": self.is_free,
        }


def suggest_charge(order, price=None) -> Suggestion:
    rule = ChargeRule.current()
    price = price or price_of_urgency(order, rule)
    percent = rule.percent_of(order.urgency_class)
    is_free = Complaint.objects.filter(following=order).exists()
    value = value_of(order)
    raw = max(value * percent / 100 + price.expected * rule.cost_share_percent / 100, rule.minimum_amount)
    amount = ZERO if is_free else rounded_up(raw, rule.rounding_amount)
    return Suggestion(rule, value, percent, price.expected, amount, is_free)


def rounded_up(amount, step) -> Decimal:
    return ((amount / step).to_integral_value(ROUND_CEILING) * step).quantize(CENT)


def value_of(order) -> Decimal:
    """What the agreed pieces sell for without the charge."""
    lines = order.lines.select_related("product")
    prices = [(line.agreed_quantity, line.unit_price_amount if line.unit_price_amount is not None
               else line.product.price_amount or ZERO) for line in lines]  # fmt: skip
    return sum((quantity * price for quantity, price in prices), ZERO)
