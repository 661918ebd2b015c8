from celery import shared_task

from orders import actions, reports, search


@shared_task
def reconcile():
    """Orders whose stage has no clock, put right and said (the engine below cannot know them)."""
    return {"repaired": reports.repair_orders_without_item()}


@shared_task
def hand_over():
    """Confirmed orders to the company's order system."""
    return actions.hand_over()


@shared_task
def ask_about_silences():
    """Customers who have not answered in time."""
    return actions.ask_about_silences()


@shared_task
def end_holds():
    """Holds whose time is over."""
    return actions.end_due_holds()


@shared_task
def repair_search():
    """What orders can be found by, where an act or a new name of a customer left it behind."""
    return search.repair()
