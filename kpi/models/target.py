from django.db import models
from django.utils.translation import gettext_lazy as _


class Target(models.Model):
    """What the company wants a weekly figure to be."""

    class Figure(models.TextChoices):
        ON_TIME = "on_time", _("On-time delivery, %")
        PROCESSING = "processing", _("Median processing time, hours")
        OVERRUNS = "overruns", _("Confirmations over the limit")
        FIRST_PASS = "first_pass", _("First-pass yield, %")
        SATISFACTION = "satisfaction", _("Customer satisfaction, of 5")

    figure = models.CharField(_("figure"), max_length=20, choices=Figure, unique=True)
    value = models.DecimalField(_("target"), max_digits=8, decimal_places=1)

    class Meta:
        verbose_name = _("target of a figure")
        verbose_name_plural = _("targets of figures")
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=models.Q(value__gte=0), name="target_is_not_negative")]

    def __str__(self):
        return str(self.get_figure_display())
