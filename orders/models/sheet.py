from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.models.order import UrgentOrder
from people.models import Department


class ProcessingSheet(models.Model):
    """《緊急訂單處理單》: each issue is a kept version; the newest one is in force."""

    order = models.ForeignKey(UrgentOrder, models.PROTECT, related_name="sheets")
    number = models.CharField(_("sheet number"), max_length=20)
    version = models.PositiveSmallIntegerField(_("version"))
    reason = models.CharField(_("reason of issue"), max_length=300)
    content = models.JSONField()
    check_code = models.CharField(_("check code"), max_length=8)
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("processing sheet")
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["order", "version"], name="sheet_version_is_issued_once")]

    def __str__(self):
        return f"{self.number} / {self.version}"


class SheetReceipt(models.Model):
    """A department saw this version: by whom, when."""

    sheet = models.ForeignKey(ProcessingSheet, models.PROTECT, related_name="receipts")
    department = models.ForeignKey(Department, models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("receipt of a sheet")
        constraints = [
            models.UniqueConstraint(fields=["sheet", "department"], name="department_receives_a_sheet_once")
        ]
