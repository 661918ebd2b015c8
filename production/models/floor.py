from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orders.models import OrderStep

PERSON = settings.AUTH_USER_MODEL


class TimeSegmentQuerySet(models.QuerySet):
    def running(self):
        return self.filter(ended_at__isnull=True)


class TimeSegment(models.Model):
    """One stretch of work at an operation, from start to pause or finish."""

    class Pause(models.TextChoices):
        BREAK = "break", _("Break or end of shift")
        OTHER_ORDER = "other_order", _("Another order comes first")
        NO_PIECES = "no_pieces", _("No pieces from the operation before")
        PROBLEM = "problem", _("Problem")
        TAKEN_OVER = "taken_over", _("Taken over")
        FINISHED = "finished", _("Finished")

    step = models.ForeignKey(OrderStep, models.PROTECT, related_name="+")
    person = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    pause = models.CharField(_("reason of the pause"), max_length=12, choices=Pause, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)

    objects = TimeSegmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("working time")
        ordering = ["started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["step"], condition=Q(ended_at__isnull=True), name="operation_is_run_by_one_person_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="working_time_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, pause="") | (Q(ended_at__isnull=False) & ~Q(pause="")),
                name="ended_working_time_says_why",
            ),
        ]

    def seconds(self, now) -> int:
        return int(((self.ended_at or now) - self.started_at).total_seconds())
