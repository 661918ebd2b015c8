from celery import shared_task
from django.utils import timezone

from access.models import Attempts, Session


@shared_task
def forget_ended() -> int:
    """Sessions and counts that have ended."""
    now = timezone.now()
    ended, _ = Session.objects.filter(expire_date__lte=now).delete()
    counted, _ = Attempts.objects.filter(ends_at__lte=now).delete()
    return ended + counted
