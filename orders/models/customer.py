"""What the customer sees, complains of and thinks of us."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from orders.models.line import OrderLine
from orders.models.link import PageLink
from orders.models.money import CostEntry
from orders.models.order import UrgentOrder
from sla.models import WorkItem

PERSON = settings.AUTH_USER_MODEL


class CustomerLink(PageLink):
    """The page of an order that a customer looks at, and what stands on it."""

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="customer_links")
    shows_pieces = models.BooleanField(_("shows how many pieces are finished"), default=False)
    late_text = models.CharField(_("Sentence about the delay"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("customer's link")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(contact_phone=""), name="customer_link_says_whom_to_call"),
        ]

    def __str__(self):
        return f"{self.order} · {self.recipient}"


class Complaint(models.Model):
    """The customer is not content with delivered pieces: quality decides, sales tells the customer."""

    class Answer(models.TextChoices):
        OPEN = "open", _("not decided")
        NONE = "none", _("No fault of ours")
        CREDIT = "credit", _("Credit")
        REPLACE = "replace", _("Replacement")
        REPAIR = "repair", _("Repair")

    class ReturnFate(models.TextChoices):
        SCRAP = "scrap", _("Scrap: thrown away")
        KEEP = "keep", _("Keep: they stay out of use, for tests or as evidence")

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="complaints")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="complaints", verbose_name=_("Product"))
    number = models.CharField(_("complaint number"), max_length=20, unique=True)
    quantity = models.PositiveIntegerField(_("Pieces complained of"))
    text = models.CharField(_("What is wrong"), max_length=1000)
    contact = models.CharField(_("Complained by"), max_length=80)
    raised_at = models.DateTimeField()
    raised_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    link = models.ForeignKey(CustomerLink, models.PROTECT, null=True, related_name="complaints")
    once = models.CharField(max_length=64, blank=True)
    item = models.ForeignKey(WorkItem, models.PROTECT, null=True, related_name="+")

    answer = models.CharField(_("answer"), max_length=8, choices=Answer, default=Answer.OPEN)
    decision_reason = models.CharField(_("Reason"), max_length=500, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    following = models.OneToOneField(UrgentOrder, models.PROTECT, null=True, related_name="complaint")
    credit = models.OneToOneField(CostEntry, models.PROTECT, null=True, related_name="+")
    returned_quantity = models.PositiveIntegerField(_("pieces returned"), default=0)
    scrap_quantity = models.PositiveIntegerField(_("returned and scrapped"), default=0)
    keep_quantity = models.PositiveIntegerField(_("returned and kept"), default=0)
    told_text = models.CharField(_("What the customer was told"), max_length=500, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    told_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("complaint")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="complaint_is_about_a_piece_at_least"),
            models.CheckConstraint(
                condition=Q(raised_by__isnull=True, link__isnull=False)
                | Q(raised_by__isnull=False, link__isnull=True),
                name="complaint_comes_from_sales_or_from_a_link",
            ),
            models.CheckConstraint(
                condition=Q(answer="open", decided_at__isnull=True, decided_by__isnull=True)
                | (~Q(answer="open") & ~Q(decision_reason="") & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="decided_complaint_says_who_and_why",
            ),
            models.CheckConstraint(
                condition=Q(answer__in=["replace", "repair"], following__isnull=False)
                | (~Q(answer__in=["replace", "repair"]) & Q(following__isnull=True)),
                name="replacement_has_its_following_order",
            ),
            models.CheckConstraint(
                condition=Q(credit__isnull=True) | Q(answer="credit"), name="credit_is_given_where_it_was_decided"
            ),
            models.CheckConstraint(
                condition=Q(returned_quantity__lte=F("quantity")), name="no_more_comes_back_than_was_complained_of"
            ),
            models.CheckConstraint(
                condition=Q(returned_quantity__gte=F("scrap_quantity") + F("keep_quantity")),
                name="no_more_is_decided_than_came_back",
            ),
            models.CheckConstraint(
                condition=Q(told_at__isnull=True, told_by__isnull=True, told_text="")
                | (~Q(answer="open") & ~Q(told_text="") & Q(told_at__isnull=False, told_by__isnull=False)),
                name="customer_is_told_what_was_decided",
            ),
            models.UniqueConstraint(fields=["link", "once"], condition=~Q(once=""), name="link_complains_once_a_press"),
        ]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("orders:complaint", args=[self.order_id, self.pk])

    @property
    def stream(self):
        """The name of its files and work items, which outlive the order."""
        return f"complaint:{self.pk}"

    @property
    def is_open(self):
        return self.answer == self.Answer.OPEN

    @property
    def outstanding(self) -> int:
        """Pieces that may still come back."""
        return self.quantity - self.returned_quantity

    @property
    def undecided_returned(self) -> int:
        """Held since they came back; quality says what becomes of them."""
        return self.returned_quantity - self.scrap_quantity - self.keep_quantity


class Rating(models.Model):
    """How content the customer is with one delivered order; asked once, kept as it was said."""

    STARS = [(5, _("5 – very content")), (4, _("4 – content")), (3, _("3 – so-so")),
             (2, _("2 – not content")), (1, _("1 – not content at all"))]  # fmt: skip

    order = models.OneToOneField(UrgentOrder, models.PROTECT, related_name="rating")
    stars = models.PositiveSmallIntegerField(
        _("How content are you?"), choices=STARS, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    comment = models.CharField(_("Comment"), max_length=1000, blank=True)
    contact = models.CharField(_("Said by"), max_length=80)
    rated_at = models.DateTimeField()
    recorded_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    link = models.ForeignKey(CustomerLink, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("customer's rating")
        ordering = ["-rated_at"]
        indexes = [models.Index(fields=["rated_at", "stars"], name="rating_figures")]
        constraints = [
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="rating_is_one_to_five"),
            models.CheckConstraint(
                condition=Q(recorded_by__isnull=True, link__isnull=False)
                | Q(recorded_by__isnull=False, link__isnull=True),
                name="rating_comes_from_a_call_or_from_a_link",
            ),
        ]

    def __str__(self):
        return f"{self.order}: {self.stars}"
