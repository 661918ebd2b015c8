from uuid import uuid4

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.models import AccessLink

BROWSERS = (("Edg", "Edge"), ("MicroMessenger", "WeChat"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
            ("Safari", "Safari"))
SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
           ("Linux", "Linux"))


class Session(AbstractBaseSession):
    """Django's session with its person in a column, so that all of somebody's can be listed and ended."""

    public_id = models.UUIDField(default=uuid4, unique=True)  # the key itself opens the desk and is never shown
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    begun_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    address = models.GenericIPAddressField(null=True)
    device = models.CharField(max_length=200, blank=True)
    badge = models.ForeignKey(AccessLink, models.CASCADE, null=True, related_name="+")  # what opened it, if a badge did

    class Meta(AbstractBaseSession.Meta):
        verbose_name = _("session")
        verbose_name_plural = _("sessions")

    @property
    def device_name(self) -> str:
        names = [next((name for mark, name in marks if mark in self.device), "") for marks in (BROWSERS, SYSTEMS)]
        return " · ".join(filter(None, names))


class Attempts(models.Model):
    """How often something was tried in a stretch of time. Whose tries they are is kept as a hash only."""

    scope = models.CharField(max_length=20)
    key = models.CharField(max_length=64)
    window = models.PositiveBigIntegerField()
    count = models.PositiveIntegerField(default=0)
    ends_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "key", "window"], name="attempts_are_counted_once_in_a_window"),
        ]

    def __str__(self):
        return f"{self.scope} {self.count}"


class IssuedPassword(models.Model):
    """A password that somebody else chose: good until it ends, and only for choosing one's own."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    issued_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("issued_at")), name="issued_password_expires_after_it_is_issued"
            ),
        ]

    def __str__(self):
        return str(self.user)


class Pin(models.Model):
    """What its owner types after the badge was scanned; only a slow hash of it is kept."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=128)
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(digest=""), name="pin_is_kept_as_a_hash")]

    def __str__(self):
        return str(self.user)
