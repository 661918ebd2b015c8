"""What procurement sees: the work list by need date, and the lines of one order."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from desk.faces import ClockFace
from desk.keyset import Page, paginate
from orders.models import MaterialLine, Receipt, UrgentOrder
from procurement.models import PurchaseLine, SupplierRefusal, lines_to_buy

NO_DATE = datetime(2999, 1, 1, tzinfo=UTC)
Decision = MaterialLine.Decision


@dataclass
class LineRow:
    line: MaterialLine
    purchases: list = field(default_factory=list)
    refusals: list = field(default_factory=list)
    in_inspection: Decimal = Decimal(0)

    @property
    def slack_seconds(self) -> int | None:
        """Between promise and need; negative = late."""
        if not (self.line.promised_at and self.line.needed_at):
            return None
        return int((self.line.needed_at - self.line.promised_at).total_seconds())

    @property
    def face(self) -> ClockFace | None:
        """The promise against the need, drawn as a fuse."""
        slack = self.slack_seconds
        if slack is None or not self.is_wanted or self.is_here:
            return None
        return ClockFace(
            state="over" if slack < 0 else "ok", seconds_left=slack, percent=100 if slack <= 0 else 50,
            due_at=self.line.needed_at, label=_("Promise against need"), notches=(),
        )

    @property
    def is_wanted(self) -> bool:
        return self.line.decision in (Decision.OPEN, Decision.GATING) and not self.line.is_covered

    @property
    def is_here(self) -> bool:
        """All that is short came in and waits for quality."""
        return self.is_wanted and self.in_inspection >= self.line.short_quantity

    @property
    def is_late(self) -> bool:
        return self.is_wanted and self.line.is_promised_late and not self.is_here

    @property
    def living(self) -> list:
        return [purchase for purchase in self.purchases if purchase.state != PurchaseLine.State.CANCELLED]

    @property
    def on_order(self) -> Decimal:
        coming = sum((max(Decimal(0), row.quantity - row.received) for row in self.living), Decimal(0))
        return coming + self.in_inspection

    @property
    def needs_order(self) -> bool:
        return self.is_wanted and self.on_order < self.line.short_quantity

    @property
    def may_gate(self) -> bool:
        is_open = self.line.decision == Decision.OPEN and not self.line.is_covered
        return bool(is_open and not self.needs_order and self.slack_seconds is not None and not self.is_late)


def work_list(user, cursor=None) -> Page:
    """What must still be got for the orders this person sees, the earliest need first."""
    page = paginate(lines_needed(user), ordering=("need", "pk"), cursor=cursor)
    return Page(_rows(page.rows), page.next_cursor)


def lines_needed(user):
    lines = lines_to_buy().filter(order__in=UrgentOrder.objects.visible_to(user))
    lines = lines.annotate(need=Coalesce("needed_at", Value(NO_DATE))).order_by("need", "pk")
    return lines.select_related("material", "order__customer", "item", "step")


def order_rows(order) -> list[LineRow]:
    lines = MaterialLine.objects.filter(order=order).select_related(
        "material", "step", "item", "decided_by", "substitute_for__material"
    )
    return _rows(list(lines))


def _rows(lines) -> list[LineRow]:
    """Their purchases, refusals and receipts by one statement each."""
    purchases, refusals = defaultdict(list), defaultdict(list)
    bought = PurchaseLine.objects.filter(material_line__in=lines).with_amounts().select_related("supplier", "expense")
    for purchase in bought.prefetch_related("promises", "milestones"):
        purchases[purchase.material_line_id].append(purchase)
    for refusal in SupplierRefusal.objects.filter(material_line__in=lines).select_related("supplier", "recorded_by"):
        refusals[refusal.material_line_id].append(refusal)
    waiting = _in_inspection(lines)
    return [LineRow(line, purchases[line.pk], refusals[line.pk], waiting[line.pk]) for line in lines]


def _in_inspection(lines) -> dict:
    found = defaultdict(Decimal)
    receipts = Receipt.objects.filter(material_line__in=lines, inspected_at__isnull=True)
    for pk, quantity in receipts.values_list("material_line_id", "quantity"):
        found[pk] += quantity
    return found
