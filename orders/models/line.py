from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from orders.models.order import UrgentOrder


class Balance(models.Model):
    """Pieces, and where they are. Posted by orders.ledger alone, under the row's lock.

    made = awaiting + passed + held + in_rework + scrapped; conceded pieces are among the passed.
    """

    made = models.PositiveIntegerField(_("made"), default=0)
    awaiting = models.PositiveIntegerField(_("awaiting inspection"), default=0)
    passed = models.PositiveIntegerField(_("passed"), default=0)
    held = models.PositiveIntegerField(_("held"), default=0)
    in_rework = models.PositiveIntegerField(_("in rework"), default=0)
    scrapped = models.PositiveIntegerField(_("scrapped"), default=0)
    conceded = models.PositiveIntegerField(_("accepted by concession"), default=0)

    class Meta:
        abstract = True

    @property
    def net_made(self):
        return self.made - self.scrapped


def balance_constraints(name):
    pieces = F("awaiting") + F("passed") + F("held") + F("in_rework") + F("scrapped")
    return [
        models.CheckConstraint(condition=Q(made=pieces), name=f"{name}_pieces_add_up"),
        models.CheckConstraint(condition=Q(conceded__lte=F("passed")), name=f"{name}_conceded_are_passed"),
    ]


class OrderLine(Balance):
    """A product of the order. Its balance is the final inspection's: made = came out of the last operation."""

    order = models.ForeignKey(UrgentOrder, models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField(_("line"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", verbose_name=_("Product"))
    specification = models.CharField(_("Product specification"), max_length=500, blank=True)
    revision = models.CharField(_("Drawing revision"), max_length=20, blank=True)
    requested_quantity = models.PositiveIntegerField(_("Quantity"))
    agreed_quantity = models.PositiveIntegerField(_("Agreed quantity"))
    tolerance_quantity = models.PositiveIntegerField(_("Tolerance"), default=0)
    unit_price_amount = models.DecimalField(_("Unit price"), max_digits=14, decimal_places=2, null=True, blank=True)
    shipped = models.PositiveIntegerField(_("shipped"), default=0)

    class Meta:
        verbose_name = _("order line")
        ordering = ["position"]
        constraints = [
            *balance_constraints("line"),
            models.UniqueConstraint(fields=["order", "position"], name="line_position_is_used_once"),
            models.CheckConstraint(condition=Q(requested_quantity__gt=0), name="line_asks_for_a_piece_at_least"),
            models.CheckConstraint(condition=Q(shipped__lte=F("passed")), name="line_ships_only_what_passed"),
            models.CheckConstraint(
                condition=Q(shipped__lte=F("agreed_quantity") + F("tolerance_quantity")),
                name="line_ships_no_more_than_agreed",
            ),
        ]

    def __str__(self):
        return f"{self.product} × {self.agreed_quantity}"

    @property
    def shippable(self):
        return max(0, min(self.passed, self.agreed_quantity + self.tolerance_quantity) - self.shipped)


class StepQuerySet(models.QuerySet):
    def living(self):
        return self.filter(is_cancelled=False)

    def unfinished(self):
        return self.living().filter(finished_at__isnull=True)


class OrderStep(Balance):
    """An operation as all departments see it: made by production, passed by quality, gated by materials."""

    class Kind(models.TextChoices):
        NORMAL = "normal", _("operation")
        REWORK = "rework", _("rework")
        EXTERNAL = "external", _("outside work")

    class FirstArticle(models.TextChoices):
        NOT_NEEDED = "not_needed", _("not needed")
        OPEN = "open", _("to be inspected")
        PASSED = "passed", _("passed")
        FAILED = "failed", _("failed")

    order = models.ForeignKey(UrgentOrder, models.CASCADE, related_name="steps")
    line = models.ForeignKey(OrderLine, models.CASCADE, related_name="steps")
    number = models.PositiveSmallIntegerField(_("No."))
    name = models.CharField(_("Operation"), max_length=80)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.NORMAL)
    reworks = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="rework_steps")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("Person responsible")
    )
    work_centre = models.CharField(_("Work centre"), max_length=80, blank=True)
    quantity = models.PositiveIntegerField(_("planned quantity"))
    transfer_lot = models.PositiveIntegerField(_("transfer lot"), null=True, blank=True)
    after = models.JSONField(_("operations before"), null=True, blank=True)  # numbers; null = the one before
    is_inspected = models.BooleanField(_("inspected before the next operation"), default=False)
    first_article = models.CharField(
        _("First-article inspection"), max_length=10, choices=FirstArticle, default=FirstArticle.NOT_NEEDED
    )
    plan_version = models.PositiveSmallIntegerField(_("plan version"), default=1)
    planned_start_at = models.DateTimeField(_("planned start"), null=True, blank=True)
    planned_end_at = models.DateTimeField(_("Time node"), null=True, blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    finished_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    is_cancelled = models.BooleanField(default=False)
    token = models.CharField(max_length=8, unique=True)

    objects = StepQuerySet.as_manager()

    class Meta:
        verbose_name = _("operation")
        ordering = ["line", "number"]
        constraints = [
            *balance_constraints("step"),
            models.UniqueConstraint(
                fields=["line", "number"], condition=Q(is_cancelled=False), name="step_number_is_used_once"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="step_makes_a_piece_at_least"),
            models.CheckConstraint(condition=Q(made__lte=F("quantity")), name="step_makes_no_more_than_planned"),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(started_at__isnull=False), name="step_starts_before_it_ends"
            ),
        ]

    def __str__(self):
        return f"{self.number} {self.name}"

    @property
    def state(self):
        if self.finished_at:
            return "done"
        return "running" if self.started_at else "waiting"

    def get_predecessors(self) -> list["OrderStep"]:
        """The normal operations of the same line that come right before this one."""
        if self.kind == self.Kind.REWORK or self.after == []:
            return []
        earlier = self.line.steps.living().exclude(kind=self.Kind.REWORK).filter(number__lt=self.number)
        earlier = earlier.select_related("owner").order_by("-number")
        return list(earlier[:1] if self.after is None else earlier.filter(number__in=self.after))

    def get_successors(self) -> list["OrderStep"]:
        """The normal operations of the same line that come right after this one."""
        if self.kind == self.Kind.REWORK:
            return []
        normal = self.line.steps.living().exclude(kind=self.Kind.REWORK).select_related("order__customer", "owner")
        later = list(normal.filter(number__gt=self.number).order_by("number"))
        return [
            step for at, step in enumerate(later)
            if (self.number in step.after if step.after is not None else at == 0)
        ]


class LedgerEntry(models.Model):
    """One movement of pieces; append-only. `step` is null for the line's own balance (final inspection)."""

    class Kind(models.TextChoices):
        MAKE = "make", _("made")
        PASS = "pass", _("passed")
        HOLD = "hold", _("held")
        REWORK = "rework", _("sent to rework")
        REWORKED = "reworked", _("reworked")
        SCRAP = "scrap", _("scrapped")
        CONCEDE = "concede", _("accepted by concession")
        SHIP = "ship", _("shipped")
        TAKE_BACK = "take_back", _("taken back damaged")

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="ledger")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="ledger")
    step = models.ForeignKey(OrderStep, models.PROTECT, null=True, related_name="ledger")
    kind = models.CharField(max_length=10, choices=Kind)
    quantity = models.PositiveIntegerField()
    source = models.CharField(max_length=60, blank=True)
    posted_at = models.DateTimeField()
    posted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("ledger entry")
        indexes = [models.Index(fields=["order", "id"], name="ledger_of_order")]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="ledger_moves_a_piece_at_least"),
        ]
