"""The rules a month is scored by. A set is never changed; the next one holds from the first day of a later month."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from people.models import Department

PERSON = settings.AUTH_USER_MODEL


class Indicator(models.TextChoices):
    """What is scored. Formula, unit and direction of each: kpi.indicators."""

    TIME = "time", _("Order processing time")
    ON_TIME = "on_time", _("On-time delivery rate")
    QUALITY = "quality", _("Product quality")
    COST = "cost", _("Cost control")
    SATISFACTION = "satisfaction", _("Customer satisfaction")


class RuleSetQuerySet(models.QuerySet):
    def of(self, month):
        """The set that holds in the month of this first day."""
        return self.filter(valid_from__lte=month).order_by("-valid_from", "-number").first()


class RuleSet(models.Model):
    number = models.PositiveIntegerField(_("version"), unique=True)
    valid_from = models.DateField(_("in force from"))
    reason = models.CharField(_("reason"), max_length=300)
    made_on = models.DateField()  # in the company's time zone
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("made by"))

    objects = RuleSetQuerySet.as_manager()

    class Meta:
        verbose_name = _("scoring rules")
        verbose_name_plural = _("scoring rules")
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(condition=Q(valid_from__day=1), name="rules_begin_with_a_month"),
            # The first set is what the company starts from; every later one leaves the running month alone.
            models.CheckConstraint(
                condition=Q(number=1) | Q(valid_from__gt=F("made_on")), name="rules_change_from_the_next_month_on"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="rules_say_why_they_changed"),
        ]

    def __str__(self):
        return f"v{self.number}"


class Rule(models.Model):
    """What an indicator weighs for departments or for persons, and between which values its points lie."""

    class Scope(models.TextChoices):
        DEPARTMENT = "department", _("Departments")
        PERSON = "person", _("Persons")

    rule_set = models.ForeignKey(RuleSet, models.CASCADE, related_name="rules")
    scope = models.CharField(_("for"), max_length=10, choices=Scope)
    # Blank: every department (or its people) without rules of its own. The weights of one department add up to 100.
    department = models.CharField(_("department"), max_length=20, choices=Department.Code, blank=True)
    indicator = models.CharField(_("indicator"), max_length=20, choices=Indicator)
    weight = models.PositiveSmallIntegerField(_("weight, %"))
    target = models.DecimalField(_("target: 100 points"), max_digits=10, decimal_places=2)
    floor = models.DecimalField(_("floor: 60 points"), max_digits=10, decimal_places=2)
    least_cases = models.PositiveSmallIntegerField(_("fewest cases for a grade"), default=3)

    class Meta:
        verbose_name = _("scoring rule")
        ordering = ["rule_set", "scope", "department", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule_set", "scope", "department", "indicator"], name="a_set_has_each_rule_once"
            ),
            models.CheckConstraint(condition=Q(weight__lte=100), name="a_weight_is_a_share"),
            models.CheckConstraint(condition=~Q(target=F("floor")), name="target_and_floor_differ"),
            models.CheckConstraint(condition=Q(least_cases__gte=1), name="a_grade_needs_a_case"),
        ]

    def __str__(self):
        return f"{self.get_indicator_display()} {self.weight} %"
