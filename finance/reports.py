"""The cost sheet of an order: planned against actual by kind, the premium of urgency kept apart."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Sum

from orders.models import CostEntry, MaterialLine
from orders.models.money import CostKind

ZERO = Decimal(0)


@dataclass
class KindRow:
    kind: str
    planned: Decimal = ZERO
    actual: Decimal = ZERO
    urgency: Decimal = ZERO
    has_planned: bool = False
    has_actual: bool = False
    none_reason: str = ""
    entries: list = field(default_factory=list)

    @property
    def label(self):
        return CostKind(self.kind).label

    @property
    def difference(self) -> Decimal:
        return self.actual - self.planned

    @property
    def is_over(self) -> bool:
        return self.actual > self.planned

    @property
    def is_missing(self) -> bool:
        return self.has_planned and not self.has_actual


@dataclass
class CostSheet:
    rows: list[KindRow]
    entries: list
    allowance_percent: Decimal

    @property
    def planned(self) -> Decimal:
        return sum((row.planned for row in self.rows), ZERO)

    @property
    def actual(self) -> Decimal:
        return sum((row.actual for row in self.rows), ZERO)

    @property
    def urgency(self) -> Decimal:
        return sum((row.urgency for row in self.rows), ZERO)

    @property
    def difference(self) -> Decimal:
        return self.actual - self.planned

    @property
    def budget(self) -> Decimal:
        return self.planned * (1 + self.allowance_percent / 100)

    @property
    def is_over(self) -> bool:
        return self.actual > self.budget

    def expected(self, extra_kind="", extra=ZERO) -> Decimal:
        """What the order will cost as far as known: of each kind what is planned, or more where more is spent."""
        rows = {row.kind: (row.planned, row.actual) for row in self.rows}
        if extra_kind:
            planned, actual = rows.get(extra_kind, (ZERO, ZERO))
            rows[extra_kind] = (planned, actual + extra)
        return sum((max(planned, actual) for planned, actual in rows.values()), ZERO)

    def is_over_budget_with(self, kind, amount) -> bool:
        return self.expected(kind, amount) > self.budget


def cost_sheet(order, allowance_percent) -> CostSheet:
    """One query; kinds in the policy's order, those without any entry left out."""
    entries = list(order.costs.select_related("recorded_by").order_by("pk"))
    rows = {}
    for entry in entries:
        _add(rows.setdefault(entry.kind, KindRow(entry.kind)), entry)
    return CostSheet([rows[kind] for kind in CostKind.values if kind in rows], entries, Decimal(allowance_percent))


def _add(row, entry):
    row.entries.append(entry)
    if entry.is_planned:
        row.planned += entry.amount
        row.has_planned = True
        return
    row.actual += entry.amount
    row.has_actual = True
    if entry.is_none:
        row.none_reason = entry.text
    if entry.cause == CostEntry.Cause.URGENCY:
        row.urgency += entry.amount


@dataclass(frozen=True)
class SalesRow:
    text: str
    quantity: int
    unit: str
    price_amount: Decimal

    @property
    def amount(self) -> Decimal:
        return self.price_amount * self.quantity


def sales_rows(order) -> list[SalesRow]:
    """What was shipped, at the price of its line; without one the usual price of the product.

    Pieces that came back with a complaint stay sold: a credit or a free replacement makes them good.
    """
    lines = order.lines.select_related("product").annotate(returned=Sum("complaints__returned_quantity", default=0))
    return [
        SalesRow(
            str(line.product), line.shipped + line.returned, line.product.unit,
            line.unit_price_amount if line.unit_price_amount is not None else line.product.price_amount or ZERO,
        )
        for line in lines
    ]


def rush_charge(order) -> Decimal:
    """Charged for what was delivered; a cancelled order pays none."""
    return ZERO if order.is_cancelled else order.rush_charge_amount or ZERO


def statement_content(order, sheet) -> dict:
    """The statement as it is issued, kept as it was."""
    return {
        "order": str(order),
        "customer": str(order.customer),
        "outcome": order.outcome,
        "sales": [
            {"text": row.text, "quantity": row.quantity, "unit": row.unit, "price": str(row.price_amount),
             "amount": str(row.amount)}
            for row in sales_rows(order)
        ],
        "rush_charge": str(rush_charge(order)),
        "costs": [
            {"kind": row.kind, "planned": str(row.planned), "actual": str(row.actual), "urgency": str(row.urgency),
             "difference": str(row.difference), "none": row.none_reason}
            for row in sheet.rows
        ],
        "planned": str(sheet.planned),
        "actual": str(sheet.actual),
        "urgency": str(sheet.urgency),
    }


def open_material_lines(order) -> int:
    return MaterialLine.objects.filter(order=order).open().count()
