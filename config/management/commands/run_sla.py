"""The periodic jobs without a broker: the database is the timer, this only looks at it."""

import logging
import signal
import threading
import time

from django.core.management.base import BaseCommand
from django.db import close_old_connections, connections

from config.periodic import JOBS
from config.tasks import ring

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Runs the periodic jobs in a loop, until TERM; beside Celery's or instead of it."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="run each job once and end")

    def handle(self, *, once, **options):
        self.ended = threading.Event()
        if once:
            failed = [job.task for job in JOBS if not run(job)]
            raise SystemExit(1 if failed else 0)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.end)
        self.stdout.write("The clock is running.")
        self.stdout.flush()
        outward = threading.Thread(target=self.loop, args=([job for job in JOBS if job.is_outward],))
        outward.start()
        self.loop([job for job in JOBS if not job.is_outward])
        outward.join()
        self.stdout.write("The clock has ended.")

    def end(self, number, frame):
        """The job in hand is finished first."""
        self.ended.set()

    def loop(self, jobs):
        """In a thread of its own what waits for other machines: the sweep waits for nobody."""
        due = dict.fromkeys(jobs, 0.0)
        while not self.ended.is_set():
            for job in jobs:
                if time.monotonic() >= due[job] and not self.ended.is_set():
                    due[job] = time.monotonic() + job.rings_every
                    run_afresh(job)
            self.ended.wait(max(0.05, min(due.values()) - time.monotonic()))
        connections.close_all()


def run(job) -> bool:
    """Whatever one job says, the others have their turn."""
    try:
        ring(job.task)
    except Exception:
        log.exception("The job %s failed", job.task)
        return False
    return True


def run_afresh(job) -> None:
    """A job that failed may have lost its connection: the next one gets a new one."""
    close_old_connections()
    if not run(job):
        connections.close_all()
