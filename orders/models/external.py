from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models.order import UrgentOrder


class ExternalRefQuerySet(models.QuerySet):
    def due(self, now):
        return self.filter(state=ExternalRef.State.PENDING, next_try_at__lte=now).order_by("next_try_at", "pk")


class ExternalRef(models.Model):
    """The order in another system of the company: written with the confirmation, sent afterwards."""

    class State(models.TextChoices):
        PENDING = "pending", _("to be handed over")
        SENT = "sent", _("handed over")
        FAILED = "failed", _("not handed over")

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="external_refs")
    system = models.CharField(_("system"), max_length=40, default="orders")
    external_number = models.CharField(_("number there"), max_length=80, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(_("what went wrong"), max_length=300, blank=True)

    objects = ExternalRefQuerySet.as_manager()

    class Meta:
        verbose_name = _("hand-over to another system")
        indexes = [models.Index(fields=["next_try_at"], condition=Q(state="pending"), name="hand_over_due")]
        constraints = [
            models.UniqueConstraint(fields=["order", "system"], name="order_is_handed_to_a_system_once"),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="handed_over_order_says_when"
            ),
        ]

    def __str__(self):
        return f"{self.order} → {self.system}"
