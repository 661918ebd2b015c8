"""What waits for an inspector, and what of an order is where."""

from dataclasses import dataclass

from django.db.models import Q

from orders.machine import FINAL, Outcome
from orders.models import Nonconformance, OrderLine, OrderStep, Receipt, UrgentOrder
from orders.supply import plain
from quality.models import Concession, Inspection

AT_MOST = 100  # rows of one queue on the board, the oldest first
FirstArticle = OrderStep.FirstArticle
PENDING = (FirstArticle.OPEN, FirstArticle.FAILED)


def _orders(user):
    running = UrgentOrder.objects.exclude(stage__in=FINAL).exclude(outcome=Outcome.CANCELLED)
    return running.visible_to(user).order_by().values("pk")


def receipts(user):
    return _uninspected(Receipt.objects.filter(material_line__order__in=_orders(user)))


def receipts_of(order):
    return _uninspected(Receipt.objects.filter(material_line__order=order))


def _uninspected(receipts):
    rows = receipts.filter(inspected_at__isnull=True).select_related("material_line__material", "material_line__order")
    rows = list(rows[:AT_MOST])
    for row in rows:
        row.amount = f"{plain(row.quantity)} {row.material_line.material.unit}"
    return rows


def _steps(user):
    steps = OrderStep.objects.living().filter(order__in=_orders(user))
    return steps.select_related("order__customer", "line__product", "owner").order_by("planned_end_at", "pk")


def first_articles(user):
    return _steps(user).filter(first_article=FirstArticle.OPEN)[:AT_MOST]


def steps_awaiting(user):
    """What the maker's own check passes is not the inspector's; reworked pieces always are."""
    mine = Q(is_inspected=True) | Q(rework_steps__isnull=False)
    return _steps(user).filter(mine, awaiting__gt=0).exclude(first_article__in=PENDING).distinct()[:AT_MOST]


def lines_awaiting(user):
    lines = OrderLine.objects.filter(order__in=_orders(user), awaiting__gt=0)
    return lines.select_related("order__customer", "product").order_by("order__required_at", "pk")[:AT_MOST]


def undecided(user):
    """Held pieces with the concession that waits for its second signature, if there is one."""
    rows = Nonconformance.objects.filter(order__in=_orders(user), disposition=Nonconformance.Disposition.OPEN)
    rows = rows.select_related("order__customer", "line__product", "step", "found_by").order_by("found_at", "pk")
    return with_concessions(list(rows[:AT_MOST]))


def with_concessions(rows):
    living = Concession.objects.filter(nonconformance__in=rows, refused_at__isnull=True)
    by_row = {concession.nonconformance_id: concession for concession in
              living.select_related("proposed_by", "confirmed_by")}
    for row in rows:
        row.concession = by_row.get(row.pk)
    return rows


@dataclass(frozen=True)
class Strip:
    """Where the pieces of an operation, or of a line at final inspection, are."""

    label: object
    pieces: object
    wanted: int
    step: OrderStep | None = None
    line: OrderLine | None = None

    @property
    def is_first_article_due(self):
        return self.step is not None and self.step.first_article in PENDING

    @property
    def can_inspect(self):
        return bool(self.pieces.awaiting) and not self.is_first_article_due


def strips(order, final_label) -> list[tuple]:
    """(line, its strips in the order of the work, the final inspection last)."""
    steps = list(order.steps.living().select_related("owner").order_by("number"))
    return [
        (line, [
            *[Strip(step, step, step.quantity, step=step) for step in steps if step.line_id == line.pk],
            Strip(final_label, line, line.agreed_quantity, line=line),
        ])
        for line in order.lines.select_related("product")
    ]


def inspections(order):
    rows = Inspection.objects.filter(order=order)
    return rows.select_related("line__product", "step", "inspected_by", "receipt__material_line__material", "photo")


def nonconformances(order):
    rows = order.nonconformances.select_related(
        "line__product", "step", "found_by", "decided_by", "rework_step__owner", "remake"
    )
    return with_concessions(list(rows))
