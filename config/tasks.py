"""The one door of all periodic jobs, for Celery and for `manage.py run_sla`."""

import threading
from datetime import timedelta

from celery import shared_task
from django.utils import timezone
from django.utils.module_loading import import_string

from config.periodic import JOBS, Job
from sla.actions import beat
from sla.models import Heartbeat

JOB_OF = {job.task: job for job in JOBS}
BEAT_THEMSELVES = ("sweep", "reconcile")  # their heartbeats hold more than a count


# One of a process's threads at most waits for other machines, so that one is always free for the sweep.
outward = threading.Lock()


@shared_task
def ring(task) -> None:
    """Run a job, unless it is a rare one whose heartbeat is young enough; its heartbeat says how it went."""
    job = JOB_OF[task]
    if not is_due(job, timezone.now()):
        return
    if not job.is_outward:
        _run(job)
    elif outward.acquire(blocking=False):
        try:
            _run(job)
        finally:
            outward.release()


def _run(job) -> None:
    try:
        result = import_string(job.task)()
    except Exception as problem:
        _note_fault(job, problem)
        raise
    if job.name not in BEAT_THEMSELVES:
        beat(job.name, period_seconds=job.every_seconds, counts=_counts(result))


def is_due(job: Job, now) -> bool:
    if not job.is_rare:
        return True
    since = now - timedelta(seconds=job.every_seconds)
    return not Heartbeat.objects.filter(name=job.name, ok_at__gt=since, ok_at__lte=now).exists()


def _note_fault(job, problem) -> None:
    """When it last went through stays as it was."""
    fault = f"{type(problem).__name__}: {problem}"[:300]
    Heartbeat.objects.filter(name=job.name).update(counts={"fault": fault})


def _counts(result) -> dict:
    if isinstance(result, dict):
        return result
    return {"done": result} if isinstance(result, int) else {}
