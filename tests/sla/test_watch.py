"""Who watches the clock: heartbeats, jumps of the machine's own, the call to a watch outside, rare jobs."""

import ssl
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from django.utils import timezone

from config.periodic import JOBS, Job
from config.tasks import is_due, ring
from notifications import watching as post
from notifications.actions import dispatch
from notifications.models import Notification, Outbox
from records.models import Event
from sla import actions, reports, tasks
from sla.actions import reconciling, watching
from sla.models import Escalation, Heartbeat, WorkItem
from tests.factories import orders as make
from tests.factories.sla import open_item

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
NOW = timezone.now


def warnings(now=None):
    return "\n".join(reports.health(now).warnings)


# Heartbeats


def test_any_late_heartbeat_is_red_for_administrators(company, admin, sales, client_of):
    for task in ("sla.tasks.sweep", "notifications.tasks.dispatch", "orders.tasks.reconcile"):
        ring(task)
    assert reports.health().is_ok
    period = timedelta(seconds=Heartbeat.objects.get(name="orders.reconcile").period_seconds)
    Heartbeat.objects.filter(name="orders.reconcile").update(ok_at=NOW() - 3 * period + MINUTE)
    assert reports.health().is_ok
    Heartbeat.objects.filter(name="orders.reconcile").update(ok_at=NOW() - 3 * period - MINUTE)
    assert Client().get("/healthz").status_code == 503
    assert "orders.reconcile" in client_of(admin).get("/").content.decode()
    assert "orders.reconcile" not in client_of(sales).get("/").content.decode()


def test_many_late_jobs_are_one_sentence(company):
    for task in ("sla.tasks.sweep", "sla.tasks.ping"):
        ring(task)
    (problem,) = reports.health(NOW() + HOUR).problems
    assert "2 jobs are late" in problem and "sweep, ping" in problem


def test_what_is_due_may_wait_five_minutes(company, admin, sales, client_of):
    actions.sweep()
    now = NOW()
    open_item(company["sales"], assignee=sales, now=now, due_at=now)
    assert reports.health(now + 4 * MINUTE).oldest_due_seconds == 240
    late = [problem for problem in reports.health(now + 6 * MINUTE).problems if "6 minutes" in problem]
    assert late


def test_a_job_that_fails_keeps_its_heartbeat_and_says_why(company, settings, monkeypatch):
    ring("records.tasks.forget_once_keys")
    went = Heartbeat.objects.get(name="records.forget_once_keys")
    Heartbeat.objects.filter(pk=went.pk).update(ok_at=went.ok_at - 2 * HOUR)
    monkeypatch.setattr("records.tasks.OnceKey", None)
    with pytest.raises(AttributeError):
        ring("records.tasks.forget_once_keys")
    heart = Heartbeat.objects.get(pk=went.pk)
    assert heart.ok_at == went.ok_at - 2 * HOUR
    assert "AttributeError" in heart.fault
    warnings = Client().get("/healthz").json()["warnings"]
    assert "The job “records.forget_once_keys” could not do its work." in warnings
    assert "AttributeError" not in str(warnings)  # everybody may read it


def test_a_rare_job_runs_once_a_period_whoever_is_started_how_often(db):
    daily = next(job for job in JOBS if job.every_seconds == 86400)
    assert daily.rings_every == 60
    ring(daily.task)
    first = Heartbeat.objects.get(name=daily.name).ok_at
    for _new_start in range(3):
        ring(daily.task)
    assert Heartbeat.objects.get(name=daily.name).ok_at == first
    assert not is_due(daily, first + 23 * HOUR)
    assert is_due(daily, first + 24 * HOUR)
    assert is_due(daily, first - HOUR)  # the clock was set back: rather twice than not
    assert is_due(Job("sla.tasks.sweep", 5), first)


# The machine's clock


def hear_of(seconds):
    """The next look finds that the wall clock jumped by so much against the monotonic one."""
    watching.watch.difference -= seconds


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_a_jump_of_the_wall_clock_is_an_administrators_warning(company, seconds):
    tasks.sweep()
    assert not Event.objects.exists()
    hear_of(seconds)
    tasks.sweep()
    hear_of(seconds)  # another process sees the same jump
    tasks.sweep()
    event = Event.objects.get(stream="clock")
    assert (event.verb, event.params["seconds"]) == ("clock_jumped", seconds)
    assert reports.health().is_ok
    assert f"jumped by {seconds} seconds" in warnings()
    assert "jumped" not in warnings(NOW() + 25 * HOUR)


