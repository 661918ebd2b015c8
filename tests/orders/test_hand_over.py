"""The confirmed order reaches the company's order system, however that answers."""

import json
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from django.utils import timezone

from config.periodic import JOBS
from notifications.models import Notification
from orders import actions
from orders.actions.trail import UNDO_SECONDS
from orders.models import ExternalRef
from records.models import Event
from tests.factories import orders as make

pytestmark = [pytest.mark.django_db, pytest.mark.clause("3.1.1")]


class OrderSystem(HTTPServer):
    """The company's own: keeps what it is sent, answers as it is told."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Receiver)
        self.taken, self.headers, self.status, self.answer = [], [], 201, b'{"number": "SAP-77"}'

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/orders"


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append(json.loads(body))
        self.server.headers.append(dict(self.headers))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *args):
        pass


@pytest.fixture
def order_system(settings):
    server = OrderSystem()
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.ORDER_SYSTEM_URL, settings.ORDER_SYSTEM_TOKEN = server.url, "secret"
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def row():
    return ExternalRef.objects.get()


def send():
    """Once the confirmation can no longer be withdrawn."""
    return actions.hand_over(now=timezone.now() + timedelta(seconds=UNDO_SECONDS))


def test_confirming_waits_for_nobody(people, settings):
    settings.ORDER_SYSTEM_URL = "http://127.0.0.1:9/"
    order = make.at_review(people)
    assert (order.stage, row().state, row().attempts) == ("review", "pending", 0)
    assert actions.hand_over() == 0  # it may still be withdrawn


def test_order_arrives_with_its_lines_and_gets_its_number_there(people, order_system):
    order = make.at_review(people)
    order.lines.update(unit_price_amount=2025)
    assert send() == 1
    said = order_system.taken[0]
    assert (said["number"], said["sheet_version"], said["lines"][0]["unit_price"]) == (order.number, 1, "2025.00")
    assert order_system.headers[0]["Idempotency-Key"] == order.number
    assert order_system.headers[0]["Authorization"] == "Bearer secret"
    assert (row().state, row().external_number, row().error) == ("sent", "SAP-77", "")
    assert Event.objects.get(verb="order.handed_to_system").actor is None
    assert send() == 0
    assert len(order_system.taken) == 1


def test_failure_is_tried_again_after_1_5_15_and_60_minutes(people, order_system):
    make.at_review(people)
    order_system.status = 500
    now = timezone.now() + timedelta(seconds=UNDO_SECONDS)
    for minutes in (1, 5, 15, 60):
        actions.hand_over(now=now)
        assert row().next_try_at == now + timedelta(minutes=minutes)
        assert actions.hand_over(now=now + timedelta(minutes=minutes, seconds=-1)) == 0
        now += timedelta(minutes=minutes)
    actions.hand_over(now=now)
    assert (row().state, row().attempts, len(order_system.taken)) == ("failed", 5, 5)
    assert "500" in row().error
    assert Notification.objects.filter(recipient=people.sales, text__contains="did not take the order").exists()


def test_sales_hands_over_again_after_the_last_attempt(people, order_system, client_of):
    order = make.at_review(people)
    ExternalRef.objects.update(state="failed", attempts=5, error="500")
    page = client_of(people.sales).get(f"/orders/{order.pk}/documents/").content.decode()
    assert "Hand over again" in page
    client_of(people.sales).post(f"/orders/{order.pk}/documents/hand-over/", {"once": "a"})
    assert send() == 1
    assert client_of(people.sales).post(f"/orders/{order.pk}/documents/hand-over/", {"once": "b"}).status_code == 409
    assert client_of(people.buyer).post(f"/orders/{order.pk}/documents/hand-over/", {"once": "c"}).status_code == 403


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"id": 1}', b"<html>"])
def test_odd_answers_break_nothing(people, order_system, answer):
    make.at_review(people)
    order_system.answer = answer
    send()
    assert row().state == ("pending" if answer == b"<html>" else "sent")


def test_nothing_is_sent_where_no_system_is_connected(people, settings):
    settings.ORDER_SYSTEM_URL = ""
    make.at_review(people)
    assert (send(), row().attempts) == (0, 0)


def test_order_that_another_worker_sends_is_left_alone(people, order_system):
    make.at_review(people)
    ExternalRef.objects.update(next_try_at=timezone.now() + timedelta(minutes=2))
    assert actions.hand_over() == 0


def test_hand_over_is_a_periodic_job():
    assert "orders.tasks.hand_over" in {job.task for job in JOBS}
