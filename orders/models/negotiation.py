from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.line import OrderLine
from orders.models.link import PageLink
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
    required_before = models.DateTimeField(_("wanted before"), null=True)  # where the answer changed it

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
    """One of the policy's three kinds of solution, with its new finish and cost. Written once; see guards."""

    class Kind(models.TextChoices):
        DATE = "date", _("Change delivery time")
        RESOURCES = "resources", _("Add production resources")
        PROCESS = "process", _("Improve the process")
        MATERIAL = "material", _("Substitute material")
        PARTS = "parts", _("Deliver in parts")

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
    means = models.JSONField(default=dict, blank=True)  # what production computed; nobody else reads it

    class Meta:
        verbose_name = _("option")
        ordering = ["id"]


class OptionPart(models.Model):
    """So many pieces of a line by then; together they are what the option delivers."""

    option = models.ForeignKey(NegotiationOption, models.CASCADE, related_name="parts")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("Quantity"))
    promised_at = models.DateTimeField(_("by"))

    class Meta:
        verbose_name = _("part of a delivery")
        ordering = ["promised_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="part_has_a_piece_at_least"),
            models.UniqueConstraint(fields=["option", "line", "promised_at"], name="part_comes_at_its_own_time"),
        ]


class OfferLink(PageLink):
    """The page on which the customer chooses one of the options; it ends with the first of them."""

    negotiation = models.ForeignKey(Negotiation, models.PROTECT, related_name="links")
    text = models.CharField(_("Sentence to the customer"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("link of an offer")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(contact_phone=""), name="offer_link_says_whom_to_call"),
        ]

    def __str__(self):
        return f"{self.order} · {self.recipient}"

    @property
    def order(self):
        return self.negotiation.order


class OfferAnswer(models.Model):
    """What the customer said on the link. The first counts; sales takes the step. Append-only."""

    negotiation = models.OneToOneField(Negotiation, models.PROTECT, related_name="offer_answer")
    link = models.ForeignKey(OfferLink, models.PROTECT, related_name="+")
    option = models.ForeignKey(NegotiationOption, models.PROTECT, null=True, related_name="+")  # null: none of them
    contact = models.CharField(_("Answered by"), max_length=80)
    comment = models.CharField(_("Answer in words"), max_length=1000, blank=True)
    once = models.CharField(max_length=64)
    answered_at = models.DateTimeField()

    class Meta:
        verbose_name = _("answer on a link")
        constraints = [models.CheckConstraint(condition=~Q(contact=""), name="answer_on_a_link_says_who")]


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
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    confidence = models.JSONField(null=True, blank=True)  # what was known of like orders when it was given
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

    @property
    def likely(self) -> dict | None:
        """By when most like orders would have been done, as it was known then."""
        if not self.confidence:
            return None
        row = self.confidence["rows"][1]
        return {"share": row["share"], "at": datetime.fromisoformat(row["at"]), "count": self.confidence["count"]}
