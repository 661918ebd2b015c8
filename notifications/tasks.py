from celery import shared_task

from notifications import actions, watching

BATCH, MOST_ROUNDS = 50, 20


@shared_task
def dispatch():
    """Letter by letter until nothing is due; the next ring of the bell takes what is left."""
    for _round in range(MOST_ROUNDS):
        if actions.dispatch(limit=BATCH).taken < BATCH:
            return


@shared_task
def reconcile():
    return {"released": watching.release_leases()}
