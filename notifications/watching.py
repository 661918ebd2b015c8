"""What is on its way, looked after."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from notifications.models import Outbox
from records.actions import CLOCK, record

LONG_OVER = timedelta(minutes=3)


@transaction.atomic
def release_leases(now=None) -> int:
    """Letters whose dispatcher died and which nobody took since are free again; since when they are due stays."""
    now = now or timezone.now()
    held = Outbox.objects.filter(state=Outbox.State.LEASED, next_try_at__lt=now - LONG_OVER)
    released = held.update(state=Outbox.State.WAITING, lease=None)
    if released:
        text = gettext_noop("{number} letters whose sender had died were given back.")
        record("leases_released", text, by=None, stream=CLOCK, params={"number": released}, at=now)
    return released
