from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q, Sum
from django.db.models.functions import Abs, Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# A stock movement counts in what lies there, or in what of it is promised to somebody.
ON_HAND_KINDS = ("receipt", "issue", "adjust")
RESERVED_KINDS = ("reserve", "release")
QUANTITY = models.DecimalField(max_digits=14, decimal_places=4)
HALF_A_DIGIT = Decimal("0.00005")  # SQLite adds decimals as floats


class Bilingual(models.Model):
    """Something with a name of its own and a name in Latin letters."""

    name = models.CharField(_("name"), max_length=120)
    latin_name = models.CharField(_("name in Latin letters"), max_length=120, blank=True)

    class Meta:
        abstract = True

    @property
    def display_name(self) -> str:
        return f"{self.name} {self.latin_name}".strip()


class ActiveQuerySet(models.QuerySet):
    def active(self):
        return self.filter(is_active=True)


class Customer(Bilingual):
    code = models.CharField(_("code"), max_length=20, unique=True)
    is_key = models.BooleanField(_("key customer"), default=False, help_text=_("Its orders are proposed as urgent."))
    contact_name = models.CharField(_("contact"), max_length=60, blank=True)
    contact_phone = models.CharField(_("telephone"), max_length=40, blank=True)
    contact_email = models.EmailField(_("e-mail"), blank=True)
    delivery_place = models.CharField(_("usual delivery place"), max_length=300, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    salesperson = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("salesperson"),
    )
    is_active = models.BooleanField(_("in use"), default=True)

    objects = ActiveQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["code"]

    def __str__(self):
        return self.display_name


class Project(models.Model):
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="projects", verbose_name=_("customer"))
    name = models.CharField(_("name"), max_length=120)
    is_major = models.BooleanField(_("major project"), default=False, help_text=_("Its orders are proposed as urgent."))
    is_active = models.BooleanField(_("in use"), default=True)

    objects = ActiveQuerySet.as_manager()

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        ordering = ["customer_id", "name"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "name"], name="project_name_is_unique_for_its_customer")
        ]

    def __str__(self):
        return self.name


class ProductFamily(Bilingual):
    normal_lead_time_hours = models.PositiveIntegerField(
        _("normal lead time in working hours"), validators=[MinValueValidator(1)]
    )

    class Meta:
        verbose_name = _("product family")
        verbose_name_plural = _("product families")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["name"], name="product_family_name_is_unique"),
            models.CheckConstraint(
                condition=Q(normal_lead_time_hours__gt=0), name="product_family_takes_some_working_time"
            ),
        ]

    def __str__(self):
        return self.display_name

    @property
    def normal_lead_time(self) -> timedelta:
        """In working time, not on the wall clock."""
        return timedelta(hours=self.normal_lead_time_hours)


class Product(Bilingual):
    number = models.CharField(_("number"), max_length=40, unique=True)
    family = models.ForeignKey(ProductFamily, models.PROTECT, related_name="products", verbose_name=_("family"))
    drawing_number = models.CharField(_("drawing number"), max_length=60, blank=True)
    revision = models.CharField(_("revision"), max_length=20, blank=True)
    unit = models.CharField(_("unit"), max_length=10, default="pcs")
    specification = models.TextField(_("usual specification"), blank=True)
    price_amount = models.DecimalField(
        _("usual price"), max_digits=14, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    is_active = models.BooleanField(_("in use"), default=True)

    objects = ActiveQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(condition=Q(price_amount__isnull=True) | Q(price_amount__gte=0),
                                   name="product_price_is_not_negative")
        ]

    def __str__(self):
        return f"{self.number} {self.name}"


class MaterialQuerySet(ActiveQuerySet):
    def out_of_balance(self):
        """Materials whose balance is not the sum of their entries; there should be none."""
        def drift(balance, kinds):
            total = Sum("entries__quantity", filter=Q(entries__kind__in=kinds))
            return Abs(F(balance) - Coalesce(total, Decimal(0), output_field=QUANTITY), output_field=QUANTITY)

        return self.alias(
            on_hand_drift=drift("on_hand", ON_HAND_KINDS), reserved_drift=drift("reserved", RESERVED_KINDS)
        ).filter(Q(on_hand_drift__gt=HALF_A_DIGIT) | Q(reserved_drift__gt=HALF_A_DIGIT))


