"""Loud before a server opens: `check --deploy`."""

from django.conf import settings
from django.core.checks import Tags, Warning, register


@register(Tags.security, deploy=True)
def second_factor_is_on(app_configs, **kwargs):
    if settings.REQUIRE_SECOND_FACTOR:
        return []
    return [Warning(
        "REQUIRE_SECOND_FACTOR is off: a password alone opens the administration.",
        hint="Leave it off for a demo only.", id="access.W001",
    )]  # fmt: skip
