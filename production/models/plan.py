from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orders.models import OrderLine, OrderStep, StageRun, UrgentOrder
from people.models import Qualification
from production.models.master import WorkCentre

PERSON = settings.AUTH_USER_MODEL


class Assessment(models.Model):
    """One of the three points of the review, as its person judged it."""

    class Kind(models.TextChoices):
        PROCESS = "process", _("Production process")
        CAPACITY = "capacity", _("Production capacity")
        MATERIALS = "materials", _("Material needs")

    class Verdict(models.TextChoices):
        CAN = "can", _("It can be done in time")
        CANNOT = "cannot", _("It cannot be done in time")

    order = models.ForeignKey(UrgentOrder, models.CASCADE, related_name="+")
    run = models.ForeignKey(StageRun, models.CASCADE, related_name="+")
    kind = models.CharField(_("point of the review"), max_length=10, choices=Kind)
    verdict = models.CharField(_("verdict"), max_length=6, choices=Verdict)
    note = models.CharField(_("note"), max_length=1000, blank=True)
    evidence = models.JSONField(default=dict)
    earliest_finish_at = models.DateTimeField(_("earliest finish"), null=True)
    assessed_at = models.DateTimeField()
    assessed_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("assessment")
        ordering = ["assessed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "kind"], condition=Q(replaced_at__isnull=True),
                name="review_has_one_living_assessment_of_a_kind",
            ),
            models.CheckConstraint(condition=Q(verdict="can") | ~Q(note=""), name="cannot_says_why"),
        ]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.get_verdict_display()}"

    @property
    def is_possible(self):
        return self.verdict == self.Verdict.CAN


class Plan(models.Model):
    """A version of the order's production plan. The one in force is never overwritten."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        RELEASED = "released", _("in force")
        SUPERSEDED = "superseded", _("superseded")

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="+")
    version = models.PositiveSmallIntegerField(_("version"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    means = models.JSONField(_("means"), default=dict)  # capacity.Means: what is added to the normal way
    goes_before = models.ForeignKey(
        UrgentOrder, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("goes before")
    )
    gave_way_to = models.ForeignKey(
        UrgentOrder, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("gave way to")
    )
    moves = models.JSONField(_("others that give way"), default=dict)  # of a draft: {order: version and new places}
    why = models.JSONField(_("why it was made"), default=dict, blank=True)  # a stored sentence
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    released_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("production plan")
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["order", "version"], name="plan_version_is_used_once"),
            models.UniqueConstraint(fields=["order"], condition=Q(state="draft"), name="order_has_one_draft_plan"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(state="released"), name="order_has_one_plan_in_force"
            ),
            models.CheckConstraint(
                condition=Q(state="draft", released_at__isnull=True, released_by__isnull=True)
                | (~Q(state="draft") & Q(released_at__isnull=False, released_by__isnull=False)),
                name="released_plan_says_who",
            ),
        ]

    def __str__(self):
        return f"{self.order} / {self.version}"

    @property
    def is_draft(self):
        return self.state == self.State.DRAFT

    @property
    def finish_at(self):
        return max((operation.ends_at for operation in self.operations.all()), default=None)


class OperationQuerySet(models.QuerySet):
    def in_force(self):
        return self.filter(plan__state=Plan.State.RELEASED)

    def committed(self):
        """What the work centres are booked with: unfinished operations of plans in force."""
        return self.in_force().filter(
            step__is_cancelled=False, step__finished_at__isnull=True, plan__order__outcome=""
        )


class Operation(models.Model):
    """An operation of a plan with its slot. Once released it has its step, the same for all departments."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="operations")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="+")
    step = models.ForeignKey(OrderStep, models.PROTECT, null=True, related_name="+")
    number = models.PositiveSmallIntegerField(_("No."))
    name = models.CharField(_("Operation"), max_length=80)
    work_centre = models.ForeignKey(
        WorkCentre, models.PROTECT, related_name="operations", verbose_name=_("work centre")
    )
    slot = models.PositiveSmallIntegerField(_("slot"))
    second_work_centre = models.ForeignKey(
        WorkCentre, models.PROTECT, null=True, related_name="+", verbose_name=_("second work centre")
    )
    second_slot = models.PositiveSmallIntegerField(_("second slot"), null=True)
    after = models.JSONField(_("operations before"), null=True)  # numbers; null = the one before
    owner = models.ForeignKey(
        PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("Person responsible")
    )
    quantity = models.PositiveIntegerField(_("planned quantity"))
    work_seconds = models.PositiveIntegerField(_("working time in seconds"))
    starts_at = models.DateTimeField(_("start"))
    ends_at = models.DateTimeField(_("Time node"))
    wait = models.JSONField(default=dict)
    is_inspected = models.BooleanField(default=False)
    needs_first_article = models.BooleanField(default=False)
    transfer_lot = models.PositiveIntegerField(null=True)
    is_external = models.BooleanField(default=False)
    qualification = models.ForeignKey(
        Qualification, models.PROTECT, null=True, related_name="+", verbose_name=_("qualification")
    )

    objects = OperationQuerySet.as_manager()

    class Meta:
        verbose_name = _("planned operation")
        ordering = ["line__position", "number"]
        indexes = [models.Index(fields=["work_centre", "starts_at"], name="operation_of_work_centre")]
        constraints = [
            models.UniqueConstraint(fields=["plan", "line", "number"], name="operation_number_is_used_once_in_a_plan"),
            models.UniqueConstraint(fields=["plan", "step"], name="step_stands_once_in_a_plan"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="operation_ends_after_it_starts"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="planned_operation_makes_a_piece_at_least"),
            models.CheckConstraint(
                condition=Q(second_work_centre__isnull=True, second_slot__isnull=True)
                | Q(second_work_centre__isnull=False, second_slot__isnull=False),
                name="second_resource_is_a_slot_of_a_work_centre",
            ),
        ]

    def __str__(self):
        return f"{self.number} {self.name}"

    @property
    def held_centres(self) -> list[WorkCentre]:
        """Those it works at; outside the house it holds none."""
        if not self.slot:
            return []
        return [centre for centre in (self.work_centre, self.second_work_centre) if centre]
