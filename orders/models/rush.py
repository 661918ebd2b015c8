from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Customer


class RushBudget(models.Model):
    """How much may be urgent in a week, for a customer or a salesperson; passing it warns and blocks nothing.

    The row without a name holds for everybody of its kind who has no row of their own.
    """

    class Scope(models.TextChoices):
        CUSTOMER = "customer", _("Customer")
        PERSON = "person", _("Salesperson")

    scope = models.CharField(_("for"), max_length=10, choices=Scope)
    customer = models.ForeignKey(Customer, models.CASCADE, null=True, blank=True, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    orders_a_week = models.PositiveSmallIntegerField(_("Urgent orders a week"), null=True, blank=True)
    cost_a_week_amount = models.DecimalField(
        _("Extra cost a week"), max_digits=14, decimal_places=2, null=True, blank=True,
        validators=[MinValueValidator(0)],
    )

    class Meta:
        verbose_name = _("rush budget")
        verbose_name_plural = _("rush budgets")
        ordering = ["scope", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(scope="customer", person__isnull=True) | Q(scope="person", customer__isnull=True),
                name="rush_budget_is_of_a_customer_or_a_salesperson",
            ),
            models.CheckConstraint(
                condition=Q(cost_a_week_amount__isnull=True) | Q(cost_a_week_amount__gte=0),
                name="rush_budget_is_not_negative",
            ),
            models.UniqueConstraint(fields=["customer"], name="customer_has_one_rush_budget"),
            models.UniqueConstraint(fields=["person"], name="salesperson_has_one_rush_budget"),
            models.UniqueConstraint(
                fields=["scope"], condition=Q(customer__isnull=True, person__isnull=True),
                name="everybody_else_has_one_rush_budget",
            ),
        ]

    def __str__(self):
        whom = self.customer or self.person
        return str(whom) if whom else str(_("Every other customer") if self.scope == "customer" else
                                          _("Every other salesperson"))  # fmt: skip
