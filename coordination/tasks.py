from celery import shared_task

from coordination import actions


@shared_task
def ensure_meetings():
    """This week's meeting and the next one's, where they are missing."""
    return {"planned": actions.ensure_meetings()}


@shared_task
def close_unanswered_minutes():
    """Minutes whose limit has passed: who said nothing has not objected."""
    return {"not_objected": actions.close_unanswered()}
