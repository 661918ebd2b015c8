from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orders.machine import STEPS, WITHDRAW, Box, Stage
from orders.models.order import UrgentOrder
from people.models import Department
from sla.models import WorkItem

ALL_STEPS = (*STEPS.values(), WITHDRAW)


class StageRun(models.Model):
    """One stay of the order in a stage. Carried runs were walked through: no clock, no indicator."""

    order = models.ForeignKey(UrgentOrder, models.CASCADE, related_name="runs")
    number = models.PositiveSmallIntegerField()
    stage = models.CharField(_("stage"), max_length=20, choices=Stage)
    entered_at = models.DateTimeField()
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    entered_step = models.CharField(max_length=20, choices=[(step.name, step.label) for step in ALL_STEPS])
    reason_code = models.CharField(max_length=30, blank=True)
    reason = models.CharField(max_length=1000, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    left_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    is_carried = models.BooleanField(default=False)
    item = models.ForeignKey(WorkItem, models.PROTECT, null=True, related_name="+")
    limit_seconds = models.PositiveIntegerField(null=True)
    used_seconds = models.PositiveIntegerField(null=True)

    class Meta:
        verbose_name = _("stage run")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["order", "number"], name="run_number_is_used_once"),
            models.UniqueConstraint(fields=["order"], condition=Q(left_at__isnull=True), name="order_has_one_open_run"),
            models.CheckConstraint(
                condition=Q(left_at__isnull=True) | Q(left_at__gte=F("entered_at")), name="run_ends_after_it_starts"
            ),
        ]
        indexes = [
            models.Index(
                fields=["stage", "left_at", "limit_seconds", "used_seconds"], name="timed_runs",
                condition=Q(is_carried=False, left_at__isnull=False)
                & Q(used_seconds__isnull=False, limit_seconds__isnull=False),
            ),
            models.Index(fields=["order", "entered_at"], condition=Q(entered_step="deliver"), name="runs_of_delivery"),
            models.Index(fields=["entered_at", "order"], condition=Q(entered_step="deliver"), name="runs_by_delivery"),
            models.Index(
                fields=["order"], condition=Q(entered_step__in=["cancel", "decline"], number__gt=3),
                name="runs_given_up_later",
            ),
        ]

    def __str__(self):
        return f"{self.order} {self.get_stage_display()}"


class SignOffQuerySet(models.QuerySet):
    def living(self):
        return self.filter(revoked_at__isnull=True)


class SignOff(models.Model):
    """A department's signature in a box. It is never deleted; a fact revokes it."""

    order = models.ForeignKey(UrgentOrder, models.CASCADE, related_name="sign_offs")
    box = models.CharField(_("box"), max_length=20, choices=Box)
    department = models.CharField(_("department"), max_length=20, choices=Department.Code, blank=True)
    note = models.CharField(_("note"), max_length=1000, blank=True)
    evidence = models.JSONField(default=dict, blank=True)
    signed_at = models.DateTimeField()
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    on_behalf_of = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    revoked_fact = models.CharField(max_length=30, blank=True)

    objects = SignOffQuerySet.as_manager()

    class Meta:
        verbose_name = _("signature")
        ordering = ["signed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "box", "department"],
                condition=Q(revoked_at__isnull=True),
                name="box_has_one_living_signature",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="revoked_signature_says_who",
            ),
        ]

    def __str__(self):
        return f"{self.order} {self.get_box_display()}"

    @property
    def who(self) -> str:
        if self.on_behalf_of is None:
            return str(self.signed_by)
        return _("%(person)s for %(absent)s") % {"person": self.signed_by, "absent": self.on_behalf_of}


class Duty(models.Model):
    """責任人: who in a department answers for this order."""

    order = models.ForeignKey(UrgentOrder, models.CASCADE, related_name="duties")
    department = models.ForeignKey(Department, models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    taken_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("duty")
        constraints = [models.UniqueConstraint(fields=["order", "department"], name="department_has_one_duty_person")]
