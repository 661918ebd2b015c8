import time

from celery import shared_task

from notifications import actions, watching

BATCH, LONGEST_SECONDS = 50, 10


@shared_task
def dispatch():
    """Letter by letter until nothing is due or the time is up; the next ring of the bell takes what is left."""
    ends_at = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < ends_at:
        if actions.dispatch(limit=BATCH, ends_at=ends_at).taken < BATCH:
            return


@shared_task
def reconcile():
    return {"released": watching.release_leases()}
