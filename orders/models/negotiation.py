from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.order import UrgentOrder
from sla.models import WorkItem


class Negotiation(models.Model):
    """We cannot as asked: options go to sales, the customer's answer decides."""

    class State(models.TextChoices):
        OPEN = "open", _("waiting for the customer")
        ACCEPTED = "accepted", _("accepted")
        REFUSED = "refused", _("none accepted")
        WITHDRAWN = "withdrawn", _("withdrawn")

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="negotiations")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    reason = models.CharField(_("What stands in the way"), max_length=1000)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    item = models.ForeignKey(WorkItem, models.PROTECT, null=True, related_name="+")
    accepted_option = models.ForeignKey("NegotiationOption", models.PROTECT, null=True, related_name="+")
    contact = models.CharField(_("Answered by"), max_length=80, blank=True)
    how = models.CharField(_("How"), max_length=10, choices=UrgentOrder.AskedHow, blank=True)
    answer = models.CharField(_("Answer in words"), max_length=1000, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("negotiation")
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(state="open"), name="order_has_one_open_negotiation"
            ),
            models.CheckConstraint(
                condition=~Q(state="accepted") | Q(accepted_option__isnull=False),
                name="accepted_negotiation_names_its_option",
            ),
        ]


class NegotiationOption(models.Model):
    """One of the policy's three kinds of solution, with its new finish and cost."""

    class Kind(models.TextChoices):
        DATE = "date", _("Change delivery time")
        RESOURCES = "resources", _("Add production resources")
        PROCESS = "process", _("Improve the process")
        MATERIAL = "material", _("Substitute material")

    negotiation = models.ForeignKey(Negotiation, models.CASCADE, related_name="options")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    description = models.CharField(_("Solution"), max_length=500)
    finish_at = models.DateTimeField(_("Earliest finish"))
    required_at = models.DateTimeField(_("New delivery time"), null=True, blank=True)
    agreed_quantity = models.PositiveIntegerField(_("New quantity"), null=True, blank=True)
    extra_cost_amount = models.DecimalField(_("Extra cost"), max_digits=14, decimal_places=2, default=0)
    surcharge_amount = models.DecimalField(
        _("Charge to the customer"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    material_line = models.ForeignKey("MaterialLine", models.PROTECT, null=True, blank=True, related_name="+")
    substitute = models.ForeignKey("catalog.Material", models.PROTECT, null=True, blank=True, related_name="+")
    valid_until = models.DateTimeField(_("Valid until"))

    class Meta:
        verbose_name = _("option")
        ordering = ["id"]


class StandingPromises(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(withdrawn_at__isnull=True)


class Promise(models.Model):
    """The promise ledger, append-only: indicators judge on the first after the customer's last own change."""

    class Cause(models.TextChoices):
        OURS = "ours", _("ours")
        CUSTOMER = "customer", _("the customer's")

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="promises")
    requested_at = models.DateTimeField(_("requested"))
    promised_at = models.DateTimeField(_("promised"))
    cause = models.CharField(_("cause"), max_length=10, choices=Cause, default=Cause.OURS)
    reason = models.CharField(_("reason"), max_length=500)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)  # with the approval that gave it, within seconds

    objects = StandingPromises()

    class Meta:
        verbose_name = _("promise")
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["promised_at", "order", "id", "cause"], condition=Q(withdrawn_at__isnull=True),
                name="promises_by_due",
            ),
            models.Index(fields=["order", "id"], condition=Q(withdrawn_at__isnull=True), name="promises_in_turn"),
            models.Index(
                fields=["order", "id"], condition=Q(cause="customer", withdrawn_at__isnull=True),
                name="promises_of_customers",
            ),
        ]
