"""《产品交付清单》 as `desk.paper.Paper`. No money: it travels with the driver."""

from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from desk.paper import Facts, Heading, Signatures, Table, Ticks, urgent_stamp
from logistics.models import DeliveryConfirmation, DeliveryList
from orders.sheets import order_url
from records.paper import paper_for

BLANK = ": ______"


def delivery_list(user, order, found: DeliveryList):
    """`found` with all that hangs on it (reports.lists_of)."""
    confirmed = DeliveryConfirmation.objects.filter(order=order).first()
    facts = [(_("Urgent order"), order.number), (_("Version"), found.version), (_("Issued"), found.made_at)]
    blocks = [Facts(_where(order, found, confirmed)), *pieces(found), *packages(found), *_receipt(found)]
    return paper_for(user, _("Product delivery list"), number=found.number, facts=facts, blocks=blocks,
                     stamp=urgent_stamp(), qr=order_url(order))  # fmt: skip


def _where(order, found, confirmed) -> list:
    slot = _("not confirmed yet")
    if confirmed:
        slot = _("%(start)s to %(end)s") % {"start": _moment(confirmed.slot_from), "end": _moment(confirmed.slot_until)}
    shipment = getattr(found, "shipment", None)
    carrier = " · ".join(str(part) for part in (found.carrier, shipment and shipment.vehicle) if part)
    contact = confirmed.contact if confirmed else order.contact_name
    return [
        (_("Customer"), order.customer), (_("Contact person"), f"{contact} {order.contact_phone}"),
        (_("Delivery place"), confirmed.place if confirmed else order.place, True), (_("Delivery time"), slot, True),
        (_("Carrier"), carrier), (_("For the driver"), confirmed.note if confirmed else ""),
    ]  # fmt: skip


def _moment(value) -> str:
    return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"


def pieces(found) -> list:
    header = [_("No."), _("Product"), _("Product specification"), _("Drawing revision"),
              _("Quantity")]  # fmt: skip
    rows = [
        [row.line.position, row.line.product, row.line.specification, row.line.revision,
         f"{row.quantity} {row.line.product.unit}"]
        for row in found.lines.all()
    ]  # fmt: skip
    return [Heading(_("Pieces")), Table(header, rows, widths=(0, 2, 3, 1, 0), numeric=(4,))]


def packages(found) -> list:
    rows = [
        [row.number, row.contents, _contents(row), _plain(row.weight_kg)]
        for row in found.packages.all()
    ]  # fmt: skip
    weight = sum((row.weight_kg for row in found.packages.all()), Decimal(0))
    note = ngettext("%(n)s package", "%(n)s packages", len(rows)) % {"n": len(rows)} + f", {_plain(weight)} kg"
    header = [_("No."), _("Packing and contents"), _("Pieces"), _("Weight, kg")]
    table = Table(header, rows, widths=(0, 3, 2, 0), numeric=(3,), empty=_("Nothing is packed yet."))
    return [Heading(_("Packages"), note), table]


def _plain(weight) -> str:
    """86.00 → 86"""
    return f"{weight.normalize():f}"


def _contents(package) -> str:
    return ", ".join(f"{row.line.product.number}: {row.quantity}" for row in package.lines.all())


def _receipt(found) -> list:
    ticks = [(False, _("complete and undamaged")), (False, _("pieces are damaged") + BLANK),
             (False, _("pieces are missing") + BLANK)]  # fmt: skip
    fields = [_("Loaded by"), _("Driver"), _("Received by (name, time)"), _("Signature, stamp")]
    return [Heading(_("Receipt")), Ticks(ticks), Signatures(fields, 18)]
