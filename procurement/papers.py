"""The purchase list of an order as `desk.paper.Paper`; prices only for who may see purchase prices."""

from django.utils.translation import gettext as _

from desk.paper import Heading, Table, short, urgent_stamp
from desk.text import money
from orders.money import may_see
from orders.sheets import order_url
from orders.supply import plain
from procurement.board import order_rows
from records.paper import paper_for


def purchase_list(user, order):
    rows, with_prices = order_rows(order), may_see(user, "purchase")
    facts = [(_("Urgent order"), order.number), (_("Customer"), order.customer), (_("Required"), order.required_at)]
    return paper_for(
        user, _("Purchase list"), facts=facts, blocks=[*materials(rows), *purchases(rows, with_prices)],
        landscape=True, is_dense=True, stamp=urgent_stamp(), qr=order_url(order),
    )  # fmt: skip


def materials(rows) -> list:
    header = [_("Material"), _("Critical material"), _("Needed"), _("From stock"), _("Accepted"), _("Short"), _("Unit"),
              _("Needed by"), _("Promised for")]  # fmt: skip
    found = [
        [row.line.material, _("yes") if row.line.is_key else "", plain(row.line.required_quantity),
         plain(row.line.reserved_quantity), plain(row.line.accepted_quantity), plain(row.line.short_quantity),
         row.line.material.unit, row.line.needed_at, row.line.promised_at]
        for row in rows
    ]  # fmt: skip
    table = Table(header, found, widths=(4, 0, 0, 0, 0, 0, 0, 1.6, 1.6), numeric=(2, 3, 4, 5),
                  empty=_("Nothing to buy"))  # fmt: skip
    return [Heading(_("Materials")), table]


def purchases(rows, with_prices) -> list:
    header = [_("Material"), _("Supplier"), _("State"), _("Quantity"), _("Came in"), _("Promised for"),
              _("Expedited service"), _("On its way")]  # fmt: skip
    header += [_("Price per unit"), _("Sum")] if with_prices else []
    found = [
        _purchase(row.line, purchase) + (_prices(purchase) if with_prices else [])
        for row in rows for purchase in row.purchases
    ]  # fmt: skip
    widths = (3, 2.6, 1.4, 0, 0, 1.8, 1.6, 4, *((0, 0) if with_prices else ()))
    table = Table(header, found, widths=widths, numeric=(3, 4, *((8, 9) if with_prices else ())),
                  empty=_("Nothing was ordered yet."))  # fmt: skip
    return [Heading(_("Purchases")), table]


def _purchase(line, purchase) -> list:
    steps = [
        " ".join(filter(None, [short(step.happened_at), step.get_kind_display(), step.note]))
        for step in purchase.milestones.all()
    ]  # fmt: skip
    return [line.material, purchase.supplier, purchase.get_state_display(), plain(purchase.quantity),
            plain(purchase.received), purchase.latest_promise_at, purchase.get_expedite_display(), "\n".join(steps)]


def _prices(purchase) -> list:
    return [money(purchase.unit_price_amount), money(purchase.amount)]
