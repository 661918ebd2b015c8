import logging

from celery import shared_task

from sla import absences, actions, calendars, drills

log = logging.getLogger(__name__)

MOST_ROUNDS = 50


@shared_task
def sweep():
    """Round after round until nothing is due; the next ring of the bell takes what is left."""
    try:
        actions.look_at_the_clock()
    except Exception:  # whatever the watch says, the sweep has its turn
        log.exception("The machine's clock could not be looked at")
    for _round in range(MOST_ROUNDS):
        if not actions.sweep().is_full:
            return


@shared_task
def reconcile():
    actions.reconcile()


@shared_task
def ping():
    return actions.ping()


@shared_task
def end_drills():
    return drills.end_done()


@shared_task
def begin_absences():
    absences.begin_due()


@shared_task
def warn_of_unknown_years():
    calendars.warn_of_unknown_years()
