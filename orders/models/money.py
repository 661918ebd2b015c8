from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orders.models.order import UrgentOrder
from people.models import Department
from sla.models import WorkItem


class CostKind(models.TextChoices):
    MATERIAL = "material", _("Material")
    LABOUR = "labour", _("Labour")
    MACHINE = "machine", _("Machine")
    EXPEDITE = "expedite", _("Expedited service")
    OVERTIME = "overtime", _("Overtime")
    TRANSPORT = "transport", _("Transport")
    SCRAP = "scrap", _("Scrap")
    REWORK = "rework", _("Rework")
    OUTSIDE = "outside", _("Outside work")
    CHANGEOVER = "changeover", _("Change-over")
    OTHER = "other", _("Other")


class CostEntry(models.Model):
    """One amount of the cost sheet, appended by the act that causes it. `source` makes it come once."""

    class Cause(models.TextChoices):
        NORMAL = "normal", _("normal")
        URGENCY = "urgency", _("urgency")
        REWORK = "rework", _("rework")
        SCRAP = "scrap", _("scrap")
        CANCELLATION = "cancellation", _("cancellation")
        COMPLAINT = "complaint", _("complaint")

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="costs")
    kind = models.CharField(_("kind"), max_length=10, choices=CostKind)
    cause = models.CharField(_("cause"), max_length=12, choices=Cause, default=Cause.NORMAL)
    is_planned = models.BooleanField(_("planned"))
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    is_none = models.BooleanField(_("there was none"), default=False)
    text = models.CharField(_("what for"), max_length=300, blank=True)
    source = models.CharField(max_length=80, unique=True)
    url = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("cost entry")
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["recorded_at", "amount"], condition=Q(cause="urgency", is_planned=False),
                name="costs_of_urgency",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_none=False) | (Q(amount=0, is_planned=False) & ~Q(text="")),
                name="cost_of_none_says_why",
            ),
        ]


class ExpenseRequest(models.Model):
    """Money asked for before it is spent; never decided by who asked."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("requested")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="expenses")
    department = models.ForeignKey(Department, models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=10, choices=CostKind)
    cause = models.CharField(_("cause"), max_length=12, choices=CostEntry.Cause, blank=True)  # empty: by its kind
    amount = models.DecimalField(_("Amount"), max_digits=14, decimal_places=2)
    reason = models.CharField(_("What for"), max_length=500)
    source = models.CharField(max_length=80, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.REQUESTED)
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    is_over_budget = models.BooleanField(_("over the budget"), default=False)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decision_reason = models.CharField(_("Reason"), max_length=500, blank=True)
    is_sole_decision = models.BooleanField(_("decided alone"), default=False)
    item = models.ForeignKey(WorkItem, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("expense request")
        ordering = ["-requested_at"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="expense_is_more_than_0"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")) | Q(is_sole_decision=True),
                name="expense_is_decided_by_another_person",
            ),
            models.CheckConstraint(
                condition=Q(state="requested", decided_at__isnull=True)
                | (~Q(state="requested") & Q(decided_at__isnull=False)),
                name="decided_expense_says_when",
            ),
            models.UniqueConstraint(
                fields=["source"], condition=~Q(source=""), name="expense_of_a_source_is_requested_once"
            ),
        ]
