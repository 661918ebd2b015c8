from django.conf import settings
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from people.roles import DEPARTMENT_OF_RIGHT, ROLE_RIGHTS, Right, Role, departments_of


class Kind(TextChoices):
    """What somebody is waited for. Plain codes: a work item may carry one that is not listed here."""

    DEFAULT = "default", _("Other task")
    IDENTIFICATION = "identification", _("Identification")
    CONFIRMATION = "confirmation", _("Confirmation")
    REVIEW_PROCESS = "review_process", _("Process assessment")
    REVIEW_CAPACITY = "review_capacity", _("Capacity assessment")
    REVIEW_MATERIALS = "review_materials", _("Materials assessment")
    REVIEW_DECISION = "review_decision", _("Review")
    NEGOTIATION = "negotiation", _("Negotiation")
    CONSENT = "consent", _("Consent of another order")
    PLAN = "plan", _("Production plan")
    PROCUREMENT = "procurement", pgettext_lazy("stage", "Procurement")
    PURCHASE_LINE = "purchase_line", pgettext_lazy("work", "Purchase")
    PURCHASE_PROMISE = "purchase_promise", _("Supplier's promise")
    PRODUCTION = "production", pgettext_lazy("stage", "Production")
    OPERATION = "operation", _("Operation")
    QC = "qc", _("Quality check")
    INSPECTION = "inspection", _("Inspection")
    NONCONFORMANCE = "nonconformance", _("Nonconforming product")
    REMAKE = "remake", _("Remake")
    DELIVERY = "delivery", _("Delivery")
    DELIVERY_CONFIRMATION = "delivery_confirmation", _("Delivery confirmation")
    SETTLEMENT = "settlement", _("Settlement")
    COMPLAINT = "complaint", _("Complaint")
    COMPLAINT_ANSWER = "complaint_answer", _("Answer to a complaint")
    RETURNED = "returned", _("Returned pieces")
    CREDIT = "credit", _("Credit")
    RATING = "rating", _("Customer satisfaction")
    EXPENSE = "expense", _("Expense request")
    PROBLEM = "problem", _("Problem")
    MAJOR_PROBLEM = "major_problem", _("Major problem")
    ISSUE_ACTION = "issue_action", _("Action on a problem")
    SLIP = "slip", _("Order that slips")
    SHEET_RECEIPT = "sheet_receipt", _("Receipt of the processing sheet")
    STOP_REPORT = "stop_report", _("Stop and report cost")
    SILENCE = "silence", _("Silent customer")
    DECLINE_PROPOSAL = "decline_proposal", _("Proposal to decline")
    ORDER = "order", _("Whole order")
    SUPPLIER = "supplier", _("New supplier")
    MEETING_ACTION = "meeting_action", _("Action of the weekly meeting")
    MEETING_MINUTES = "meeting_minutes", _("Minutes of the weekly meeting")
    COUNTERSIGN = "countersign", _("Agreement")
    LIMIT_CHANGE = "limit_change", _("Change of time limits")
    SCORE_CHECK = "score_check", _("Check of the month's scores")
    SCORE_APPEAL = "score_appeal", _("Appeal against a score")
    SCORE_PUBLISH = "score_publish", _("Publishing of the month's scores")
    PENALTY_REPLY = "penalty_reply", _("Reply to a proposed penalty")
    INCENTIVE = "incentive", _("Reward or penalty")
    DRILL = "drill", _("Drill")


def label_of(kind: str):
    return Kind(kind).label if kind in Kind.values else kind


# A stage's code where the kind of its own task has another one.
STAGE_KINDS = {"review": Kind.REVIEW_DECISION}

STAGES_IN_ORDER = (
    Kind.IDENTIFICATION, Kind.CONFIRMATION, Kind.REVIEW_DECISION, Kind.PROCUREMENT, Kind.PRODUCTION, Kind.QC,
    Kind.DELIVERY, Kind.SETTLEMENT,
)  # fmt: skip

