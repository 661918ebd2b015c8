from decimal import Decimal

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from catalog.models import ActiveQuerySet, Bilingual, Material
from orders.models import ExpenseRequest, MaterialLine, Receipt
from sla.models import WorkItem

PERSON = settings.AUTH_USER_MODEL
QUANTITY = models.DecimalField(max_digits=14, decimal_places=4)


class SupplierQuerySet(ActiveQuerySet):
    def approved(self):
        return self.active().filter(approved_at__isnull=False)

    def existing_for(self, material):
        """Whom we buy this material from already: approved, and approved as a source of it."""
        return self.approved().filter(sources__material=material, sources__approved_at__isnull=False)


class Supplier(Bilingual):
    """Proposed by one person, approved by another."""

    contact_name = models.CharField(_("contact"), max_length=60, blank=True)
    contact_phone = models.CharField(_("telephone"), max_length=40, blank=True)
    contact_email = models.EmailField(_("e-mail"), blank=True)
    is_active = models.BooleanField(_("in use"), default=True)
    proposed_at = models.DateTimeField(_("proposed"))
    proposed_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("proposed by"))
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    approved_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )

    objects = SupplierQuerySet.as_manager()

    class Meta:
        verbose_name = _("supplier")
        verbose_name_plural = _("suppliers")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["name"], name="supplier_name_is_unique"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("proposed_by")),
                name="supplier_is_approved_by_another_person",
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True, approved_by__isnull=True)
                | Q(approved_at__isnull=False, approved_by__isnull=False),
                name="approved_supplier_says_who",
            ),
        ]

    def __str__(self):
        return self.display_name

    @property
    def is_approved(self):
        return self.approved_at is not None


class SupplierMaterial(models.Model):
    """What a supplier offers. Only a source that a second person approved is an existing one."""

    supplier = models.ForeignKey(Supplier, models.CASCADE, related_name="sources", verbose_name=_("supplier"))
    material = models.ForeignKey(Material, models.PROTECT, related_name="+", verbose_name=_("material"))
    price_amount = models.DecimalField(
        _("price per unit"), max_digits=14, decimal_places=4, validators=[MinValueValidator(0)]
    )
    lead_time_hours = models.PositiveIntegerField(_("lead time in hours"), validators=[MinValueValidator(1)])
    proposed_at = models.DateTimeField(_("proposed"))
    proposed_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("proposed by"))
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    approved_by = models.ForeignKey(
        PERSON, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )

    class Meta:
        verbose_name = _("source of a material")
        verbose_name_plural = _("sources of materials")
        ordering = ["material_id", "supplier_id"]
        constraints = [
            models.UniqueConstraint(fields=["supplier", "material"], name="supplier_offers_a_material_once"),
            models.CheckConstraint(
                condition=Q(price_amount__gte=0, lead_time_hours__gt=0), name="source_costs_and_takes_something"
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("proposed_by")),
                name="source_is_approved_by_another_person",
            ),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=True, approved_by__isnull=True)
                | Q(approved_at__isnull=False, approved_by__isnull=False),
                name="approved_source_says_who",
            ),
        ]

    def __str__(self):
        return f"{self.supplier}: {self.material}"

    @property
    def is_approved(self):
        return self.approved_at is not None


class SupplierRefusal(models.Model):
    """A supplier cannot: what opens the way to a new one for a critical material. Append-only."""

    material_line = models.ForeignKey(MaterialLine, models.PROTECT, related_name="+")
    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="refusals", verbose_name=_("Supplier"))
    reason = models.CharField(_("Why they cannot"), max_length=500)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("refusal of a supplier")
        ordering = ["recorded_at"]
        constraints = [
            models.UniqueConstraint(fields=["material_line", "supplier"], name="supplier_refuses_a_line_once"),
        ]


class PurchaseLineQuerySet(models.QuerySet):
    def living(self):
        return self.exclude(state=PurchaseLine.State.CANCELLED)

    def with_amounts(self):
        """`received`: came in and was not rejected; `latest_promise_at`, `first_promise_at`."""
        good = F("receipt__quantity") - Coalesce(F("receipt__rejected_quantity"), Decimal(0), output_field=QUANTITY)
        deliveries = PurchaseReceipt.objects.filter(purchase_line=OuterRef("pk")).order_by().values("purchase_line")
        received = Subquery(deliveries.annotate(total=Sum(good, output_field=QUANTITY)).values("total"))
        promises = PurchasePromise.objects.filter(purchase_line=OuterRef("pk"))
        return self.annotate(
            received=Coalesce(received, Decimal(0), output_field=QUANTITY),
            first_promise_at=Subquery(promises.order_by("pk").values("promised_at")[:1]),
            latest_promise_at=Subquery(promises.order_by("-pk").values("promised_at")[:1]),
        )


