"""The one list of periodic jobs.

Celery beat's schedule and `manage.py run_sla` (which works when the broker is down)
are both made from it. Each job may run twice, late, or at the same time as itself.
A beat counts from its own start: what runs daily needs it to live for a day, or `run_sla`, which runs all at once.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    task: str  # dotted name of the Celery task, a plain callable as well
    every_seconds: int


JOBS = (
    Job("sla.tasks.sweep", 5),
    Job("notifications.tasks.dispatch", 5),
    Job("sla.tasks.reconcile", 600),
    Job("sla.tasks.begin_absences", 30),
    Job("orders.tasks.reconcile", 600),
    Job("orders.tasks.hand_over", 20),
    Job("orders.tasks.repair_search", 3600),
    Job("orders.tasks.end_holds", 20),
    Job("orders.tasks.ask_about_silences", 60),
    Job("production.tasks.hand_over_made", 30),
    Job("records.tasks.remove_orphan_files", 86400),
    Job("access.tasks.forget_ended", 3600),
    Job("records.tasks.forget_once_keys", 3600),
)


def beat_schedule() -> dict:
    return {job.task: {"task": job.task, "schedule": float(job.every_seconds)} for job in JOBS}
