from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orders.models.line import OrderLine
from orders.models.order import UrgentOrder
from orders.models.sheet import ProcessingSheet

PERSON = settings.AUTH_USER_MODEL


class ChangeRequest(models.Model):
    """The customer wants something else after the confirmation; what it was before is kept. Append-only."""

    class Kind(models.TextChoices):
        CHANGE = "change", _("Change request")
        SHORT_CLOSE = "short_close", _("Short-close")

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="changes")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.CHANGE)
    reason = models.CharField(_("What the customer said"), max_length=1000)
    contact = models.CharField(_("Agreed with"), max_length=80)
    how = models.CharField(_("How"), max_length=10, choices=UrgentOrder.AskedHow)
    agreed_at = models.DateTimeField(_("Agreed at"))
    required_at = models.DateTimeField(_("New delivery time"), null=True, blank=True)
    required_before = models.DateTimeField(null=True, blank=True)
    place = models.CharField(_("New delivery place"), max_length=300, blank=True)
    place_before = models.CharField(max_length=300, blank=True)
    facts = models.JSONField(default=list)
    sheet = models.ForeignKey(ProcessingSheet, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("change request")
        ordering = ["-recorded_at"]
        constraints = [
            models.CheckConstraint(condition=~Q(contact="") & ~Q(how=""), name="change_says_with_whom_and_how"),
        ]

    def __str__(self):
        return f"{self.order} {self.get_kind_display()}"


class ChangedLine(models.Model):
    """A line of the order as the change found it and as it left it."""

    change = models.ForeignKey(ChangeRequest, models.PROTECT, related_name="lines")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="+")
    quantity_before = models.PositiveIntegerField()
    quantity = models.PositiveIntegerField(_("Agreed quantity"))
    specification_before = models.CharField(max_length=500, blank=True)
    specification = models.CharField(_("Product specification"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("changed line")
        constraints = [
            models.UniqueConstraint(fields=["change", "line"], name="change_names_a_line_once"),
            models.CheckConstraint(
                condition=~Q(quantity=F("quantity_before")) | ~Q(specification=F("specification_before")),
                name="changed_line_changes_something",
            ),
        ]
