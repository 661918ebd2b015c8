"""The ledger of pieces: one function moves them, the database checks that they add up.

Each movement is an append-only entry and one UPDATE of the row's balance; the caller holds the order's lock.
"""

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Least
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.refusals import BadInput, GateShut
from orders.models import LedgerEntry, OrderLine, OrderStep

Kind = LedgerEntry.Kind

# What each movement does to the balance: (column, sign).
EFFECTS = {
    Kind.MAKE: (("made", 1), ("awaiting", 1)),
    Kind.PASS: (("awaiting", -1), ("passed", 1)),
    Kind.HOLD: (("awaiting", -1), ("held", 1)),
    Kind.REWORK: (("held", -1), ("in_rework", 1)),
    Kind.REWORKED: (("in_rework", -1), ("awaiting", 1)),
    Kind.SCRAP: (("held", -1), ("scrapped", 1)),
    Kind.CONCEDE: (("held", -1), ("passed", 1), ("conceded", 1)),
    Kind.SHIP: (("shipped", 1),),
    Kind.TAKE_BACK: (("shipped", -1), ("passed", -1), ("held", 1)),
}
# What a movement can take at most, and how it is said.
AVAILABLE = {
    Kind.PASS: "awaiting", Kind.HOLD: "awaiting", Kind.REWORK: "held", Kind.REWORKED: "in_rework",
    Kind.SCRAP: "held", Kind.CONCEDE: "held", Kind.TAKE_BACK: "shipped",
}


def post(*, target: OrderLine | OrderStep, kind: str, quantity: int, by, source="") -> LedgerEntry:
    """Move `quantity` pieces of a line or an operation.

    Raises BadInput for less than one piece, GateShut with the numbers when there are not as many.
    """
    kind = Kind(kind)
    if quantity < 1:
        raise BadInput(_("Say how many pieces, one at least."), field="quantity")
    target.refresh_from_db(fields=["made", "awaiting", "passed", "held", "in_rework", "scrapped", "conceded"])
    _check(target, kind, quantity)
    step = target if isinstance(target, OrderStep) else None
    line = target.line if step else target
    try:
        with transaction.atomic():
            changes = {column: F(column) + sign * quantity for column, sign in EFFECTS[kind]}
            if kind == Kind.TAKE_BACK:  # conceded pieces are among the passed ones, and no longer told apart
                changes["conceded"] = Least(F("conceded"), F("passed") - quantity)
            type(target)._base_manager.filter(pk=target.pk).update(**changes)
    except IntegrityError as fault:
        raise GateShut(
            _("The pieces do not add up: %(quantity)d cannot be %(kind)s.")
            % {"quantity": quantity, "kind": kind.label}, because=str(fault).split("\n")[0],
        ) from fault
    target.refresh_from_db()
    return LedgerEntry.objects.create(
        order_id=line.order_id, line=line, step=step, kind=kind, quantity=quantity, source=source,
        posted_at=timezone.now(), posted_by=by,
    )


def _check(target, kind, quantity):
    if kind in AVAILABLE:
        available = getattr(target, AVAILABLE[kind])
        field = target._meta.get_field(AVAILABLE[kind]).verbose_name
        if quantity > available:
            raise GateShut(
                _("%(quantity)d pieces cannot be %(kind)s: only %(available)d are %(field)s.")
                % {"quantity": quantity, "kind": kind.label, "available": available, "field": field}
            )
    if kind == Kind.MAKE:
        _check_make(target, quantity)
    if kind == Kind.SHIP and quantity > target.shippable:
        raise GateShut(
            _("%(quantity)d pieces cannot be shipped: %(passed)d passed, %(shipped)d shipped, %(agreed)d agreed.")
            % {"quantity": quantity, "passed": target.passed, "shipped": target.shipped,
               "agreed": target.agreed_quantity}
        )


def _check_make(target, quantity):
    if isinstance(target, OrderLine):
        return
    if target.made + quantity > target.quantity:
        raise GateShut(
            _("%(quantity)d more pieces are more than planned: %(made)d of %(planned)d are made.")
            % {"quantity": quantity, "made": target.made, "planned": target.quantity}
        )
    behind = [before for before in target.get_predecessors() if target.made + quantity > before.passed]
    for before in behind:
        raise GateShut(
            _("“%(before)s” has passed only %(passed)d pieces; %(made)d are made here already.")
            % {"before": before.name, "passed": before.passed, "made": target.made},
            who=[before.owner] if before.owner_id else [],
        )