def test_a_clock_behind_the_last_sweep_is_seen_by_a_new_process(company, sales):
    now = NOW()
    open_item(company["sales"], assignee=sales, now=now - HOUR, due_at=now)
    Heartbeat.objects.create(name="sweep", period_seconds=5, ok_at=now + HOUR)
    tasks.sweep()
    assert Event.objects.get().params["seconds"] == pytest.approx(-3600, abs=30)
    assert Escalation.objects.filter(outcome="fired").count() == 1


def test_a_quiet_clock_says_nothing(company):
    hear_of(20)
    tasks.sweep()
    assert not Event.objects.exists()


def lived(company, sales, source, moments):
    item = open_item(company["sales"], assignee=sales, now=moments[0], source=source)
    for moment in moments:
        actions.sweep(now=moment)
    return item


def test_a_clock_an_hour_ahead_or_behind_loses_and_doubles_nothing(company, sales, monday):
    steady = [monday + minutes * MINUTE for minutes in range(0, 700, 7)]
    jumps = {
        "behind": [at - HOUR if 150 * MINUTE < at - monday < 400 * MINUTE else at for at in steady],
        "ahead": [at + HOUR if 150 * MINUTE < at - monday < 400 * MINUTE else at for at in steady],
    }
    sound = lived(company, sales, "order:1", steady)
    expected = set(sound.escalations.values_list("level", "repeat"))
    for number, (name, moments) in enumerate(jumps.items(), start=2):
        Notification.objects.all().delete()
        item = lived(company, sales, f"order:{number}", moments)
        rows = list(item.escalations.values_list("level", "repeat", "planned_at", "fired_at"))
        assert {row[:2] for row in rows} == expected, name
        assert len(rows) == len(expected)
        assert all(fired >= planned for *_place, planned, fired in rows)
        told = [person for row in item.escalations.filter(outcome="fired") for person in row.recipients]
        assert Notification.objects.count() == len(told) > 5, name


# Letters


def test_letters_of_a_dead_dispatcher_are_given_back_and_said(company, sales, mailoutbox):
    now = NOW()
    held = {"event": "k", "channel": "email", "recipient": sales, "text": "t", "url": "/", "state": "leased"}
    for number, minutes in enumerate((4, 1, -1)):
        Outbox.objects.create(key=str(number), lease="7" * 32, next_try_at=now - minutes * MINUTE, **held)
    assert post.release_leases(now) == 1
    assert Outbox.objects.get(state="waiting").lease is None
    event = Event.objects.get(stream="clock")
    assert (event.verb, event.params["number"], event.actor) == ("leases_released", 1, None)
    assert post.release_leases(now) == 0
    dispatch(now=now)
    assert len(mailoutbox) == 2  # the second one's lease is over as well


# What the reconciler mends


@pytest.fixture
def escalated(company, sales, monday):
    """Level 2 was told to two people three minutes ago."""
    item = open_item(company["sales"], assignee=sales, now=monday)
    actions.sweep(now=monday + 100 * MINUTE)
    return item


def test_an_escalation_without_its_message_gets_it_once(escalated, sales, monday):
    now, key = monday + 103 * MINUTE, f"work-item:{escalated.pk}:2:0"
    assert actions.reconcile(now=now)["untold"] == 0
    first = Notification.objects.get(recipient=sales, key=key)
    Notification.objects.all().delete()
    Outbox.objects.all().delete()
    assert actions.reconcile(now=monday + 100 * MINUTE)["untold"] == 0  # its transaction may be under way
    assert actions.reconcile(now=now)["untold"] == 1
    written = Notification.objects.get(recipient=sales, key=key)
    assert (written.text, written.params, written.url) == (first.text, first.params, first.url)
    assert {row.recipient_id for row in Notification.objects.all()} == {sales.pk, escalated.department.head_id}
    assert Outbox.objects.filter(event=key).count() == 2
    event = Event.objects.get(stream="clock")
    assert (event.verb, event.params["work_items"]) == ("untold_told", [escalated.pk])
    assert actions.reconcile(now=now)["untold"] == 0


