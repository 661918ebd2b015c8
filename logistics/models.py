from decimal import Decimal

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Case, F, FloatField, Q, Value, When
from django.utils.translation import gettext_lazy as _

from orders.models import OrderLine, UrgentOrder
from records.models import StoredFile

FEWEST_TRIPS_FOR_A_RECORD = 3


def person(**options):
    return models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", **options)


class CarrierQuerySet(models.QuerySet):
    def active(self):
        return self.filter(is_active=True)

    def ranked(self):
        """Priority transport first, then by record; who has hardly a record stands in the middle."""
        share = Case(
            When(trip_count__lt=FEWEST_TRIPS_FOR_A_RECORD, then=Value(0.5)),
            default=F("on_time_count") * 1.0 / F("trip_count"), output_field=FloatField(),
        )
        return self.active().annotate(record=share).order_by("-is_priority", "-record", "name")


class Carrier(models.Model):
    name = models.CharField(_("name"), max_length=120, unique=True)
    phone = models.CharField(_("telephone"), max_length=40, blank=True)
    is_priority = models.BooleanField(
        _("priority transport"), default=False, help_text=_("Keeps a vehicle ready for urgent orders.")
    )
    is_active = models.BooleanField(_("in use"), default=True)
    trip_count = models.PositiveIntegerField(_("deliveries"), default=0, editable=False)
    on_time_count = models.PositiveIntegerField(_("on time"), default=0, editable=False)

    objects = CarrierQuerySet.as_manager()

    class Meta:
        verbose_name = _("carrier")
        verbose_name_plural = _("carriers")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(on_time_count__lte=F("trip_count")), name="carrier_is_on_time_no_more_than_it_drives"
            )
        ]

    def __str__(self):
        return self.name

    @property
    def on_time_percent(self):
        """None while there is hardly a record."""
        if self.trip_count < FEWEST_TRIPS_FOR_A_RECORD:
            return None
        return round(100 * self.on_time_count / self.trip_count)


class DeliveryConfirmation(models.Model):
    """Time and place of delivery as the customer confirmed them; a newer one takes the older one's place."""

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="+")
    contact = models.CharField(_("Confirmed with"), max_length=80)
    how = models.CharField(_("How"), max_length=10, choices=UrgentOrder.AskedHow)
    place = models.CharField(_("Delivery place"), max_length=300)
    slot_from = models.DateTimeField(_("Delivery from"))
    slot_until = models.DateTimeField(_("Delivery until"))
    note = models.CharField(_("For the driver"), max_length=500, blank=True)
    confirmed_at = models.DateTimeField()
    confirmed_by = person()

    class Meta:
        verbose_name = _("delivery confirmation")
        ordering = ["-confirmed_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(slot_until__gt=F("slot_from")), name="delivery_slot_ends_after_it_starts"
            )
        ]

    def __str__(self):
        return self.place


class DeliveryListQuerySet(models.QuerySet):
    def living(self):
        return self.filter(cancelled_at__isnull=True)

    def open(self):
        return self.living().filter(shipment__isnull=True)


class DeliveryList(models.Model):
    """產品交付清單: pieces that passed and go out together. Each change makes a new version."""

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="+")
    number = models.CharField(_("delivery list"), max_length=30, unique=True)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    note = models.CharField(_("Note"), max_length=500, blank=True)
    carrier = models.ForeignKey(
        Carrier, models.PROTECT, null=True, blank=True, related_name="lists", verbose_name=_("carrier")
    )
    pickup_at = models.DateTimeField(_("Pick-up"), null=True, blank=True)
    made_at = models.DateTimeField()
    made_by = person()
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = person(null=True, blank=True)

    objects = DeliveryListQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery list")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True, cancelled_by__isnull=True)
                | Q(cancelled_at__isnull=False, cancelled_by__isnull=False),
                name="cancelled_delivery_list_says_who",
            )
        ]

    def __str__(self):
        return self.number

    @property
    def is_dispatched(self):
        return hasattr(self, "shipment")


class DeliveryListLine(models.Model):
    list = models.ForeignKey(DeliveryList, models.CASCADE, related_name="lines")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("Quantity"))

    class Meta:
        verbose_name = _("line of a delivery list")
        ordering = ["line__position"]
        constraints = [
            models.UniqueConstraint(fields=["list", "line"], name="line_stands_once_on_a_delivery_list"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="delivery_list_line_has_a_piece_at_least"),
        ]

    def __str__(self):
        return f"{self.line} {self.quantity}"


