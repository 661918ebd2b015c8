"""The settlement statement as `desk.paper.Paper`: only for who may see cost sheet and margin."""

from django.utils.translation import gettext as _

from desk.paper import Facts, Heading, Signatures, Table
from desk.text import money
from orders.models.money import CostKind
from orders.sheets import order_url
from records.paper import paper_for


def statement(user, order, settlement):
    content = settlement.content
    facts = [
        (_("Urgent order"), content["order"]), (_("Customer"), content["customer"]), (_("Version"), settlement.version),
        (_("Issued"), settlement.issued_at), (_("Issued by"), settlement.issued_by),
    ]  # fmt: skip
    blocks = [*statement_blocks(settlement), Signatures([_("Finance"), _("General management")])]
    return paper_for(user, _("Settlement statement"), number=settlement.number, facts=facts, blocks=blocks,
                     qr=order_url(order))  # fmt: skip


def statement_blocks(settlement) -> list:
    content = settlement.content
    return [*_sales(settlement, content), *_costs(settlement, content), *_result(settlement)]


def _sales(settlement, content) -> list:
    rows = [
        [row["text"], f"{row['quantity']} {row['unit']}", money(row["price"]), money(row["amount"])]
        for row in content["sales"]
    ]
    rows += [[_("Rush charge"), "", "", money(content["rush_charge"])],
             [_("Sum"), None, None, money(settlement.sales_amount)]]  # fmt: skip
    header = [_("Product"), _("Shipped"), _("Unit price"), _("Amount")]
    table = Table(header, rows, widths=(4, 0, 0, 0), numeric=(1, 2, 3), totals=1)
    return [Heading(_("Price and rush charge")), table]


def _costs(settlement, content) -> list:
    rows = [
        [_kind(row), money(row["planned"]), money(row["actual"]), money(row["difference"]), money(row["urgency"])]
        for row in content["costs"]
    ]
    rows.append([_("Sum"), money(content["planned"]), money(settlement.cost_amount), None,
                 money(settlement.urgency_amount)])  # fmt: skip
    header = [_("Kind"), _("Estimate"), _("Actual"), _("Difference"), _("of it for urgency")]
    table = Table(header, rows, widths=(4, 0, 0, 0, 0), numeric=(1, 2, 3, 4), totals=1)
    return [Heading(_("Cost accounting")), table]


def _kind(row) -> str:
    label = str(CostKind(row["kind"]).label)
    return f"{label} ({_('none')}: {row['none']})" if row["none"] else label


def _result(settlement) -> list:
    invoice = settlement.invoice_number or _("No invoice: %(reason)s") % {"reason": settlement.no_invoice_reason}
    return [Heading(_("Result")), Facts([
        (_("Margin"), money(settlement.margin_amount)),
        (_("Premium caused by urgency"), money(settlement.urgency_amount)), (_("Invoice"), invoice, True),
    ])]  # fmt: skip
