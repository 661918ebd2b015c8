"""The inspection report of an order as `desk.paper.Paper`: what was looked at, found and decided."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from desk.paper import Heading, Signatures, Table, short, urgent_stamp
from orders.sheets import order_url
from quality import reports
from records.paper import paper_for


def inspection_report(user, order):
    facts = [(_("Urgent order"), order.number), (_("Customer"), order.customer)]
    blocks = [*where(order), *inspections(order), *nonconformances(order), Signatures([_("Inspector"), _("Quality")])]
    return paper_for(user, _("Inspection report"), facts=facts, blocks=blocks, landscape=True, is_dense=True,
                     stamp=urgent_stamp(), qr=order_url(order))  # fmt: skip


def where(order) -> list:
    """Where the pieces of each operation are; the last row of a line is its final inspection."""
    header = [_("Product"), _("Operation"), _("Quantity"), _("made"), _("awaiting inspection"), _("passed"), _("held"),
              _("in rework"), _("scrapped")]  # fmt: skip
    rows = []
    for line, strips in reports.strips(order, _("Final inspection")):
        for strip in strips:
            pieces = strip.pieces
            rows.append([line.product, strip.label, strip.wanted, pieces.made, pieces.awaiting, pieces.passed,
                         pieces.held, pieces.in_rework, pieces.scrapped])  # fmt: skip
    table = Table(header, rows, widths=(3, 3, 0, 0, 0, 0, 0, 0, 0), numeric=range(2, 9), empty=_("Nothing is planned."))
    return [Heading(_("Pieces")), table]


def inspections(order) -> list:
    header = [_("When"), _("Kind"), _("What"), _("Lot"), _("Inspected"), _("Passed"), _("Failed"), _("Findings"),
              _("Inspector")]  # fmt: skip
    rows = [
        [row.inspected_at, row.get_kind_display(), _what(row), row.lot, row.sample, row.good, row.bad, _findings(row),
         row.inspected_by]
        for row in reversed(reports.inspections(order))
    ]  # fmt: skip
    table = Table(header, rows, widths=(1.7, 1.6, 2.4, 0, 0, 0, 0, 5, 1.4), numeric=(3, 4, 5, 6),
                  empty=_("Nothing was inspected yet."))  # fmt: skip
    return [Heading(_("Inspections")), table]


def _what(row):
    return row.receipt.material_line.material if row.receipt else row.step or row.line


def _findings(row) -> str:
    said = [
        f"{'✓' if finding['result'] == 'good' else '×'} {finding['characteristic']}"
        + (f": {finding['note']}" if finding.get("note") else "")
        for finding in row.findings
    ]
    return "\n".join([*said, *filter(None, [row.defect, row.is_lot_refused and _("sample refused")])])


def nonconformances(order) -> list:
    header = [_("Found"), _("Where"), _("Pieces"), _("Defect"), _("Disposition"), _("Reason"), _("Decided by")]
    rows = [
        [f"{row.found_by}\n{short(row.found_at)}", row.step or row.line, row.quantity, row.defect,
         row.get_disposition_display(), "\n".join(_reasons(row)), "\n".join(_signers(row))]
        for row in reversed(reports.nonconformances(order))
    ]  # fmt: skip
    table = Table(header, rows, widths=(2, 2.4, 0, 4, 1.4, 4, 2.4), numeric=(2,),
                  empty=_("No piece of this order was found nonconforming."))  # fmt: skip
    return [Heading(_("Nonconforming product")), table]


def _reasons(row):
    yield row.decision_reason
    if row.rework_step:
        yield _("Operation %(step)s") % {"step": row.rework_step}
    if hasattr(row, "remake"):
        count = row.remake.quantity
        yield ngettext("%(n)s piece is made again", "%(n)s pieces are made again", count) % {"n": count}


def _signers(row):
    """Who decided, and of a concession both who signed it."""
    concession = row.concession
    if concession:
        yield f"{concession.proposed_by} {short(concession.proposed_at)}"
        if concession.confirmed_by:
            yield f"{concession.confirmed_by} {short(concession.confirmed_at)}"
    elif row.decided_by:
        yield f"{row.decided_by} {short(row.decided_at)}"
