from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.models import AccessLink


class PageLink(models.Model):
    """A page that a customer opens without an account: for whom, in which language, and whom to call."""

    class Language(models.TextChoices):
        EN = "en", "English"
        HANS = "zh-hans", "简体中文"
        HANT = "zh-hant", "繁體中文"

    access = models.OneToOneField(AccessLink, models.PROTECT, related_name="+")
    recipient = models.CharField(_("For whom"), max_length=80)
    language = models.CharField(_("Language"), max_length=10, choices=Language, default=Language.HANS)
    contact = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("Contact")
    )
    contact_phone = models.CharField(_("Phone of the contact"), max_length=40)
    post_window_at = models.DateTimeField(null=True)
    post_count = models.PositiveSmallIntegerField(default=0)

    class Meta:
        abstract = True

    @property
    def state(self) -> str:
        if self.access.revoked_at:
            return "revoked"
        return "living" if self.access.expires_at > timezone.now() else "expired"
