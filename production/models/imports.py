from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from desk.text import render
from records.models import StoredFile

PERSON = settings.AUTH_USER_MODEL


class MasterImport(models.Model):
    """A workbook of master data: uploaded, looked at, and put in once as it was shown."""

    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name=_("file"))
    uploaded_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    uploaded_by = models.ForeignKey(PERSON, models.PROTECT, related_name="+", verbose_name=_("uploaded by"))
    imported_at = models.DateTimeField(_("imported"), null=True)
    imported_by = models.ForeignKey(PERSON, models.PROTECT, null=True, related_name="+", verbose_name=_("imported by"))

    class Meta:
        verbose_name = _("import of master data")
        verbose_name_plural = _("imports of master data")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(imported_at__isnull=True, imported_by__isnull=True)
                | Q(imported_at__isnull=False, imported_by__isnull=False),
                name="import_says_by_whom",
            )
        ]

    def __str__(self):
        return self.file.name


class ImportRow(models.Model):
    """What a row of the workbook would do, or what is wrong with it."""

    class State(models.TextChoices):
        FAULT = "fault", _("to be corrected")
        NEW = "new", _("new")
        CHANGED = "changed", _("changed")
        SAME = "same", _("as it is")

    master_import = models.ForeignKey(MasterImport, models.CASCADE, related_name="rows")
    sheet = models.CharField(max_length=40)
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State)
    name = models.CharField(max_length=200, blank=True)
    changes = models.JSONField(default=list, blank=True)  # [[column, old, new]]
    column = models.CharField(max_length=80, blank=True)
    text = models.CharField(max_length=300, blank=True)
    way_out = models.CharField(max_length=300, blank=True)
    params = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("row of an import")
        verbose_name_plural = _("rows of an import")
        ordering = ["pk"]
        indexes = [models.Index(fields=["master_import", "state", "id"], name="rows_of_an_import")]

    def __str__(self):
        return f"{self.sheet} {self.number}"

    @property
    def said(self) -> str:
        return render(self.text, self.params)

    @property
    def said_way_out(self) -> str:
        return render(self.way_out, self.params)
