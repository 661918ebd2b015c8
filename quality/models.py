from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from orders.models import Nonconformance, OrderLine, OrderStep, Receipt, UrgentOrder
from orders.supply import plain
from records.models import StoredFile


class SamplingRow(models.Model):
    """One row of the sampling table: lots up to this size, so many pieces looked at, so many bad ones accepted."""

    lot_up_to = models.PositiveIntegerField(_("lots up to"), unique=True, validators=[MinValueValidator(1)])
    sample_size = models.PositiveIntegerField(_("pieces to inspect"), validators=[MinValueValidator(1)])
    accept_number = models.PositiveIntegerField(_("bad pieces accepted in the sample"), default=0)

    class Meta:
        verbose_name = _("row of the sampling table")
        verbose_name_plural = _("sampling table")
        ordering = ["lot_up_to"]
        constraints = [
            models.CheckConstraint(condition=Q(sample_size__gt=0), name="sample_is_one_piece_at_least"),
            models.CheckConstraint(
                condition=Q(accept_number__lt=F("sample_size")), name="sample_accepts_fewer_than_it_inspects",
                violation_error_message=_("A sample accepts fewer pieces than it inspects."),
            ),
        ]

    def __str__(self):
        return f"≤ {self.lot_up_to}: {self.sample_size}"


class InspectionPlan(models.Model):
    """What is looked at on a product: at one operation, or (without a number) at final inspection."""

    class Sampling(models.TextChoices):
        FULL = "full", _("every piece")
        TABLE = "table", _("by the sampling table")

    product = models.ForeignKey(Product, models.CASCADE, related_name="+", verbose_name=_("product"))
    operation_number = models.PositiveSmallIntegerField(
        _("operation number"), null=True, blank=True, help_text=_("Empty: the final inspection.")
    )
    characteristics = models.TextField(_("characteristics"), help_text=_("One a line, with its limits."))
    sampling = models.CharField(_("how many"), max_length=5, choices=Sampling, default=Sampling.FULL)

    class Meta:
        verbose_name = _("inspection plan")
        verbose_name_plural = _("inspection plans")
        ordering = ["product", "operation_number"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "operation_number"], condition=Q(operation_number__isnull=False),
                name="operation_of_a_product_has_one_inspection_plan",
            ),
            models.UniqueConstraint(
                fields=["product"], condition=Q(operation_number__isnull=True),
                name="product_has_one_final_inspection_plan",
            ),
        ]

    def __str__(self):
        return f"{self.product} {self.operation_number or _('final inspection')}"

    @property
    def characteristic_list(self) -> list[str]:
        return [line.strip() for line in self.characteristics.splitlines() if line.strip()]


class Inspection(models.Model):
    """What an inspector found; append-only. `findings`: one {characteristic, result, note} a row."""

    class Kind(models.TextChoices):
        IN_PROCESS = "in_process", _("in-process inspection")
        FIRST_ARTICLE = "first_article", _("First-article inspection")
        FINAL = "final", _("final inspection")
        INCOMING = "incoming", _("incoming inspection")

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="+")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="+")
    step = models.ForeignKey(OrderStep, models.PROTECT, null=True, blank=True, related_name="+")
    receipt = models.OneToOneField(Receipt, models.PROTECT, null=True, blank=True, related_name="+")
    kind = models.CharField(_("kind"), max_length=15, choices=Kind)
    lot_quantity = models.DecimalField(_("lot"), max_digits=14, decimal_places=4)
    sample_quantity = models.DecimalField(_("inspected pieces"), max_digits=14, decimal_places=4)
    passed = models.DecimalField(_("passed"), max_digits=14, decimal_places=4)
    failed = models.DecimalField(_("failed"), max_digits=14, decimal_places=4)
    findings = models.JSONField(_("findings"), default=list, blank=True)
    defect = models.CharField(_("Defect"), max_length=500, blank=True)
    photo = models.ForeignKey(StoredFile, models.PROTECT, null=True, blank=True, related_name="+")
    inspected_at = models.DateTimeField()
    inspected_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("inspection")
        ordering = ["-inspected_at", "-id"]
        indexes = [
            models.Index(fields=["order", "-inspected_at"], name="inspections_of_order"),
            models.Index(
                fields=["inspected_at", "line", "passed", "failed", "id"], condition=Q(kind="final"),
                name="final_inspections",
            ),
            models.Index(fields=["line", "id"], condition=Q(kind="final", failed__gt=0), name="failed_inspections"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(passed__gte=0, failed__gte=0, lot_quantity__gt=0, sample_quantity__gt=0)
                & Q(lot_quantity__gte=F("passed") + F("failed"))
                & Q(lot_quantity__gte=F("sample_quantity")),
                name="inspection_finds_no_more_than_its_lot",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["in_process", "first_article"], step__isnull=False, receipt__isnull=True)
                | Q(kind="final", step__isnull=True, receipt__isnull=True)
                | Q(kind="incoming", receipt__isnull=False),
                name="inspection_has_the_subject_of_its_kind",
            ),
            models.CheckConstraint(condition=Q(failed=0) | ~Q(defect=""), name="failed_inspection_says_the_defect"),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.lot}"

    @property
    def lot(self):
        return plain(self.lot_quantity)

    @property
    def sample(self):
        return plain(self.sample_quantity)

    @property
    def good(self):
        return plain(self.passed)

    @property
    def bad(self):
        return plain(self.failed)

    @property
    def is_lot_refused(self):
        """The sample was too bad to speak for the rest, which then waits for every piece to be looked at."""
        return self.passed + self.failed < self.lot_quantity


class Concession(models.Model):
    """Nonconforming pieces taken as they are: one person proposes, another one confirms."""

    nonconformance = models.ForeignKey(Nonconformance, models.PROTECT, related_name="+")
    reason = models.CharField(_("Reason"), max_length=500)
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("first signer")
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("second signer"),
    )
    refused_at = models.DateTimeField(null=True, blank=True)
    refused_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    refused_reason = models.CharField(_("Reason of the refusal"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("concession")
        ordering = ["-proposed_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("proposed_by")),
                name="concession_is_confirmed_by_another_person",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True, confirmed_by__isnull=True)
                | Q(confirmed_at__isnull=False, confirmed_by__isnull=False),
                name="confirmed_concession_says_who",
            ),
            models.CheckConstraint(
                condition=Q(refused_at__isnull=True, refused_by__isnull=True)
                | Q(refused_at__isnull=False, refused_by__isnull=False, confirmed_at__isnull=True),
                name="refused_concession_says_who",
            ),
            models.UniqueConstraint(
                fields=["nonconformance"], condition=Q(refused_at__isnull=True),
                name="nonconformance_has_one_concession",
            ),
        ]

    @property
    def is_open(self):
        return self.confirmed_at is None and self.refused_at is None
