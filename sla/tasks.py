from celery import shared_task

from sla import absences, actions

MOST_ROUNDS = 50


@shared_task
def sweep():
    """Round after round until nothing is due; the next ring of the bell takes what is left."""
    for _round in range(MOST_ROUNDS):
        if not actions.sweep().is_full:
            return


@shared_task
def reconcile():
    actions.reconcile()


@shared_task
def begin_absences():
    absences.begin_due()
