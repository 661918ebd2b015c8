"""The order's documents as `desk.paper.Paper`: the same words as on the print pages, no money but where it is said."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from desk.paper import Facts, Heading, Qr, Signatures, Table, Text, Ticks, short, urgent_stamp
from desk.text import money
from orders.actions.form import normal_hours
from orders.machine import CONCERNED_DEPARTMENTS
from orders.models import UrgentOrder
from orders.pages import amount_of
from orders.sheets import order_url, sheet_context
from people.models import Department
from records.models import Event
from records.paper import paper_for

CODE_MM = 14.5


# 《紧急订单处理单》


def processing_sheet(user, order, sheet):
    said = sheet_context(order, sheet)
    stamp = urgent_stamp() if said["is_newest"] else f"{pgettext('stamp', 'OLD')}\n{sheet.version}"
    facts = [
        (_("Urgent order"), order.number), (_("Version"), sheet.version), (_("Issued"), sheet.issued_at),
        (_("Urgency class"), said["urgency"]),
    ]  # fmt: skip
    blocks = [*_warning(sheet, said), *_sheet_basics(order, said), *_progress(said), *_operations(said), *_alone(said)]
    blocks += [Heading(_("4. Sent to and received by")), Signatures([_receipt(row) for row in said["receipts"]], 11)]
    return paper_for(
        user, _("Urgent order processing sheet"), subtitle=_("By policy 3 (1)"), number=sheet.number, facts=facts,
        blocks=blocks, stamp=stamp, check_code=sheet.check_code, qr=order_url(order), is_dense=True,
    )  # fmt: skip


def _warning(sheet, said) -> list:
    if said["is_newest"]:
        return []
    text = _("This is the old version %(v)s. Version %(n)s is in force. Do not work by this paper.")
    return [Text(text % {"v": sheet.version, "n": said["newest"]}, "warn")]


def _sheet_basics(order, said) -> list:
    content = said["content"]
    rows = [(_("Customer"), _customer(order, content["customer"])), (_("Contact person"), content["contact"])]
    for line in content["lines"]:
        rows += _line_rows(line["product"], line["specification"], line["revision"], line["quantity"], line["unit"])
    rows += [(_("Required delivery"), said["required_at"]), (_("Delivery place"), content["place"])]
    rows.append((_("Partial delivery"), _allowed(content["is_partial_allowed"]), True))
    if said["parts"]:
        parts = "\n".join(f"{row['quantity']} {row['product']} {short(row['at'])}" for row in said["parts"])
        rows.append((_("Delivery in parts"), parts, True))
    reason = ": ".join(filter(None, [str(said["reason"]), content["reason_text"]]))
    rows.append((_("Reason for urgency"), f"{reason} {content['note'][:160]}".strip(), True))
    return [Heading(_("1. Basic information")), Facts(rows)]


def _customer(order, name) -> str:
    return f"{name} ({_('key customer')})" if order.customer.is_key else str(name)


def _line_rows(product, specification, revision, quantity, unit) -> list:
    amount = f"{revision} / {quantity} {unit}" if revision else f"{quantity} {unit}"
    label = f"{_('Revision')} / {_('Quantity')}"
    return [(_("Product specification"), f"{product} {specification}".strip()), (label, amount)]


def _allowed(is_allowed) -> str:
    return _("allowed") if is_allowed else _("not allowed")


def _progress(said) -> list:
    if not said["progress"]:
        return []
    header = [_("No."), _("Stage"), _("Person responsible"), _("Due"), _("Done"), _("Result"),
              _("Signature")]  # fmt: skip
    rows = [
        [row["number"], row["stage"], f"{row['department']} {row['person'] or ''}", short(row["due_at"]) or " ",
         short(row["left_at"]) or " ", row["result"] or " ", " "]
        for row in said["progress"]
    ]  # fmt: skip
    heading = Heading(_("2. Processing progress"), _("The code shows it live"))
    return [heading, Table(header, rows, widths=(0, 2, 3, 2, 2, 1.4, 2))]


def _operations(said) -> list:
    if not said["steps"]:
        return []
    header = [_("Operation"), _("Work centre"), _("Start"), _("Time node"), _("Person responsible"), _("Quantity"),
              _("Code")]  # fmt: skip
    rows = [
        [f"{step['number']} {step['name']}", step["work_centre"], short(step["start"]) or " ",
         short(step["end"]) or " ", step["owner"], step["quantity"],
         Qr(step["url"], step["token"], CODE_MM) if step["url"] else step["token"]]
        for step in said["steps"]
    ]  # fmt: skip
    return [Heading(_("3. Time nodes of production")),
            Table(header, rows, widths=(3, 2, 1.6, 1.6, 2.4, 0, 0), numeric=(5,))]  # fmt: skip


def _alone(said) -> list:
    rows = [
        (_("Decided by one person"), f"{row.what}: {row.decided_by} {short(row.decided_at)}. {row.reason}")
        for row in said["alone"]
    ]
    return [Facts(rows, columns=1)] if rows else []


def _receipt(row):
    receipt = row["receipt"]
    said = f"{receipt.received_by} {short(receipt.received_at)}" if receipt else _("not received yet")
    return row["department"], said


# 《紧急订单识别表》


def identification_form(user, order):
    facts = [(_("Urgent order"), order.number), (_("Submitted"), order.submitted_at)]
    blocks = [*form_blocks(user, order), *_form_submission(order)]
    return paper_for(
        user, _("Urgent order identification form"), subtitle=_("By policy 2 (2)"), number=order.form_number,
        facts=facts, blocks=blocks, stamp=urgent_stamp(), check_code=check_code(order), qr=order_url(order),
    )  # fmt: skip


def form_blocks(user, order) -> list:
    lines = list(order.lines.select_related("product"))
    return [*_form_basics(user, order, lines), *_form_time(order), *_form_grounds(order)]


def check_code(order) -> str:
    """The first event of a submitted form says everything it said; its fingerprint stands on the paper."""
    event = Event.objects.filter(stream_id=order.stream, verb="order.handed_over").order_by("number").first()
    return event.hash[:8].upper() if event else ""


def _form_basics(user, order, lines) -> list:
    contact = f"{order.contact_name} {order.contact_phone}"
    rows = [(_("Customer"), _customer(order, order.customer)), (_("Contact person"), contact)]
    for line in lines:
        product = line.product
        rows += _line_rows(product, line.specification, line.revision, line.requested_quantity, product.unit)
    rows.append((_("Delivery place"), order.place, True))
    amount = amount_of(user, order, lines)
    if amount is not None:
        rows.append((_("Order amount"), money(amount), True))
    return [Heading(_("1. Basic information")), Facts(rows)]


def _form_time(order) -> list:
    hours, normal = normal_hours(order), ""
    if hours:
        normal = _("%(hours)s working hours") % {"hours": hours}
    if hours and order.urgency_share is not None:
        normal += " (" + _("this order %(percent)s %%") % {"percent": round(order.urgency_share * 100)} + ")"
    rows = [
        (_("Required delivery time"), order.required_at), (_("Normal lead time"), normal),
        (_("Partial delivery"), _allowed(order.is_partial_allowed)),
        (_("Urgency class"), order.get_urgency_class_display()),
    ]  # fmt: skip
    return [Heading(_("2. Delivery time")), Facts(rows)]


def _form_grounds(order) -> list:
    rows = [(_("Identification case"), _chosen(UrgentOrder.Ground, order.ground), True)]
    if order.asked_by:
        asked = [order.asked_by, order.get_asked_how_display(), short(order.asked_at)]
        rows.append((_("Asked by"), ", ".join(filter(None, map(str, asked))), True))
    if order.ground_text:
        rows.append((_("Grounds in words"), order.ground_text, True))
    rows.append((_("Reason for urgency"), _chosen(UrgentOrder.Reason, order.reason), True))
    rows += [(label, text, True) for label, text in (
        (_("Reason in words"), order.reason_text), (_("Note to the departments"), order.note)) if text]  # fmt: skip
    return [Heading(_("3. Grounds of identification")), Facts(rows)]


def _chosen(choices, code) -> Ticks:
    return Ticks([(choice == code, label) for choice, label in choices.choices])


def _form_submission(order) -> list:
    creator, department = order.created_by, order.created_by.department
    receivers = [Department.Code(code).label for code in CONCERNED_DEPARTMENTS if code != "sales"]
    rows = [
        (_("Filled in by"), f"{department} {creator} {short(order.submitted_at)}"),
        (_("Head of Sales"), department.head if department else ""),
        (_("Sent to"), Ticks([(True, label) for label in receivers]), True),
    ]  # fmt: skip
    return [Heading(_("4. Submission and receipt")), Facts(rows), Signatures([_("Signature"), _("Date")])]
