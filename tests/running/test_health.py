"""What a proxy, a watchdog and an administrator are told."""

import json
import logging
import os
import re

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from config import errors, health
from config.logs import logging_config
from desk import guards
from desk.management.commands import migrate
from sla import actions
from tests.factories.sla import open_item
from tests.servers import free_port

pytestmark = pytest.mark.once


def forget():
    health._kept.clear()
    health.on_disk.cache_clear()


@pytest.fixture
def migrated(settings, transactional_db):
    """The run itself builds its tables without migrations."""
    settings.MIGRATION_MODULES = {}
    forget()
    for name in health.on_disk():
        MigrationRecorder(connection).record_applied(*name)
    yield
    MigrationRecorder(connection).flush()
    forget()


def test_alive_is_said_without_the_database():
    assert Client().get("/livez").status_code == 200


def test_ready_needs_every_migration_and_every_guard(migrated):
    assert Client().get("/readyz").json()["ready"] is True
    guards.drop(connection)
    forget()
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert "guards are missing" in answer.json()["problems"][0]
    guards.install(connection)
    MigrationRecorder(connection).record_unapplied("orders", "0001_initial")
    assert Client().get("/readyz").json()["problems"] == ["Migrations are missing: orders.0001_initial"]


def test_the_guards_come_off_only_when_there_is_something_to_migrate(migrated):
    assert not migrate.Command().has_work(connection)
    MigrationRecorder(connection).record_unapplied(*MigrationLoader(connection).graph.leaf_nodes("kpi")[0])
    assert migrate.Command().has_work(connection)


def test_redis_away_is_said_to_administrators_and_to_nobody_else(admin, sales, client_of, settings):
    forget()
    settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{free_port()}/0"
    assert "Redis does not answer" in client_of(admin).get("/").content.decode()
    assert "Redis does not answer" not in client_of(sales).get("/").content.decode()
    forget()


class TestMetrics:
    @pytest.mark.django_db
    def test_are_read_by_this_machine_or_by_the_token(self, settings):
        assert Client().get("/metrics").status_code == 200
        assert Client(REMOTE_ADDR="10.0.0.7").get("/metrics").status_code == 404
        assert Client().get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
        settings.METRICS_TOKEN = "t0ken"
        assert Client().get("/metrics").status_code == 404
        token = {"Authorization": "Bearer t0ken"}
        assert Client(REMOTE_ADDR="10.0.0.7").get("/metrics", headers=token).status_code == 200

    def test_say_what_an_alarm_is_set_on(self, clock_defaults, departments, sales):
        now = timezone.now()
        open_item(departments["sales"], assignee=sales, now=now, due_at=now - timezone.timedelta(minutes=10))
        text = Client().get("/metrics").content.decode()
        found = dict(re.findall(r"^(desk_\w+(?:\{.*\})?) ([\d.]+)$", text, re.MULTILINE))
        assert float(found["desk_due_unfired_seconds"]) > 590
        assert found["desk_outbox_waiting"] == "0.0"
        actions.sweep()
        text = Client().get("/metrics").content.decode()
        assert "desk_due_unfired_seconds 0.0" in text
        assert re.search(r'desk_heartbeat_age_seconds\{job="sweep"\} [\d.]+', text)
        assert "django_http_requests_total_by_view" in text


class TestRequestNumber:
    def test_stands_in_the_header_and_on_the_refusal(self, sales, client_of):
        response = client_of(sales).get("/limits/", headers={"X-Request-ID": "abcdef0123456789"})
        assert response.status_code == 403
        assert response["X-Request-ID"] == "abcdef0123456789"
        assert "abcdef0123456789" in response.content.decode()

    def test_from_outside_is_not_believed_when_it_is_none(self):
        response = Client().get("/livez", headers={"X-Request-ID": "<script>"})
        assert re.fullmatch(r"[0-9a-f]{32}", response["X-Request-ID"])

    def test_a_line_is_json_with_the_number_and_the_person(self, sales, client_of, capsys):
        formatter = logging_config("json", level="INFO")["formatters"]["chosen"]
        handler = logging.StreamHandler()
        handler.setFormatter(formatter["()"](**{key: value for key, value in formatter.items() if key != "()"}))
        written = []
        handler.emit = lambda record: written.append(json.loads(handler.format(record)))
        logger = logging.getLogger("desk.requests")
        logger.addHandler(handler)
        logger.setLevel("INFO")
        try:
            client_of(sales).get("/limits/?q=secret", headers={"X-Request-ID": "abcdef0123456789"})
        finally:
            logger.removeHandler(handler)
            logger.setLevel("NOTSET")
        (line,) = written
        assert (line["event"], line["request_id"], line["user_id"], line["status"], line["route"]) == (
            "request", "abcdef0123456789", sales.pk, 403, "limits/",
        )  # fmt: skip
        assert "secret" not in json.dumps(line) and sales.name not in json.dumps(line, ensure_ascii=False)


def broken(problem, method="get", language="en", **data):
    request = getattr(RequestFactory(), method)("/orders/1/confirm/", data)
    request.id = "0123456789abcdef"
    with translation.override(language):
        try:
            raise problem
        except type(problem):
            return errors.server_error(request)


class TestBrokenPage:
    def test_speaks_three_languages_the_readers_first_and_gives_the_number(self):
        response = broken(ValueError("ours"), language="zh-hant")
        text = response.content.decode()
        assert response.status_code == 500
        assert '<html lang="zh-Hant"' in text
        assert 'lang="zh-Hans"' in text and 'lang="en"' in text
        assert "0123456789abcdef" in text

    def test_a_form_that_met_no_database_is_sent_again_by_one_press(self):
        response = broken(OperationalError("gone"), "post", reason="为什么 <b>", once="k1")
        text = response.content.decode()
        assert (response.status_code, response["Retry-After"]) == (503, "10")
        assert '<input type="hidden" name="reason" value="为什么 &lt;b&gt;">' in text
        assert '<input type="hidden" name="once" value="k1">' in text

    def test_a_password_is_not_written_into_a_page(self):
        text = broken(OperationalError("gone"), "post", username="lin", password="secret").content.decode()
        assert "secret" not in text

    def test_a_full_disk_is_said_plainly(self):
        response = broken(OSError(28, os.strerror(28)), "post")
        assert response.status_code == 507
        assert "disk of the desk is full" in response.content.decode()


def test_no_broken_page_asks_the_database(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        broken(OperationalError("gone"))
    assert django_settings.ROOT_URLCONF == "config.urls"
