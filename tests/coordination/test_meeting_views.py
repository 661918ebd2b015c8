"""The pages of the weekly meeting: who sees them, what they show, their files."""

import re
from datetime import timedelta
from io import BytesIO, StringIO

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook
from pypdf import PdfReader

from coordination import actions
from coordination.models import Meeting, Outcome
from kpi import defaults
from kpi.weeks import Week
from orders.models import UrgentOrder
from people.models import User
from tests.coordination.conftest import TEN
from tests.coordination.test_meeting import started
from tests.factories import orders as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def meeting(clock, people):
    defaults.seed()
    call_command("seed_load", orders=60, stdout=StringIO())
    return actions.plan_meeting(week=Week.now())


def page_of(meeting, name="meeting"):
    return reverse(f"coordination:{name}", args=[meeting.pk])


@pytest.mark.clause("5.2")
def test_the_board_is_frozen_at_the_start_and_money_is_for_who_may_see_it(meeting, client_of, production_head, clock):
    chair = client_of(meeting.chair)
    before = chair.get(page_of(meeting))
    assert "Figures as of 10:00, frozen at the start" in before.text and "Cost of urgency" in before.text
    assert [row.kind for row in before.context["agenda"]] == ["actions", "review", "problems", "plan", "minutes"]
    chair.post(page_of(meeting, "start"))
    running = Meeting.objects.get(pk=meeting.pk)
    clock.move_to(TEN + timedelta(minutes=12, seconds=40))
    said = chair.get(page_of(meeting))
    assert "Figures as of 10:00 · frozen" in said.text and ">12:40<" in said.text
    call_command("seed_load", orders=40, stdout=StringIO())
    UrgentOrder.objects.update(version=99)
    clock.move_to(TEN + timedelta(minutes=25))
    later = chair.get(page_of(meeting))
    assert later.context["board"].said == said.context["board"].said == running.figures
    assert [figure.last for figure in later.context["board"].figures] == [
        figure.last for figure in before.context["board"].figures]
    other = client_of(production_head).get(page_of(meeting))
    assert other.status_code == 200 and "Cost of urgency" not in other.text
    assert "money" not in str(other.context["board"].said)


@pytest.fixture
def quiet(clock, people):
    """A meeting in a company with no order yet."""
    defaults.seed()
    return actions.plan_meeting(week=Week.now())


def test_before_the_start_the_figures_are_kept_for_half_a_minute(quiet, people, client_of, clock):
    chair = client_of(quiet.chair)
    assert chair.get(page_of(quiet)).context["board"].said["at_work"] == 0
    make.submitted(people)
    clock.shift(29)
    kept = chair.get(page_of(quiet)).context["board"]
    assert (kept.said["at_work"], kept.at) == (0, TEN)
    assert started(quiet, quiet.chair).figures["at_work"] == 1, "the start computes afresh"
    assert chair.get(page_of(quiet)).context["board"].at == TEN + timedelta(seconds=29)


def test_the_board_asks_the_same_for_one_order_at_risk_and_for_three(quiet, people, client_of, clock):
    client = client_of(quiet.chair)
    counts = []
    for more, count in ((1, 1), (2, 3)):
        for _number in range(more):
            make.submitted(people)
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert len(client.get(page_of(quiet)).context["board"].risks) == count
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_outcomes_by_the_form_need_no_script(quiet, client_of):
    """The form of fields alone, as a browser without JavaScript sends it."""
    client = client_of(quiet.chair)
    started(quiet, quiet.chair)
    form = client.get(page_of(quiet, "outcome")).text.split("data-act", 1)[1].split("</form>", 1)[0]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    assert "once" in fields
    said = client.post(page_of(quiet, "outcome"), fields | {"kind": "decision", "text": "采用方案 B"}, follow=True)
    assert said.redirect_chain == [(quiet.get_absolute_url(), 302)] and "采用方案 B" in said.text


def test_who_reads_and_who_acts(meeting, client_of, sales, stranger, production_head):
    for person in (sales, stranger):
        client = client_of(person)
        assert client.get(reverse("coordination:meetings")).status_code == 403
        for name in ("meeting", "pack", "meeting_ics", "start", "outcome"):
            assert client.get(page_of(meeting, name)).status_code == 404, name
    head = client_of(production_head)
    assert head.post(page_of(meeting, "start")).status_code == 403
    assert head.post(page_of(meeting, "agenda"), {"title": "夜班", "minutes": 5}).status_code == 302
    assert head.get(page_of(meeting, "minutes")).status_code == 404  # there are none yet


def test_outcomes_by_line_and_by_form_and_the_files_say_them(meeting, client_of, buyer, clock):
    clock.move_to(TEN + timedelta(minutes=40))
    client = client_of(meeting.chair)
    early = client.post(page_of(meeting), {"line": "/decision Plan B"})
    assert early.status_code == 409 and "not started yet" in early.text
    started(meeting, meeting.chair)
    order = UrgentOrder.objects.submitted().filter(outcome="", stage="production").first()
    lines = [f"/行动 @{buyer.name} 周三 12:00 夹具下单", f"/决议 采用方案 B {order.number}", "/problem CNC-3 is full"]
    for line in lines:
        assert client.post(page_of(meeting), {"line": line}).status_code == 302, line
    wrong = client.post(page_of(meeting), {"line": "/action @Nobody Wed x"})
    assert wrong.status_code == 422 and "@Nobody Wed x" in wrong.text
    form = {"kind": "action", "text": "Port list", "person": buyer.pk, "due_at": "2026-11-26T12:00"}
    assert client.post(page_of(meeting, "outcome"), form | {"once": "k"}).status_code == 302
    client.post(page_of(meeting, "outcome"), form | {"once": "k"})
    assert list(Outcome.objects.values_list("kind", flat=True)) == ["action", "decision", "problem", "action"]
    client.post(page_of(meeting, "go"), {"position": 1})
    assert "Next: Analysis of problems" in client.get(page_of(meeting)).text
    client.post(page_of(meeting, "close"))
    closed = client.post(page_of(meeting), {"line": "/decision Too late"})
    assert closed.status_code == 409 and "to reopen it (2 days)" in closed.text
    assert "夹具下单" in client.get(page_of(meeting, "minutes")).text
    for name, words in [("pack", ["Agenda", "Port list", "Time lost"]), ("minutes_pdf", ["Draft", "Port list"])]:
        text = "".join(sheet.extract_text() for sheet in PdfReader(
            BytesIO(client.get(page_of(meeting, name)).content)).pages)
        assert all(word in text for word in words), name
    sheet = load_workbook(BytesIO(client.get(reverse("coordination:actions_xlsx")).getvalue())).active
    assert [row[1] for row in sheet.iter_rows(min_row=2, values_only=True)] == ["夹具下单", "Port list"]
    mine = client_of(buyer)
    action = Outcome.objects.get(text="Port list")
    assert "Done" in mine.get(reverse("coordination:pane_action", args=[action.item_id])).text
    assert mine.post(reverse("coordination:action_done", args=[action.pk]), {"result": "OK"}).url == "/"


def test_the_list_asks_the_same_for_one_meeting_and_for_three(meeting, client_of, clock):
    client = client_of(User.objects.get(pk=meeting.chair_id))
    client.get(reverse("coordination:meetings"))
    counts = []
    for week in (0, 2):
        for later in range(week):
            actions.plan_meeting(week=Week.now() + later + 1)
        with CaptureQueriesContext(connection) as queries:
            assert len(client.get(reverse("coordination:meetings")).context["page"].rows) == week + 1
        counts.append(len(queries))
    assert counts[0] == counts[1]
