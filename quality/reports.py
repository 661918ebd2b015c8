"""What waits for an inspector, and what of an order is where."""

from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Coalesce

from desk.keyset import paginate
from orders.machine import FINAL, Outcome
from orders.models import Nonconformance, OrderLine, OrderStep, Receipt, UrgentOrder
from orders.supply import plain
from quality.models import Concession, Inspection

PAGE_SIZE = 30  # rows of one queue on the board, the most pressing first
FirstArticle = OrderStep.FirstArticle
PENDING = (FirstArticle.OPEN, FirstArticle.FAILED)


def _orders(user):
    running = UrgentOrder.objects.exclude(stage__in=FINAL).exclude(outcome=Outcome.CANCELLED)
    return running.visible_to(user).order_by().values("pk")


def receipts(user, cursor):
    found = _uninspected().filter(material_line__order__in=_orders(user))
    page = paginate(found, ("received_at", "pk"), cursor, PAGE_SIZE)
    _name_amounts(page.rows)
    return page


def receipts_of(order):
    return _name_amounts(list(_uninspected().filter(material_line__order=order)))


def _uninspected():
    waiting = Receipt.objects.filter(inspected_at__isnull=True)
    return waiting.select_related("material_line__material", "material_line__order")


def _name_amounts(receipts):
    for receipt in receipts:
        receipt.amount = f"{plain(receipt.quantity)} {receipt.material_line.material.unit}"
    return receipts


def _steps(user, cursor, waiting):
    steps = OrderStep.objects.living().filter(waiting, order__in=_orders(user))
    steps = steps.select_related("order__customer", "line__product", "owner")
    steps = steps.annotate(node_at=Coalesce("planned_end_at", "order__required_at"))
    return paginate(steps, ("node_at", "pk"), cursor, PAGE_SIZE)


def first_articles(user, cursor):
    return _steps(user, cursor, Q(first_article=FirstArticle.OPEN))


def steps_awaiting(user, cursor):
    """What the maker's own check passes is not the inspector's; reworked pieces always are."""
    reworked = OrderStep.objects.filter(reworks__isnull=False).order_by().values("reworks")
    mine = Q(is_inspected=True) | Q(pk__in=reworked)
    return _steps(user, cursor, mine & Q(awaiting__gt=0) & ~Q(first_article__in=PENDING))


def lines_awaiting(user, cursor):
    lines = OrderLine.objects.filter(order__in=_orders(user), awaiting__gt=0)
    return paginate(
        lines.select_related("order__customer", "product"), ("order__required_at", "pk"), cursor, PAGE_SIZE
    )


def undecided(user, cursor):
    """Held pieces with the concession that waits for its second signature, if there is one."""
    rows = Nonconformance.objects.filter(order__in=_orders(user), disposition=Nonconformance.Disposition.OPEN)
    rows = rows.select_related("order__customer", "line__product", "step", "found_by")
    page = paginate(rows, ("found_at", "pk"), cursor, PAGE_SIZE)
    with_concessions(page.rows)
    return page


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
