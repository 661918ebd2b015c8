from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.line import OrderLine, OrderStep
from orders.models.order import UrgentOrder
from sla.models import WorkItem


class Nonconformance(models.Model):
    """Pieces that failed: quarantined until rework, scrap or concession is decided."""

    class Disposition(models.TextChoices):
        OPEN = "open", _("not decided")
        REWORK = "rework", _("Rework")
        SCRAP = "scrap", _("Scrap")
        CONCESSION = "concession", _("Concession")

    order = models.ForeignKey(UrgentOrder, models.CASCADE, related_name="nonconformances")
    line = models.ForeignKey(OrderLine, models.CASCADE, related_name="nonconformances")
    step = models.ForeignKey(OrderStep, models.PROTECT, null=True, blank=True, related_name="nonconformances")
    quantity = models.PositiveIntegerField(_("Nonconforming pieces"))
    defect = models.CharField(_("Defect"), max_length=500)
    found_at = models.DateTimeField()
    found_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    disposition = models.CharField(_("Disposition"), max_length=12, choices=Disposition, default=Disposition.OPEN)
    decision_reason = models.CharField(_("Reason"), max_length=500, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    rework_step = models.ForeignKey(OrderStep, models.PROTECT, null=True, blank=True, related_name="+")
    item = models.ForeignKey(WorkItem, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("nonconformance")
        ordering = ["-found_at"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="nonconformance_has_a_piece_at_least"),
            models.CheckConstraint(
                condition=Q(disposition="open", decided_at__isnull=True, decided_by__isnull=True)
                | (~Q(disposition="open") & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="decided_nonconformance_says_who",
            ),
        ]


class Remake(models.Model):
    """Scrapped pieces that are made again, materials included."""

    order = models.ForeignKey(UrgentOrder, models.CASCADE, related_name="remakes")
    line = models.ForeignKey(OrderLine, models.CASCADE, related_name="remakes")
    nonconformance = models.OneToOneField(Nonconformance, models.PROTECT, related_name="remake")
    quantity = models.PositiveIntegerField(_("Quantity"))
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    planned_at = models.DateTimeField(null=True, blank=True)
    planned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    item = models.ForeignKey(WorkItem, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("remake")
        constraints = [models.CheckConstraint(condition=Q(quantity__gt=0), name="remake_has_a_piece_at_least")]