class PurchaseLine(models.Model):
    """A quantity of one material line, bought from one supplier. Waits while money for it is not approved."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for money")
        ORDERED = "ordered", _("ordered")
        RECEIVED = "received", _("received")
        CANCELLED = "cancelled", _("cancelled")

    class Expedite(models.TextChoices):
        NONE = "none", _("not asked")
        ASKED = "asked", _("asked")
        GRANTED = "granted", _("granted")
        REFUSED = "refused", _("refused")

    material_line = models.ForeignKey(MaterialLine, models.PROTECT, related_name="+")
    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="purchases", verbose_name=_("Supplier"))
    quantity = models.DecimalField(_("Quantity"), max_digits=14, decimal_places=4)
    unit_price_amount = models.DecimalField(_("Price per unit"), max_digits=14, decimal_places=4)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ORDERED)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")
    ordered_at = models.DateTimeField(_("ordered"), null=True)
    ordered_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    expedite = models.CharField(_("Expedited service"), max_length=10, choices=Expedite, default=Expedite.NONE)
    expedite_fee_amount = models.DecimalField(_("Fee"), max_digits=14, decimal_places=2, default=0)
    expedite_asked_at = models.DateTimeField(null=True)
    expedite_asked_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    expedite_answered_at = models.DateTimeField(null=True)
    expedite_answered_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    expense = models.ForeignKey(ExpenseRequest, models.PROTECT, null=True, related_name="+")
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+")
    cancelled_reason = models.CharField(_("Reason"), max_length=500, blank=True)
    # Runs out when the supplier's last promise does.
    promise_item = models.ForeignKey(WorkItem, models.PROTECT, null=True, related_name="+", editable=False)

    objects = PurchaseLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("purchase line")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="purchase_buys_something"),
            models.CheckConstraint(
                condition=Q(unit_price_amount__gte=0, expedite_fee_amount__gte=0), name="purchase_costs_no_less_than_0"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "cancelled"]) | Q(ordered_at__isnull=False, ordered_by__isnull=False),
                name="ordered_purchase_says_who",
            ),
            models.CheckConstraint(
                condition=~Q(expedite="none") | Q(expedite_asked_at__isnull=True, expedite_fee_amount=0),
                name="purchase_fee_is_for_asked_speed",
            ),
            models.CheckConstraint(
                condition=~Q(state="cancelled") | (Q(cancelled_at__isnull=False) & ~Q(cancelled_reason="")),
                name="cancelled_purchase_says_why",
            ),
        ]
        indexes = [models.Index(fields=["material_line", "state"], name="purchases_of_a_line")]

    def __str__(self):
        return f"{self.supplier} · {self.material_line}"

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.unit_price_amount

    @property
    def is_open(self):
        return self.state == self.State.ORDERED

    @property
    def is_waiting(self):
        return self.state == self.State.WAITING


class PurchasePromise(models.Model):
    """What the supplier promised, each time; the supplier's record judges on the first. Append-only."""

    purchase_line = models.ForeignKey(PurchaseLine, models.PROTECT, related_name="promises")
    promised_at = models.DateTimeField(_("Promised for"))
    reason = models.CharField(_("What the supplier says"), max_length=300, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("promise of a supplier")
        ordering = ["id"]


class Milestone(models.Model):
    """Where a delivery is on its way. Append-only."""

    class Kind(models.TextChoices):
        READY = "ready", _("Ready at the supplier")
        DISPATCHED = "dispatched", _("Dispatched")
        IN_TRANSIT = "in_transit", _("On the way")
        CUSTOMS = "customs", _("At customs")
        DELAYED = "delayed", _("Delayed")
        ARRIVED = "arrived", _("Arrived")

    purchase_line = models.ForeignKey(PurchaseLine, models.PROTECT, related_name="milestones")
    kind = models.CharField(_("What happened"), max_length=10, choices=Kind)
    note = models.CharField(_("Note"), max_length=300, blank=True)
    happened_at = models.DateTimeField(_("When"))
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("transport step")
        ordering = ["happened_at", "id"]


class PurchaseReceipt(models.Model):
    """Which purchase a receipt belongs to."""

    purchase_line = models.ForeignKey(PurchaseLine, models.PROTECT, related_name="deliveries")
    receipt = models.OneToOneField(Receipt, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("delivery of a purchase")
        ordering = ["id"]


def lines_to_buy():
    """Material lines that somebody must still get, of orders that live."""
    short = F("required_quantity") - F("reserved_quantity") - F("accepted_quantity")
    lines = MaterialLine.objects.filter(decision__in=[MaterialLine.Decision.OPEN, MaterialLine.Decision.GATING])
    bought = PurchaseLine.objects.living().filter(material_line=OuterRef("pk"))
    return lines.annotate(short=short, is_bought=Exists(bought)).filter(short__gt=0, order__outcome="")
