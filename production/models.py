from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Bilingual, BillOfMaterialLine, Material, Product
from orders.models import OrderLine, OrderStep, StageRun, UrgentOrder
from sla.models import WorkCalendar, check_spans

PERSON = settings.AUTH_USER_MODEL


class ActiveQuerySet(models.QuerySet):
    def active(self):
        return self.filter(is_active=True)


class WorkCentre(Bilingual):
    """A machine or a group of like machines: as many operations at once as it has slots."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    slots = models.PositiveSmallIntegerField(_("parallel slots"), default=1, validators=[MinValueValidator(1)])
    calendar = models.ForeignKey(
        WorkCalendar, models.PROTECT, related_name="+", verbose_name=_("working calendar")
    )
    foreman = models.ForeignKey(
        PERSON, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("person responsible unless planned otherwise"),
    )
    hourly_rate_amount = models.DecimalField(_("machine rate per hour"), max_digits=10, decimal_places=2, default=0)
    labour_rate_amount = models.DecimalField(_("labour rate per hour"), max_digits=10, decimal_places=2, default=0)
    overtime_hours = models.CharField(
        _("possible overtime on a working day"), max_length=60, default="18:00-22:00", blank=True,
        validators=[check_spans],
    )
    overtime_percent = models.PositiveSmallIntegerField(_("extra pay for overtime, %"), default=50)
    is_active = models.BooleanField(_("in use"), default=True)

    objects = ActiveQuerySet.as_manager()

    class Meta:
        verbose_name = _("work centre")
        verbose_name_plural = _("work centres")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(condition=Q(slots__gt=0), name="work_centre_has_a_slot_at_least"),
            models.CheckConstraint(
                condition=Q(hourly_rate_amount__gte=0, labour_rate_amount__gte=0),
                name="work_centre_rates_are_not_negative",
            ),
        ]

    def __str__(self):
        return f"{self.code} {self.name}"


class RoutingOperation(Bilingual):
    """One operation of how a product is normally made."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="+", verbose_name=_("product"))
    number = models.PositiveSmallIntegerField(_("No."), validators=[MinValueValidator(1)])
    work_centre = models.ForeignKey(
        WorkCentre, models.PROTECT, related_name="routing_operations", verbose_name=_("work centre")
    )
    setup_minutes = models.PositiveIntegerField(_("set-up in minutes"), default=0)
    run_minutes_per_unit = models.DecimalField(
        _("minutes per piece"), max_digits=8, decimal_places=2, validators=[MinValueValidator(0)]
    )
    is_inspected = models.BooleanField(_("inspected before the next operation"), default=False)
    needs_first_article = models.BooleanField(_("first article is inspected"), default=False)
    transfer_lot = models.PositiveIntegerField(
        _("transfer lot"), null=True, blank=True, validators=[MinValueValidator(1)],
        help_text=_("The next operation may start with so many pieces; empty: planned one after the other."),
    )
    is_external = models.BooleanField(_("outside work"), default=False)
    service = models.ForeignKey(
        Material, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("bought as"),
        help_text=_("For outside work: what procurement buys, one unit for each piece."),
    )

    class Meta:
        verbose_name = _("operation of a product")
        verbose_name_plural = _("routings")
        ordering = ["product_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["product", "number"], name="routing_number_is_used_once_in_a_product"),
            models.CheckConstraint(condition=Q(run_minutes_per_unit__gte=0), name="routing_time_is_not_negative"),
        ]

    def __str__(self):
        return f"{self.number} {self.name}"

    def work_seconds(self, pieces, *, with_setup=True) -> int:
        setup = self.setup_minutes * 60 if with_setup else 0
        return max(60, setup + int(self.run_minutes_per_unit * 60 * pieces))


class OperationMaterial(models.Model):
    """Which operation needs a material of the bill; what is not listed is needed by the first one."""

    operation = models.ForeignKey(RoutingOperation, models.CASCADE, related_name="materials")
    bill_line = models.OneToOneField(
        BillOfMaterialLine, models.CASCADE, related_name="+", verbose_name=_("material of the bill")
    )

    class Meta:
        verbose_name = _("material of an operation")
        verbose_name_plural = _("materials of an operation")

    def __str__(self):
        return f"{self.operation}: {self.bill_line}"

    def clean(self):
        if self.operation_id and self.bill_line_id and self.operation.product_id != self.bill_line.product_id:
            raise ValidationError({"bill_line": _("This material belongs to another product.")})


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
    has_overtime = models.BooleanField(_("with overtime"), default=False)
    has_overlap = models.BooleanField(_("with overlapping operations"), default=False)
    extra_slot_at = models.ForeignKey(
        WorkCentre, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("one more slot at")
    )
    goes_before = models.ForeignKey(
        UrgentOrder, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("goes before")
    )
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
        ]

    def __str__(self):
        return f"{self.number} {self.name}"


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