def test_who_heard_by_letter_or_after_an_outage_is_not_told_again(escalated, sales, monday):
    now, head = monday + 103 * MINUTE, escalated.department.head
    Notification.objects.filter(recipient=sales).delete()  # the letter stays
    mine = Notification.objects.filter(recipient=head)
    mine.update(key="order:1:behind:2026-03-02T01:00:00+00:00")
    Outbox.objects.filter(recipient=head).delete()
    assert actions.reconcile(now=now)["untold"] == 0


def test_of_a_closed_task_nobody_is_told_any_more(escalated, sales, monday):
    Notification.objects.all().delete()
    Outbox.objects.all().delete()
    actions.finish(escalated, by=sales, now=monday + 102 * MINUTE)
    assert actions.reconcile(now=monday + 103 * MINUTE)["untold"] == 0


def test_what_was_mended_is_said(escalated, monday):
    WorkItem.objects.update(next_fire_at=None, due_at=None)
    assert actions.reconcile(now=monday + 101 * MINUTE)["items"] == [escalated.pk]
    event = Event.objects.get(stream="clock")
    assert (event.verb, event.params["number"], event.actor) == ("items_repaired", 1, None)


def test_a_run_goes_on_where_the_one_before_ended(company, monday, monkeypatch):
    monkeypatch.setattr(reconciling, "MOST_ITEMS", 2)
    items = [open_item(company["sales"], source=f"order:{number}", now=monday) for number in range(5)]
    keys = [item.pk for item in items]
    WorkItem.objects.update(due_at=monday)
    runs = [actions.reconcile(now=monday)["items"] for _run in range(4)]
    assert runs == [keys[:2], keys[2:4], keys[4:], []]
    WorkItem.objects.filter(pk=keys[4]).update(next_fire_at=None)  # this one would never be heard of again
    assert keys[4] in actions.reconcile(now=monday)["items"]


def test_an_order_whose_stage_has_no_clock_is_said(people):
    order = make.at_review(people)
    type(order).objects.filter(pk=order.pk).update(stage_item=None)
    ring("orders.tasks.reconcile")
    order.refresh_from_db()
    assert order.stage_item_id
    assert Event.objects.get(stream="clock").params["orders"] == order.number
    assert Heartbeat.objects.get(name="orders.reconcile").counts == {"repaired": 1}


# The watch outside


def certificate(folder):
    """Of this machine, signed by nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    encoding = serialization.Encoding.PEM
    path = folder / "watch.pem"
    path.write_bytes(made.public_bytes(encoding) + key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))
    return path


class Watch(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.heard.append(self.path)
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def outside(tmp_path, settings):
    """A watch that speaks HTTPS."""
    server = HTTPServer(("127.0.0.1", 0), Watch)
    server.heard, server.status, server.pem = [], 200, certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(server.pem)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *args: None  # whoever does not trust it hangs up
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.HEARTBEAT_URL = f"https://127.0.0.1:{server.server_port}/secret-path"
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_watch_outside_is_called_while_the_clock_is_wound(company, outside, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(outside.pem))
    ring("sla.tasks.ping")
    assert outside.heard == []  # nobody swept yet
    tasks.sweep()
    ring("sla.tasks.ping")
    assert outside.heard == ["/secret-path"]
    assert "ping" not in warnings()
    Heartbeat.objects.filter(name="sweep").update(ok_at=NOW() - MINUTE)
    ring("sla.tasks.ping")
    assert outside.heard == ["/secret-path"]


def test_a_watch_that_cannot_be_reached_is_a_warning(company, outside, settings, monkeypatch, caplog):
    tasks.sweep()
    ring("sla.tasks.ping")  # its certificate is nobody's
    assert "CERTIFICATE_VERIFY_FAILED" in Heartbeat.objects.get(name="ping").fault
    assert outside.heard == []
    monkeypatch.setenv("SSL_CERT_FILE", str(outside.pem))
    for status in (302, 500):
        outside.status = status
        ring("sla.tasks.ping")
        assert str(status) in Heartbeat.objects.get(name="ping").fault
    assert len(outside.heard) == 2  # it is followed nowhere
    assert reports.health().is_ok
    assert "ping" in warnings()
    assert "secret-path" not in caplog.text + str(Heartbeat.objects.get(name="ping").counts)
    settings.HEARTBEAT_URL = "https://127.0.0.1:1/"
    ring("sla.tasks.ping")
    assert Heartbeat.objects.get(name="ping").fault
    outside.status, settings.HEARTBEAT_URL = 200, f"https://127.0.0.1:{outside.server_port}/"
    ring("sla.tasks.ping")
    assert "ping" not in warnings()
