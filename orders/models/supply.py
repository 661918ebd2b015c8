from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Material
from orders.models.line import OrderLine, OrderStep
from orders.models.order import UrgentOrder
from sla.models import WorkItem


class MaterialLineQuerySet(models.QuerySet):
    def living(self):
        return self.exclude(decision__in=[MaterialLine.Decision.SUBSTITUTED, MaterialLine.Decision.DROPPED])

    def open(self):
        return self.filter(decision=MaterialLine.Decision.OPEN)


class MaterialLine(models.Model):
    """One row of 物料需求清單: asked for by production, bought by procurement, inspected by quality."""

    class Kind(models.TextChoices):
        MATERIAL = "material", _("material")
        SERVICE = "service", _("outside work")

    class Decision(models.TextChoices):
        OPEN = "open", _("open")
        ACCEPTED = "accepted", _("here and accepted")
        SUBSTITUTED = "substituted", _("substituted")
        WAIVED = "waived", _("waived by production")
        GATING = "gating", _("promised, gates a later operation")
        DROPPED = "dropped", _("no longer needed")

    order = models.ForeignKey(UrgentOrder, models.CASCADE, related_name="material_lines")
    line = models.ForeignKey(OrderLine, models.CASCADE, related_name="+")
    step = models.ForeignKey(OrderStep, models.PROTECT, null=True, blank=True, related_name="material_lines")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.MATERIAL)
    material = models.ForeignKey(Material, models.PROTECT, related_name="+", verbose_name=_("Material"))
    is_key = models.BooleanField(_("Critical material"), default=False)
    required_quantity = models.DecimalField(_("needed"), max_digits=14, decimal_places=4)
    reserved_quantity = models.DecimalField(_("from stock"), max_digits=14, decimal_places=4, default=0)
    accepted_quantity = models.DecimalField(_("accepted"), max_digits=14, decimal_places=4, default=0)
    needed_at = models.DateTimeField(_("needed by"), null=True, blank=True)
    decision = models.CharField(_("state"), max_length=12, choices=Decision, default=Decision.OPEN)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_reason = models.CharField(_("reason"), max_length=500, blank=True)
    substitute_for = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="substitutes")
    supplier_name = models.CharField(_("Supplier"), max_length=120, blank=True)
    promised_at = models.DateTimeField(_("promised for"), null=True, blank=True)
    item = models.ForeignKey(WorkItem, models.PROTECT, null=True, related_name="+")

    objects = MaterialLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("material line")
        ordering = ["needed_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(required_quantity__gt=0), name="material_line_needs_something"),
            models.CheckConstraint(
                condition=Q(reserved_quantity__gte=0, reserved_quantity__lte=F("required_quantity")),
                name="material_line_reserves_no_more_than_needed",
            ),
            models.CheckConstraint(condition=Q(accepted_quantity__gte=0), name="material_line_accepts_no_less_than_0"),
        ]

    def __str__(self):
        return f"{self.material}"

    @property
    def short_quantity(self) -> Decimal:
        """What must still come in."""
        return max(Decimal(0), self.required_quantity - self.reserved_quantity - self.accepted_quantity)

    @property
    def is_covered(self):
        return self.short_quantity == 0

    @property
    def is_promised_late(self):
        return bool(self.promised_at and self.needed_at and self.promised_at > self.needed_at)


class Receipt(models.Model):
    """Goods that came in for a line: received by procurement, accepted or rejected by quality."""

    material_line = models.ForeignKey(MaterialLine, models.PROTECT, related_name="receipts")
    quantity = models.DecimalField(_("Quantity"), max_digits=14, decimal_places=4)
    delivery_note = models.CharField(_("Delivery note"), max_length=60, blank=True)
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    accepted_quantity = models.DecimalField(_("accepted"), max_digits=14, decimal_places=4, null=True, blank=True)
    rejected_quantity = models.DecimalField(_("rejected"), max_digits=14, decimal_places=4, null=True, blank=True)
    inspection_note = models.CharField(_("finding"), max_length=500, blank=True)
    inspected_at = models.DateTimeField(null=True, blank=True)
    inspected_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    item = models.ForeignKey(WorkItem, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("receipt")
        ordering = ["received_at"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="receipt_brings_something"),
            models.CheckConstraint(
                condition=Q(inspected_at__isnull=True, accepted_quantity__isnull=True, rejected_quantity__isnull=True)
                | Q(
                    inspected_at__isnull=False,
                    accepted_quantity__gte=0,
                    rejected_quantity__gte=0,
                    quantity=F("accepted_quantity") + F("rejected_quantity"),
                ),
                name="receipt_is_accepted_or_rejected_whole",
            ),
        ]
