from celery import shared_task

from records import files
from records.models import OnceKey


@shared_task
def forget_once_keys() -> int:
    """A page is not sent twice a week apart."""
    return OnceKey.objects.expired().delete()[0]


@shared_task
def remove_orphan_files() -> int:
    return files.remove_orphans()