class Package(models.Model):
    """A crate, box or pallet of a delivery list."""

    list = models.ForeignKey(DeliveryList, models.CASCADE, related_name="packages")
    number = models.PositiveSmallIntegerField(_("package"))
    contents = models.CharField(_("Packing and contents"), max_length=300)
    weight_kg = models.DecimalField(
        _("Weight, kg"), max_digits=9, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )
    packed_at = models.DateTimeField()
    packed_by = person()

    class Meta:
        verbose_name = _("package")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["list", "number"], name="package_number_is_used_once"),
            models.CheckConstraint(condition=Q(weight_kg__gt=0), name="package_weighs_something"),
        ]

    def __str__(self):
        return f"{self.number}: {self.contents}"


class PackageLine(models.Model):
    package = models.ForeignKey(Package, models.CASCADE, related_name="lines")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("Quantity"))

    class Meta:
        verbose_name = _("contents of a package")
        ordering = ["line__position"]
        constraints = [
            models.UniqueConstraint(fields=["package", "line"], name="line_stands_once_in_a_package"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="package_line_has_a_piece_at_least"),
        ]

    def __str__(self):
        return f"{self.line} {self.quantity}"


class ChecklistItem(models.Model):
    """One thing that is done before a vehicle leaves."""

    class Item(models.TextChoices):
        PACKED = "packed", _("Everything is packed")
        LABELLED = "labelled", _("Packages are labelled")
        DOCUMENTS = "documents", _("Documents are ready")
        CARRIER = "carrier", _("Carrier is booked")
        INFORMED = "informed", _("Customer is informed")

    list = models.ForeignKey(DeliveryList, models.CASCADE, related_name="checklist")
    item = models.CharField(_("preparation"), max_length=10, choices=Item)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = person(null=True, blank=True)

    class Meta:
        verbose_name = _("preparation")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["list", "item"], name="preparation_stands_once_on_a_delivery_list"),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True, done_by__isnull=True)
                | Q(done_at__isnull=False, done_by__isnull=False),
                name="done_preparation_says_who",
            ),
        ]

    def __str__(self):
        return self.get_item_display()


class Shipment(models.Model):
    """The vehicle left with a whole delivery list. One list leaves once."""

    list = models.OneToOneField(DeliveryList, models.PROTECT, related_name="shipment")
    confirmation = models.ForeignKey(DeliveryConfirmation, models.PROTECT, related_name="+")
    carrier = models.ForeignKey(Carrier, models.PROTECT, related_name="+", verbose_name=_("carrier"))
    vehicle = models.CharField(_("Vehicle or waybill"), max_length=80)
    eta_at = models.DateTimeField(_("Expected arrival"))
    freight_amount = models.DecimalField(
        _("Freight"), max_digits=14, decimal_places=2, default=Decimal(0), validators=[MinValueValidator(0)]
    )
    photo = models.ForeignKey(StoredFile, models.PROTECT, null=True, blank=True, related_name="+")
    dispatched_at = models.DateTimeField()
    dispatched_by = person()

    class Meta:
        verbose_name = _("shipment")
        ordering = ["-dispatched_at"]
        constraints = [models.CheckConstraint(condition=Q(freight_amount__gte=0), name="freight_is_not_negative")]

    def __str__(self):
        return f"{self.list} {self.vehicle}"

    @property
    def is_proved(self):
        return hasattr(self, "proof")


class Proof(models.Model):
    """Proof of delivery: who signed, when, in what state; the signed paper is a file of the order."""

    class Condition(models.TextChoices):
        OK = "ok", _("complete and undamaged")
        DAMAGED = "damaged", _("pieces are damaged")
        LOST = "lost", _("pieces are missing")

    shipment = models.OneToOneField(Shipment, models.PROTECT, related_name="proof")
    signed_by_name = models.CharField(_("Signed by (at the customer)"), max_length=80)
    delivered_at = models.DateTimeField(_("Delivered at"))
    condition = models.CharField(_("Condition"), max_length=8, choices=Condition, default=Condition.OK)
    note = models.CharField(_("What happened"), max_length=500, blank=True)
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+")
    is_on_time = models.BooleanField(_("within the confirmed time"))
    recorded_at = models.DateTimeField()
    recorded_by = person()

    class Meta:
        verbose_name = _("proof of delivery")
        constraints = [
            models.CheckConstraint(condition=~Q(signed_by_name=""), name="proof_says_who_signed"),
            models.CheckConstraint(condition=Q(condition="ok") | ~Q(note=""), name="damage_says_what_happened"),
        ]

    def __str__(self):
        return f"{self.shipment} {self.signed_by_name}"


class ProofShortfall(models.Model):
    """Pieces of a shipment that arrived damaged or not at all."""

    proof = models.ForeignKey(Proof, models.PROTECT, related_name="shortfalls")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("Quantity"))

    class Meta:
        verbose_name = _("damaged or missing pieces")
        constraints = [
            models.UniqueConstraint(fields=["proof", "line"], name="line_falls_short_once_in_a_proof"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="shortfall_has_a_piece_at_least"),
        ]

    def __str__(self):
        return f"{self.line} {self.quantity}"
