from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


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
    PLAN = "plan", _("Production plan")
    PROCUREMENT = "procurement", pgettext_lazy("stage", "Procurement")
    PURCHASE_LINE = "purchase_line", _("Purchase")
    PRODUCTION = "production", pgettext_lazy("stage", "Production")
    OPERATION = "operation", _("Operation")
    QC = "qc", _("Quality check")
    INSPECTION = "inspection", _("Inspection")
    NONCONFORMANCE = "nonconformance", _("Nonconforming product")
    REMAKE = "remake", _("Remake")
    DELIVERY = "delivery", _("Delivery")
    DELIVERY_CONFIRMATION = "delivery_confirmation", _("Delivery confirmation")
    SETTLEMENT = "settlement", _("Settlement")
    EXPENSE = "expense", _("Expense request")
    PROBLEM = "problem", _("Problem")
    SHEET_RECEIPT = "sheet_receipt", _("Receipt of the processing sheet")
    STOP_REPORT = "stop_report", _("Stop and report cost")
    ORDER = "order", _("Whole order")


def label_of(kind: str):
    return Kind(kind).label if kind in Kind.values else kind