class Material(Bilingual):
    number = models.CharField(_("number"), max_length=40, unique=True)
    unit = models.CharField(_("unit"), max_length=10, default="kg")
    is_key = models.BooleanField(_("critical material"), default=False)
    standard_cost_amount = models.DecimalField(
        _("standard cost per unit"), max_digits=14, decimal_places=4, default=Decimal(0),
        validators=[MinValueValidator(0)],
    )
    lead_time_hours = models.PositiveIntegerField(_("usual lead time in hours"), default=72)
    on_hand = models.DecimalField(_("on hand"), max_digits=14, decimal_places=4, default=Decimal(0), editable=False)
    reserved = models.DecimalField(_("reserved"), max_digits=14, decimal_places=4, default=Decimal(0), editable=False)
    is_active = models.BooleanField(_("in use"), default=True)

    objects = MaterialQuerySet.as_manager()

    class Meta:
        verbose_name = _("material")
        verbose_name_plural = _("materials")
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(unit=""), name="material_has_a_unit",
                violation_error_message=_("Say in which unit it is counted."),
            ),
            models.CheckConstraint(condition=Q(on_hand__gte=0), name="stock_on_hand_is_not_negative"),
            models.CheckConstraint(condition=Q(reserved__gte=0), name="reserved_stock_is_not_negative"),
            models.CheckConstraint(condition=Q(reserved__lte=F("on_hand")), name="reserved_stock_is_on_hand"),
        ]

    def __str__(self):
        return f"{self.number} {self.name}"

    @property
    def free(self) -> Decimal:
        return self.on_hand - self.reserved


class Substitute(models.Model):
    """A material that may be used instead of another, as the specification allows."""

    material = models.ForeignKey(Material, models.CASCADE, related_name="substitutes", verbose_name=_("material"))
    substitute = models.ForeignKey(Material, models.PROTECT, related_name="+", verbose_name=_("Substitute material"))
    factor = models.DecimalField(
        _("units needed for one unit"), max_digits=8, decimal_places=4, default=Decimal(1),
        validators=[MinValueValidator(Decimal("0.0001"))],
    )

    class Meta:
        verbose_name = _("substitute material")
        verbose_name_plural = _("substitute materials")
        ordering = ["material", "substitute"]
        constraints = [
            models.UniqueConstraint(fields=["material", "substitute"], name="substitute_stands_once"),
            models.CheckConstraint(condition=~Q(material=F("substitute")), name="substitute_is_another_material"),
            models.CheckConstraint(condition=Q(factor__gt=0), name="substitute_factor_is_positive"),
        ]

    def __str__(self):
        return f"{self.material} → {self.substitute}"


class StockEntry(models.Model):
    """One movement of a material. The balance it leads to is kept on the material, under its lock."""

    class Kind(models.TextChoices):
        RECEIPT = "receipt", _("receipt")
        ISSUE = "issue", _("issue")
        RESERVE = "reserve", _("reservation")
        RELEASE = "release", _("release")
        ADJUST = "adjust", _("adjustment")

    material = models.ForeignKey(Material, models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind)
    quantity = models.DecimalField(max_digits=14, decimal_places=4)
    source = models.CharField(max_length=120, unique=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["receipt", "reserve"], quantity__gt=0)
                | Q(kind__in=["issue", "release"], quantity__lt=0)
                | (Q(kind="adjust") & ~Q(quantity=0)),
                name="stock_movement_goes_the_way_of_its_kind",
            )
        ]

    def __str__(self):
        return f"{self.material_id} {self.kind} {self.quantity}"


class BillOfMaterialLine(models.Model):
    product = models.ForeignKey(Product, models.CASCADE, related_name="materials", verbose_name=_("product"))
    material = models.ForeignKey(Material, models.PROTECT, related_name="+", verbose_name=_("material"))
    quantity_per = models.DecimalField(
        _("quantity per piece"), max_digits=14, decimal_places=4, validators=[MinValueValidator(Decimal("0.0001"))]
    )
    scrap_factor = models.DecimalField(
        _("scrap factor"), max_digits=5, decimal_places=4, default=Decimal(0), validators=[MinValueValidator(0)],
        help_text=_("0.05 plans 5 % more than the pieces need."),
    )

    class Meta:
        verbose_name = _("material of a product")
        verbose_name_plural = _("bill of materials")
        ordering = ["product_id", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["product", "material"], name="material_stands_once_in_a_products_bill"),
            models.CheckConstraint(
                condition=Q(quantity_per__gt=0, scrap_factor__gte=0), name="bill_of_materials_quantities_are_positive"
            ),
        ]

    def __str__(self):
        return f"{self.product_id} {self.material}"

    def required_for(self, pieces) -> Decimal:
        return (self.quantity_per * pieces * (1 + self.scrap_factor)).quantize(Decimal("0.0001"))
