from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from access import checks  # noqa: F401 - registers itself


class AccessConfig(AppConfig):
    name = "access"
    verbose_name = _("access")