# Who can be handed a task of this kind; of any other kind, who works in its department.
RIGHT_OF_KIND = {
    Kind.CONFIRMATION: Right.ORDER_CONFIRM, Kind.NEGOTIATION: Right.ORDER_NEGOTIATE,
    Kind.REVIEW_PROCESS: Right.REVIEW_ASSESS, Kind.REVIEW_CAPACITY: Right.REVIEW_ASSESS,
    Kind.REVIEW_MATERIALS: Right.REVIEW_ASSESS, Kind.REVIEW_DECISION: Right.REVIEW_DECIDE, Kind.PLAN: Right.PLAN_MAKE,
    Kind.SLIP: Right.PLAN_MAKE,
    Kind.PROCUREMENT: Right.SUPPLY_BUY, Kind.PURCHASE_LINE: Right.SUPPLY_BUY,
    Kind.PURCHASE_PROMISE: Right.SUPPLY_BUY, Kind.OPERATION: Right.OPERATION_RUN,
    Kind.QC: Right.QUALITY_INSPECT, Kind.INSPECTION: Right.QUALITY_INSPECT, Kind.NONCONFORMANCE: Right.QUALITY_DECIDE,
    Kind.DELIVERY: Right.DELIVERY_RUN, Kind.DELIVERY_CONFIRMATION: Right.DELIVERY_RUN,
    Kind.RETURNED: Right.QUALITY_DECIDE, Kind.RATING: Right.ORDER_CONFIRM,
    Kind.SETTLEMENT: Right.SETTLE, Kind.EXPENSE: Right.EXPENSE_DECIDE, Kind.SUPPLIER: Right.SUPPLIER_APPROVE,
    Kind.SILENCE: Right.ORDER_DECIDE, Kind.DECLINE_PROPOSAL: Right.ORDER_DECIDE,
    Kind.LIMIT_CHANGE: Right.LIMIT_DECIDE, Kind.SCORE_APPEAL: Right.SCORE_DECIDE,
    Kind.SCORE_PUBLISH: Right.SCORE_PUBLISH, Kind.INCENTIVE: Right.INCENTIVE_DECIDE,
}  # fmt: skip


def kinds_decided_by(rights) -> list[str]:
    return [str(kind) for kind, right in RIGHT_OF_KIND.items() if right in rights]


# Whose work a kind is where the right above does not tell: a department, and who of it (nobody named: its head).
OWNER_OF_KIND = {
    Kind.IDENTIFICATION: ("sales", Role.SALES), Kind.PRODUCTION: ("production", ""), Kind.REMAKE: ("production", ""),
    Kind.EXPENSE: ("finance", Role.ACCOUNTANT), Kind.SUPPLIER: ("procurement", ""), Kind.CREDIT: ("finance", ""),
    Kind.CONSENT: ("sales", Role.SALES), Kind.SILENCE: ("sales", ""), Kind.DECLINE_PROPOSAL: ("sales", ""),
    Kind.COMPLAINT: ("quality", ""), Kind.COMPLAINT_ANSWER: ("sales", Role.SALES),
    Kind.LIMIT_CHANGE: ("management", Role.GENERAL_MANAGER), Kind.SCORE_APPEAL: ("hr", ""),
    Kind.SCORE_PUBLISH: ("management", Role.GENERAL_MANAGER), Kind.INCENTIVE: ("management", Role.GENERAL_MANAGER),
}  # fmt: skip


def owner_of_kind(kind: str) -> tuple[str, object]:
    """The code of the department and who of it; of what may be anybody's no code and “Assignee”."""
    code, role = OWNER_OF_KIND.get(kind) or _owner_by_right(RIGHT_OF_KIND.get(kind))
    return code, (Role(role).label if role else _("Head of department") if code else _("Assignee"))


def _owner_by_right(right) -> tuple[str, str]:
    code = DEPARTMENT_OF_RIGHT.get(right, "")
    holders = [role for role, rights in ROLE_RIGHTS.items() if right in rights and departments_of(role) == {code}]
    return code, next(iter(holders), "")


def work_of(kind: str) -> dict:
    """The pages that the departments have for a kind of work (settings.WORK): names of addresses."""
    return settings.WORK.get(kind, {})
