from decimal import Decimal

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from orders.models import UrgentOrder


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
