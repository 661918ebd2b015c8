from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models import UrgentOrder

PERCENT = {
    "max_digits": 5, "decimal_places": 2, "validators": [MinValueValidator(0), MaxValueValidator(Decimal("999.99"))],
}  # fmt: skip
AMOUNT = {"max_digits": 14, "decimal_places": 2, "validators": [MinValueValidator(0)]}


class ExpenseLimit(models.Model):
    """Up to what amount a rank decides expense requests; empty = without limit."""

    class Rank(models.TextChoices):
        ACCOUNTANT = "accountant", _("Accountant")
        FINANCE_HEAD = "finance_head", _("Head of finance")
        MANAGEMENT = "management", _("General management")

    DEFAULTS = {Rank.ACCOUNTANT: Decimal(5000), Rank.FINANCE_HEAD: Decimal(50000), Rank.MANAGEMENT: None}

    rank = models.CharField(_("rank"), max_length=15, choices=Rank, unique=True)
    up_to_amount = models.DecimalField(
        _("decides up to"), max_digits=14, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)],
        help_text=_("Empty: without limit."),
    )

    class Meta:
        verbose_name = _("expense limit")
        verbose_name_plural = _("expense limits")
        ordering = ["up_to_amount"]
        constraints = [
            models.CheckConstraint(
                condition=Q(up_to_amount__isnull=True) | Q(up_to_amount__gte=0), name="expense_limit_is_not_negative"
            ),
        ]

    def __str__(self):
        return self.get_rank_display()


class ChargeRule(models.Model):
    """How a rush charge is suggested. Each change is a new version; the latest holds."""

    version = models.PositiveIntegerField(_("version"), unique=True)
    a_percent = models.DecimalField(_("class A: % of the order's value"), default=Decimal(15), **PERCENT)
    b_percent = models.DecimalField(_("class B: % of the order's value"), default=Decimal(10), **PERCENT)
    c_percent = models.DecimalField(_("class C: % of the order's value"), default=Decimal(5), **PERCENT)
    cost_share_percent = models.DecimalField(
        _("share of what urgency costs, %"), default=Decimal(100), **PERCENT,
        help_text=_("Overtime, express freight, change-over, lateness of others and the like, as far as known."),
    )
    minimum_amount = models.DecimalField(_("at least"), default=Decimal(0), **AMOUNT)
    rounding_amount = models.DecimalField(
        _("rounded up to full"), max_digits=14, decimal_places=2, default=Decimal(10),
        validators=[MinValueValidator(Decimal("0.01"))],
    )
    late_hour_amount = models.DecimalField(
        _("an hour of another order's lateness"), default=Decimal(100), **AMOUNT,
        help_text=_("What it costs when another order comes an hour later than promised because of this one."),
    )
    reason = models.CharField(_("Reason"), max_length=300, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    VALUES = ("a_percent", "b_percent", "c_percent", "cost_share_percent", "minimum_amount", "rounding_amount",
              "late_hour_amount")  # fmt: skip

    class Meta:
        verbose_name = _("rule of the rush charge")
        ordering = ["-version"]
        constraints = [
            models.CheckConstraint(
                condition=Q(a_percent__gte=0, b_percent__gte=0, c_percent__gte=0, cost_share_percent__gte=0)
                & Q(minimum_amount__gte=0, late_hour_amount__gte=0, rounding_amount__gt=0),
                name="rush_charge_rule_is_not_negative",
            ),
        ]

    def __str__(self):
        return _("version %(number)d") % {"number": self.version}

    @classmethod
    def current(cls) -> "ChargeRule":
        return cls.objects.first() or cls.objects.get_or_create(version=1)[0]

    def percent_of(self, urgency_class) -> Decimal:
        return getattr(self, f"{(urgency_class or 'C').lower()}_percent")


class ChargeDecision(models.Model):
    """What sales took as the rush charge of an order, beside what the rule suggested then. Append-only."""

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="+")
    rule = models.ForeignKey(ChargeRule, models.PROTECT, related_name="+")
    suggested_amount = models.DecimalField(_("suggested"), max_digits=14, decimal_places=2)
    amount = models.DecimalField(_("Rush charge"), max_digits=14, decimal_places=2)
    before_amount = models.DecimalField(_("before"), max_digits=14, decimal_places=2, null=True)
    computation = models.JSONField(default=dict)
    reason = models.CharField(_("Reason"), max_length=500, blank=True)
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("rush charge")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="rush_charge_is_not_negative"),
            models.CheckConstraint(
                condition=Q(amount=F("suggested_amount")) | ~Q(reason=""), name="another_rush_charge_says_why"
            ),
        ]

    @property
    def is_suggested(self) -> bool:
        return self.amount == self.suggested_amount


class Settlement(models.Model):
    """費用結算: the statement of an order, with the invoice's number or why there is none."""

    order = models.OneToOneField(UrgentOrder, models.PROTECT, related_name="+")
    number = models.CharField(_("statement number"), max_length=20, unique=True)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    content = models.JSONField()
    sales_amount = models.DecimalField(_("Sales"), max_digits=14, decimal_places=2)
    cost_amount = models.DecimalField(_("Cost"), max_digits=14, decimal_places=2)
    urgency_amount = models.DecimalField(_("Premium caused by urgency"), max_digits=14, decimal_places=2)
    invoice_number = models.CharField(_("Invoice number"), max_length=40, blank=True)
    no_invoice_reason = models.CharField(_("Why there is no invoice"), max_length=300, blank=True)
    issued_at = models.DateTimeField(_("issued"))
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("settlement statement")
        ordering = ["-issued_at"]
        constraints = [
            models.CheckConstraint(
                condition=(~Q(invoice_number="") & Q(no_invoice_reason=""))
                | (Q(invoice_number="") & ~Q(no_invoice_reason="")),
                name="statement_has_an_invoice_or_says_why_not",
            ),
        ]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("finance:statement", args=[self.order_id])

    @property
    def margin_amount(self):
        return self.sales_amount - self.cost_amount
