"""《緊急訂單處理單》: issued in numbered versions, received by each department."""

import hashlib
import json

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import Changed, NotYours
from orders import gates, kept
from orders.actions import clocks, door
from orders.actions.duties import person_on_duty
from orders.actions.trail import inform, note, together
from orders.machine import CONCERNED_DEPARTMENTS, Stage
from orders.models import ProcessingSheet, SheetReceipt
from sla import actions as sla
from sla.models import WorkItem

RECEIVERS = tuple(code for code in CONCERNED_DEPARTMENTS if code != "sales")


def content_of(order) -> dict:
    """The order as this version says it. No money stands on the sheet."""
    return {
        "number": order.number,
        "customer": str(order.customer),
        "contact": order.contact_name,
        "required_at": order.required_at.isoformat(),
        "place": order.place,
        "ground": order.ground,
        "reason": order.reason,
        "reason_text": order.reason_text,
        "urgency_class": order.urgency_class,
        "is_partial_allowed": order.is_partial_allowed,
        "parts": [
            {"product": str(part.line.product), "quantity": part.quantity, "at": part.promised_at.isoformat()}
            for part in agreed_parts(order)
        ],
        "note": order.note,
        "lines": [
            {
                "position": line.position, "product": str(line.product), "specification": line.specification,
                "revision": line.revision, "quantity": line.agreed_quantity, "unit": line.product.unit,
            }
            for line in gates.lines_of(order)
        ],
        "steps": [
            {
                "number": step.number, "name": step.name, "work_centre": step.work_centre,
                "owner": str(step.owner or ""), "quantity": step.quantity, "token": step.token,
                "start": step.planned_start_at and step.planned_start_at.isoformat(),
                "end": step.planned_end_at and step.planned_end_at.isoformat(),
            }
            for step in steps_of(order)
        ],
    }


def agreed_parts(order) -> list:
    """The delivery in parts that the customer accepted, in turn; mostly none."""
    return list(order.parts_option.parts.select_related("line__product")) if order.parts_option_id else []


def steps_of(order) -> list:
    """Living operations."""
    return list(order.steps.living().select_related("owner")) if _was_reviewed(order) else []


def _was_reviewed(order) -> bool:
    """Before the first review there is neither a sheet nor an operation, and nobody is asked for them."""
    return any(run.stage == Stage.REVIEW for run in kept.of(order).runs)


@transaction.atomic
def issue_sheet(*, order, by, reason) -> ProcessingSheet:
    """The next version; every receiving department is told and asked to sign for it. Caller holds the lock."""
    version = order.sheets.count() + 1 if _was_reviewed(order) else 1
    content = content_of(order)
    text = json.dumps([version, content], sort_keys=True, cls=DjangoJSONEncoder)
    sheet = ProcessingSheet.objects.create(
        order=order, number=order.number.replace("UO", "PS"), version=version, reason=reason, content=content,
        check_code=hashlib.sha256(text.encode()).hexdigest()[:8].upper(), issued_at=timezone.now(), issued_by=by,
    )
    with together(order, by):
        event = note(
            order, "sheet_issued", gettext_noop("Processing sheet {number} version {version} issued and sent out"),
            by=by, params={"number": sheet.number, "version": version},
        )
        _ask_for_receipts(order, sheet, by, event)
        door.touch(order)
    return sheet


def _ask_for_receipts(order, sheet, by, event):
    if sheet.version > 1:
        stale = WorkItem.objects.living().filter(source=order.stream, kind="sheet_receipt")
        sla.cancel_all(stale, reason="new version", by=by)
    people = []
    for code in RECEIVERS:
        department = order.kept.department(code)
        person = person_on_duty(order, department)
        people.append(person)
        clocks.ask(
            order, kind="sheet_receipt", subject=gettext_noop("Read the processing sheet, version {version}"),
            params={"version": sheet.version}, department=department, assignee=person,
        )
    inform(order, event, people)


@transaction.atomic
def receive_sheet(*, order_id, by, version) -> SheetReceipt:
    """The department has seen this version. An old version is refused: the newest is in force."""
    order = door.lock(order_id, by=by)
    sheet = order.sheets.first()
    if by.department_code not in RECEIVERS:
        raise NotYours(_("Your department does not receive this sheet."))
    if sheet and sheet.withdrawn_at:
        raise Changed(_("Version %(version)s of this sheet was withdrawn.") % {"version": sheet.version})
    if sheet is None or sheet.version != version:
        raise Changed(
            _("This sheet is version %(old)s. Version %(new)s is in force.")
            % {"old": version, "new": sheet.version if sheet else 0}
        )
    receipt, is_new = SheetReceipt.objects.get_or_create(
        sheet=sheet, department=by.department, defaults={"received_at": timezone.now(), "received_by": by}
    )
    if is_new:
        note(order, "sheet_received", gettext_noop("Processing sheet version {version} received"), by=by,
             params={"version": sheet.version})
        _close_receipt(order, by)
    return receipt


def _close_receipt(order, by):
    items = WorkItem.objects.living().filter(source=order.stream, kind="sheet_receipt", department=by.department)
    sla.finish_all(items, by=by)
