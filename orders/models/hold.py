from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orders.models.order import UrgentOrder


class HoldQuerySet(models.QuerySet):
    def standing(self):
        return self.filter(ended_at__isnull=True)

    def due(self, now):
        return self.standing().filter(until__lte=now).order_by("until", "pk")


class Hold(models.Model):
    """The order stands still: nothing is started, bought or dispatched, and its clocks stand with it."""

    class End(models.TextChoices):
        TIME = "time", _("its time was over")
        RELEASED = "released", _("ended early")
        CANCELLED = "cancelled", _("the order was cancelled")
        WITHDRAWN = "withdrawn", _("withdrawn")

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="holds")
    reason = models.CharField(_("Reason"), max_length=500)
    until = models.DateTimeField(_("Until"))
    held_at = models.DateTimeField()
    held_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    end = models.CharField(_("how it ended"), max_length=10, choices=End, blank=True)

    objects = HoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("hold")
        ordering = ["-held_at"]
        indexes = [models.Index(fields=["until"], condition=Q(ended_at__isnull=True), name="hold_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(ended_at__isnull=True), name="order_has_one_standing_hold"
            ),
            models.CheckConstraint(condition=Q(until__gt=F("held_at")), name="hold_ends_after_it_starts"),
            models.CheckConstraint(condition=~Q(reason=""), name="hold_says_why"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end="") | (Q(ended_at__isnull=False) & ~Q(end="")),
                name="ended_hold_says_how",
            ),
        ]

    def __str__(self):
        return f"{self.order}: {self.reason}"
