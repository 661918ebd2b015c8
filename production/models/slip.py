from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orders.models import UrgentOrder
from sla.models import WorkItem


class SlipQuerySet(models.QuerySet):
    def open(self):
        return self.filter(healed_at__isnull=True)


class Slip(models.Model):
    """Something that makes an order's work later than planned, until it is over. Told once the slack is used up."""

    class Kind(models.TextChoices):
        MATERIAL = "material", _("Material comes later")
        DOWNTIME = "downtime", _("Downtime")
        OVERRUN = "overrun", _("Operation past its time node")
        NOT_STARTED = "not_started", _("Operation not started")
        INSPECTION = "inspection", _("Failed inspection")
        REMAKE = "remake", _("Pieces to be made again")

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    source = models.PositiveBigIntegerField()  # of the kind: material line, downtime, step, nonconformance, remake
    stamp = models.DateTimeField()  # what the source said when it was looked at last; another one = looked at again
    cause = models.JSONField(_("cause"))  # a stored sentence
    noticed_at = models.DateTimeField(_("noticed"))
    finish_before_at = models.DateTimeField(_("finish so far"), null=True)
    finish_after_at = models.DateTimeField(_("finish then"), null=True)
    checked_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    told_late_seconds = models.PositiveIntegerField(default=0)
    healed_at = models.DateTimeField(_("over"), null=True)
    item = models.ForeignKey(WorkItem, models.PROTECT, null=True, related_name="+")

    objects = SlipQuerySet.as_manager()

    class Meta:
        verbose_name = _("slip")
        verbose_name_plural = _("slips")
        ordering = ["-noticed_at", "-pk"]
        indexes = [models.Index(fields=["order"], condition=Q(healed_at__isnull=True), name="open_slips")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "source", "order"], condition=Q(healed_at__isnull=True),
                name="slip_is_open_once_for_its_source",
            ),
            models.CheckConstraint(
                condition=Q(healed_at__isnull=True) | Q(healed_at__gte=F("noticed_at")),
                name="slip_is_over_after_it_was_noticed",
            ),
            models.CheckConstraint(
                condition=Q(told_at__isnull=True, told_late_seconds=0)
                | Q(told_at__isnull=False, told_late_seconds__gt=0),
                name="told_slip_says_how_late",
            ),
        ]

    def __str__(self):
        return f"{self.order}: {self.get_kind_display()}"

    @property
    def lost_seconds(self) -> int:
        """How much later the order finishes by it, as it was when looked at last."""
        if not (self.finish_before_at and self.finish_after_at):
            return 0
        return max(0, int((self.finish_after_at - self.finish_before_at).total_seconds()))
