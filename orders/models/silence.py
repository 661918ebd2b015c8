from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orders.models.order import UrgentOrder
from sla.models import WorkItem

PERSON = settings.AUTH_USER_MODEL


class SilenceQuerySet(models.QuerySet):
    def standing(self):
        return self.filter(ended_at__isnull=True)


class Silence(models.Model):
    """The customer does not answer: acknowledged until a date, then the head of Sales cancels or renews."""

    class End(models.TextChoices):
        ANSWERED = "answered", _("the customer answered")
        RENEWED = "renewed", _("renewed")
        CANCELLED = "cancelled", _("the order left the confirmation")

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="silences")
    attempts = models.PositiveSmallIntegerField(_("attempts"))
    note = models.CharField(_("What is being done"), max_length=300)
    until = models.DateTimeField(_("Until"))
    acknowledged_at = models.DateTimeField()
    acknowledged_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    item = models.ForeignKey(WorkItem, models.PROTECT, null=True, related_name="+")
    end = models.CharField(_("how it ended"), max_length=10, choices=End, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")

    objects = SilenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("silence of the customer")
        ordering = ["-acknowledged_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(ended_at__isnull=True), name="order_has_one_standing_silence"
            ),
            models.CheckConstraint(condition=Q(until__gt=F("acknowledged_at")), name="silence_ends_later"),
            models.CheckConstraint(condition=Q(attempts__gte=2), name="silence_follows_two_attempts"),
        ]
