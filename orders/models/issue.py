from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.line import OrderStep
from orders.models.order import UrgentOrder
from orders.models.supply import MaterialLine
from sla.models import WorkItem


class Issue(models.Model):
    """A problem. A major one goes to the superiors at once and must be acknowledged; solved only with a solution."""

    class Kind(models.TextChoices):
        MACHINE = "machine", _("Machine down")
        QUALITY = "quality", _("Quality")
        NO_MATERIAL = "no_material", _("No material")
        CANNOT_FINISH = "cannot_finish", _("Cannot finish in time")
        SUPPLY = "supply", _("Supplier late")
        TRANSPORT = "transport", _("Transport")
        CUSTOMER = "customer", _("Customer changes requirements")
        OTHER = "other", _("Other")

    class Severity(models.TextChoices):
        MINOR = "minor", _("minor")
        MAJOR = "major", _("major")

    order = models.ForeignKey(UrgentOrder, models.CASCADE, related_name="issues")
    kind = models.CharField(_("kind"), max_length=15, choices=Kind)
    severity = models.CharField(_("severity"), max_length=5, choices=Severity, default=Severity.MINOR)
    text = models.CharField(_("What happened"), max_length=1000)
    is_stopping = models.BooleanField(_("work has stopped"), default=False)
    step = models.ForeignKey(OrderStep, models.PROTECT, null=True, blank=True, related_name="+")
    material_line = models.ForeignKey(MaterialLine, models.PROTECT, null=True, blank=True, related_name="+")
    raised_at = models.DateTimeField()
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("owner")
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    solution = models.CharField(_("Solution"), max_length=1000, blank=True)
    solved_at = models.DateTimeField(null=True, blank=True)
    solved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    item = models.ForeignKey(WorkItem, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("problem")
        ordering = ["-raised_at"]
        indexes = [
            models.Index(
                fields=["solved_at"], condition=Q(is_stopping=True, solved_at__isnull=False), name="stops_by_end"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(solved_at__isnull=True) | ~Q(solution=""), name="solved_problem_has_a_solution"
            ),
            models.UniqueConstraint(
                fields=["material_line"],
                condition=Q(solved_at__isnull=True, material_line__isnull=False),
                name="material_line_has_one_open_problem",
            ),
        ]

    def __str__(self):
        return self.text[:60]

    @property
    def is_major(self):
        return self.severity == self.Severity.MAJOR

    @property
    def is_open(self):
        return self.solved_at is None
