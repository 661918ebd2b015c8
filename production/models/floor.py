from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orders.models import OrderStep
from production.phone import LATE

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
    start_phone_at = models.DateTimeField(_("start by the phone's clock"), null=True, editable=False)
    start_received_at = models.DateTimeField(_("start received"), null=True, editable=False)
    end_phone_at = models.DateTimeField(_("end by the phone's clock"), null=True, editable=False)
    end_received_at = models.DateTimeField(_("end received"), null=True, editable=False)

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
            models.CheckConstraint(
                condition=Q(start_received_at__isnull=True) | Q(started_at__lte=F("start_received_at")),
                name="working_time_starts_before_it_is_received",
            ),
            models.CheckConstraint(
                condition=Q(end_received_at__isnull=True) | Q(ended_at__lte=F("end_received_at")),
                name="working_time_ends_before_it_is_received",
            ),
        ]

    def seconds(self, now) -> int:
        return int(((self.ended_at or now) - self.started_at).total_seconds())

    @property
    def sent_late(self) -> list[tuple]:
        """What was pressed without network and received much later: when it counts from, when it came."""
        both = ((self.started_at, self.start_received_at), (self.ended_at, self.end_received_at))
        return [(at, received) for at, received in both if at and received and received - at > LATE]
