from celery import shared_task

from production import actions
from production.actions import slips


@shared_task
def hand_over_made():
    """Orders that the inspector completed: production's signature follows by itself."""
    return actions.hand_over_made()


@shared_task
def watch_slips():
    """What runs otherwise than planned: computed again, told where it breaks a promise."""
    return slips.watch()
