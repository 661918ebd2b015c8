"""`manage.py run_sla`: the clock without a broker, as a process of its own."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from config.periodic import JOBS, beat_schedule
from config.tasks import outward, ring
from notifications.models import Outbox
from sla import actions, tasks
from sla.models import Escalation, Heartbeat
from tests.factories.sla import open_item
from tests.servers import wait_until

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.clause("3.1.1")
def test_one_round_escalates_and_sends(company, sales, mailoutbox):
    now = timezone.now()
    open_item(company["sales"], assignee=sales, now=now, due_at=now)
    with pytest.raises(SystemExit):
        call_command("run_sla", "--once")
    assert Escalation.objects.filter(outcome="fired").count() == 1
    assert [message.to for message in mailoutbox] == [[company["sales"].head.email]]
    assert Heartbeat.objects.filter(name="sweep").exists()


def test_a_job_that_fails_does_not_stop_the_others(company, monkeypatch, mailoutbox):
    def broken(**options):
        raise ValueError("broken on purpose")

    monkeypatch.setattr(actions, "sweep", broken)
    with pytest.raises(SystemExit) as ended:
        call_command("run_sla", "--once")
    assert ended.value.code == 1
    assert Heartbeat.objects.filter(name="reconcile").exists()


def test_the_sweep_task_goes_on_until_nothing_is_due(company, sales):
    now = timezone.now()
    for number in range(3):
        open_item(company["sales"], assignee=sales, source=f"order:{number}", now=now, due_at=now)
    tasks.sweep()
    assert Outbox.objects.count() == 3


def test_one_thread_of_a_process_at_most_waits_for_other_machines(company, mailoutbox):
    """The others are free for the sweep, however long the mail server takes."""
    now = timezone.now()
    open_item(company["sales"], assignee=company["sales"].head, now=now, due_at=now)
    actions.sweep(now=now)
    with outward:
        ring("notifications.tasks.dispatch")
        assert not mailoutbox and not Heartbeat.objects.filter(name="notifications.dispatch").exists()
        ring("sla.tasks.sweep")
    ring("notifications.tasks.dispatch")
    assert len(mailoutbox) == 1 and Heartbeat.objects.filter(name="notifications.dispatch").exists()


def test_beat_and_the_loop_have_one_list_of_jobs():
    assert {job.task for job in JOBS} == set(beat_schedule()) == set(settings.CELERY_BEAT_SCHEDULE)


def url_of_the_test_database():
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return os.environ["DATABASE_URL"].rsplit("/", 1)[0] + f"/{name}"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_loop_rings_without_a_broker_and_drains_on_term(company, sales, tmp_path):
    now = timezone.now()
    open_item(company["sales"], assignee=sales, now=now, due_at=now + timedelta(seconds=1))
    environ = os.environ | {"DATABASE_URL": url_of_the_test_database(), "VAR_DIR": str(tmp_path)}
    environ["BROKER_URL"] = "redis://127.0.0.1:1/0"  # nobody is there
    process = subprocess.Popen([sys.executable, "manage.py", "run_sla"], cwd=ROOT, env=environ,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
    try:
        wait_until(lambda: Outbox.objects.filter(state="sent").exists(), seconds=60)
    finally:
        process.send_signal(signal.SIGTERM)
        output, _error = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert "The clock has ended." in output
    assert Escalation.objects.filter(outcome="fired").count() == 1
