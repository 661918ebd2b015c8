"""What the two documents say: a kept version of the sheet, and how far the order is."""

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from orders import gates
from orders.actions.sheet import RECEIVERS
from orders.machine import PATH, STAGE_DEPARTMENT, Stage
from orders.models import UrgentOrder
from people.models import Department
from records.models import CompanySettings, SoleDecision


def sheet_context(order, sheet) -> dict:
    """A version as it was issued; operations and progress are live for the one in force."""
    content = sheet.content
    newest = order.sheets.values_list("version", flat=True).first()
    is_newest = sheet.version == newest
    steps = _live_steps(order, sheet.version) if is_newest else []
    return {
        "order": order, "sheet": sheet, "newest": newest, "is_newest": is_newest, "content": content,
        "required_at": parse_datetime(content["required_at"]),
        "parts": [row | {"at": parse_datetime(row["at"])} for row in content.get("parts", ())],
        "reason": _label(UrgentOrder.Reason, content["reason"]),
        "ground": _label(UrgentOrder.Ground, content["ground"]),
        "urgency": _label(UrgentOrder.UrgencyClass, content["urgency_class"]),
        "steps": steps or [_kept_step(row, sheet.version) for row in content["steps"]],
        "progress": progress(order) if is_newest else [],
        "receipts": receipts(sheet),
        "company": company_name(),
        "alone": SoleDecision.objects.filter(subject=order.stream).select_related("decided_by"),
    }  # fmt: skip


def company_name() -> str:
    return CompanySettings.current().company_name


def _label(choices, code):
    return choices(code).label if code in choices.values else code


def _live_steps(order, version) -> list[dict]:
    steps = order.steps.living().select_related("owner").order_by("line__position", "number")
    return [
        {
            "number": step.number, "name": step.name, "work_centre": step.work_centre, "owner": step.owner or "",
            "quantity": step.quantity, "start": step.planned_start_at, "end": step.planned_end_at,
            "token": step.token, "url": scan_url(step.token, version), "passed": step.passed, "state": step.state,
        }
        for step in steps
    ]  # fmt: skip


def _kept_step(row, version) -> dict:
    times = {name: parse_datetime(row[name]) if row[name] else None for name in ("start", "end")}
    return row | times | {"url": scan_url(row["token"], version)}


def scan_url(token, version) -> str:
    """The operation's page on the phone, short enough for a 14 mm code; it tells an old paper by its version."""
    try:
        return settings.BASE_URL + reverse("production:scan", args=[token]) + f"?v={version}"
    except NoReverseMatch:
        return ""


def order_url(order) -> str:
    return settings.BASE_URL + order.get_absolute_url()


def progress(order) -> list[dict]:
    """The eight stages: who, until when, when it was done, and whether in time."""
    people = {duty.department.code: duty.person for duty in order.duties.select_related("department", "person")}
    delegates = [row for row in gates.signatures(order) if row.on_behalf_of_id]
    people |= {code: row.who for code, person in people.items() for row in delegates if row.signed_by_id == person.pk}
    runs = {run.stage: run for run in order.runs.select_related("item", "left_by")}
    return [_stage_row(number, stage, runs.get(stage), people) for number, stage in enumerate(PATH, 1)]


def _stage_row(number, stage, run, people) -> dict:
    code = STAGE_DEPARTMENT[stage]
    is_late = bool(run and run.limit_seconds and run.used_seconds and run.used_seconds > run.limit_seconds)
    left_at = run.left_at if run else None
    result = "" if left_at is None else _("late") if is_late else _("in time")
    return {
        "number": number, "stage": Stage(stage).label, "department": Department.Code(code).label,
        "person": people.get(code), "due_at": run.item.due_at if run and run.item else None,
        "left_at": left_at, "result": result,
    }  # fmt: skip


def receipts(sheet) -> list[dict]:
    """Each receiving department, and who has seen this version when."""
    seen = {row.department.code: row for row in sheet.receipts.select_related("department", "received_by")}
    return [{"code": code, "department": Department.Code(code).label, "receipt": seen.get(code)} for code in RECEIVERS]
