from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Bilingual, BillOfMaterialLine, Material, Product
from people.models import Qualification
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


class ExtraShift(Bilingual):
    """Hours that a work centre may work on top of its calendar, at a higher price."""

    work_centre = models.ForeignKey(
        WorkCentre, models.CASCADE, related_name="extra_shifts", verbose_name=_("work centre")
    )
    weekdays = models.CharField(
        _("weekdays"), max_length=7, default="12345", validators=[RegexValidator("^[1-7]{1,7}$")],
        help_text=_("1 is Monday, 7 is Sunday."),
    )
    hours = models.CharField(_("hours"), max_length=60, validators=[check_spans])
    extra_percent = models.PositiveSmallIntegerField(_("extra pay, %"), default=100)
    is_active = models.BooleanField(_("in use"), default=True)

    objects = ActiveQuerySet.as_manager()

    class Meta:
        verbose_name = _("extra shift")
        verbose_name_plural = _("extra shifts")
        ordering = ["work_centre", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["work_centre", "name"], name="extra_shift_has_a_name_of_its_own"),
            models.CheckConstraint(condition=~Q(hours=""), name="extra_shift_has_hours"),
            models.CheckConstraint(condition=~Q(weekdays=""), name="extra_shift_has_weekdays"),
        ]

    def __str__(self):
        return self.name


class DowntimeQuerySet(models.QuerySet):
    def living(self):
        return self.filter(cancelled_at__isnull=True)


class Downtime(models.Model):
    """A work centre, or one slot of it, cannot work: broken, maintained, moved."""

    work_centre = models.ForeignKey(WorkCentre, models.PROTECT, related_name="downtimes", verbose_name=_("work centre"))
    slot = models.PositiveSmallIntegerField(
        _("slot"), null=True, blank=True, help_text=_("Empty: all of them."), validators=[MinValueValidator(1)]
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=300)
    is_breakdown = models.BooleanField(_("breakdown"), default=False)
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)
    recorded_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", editable=False)
    cancelled_at = models.DateTimeField(null=True, editable=False)
    cancelled_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+", editable=False)

    objects = DowntimeQuerySet.as_manager()

    class Meta:
        verbose_name = _("downtime")
        verbose_name_plural = _("downtimes")
        ordering = ["starts_at"]
        indexes = [models.Index(fields=["ends_at"], condition=Q(cancelled_at__isnull=True), name="living_downtimes")]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="downtime_ends_after_it_starts"),
            models.CheckConstraint(condition=~Q(reason=""), name="downtime_says_why"),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True, cancelled_by__isnull=True)
                | Q(cancelled_at__isnull=False, cancelled_by__isnull=False),
                name="cancelled_downtime_says_who",
            ),
        ]

    def __str__(self):
        return f"{self.work_centre.code}: {self.reason}"


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
    variant = models.CharField(
        _("alternative routing"), max_length=40, blank=True,
        help_text=_("Empty: the normal way. A name: another way to make the product, offered when time is short."),
    )
    starts_freely = models.BooleanField(_("starts without an operation before it"), default=False)
    qualification = models.ForeignKey(
        Qualification, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("needed qualification")
    )
    also_needs = models.ForeignKey(
        WorkCentre, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("needs at the same time"),
        help_text=_("A crane, a fixture: held as long as the operation runs."),
    )
    is_external = models.BooleanField(_("outside work"), default=False)
    service = models.ForeignKey(
        Material, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("bought as"),
        help_text=_("For outside work: what procurement buys, one unit for each piece."),
    )
    subcontract_service = models.ForeignKey(
        Material, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("may be bought outside as"),
        help_text=_("Offered as a way out; one unit for each piece."),
    )
    subcontract_hours = models.PositiveIntegerField(
        _("hours it takes outside"), null=True, blank=True, validators=[MinValueValidator(1)]
    )

    class Meta:
        verbose_name = _("operation of a product")
        verbose_name_plural = _("routings")
        ordering = ["product_id", "variant", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "variant", "number"], name="routing_number_is_used_once_in_a_routing"
            ),
            models.CheckConstraint(
                condition=Q(subcontract_service__isnull=True) | Q(subcontract_hours__gt=0),
                name="subcontracted_operation_takes_time",
            ),
            models.CheckConstraint(condition=Q(run_minutes_per_unit__gte=0), name="routing_time_is_not_negative"),
        ]

    def __str__(self):
        return f"{self.number} {self.name}"

    def work_seconds(self, pieces, *, with_setup=True) -> int:
        setup = self.setup_minutes * 60 if with_setup else 0
        return max(60, setup + int(self.run_minutes_per_unit * 60 * pieces))


class RoutingLink(models.Model):
    """An operation comes after another one. Without a link: after the one with the number before.

    `after` has the lower number (kept by a guard), so a routing can have no cycle.
    """

    operation = models.ForeignKey(RoutingOperation, models.CASCADE, related_name="links")
    after = models.ForeignKey(RoutingOperation, models.CASCADE, related_name="+", verbose_name=_("comes after"))

    class Meta:
        verbose_name = _("link of a routing")
        verbose_name_plural = _("links of a routing")
        ordering = ["operation", "after"]
        constraints = [
            models.UniqueConstraint(fields=["operation", "after"], name="routing_link_stands_once"),
            models.CheckConstraint(condition=~Q(operation=F("after")), name="operation_does_not_follow_itself"),
        ]

    def __str__(self):
        return f"{self.after} → {self.operation}"

    def clean(self):
        if not (self.operation_id and self.after_id):
            return
        if (self.operation.product_id, self.operation.variant) != (self.after.product_id, self.after.variant):
            raise ValidationError({"after": _("This operation belongs to another routing.")})
        if self.after.number >= self.operation.number:
            raise ValidationError({"after": _("An operation comes after one with a lower number.")})


class CandidateCentre(models.Model):
    """Another work centre that may do the operation."""

    operation = models.ForeignKey(RoutingOperation, models.CASCADE, related_name="candidates")
    work_centre = models.ForeignKey(WorkCentre, models.PROTECT, related_name="+", verbose_name=_("work centre"))
    time_percent = models.PositiveSmallIntegerField(
        _("time, % of the usual"), default=100, validators=[MinValueValidator(1)]
    )

    class Meta:
        verbose_name = _("other work centre")
        verbose_name_plural = _("other work centres")
        ordering = ["operation", "work_centre"]
        constraints = [
            models.UniqueConstraint(fields=["operation", "work_centre"], name="candidate_work_centre_stands_once"),
            models.CheckConstraint(condition=Q(time_percent__gt=0), name="candidate_takes_time"),
        ]

    def __str__(self):
        return f"{self.operation}: {self.work_centre.code}"


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
