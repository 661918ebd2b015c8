"""The one list of periodic jobs.

Celery beat's schedule and `manage.py run_sla` (which works when the broker is down)
are both made from it. Each job may run twice, late, or at the same time as itself.
Whether a rare job is due its heartbeat in the database says: no process need live for a day, and a new start
neither skips nor repeats it. A job that gets another name leaves its old heartbeat behind: a migration deletes that.
"""

from dataclasses import dataclass

RARE_SECONDS = 600
ASKED_EVERY = 60  # so often a rare job is asked whether it is due


@dataclass(frozen=True)
class Job:
    task: str  # dotted name of the Celery task, a plain callable as well
    every_seconds: int
    is_outward: bool = False  # asks other machines, which may let it wait: it never holds up the others

    @property
    def name(self) -> str:
        """Of its heartbeat. The clock's own jobs go by their bare names."""
        app, _tasks, name = self.task.split(".")
        return name if app == "sla" else f"{app}.{name}"

    @property
    def is_rare(self) -> bool:
        return self.every_seconds >= RARE_SECONDS

    @property
    def rings_every(self) -> int:
        return min(self.every_seconds, ASKED_EVERY) if self.is_rare else self.every_seconds


JOBS = (
    Job("sla.tasks.sweep", 5),
    Job("notifications.tasks.dispatch", 5, is_outward=True),
    Job("sla.tasks.reconcile", 600),
    Job("sla.tasks.begin_absences", 30),
    Job("sla.tasks.ping", 60, is_outward=True),
    Job("sla.tasks.end_drills", 10),
    Job("notifications.tasks.reconcile", 600),
    Job("sla.tasks.warn_of_unknown_years", 86400),
    Job("orders.tasks.reconcile", 600),
    Job("orders.tasks.hand_over", 20, is_outward=True),
    Job("orders.tasks.repair_search", 3600),
    Job("orders.tasks.end_holds", 20),
    Job("orders.tasks.ask_about_silences", 60),
    Job("production.tasks.hand_over_made", 30),
    Job("production.tasks.watch_slips", 30),
    Job("kpi.tasks.keep_deadlines", 600),
    Job("coordination.tasks.ensure_meetings", 600),
    Job("coordination.tasks.close_unanswered_minutes", 60),
    Job("records.tasks.remove_orphan_files", 86400),
    Job("access.tasks.forget_ended", 3600),
    Job("records.tasks.forget_once_keys", 3600),
    Job("kpi.tasks.score_ended_month", 3600),
)


def beat_schedule() -> dict:
    return {
        job.task: {"task": "config.tasks.ring", "schedule": float(job.rings_every), "args": (job.task,)} for job in JOBS
    }
