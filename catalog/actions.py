"""The stock ledger: every movement once, under the material's lock, never below what is there.

`source` names what moved it ("receipt:41", "step:7:bar"); the same source again is the same movement.
"""

from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from catalog.models import ON_HAND_KINDS, Material, StockEntry
from desk.refusals import BadInput, Changed, GateShut
from records.actions import record

Kind = StockEntry.Kind


@transaction.atomic
def receive_stock(*, material, quantity, source, by, at=None) -> StockEntry:
    return _move(material, Kind.RECEIPT, _positive(quantity), source, by, at)


@transaction.atomic
def reserve_stock(*, material, quantity, source, by, at=None) -> StockEntry:
    return _move(material, Kind.RESERVE, _positive(quantity), source, by, at)


@transaction.atomic
def release_stock(*, material, quantity, source, by, at=None) -> StockEntry:
    return _move(material, Kind.RELEASE, -_positive(quantity), source, by, at)


@transaction.atomic
def issue_stock(*, material, quantity, source, by, at=None, from_reserved=False) -> StockEntry:
    """Out of the store; `from_reserved` takes what was kept for this, the rest must be free."""
    quantity = _positive(quantity)
    if from_reserved:
        _move(material, Kind.RELEASE, -quantity, f"{source}:release", by, at)
    return _move(material, Kind.ISSUE, -quantity, source, by, at)


@transaction.atomic
def adjust_stock(*, material, quantity, source, reason, by, at=None) -> StockEntry:
    """After a count: the difference, with a reason that stays in the audit log."""
    if not reason.strip():
        raise BadInput(_("Say why the stock differs, in a few words."), field="reason")
    if not quantity:
        raise BadInput(_("A difference of nothing changes nothing."), field="quantity")
    is_known = StockEntry.objects.filter(source=source).exists()
    entry = _move(material, Kind.ADJUST, Decimal(quantity), source, by, at)
    if not is_known:
        record(
            "stock.adjust", gettext_noop("The stock of {material} was adjusted by {quantity} {unit}: {reason}"),
            by=by, stream=f"material:{material.pk}", at=at,
            params={"material": str(material), "quantity": plain(quantity), "unit": material.unit, "reason": reason},
        )
    return entry


def _positive(quantity) -> Decimal:
    if quantity <= 0:
        raise BadInput(_("A quantity is more than nothing."), field="quantity")
    return Decimal(quantity)


def _move(material, kind, quantity, source, by, at) -> StockEntry:
    material_now = Material.objects.select_for_update().get(pk=material.pk)
    if known := StockEntry.objects.filter(source=source).first():
        return _same(known, material, kind, quantity)
    balance = "on_hand" if kind in ON_HAND_KINDS else "reserved"
    _check(material_now, kind, quantity)
    setattr(material_now, balance, getattr(material_now, balance) + quantity)
    material_now.save(update_fields=[balance])
    setattr(material, balance, getattr(material_now, balance))
    return StockEntry.objects.create(
        material=material, kind=kind, quantity=quantity, source=source, by=by, at=at or timezone.now()
    )


def _same(known, material, kind, quantity) -> StockEntry:
    if (known.material_id, known.kind, known.quantity) != (material.pk, kind, quantity):
        raise Changed(_("This stock movement was already recorded differently: %(entry)s.") % {"entry": known.source})
    return known


def _check(material, kind, quantity) -> None:
    """Taking must leave nothing below zero, and nothing reserved that is not there."""
    there = material.reserved if kind == Kind.RELEASE else material.free
    asked = -quantity if kind != Kind.RESERVE else quantity
    if asked <= there:
        return
    raise GateShut(
        SHORT[kind] % {
            "material": material, "there": plain(there), "asked": plain(asked), "unit": material.unit,
        },
        because=_("%(on_hand)s %(unit)s are on hand, %(reserved)s %(unit)s of it are reserved.") % {
            "on_hand": plain(material.on_hand), "reserved": plain(material.reserved), "unit": material.unit,
        },
        missing=[_("%(short)s %(unit)s more") % {"short": plain(asked - there), "unit": material.unit}],
        field="quantity",
    )


NOT_FREE = _("%(asked)s %(unit)s of %(material)s are asked for, %(there)s %(unit)s are free.")
SHORT = {
    Kind.RESERVE: NOT_FREE,
    Kind.ISSUE: NOT_FREE,
    Kind.ADJUST: NOT_FREE,
    Kind.RELEASE: _("%(asked)s %(unit)s of %(material)s cannot be released, %(there)s %(unit)s are reserved."),
}


def plain(quantity) -> str:
    """12.5000 → 12.5, and 10 never as 1E+1."""
    text = f"{Decimal(quantity):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
