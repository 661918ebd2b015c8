from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.order import UrgentOrder


class ConfirmationItem(models.Model):
    """One of the four things the customer confirms; `corrected_from` keeps what the form said before."""

    class Item(models.TextChoices):
        SPECIFICATION = "specification", _("Product specification")
        QUANTITY = "quantity", _("Quantity")
        TIME = "time", _("Delivery time")
        PLACE = "place", _("Delivery place")

    order = models.ForeignKey(UrgentOrder, models.CASCADE, related_name="confirmation_items")
    item = models.CharField(_("item"), max_length=15, choices=Item)
    value = models.CharField(_("confirmed"), max_length=600)
    corrected_from = models.CharField(_("before"), max_length=600, blank=True)
    contact = models.CharField(_("Confirmed with"), max_length=80)
    how = models.CharField(_("How"), max_length=10, choices=UrgentOrder.AskedHow)
    confirmed_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("confirmed item")
        ordering = ["confirmed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "item"], condition=Q(revoked_at__isnull=True), name="item_is_confirmed_once"
            ),
        ]


class ContactLog(models.Model):
    """A talk with the customer or a supplier, or an attempt at one; append-only."""

    class Party(models.TextChoices):
        CUSTOMER = "customer", _("Customer")
        SUPPLIER = "supplier", _("Supplier")

    order = models.ForeignKey(UrgentOrder, models.CASCADE, related_name="contacts")
    party = models.CharField(_("with"), max_length=10, choices=Party, default=Party.CUSTOMER)
    contact = models.CharField(_("Contact person"), max_length=80)
    how = models.CharField(_("How"), max_length=10, choices=UrgentOrder.AskedHow)
    was_reached = models.BooleanField(_("reached"), default=True)
    text = models.CharField(_("What was said"), max_length=1000, blank=True)
    contacted_at = models.DateTimeField()
    contacted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("contact")
        ordering = ["-contacted_at"]
