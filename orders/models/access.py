"""Who sees an order: one guardian row for each order and department, written at hand-over."""

from django.db import models
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from orders.models.order import UrgentOrder


class UrgentOrderGroupObjectPermission(GroupObjectPermissionBase):
    content_object = models.ForeignKey(UrgentOrder, models.CASCADE, related_name="group_grants")

    class Meta(GroupObjectPermissionBase.Meta):
        abstract = False


class UrgentOrderUserObjectPermission(UserObjectPermissionBase):
    """A grant to an invited outsider; it ends with its reason."""

    content_object = models.ForeignKey(UrgentOrder, models.CASCADE, related_name="user_grants")

    class Meta(UserObjectPermissionBase.Meta):
        abstract = False
