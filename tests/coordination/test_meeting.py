"""The weekly coordination meeting: what it does, what it refuses, and what the database keeps of it."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from icalendar import Calendar

from coordination import actions, lines
from coordination.actions.meeting import usual_start
from coordination.ics import calendar_of
from coordination.models import Confirmation, Meeting, Outcome
from coordination.views.meeting import actions_before
from desk.refusals import BadInput, Changed, GateShut, NotYours
from kpi.weeks import Week
from notifications.actions import dispatch
from people.models import Absence, User
from records.models import Event
from sla import calendars
from sla.models import CalendarDay, WorkCalendar, WorkItem
from tests.together import at_once, refusals

pytestmark = pytest.mark.django_db
MONDAY = "2026-11-23T{}:00+08:00"
Kind = Outcome.Kind


def at(clock, day=0) -> datetime:
    return datetime.fromisoformat(MONDAY.format(clock)) + timedelta(days=day)


@pytest.fixture
def clock():
    with time_machine.travel(at("08:00"), tick=False) as traveller:
        yield traveller


@pytest.fixture
def meeting(clock, people):
    return actions.plan_meeting(week=Week.now())


@pytest.fixture
def chair(meeting):
    return meeting.chair


def started(meeting, by):
    actions.start_meeting(meeting_id=meeting.pk, by=by)
    seats = set(meeting.attendances.values_list("department_id", flat=True))
    actions.call_roll(meeting_id=meeting.pk, by=by, present=seats)
    return Meeting.objects.get(pk=meeting.pk)


def decide(meeting, by, kind=Kind.DECISION, text="采用方案 B", **fields):
    return actions.record_outcome(meeting_id=meeting.pk, by=by, kind=kind, text=text, **fields)


@pytest.mark.clause("5.2")
def test_a_week_gets_its_meeting_once_with_the_heads_and_the_agenda_of_the_policy(clock, people, sales_head):
    assert actions.ensure_meetings() == 2  # this week's and the next one's
    assert actions.ensure_meetings() == 0
    meeting = Meeting.objects.get(monday="2026-11-23")
    assert (meeting.starts_at, meeting.chair, meeting.length_minutes) == (at("10:30"), sales_head, 30)
    assert [row.kind for row in meeting.agenda.all()] == ["actions", "review", "problems", "plan", "minutes"]
    assert [row.minutes for row in meeting.agenda.all()] == [5, 8, 2, 7, 2]  # nothing is at risk
    assert {seat.department.code for seat in meeting.attendances.all()} == {
        "sales", "production", "procurement", "quality", "logistics", "finance", "hr", "management"}
    with pytest.raises(IntegrityError), transaction.atomic():
        Meeting.objects.create(monday=meeting.monday, starts_at=at("11:00"), chair=sales_head)


def test_it_takes_the_next_working_day_and_the_stand_in(clock, people, sales_head, sales, departments, admin):
    calendar = WorkCalendar.objects.get(code="factory")
    draft = calendars.draft_of(calendar).with_days({at("10:30").date(): calendars.Day(CalendarDay.Kind.HOLIDAY)})
    calendars.save(calendar, draft, by=admin, reason="A day off")
    assert usual_start(Week.now()) == at("10:30", 1)
    departments["sales"].deputies.add(sales)
    Absence.objects.create(person=sales_head, starts_at=at("00:00"), ends_at=at("00:00", 7))
    meeting = actions.plan_meeting(week=Week.now())
    assert meeting.chair == sales
    assert meeting.attendances.get(department__code="sales").stands_in_for == sales_head


def test_only_sales_starts_it_once_and_the_figures_stand_from_then_on(meeting, chair, production_head, sales, clock):
    for person in (production_head, sales):
        with pytest.raises(NotYours):
            actions.start_meeting(meeting_id=meeting.pk, by=person)
    with pytest.raises(GateShut, match="hour before its time"):
        actions.start_meeting(meeting_id=meeting.pk, by=chair)
    clock.move_to(at("10:40"))
    running = started(meeting, chair)
    assert (running.figures_at, running.started_by) == (at("10:40"), chair)
    with pytest.raises(Changed, match="started already"):
        actions.start_meeting(meeting_id=meeting.pk, by=chair)


def test_outcomes_before_the_start_and_after_the_close_are_refused(meeting, chair, buyer, clock):
    clock.move_to(at("10:40"))
    with pytest.raises(GateShut, match="not started yet"):
        decide(meeting, chair)
    started(meeting, chair)
    with pytest.raises(NotYours, match="chair and the minute-taker"):
        decide(meeting, buyer)
    actions.name_minute_taker(meeting_id=meeting.pk, by=chair, person=buyer)
    decide(meeting, buyer)
    for fields, what in [({"person": None, "due_at": at("12:00", 2)}, "who does it"),
                         ({"person": buyer, "due_at": None}, "until when"),
                         ({"person": buyer, "due_at": at("10:00")}, "in the future")]:
        with pytest.raises(BadInput, match=what):
            decide(meeting, chair, Kind.ACTION, "夹具 F-118", **fields)
    actions.close_meeting(meeting_id=meeting.pk, by=chair)
    with pytest.raises(GateShut, match=rf"Ask {chair} to reopen it \(2 days\)"):
        decide(meeting, chair)
    with pytest.raises(BadInput):
        actions.reopen_meeting(meeting_id=meeting.pk, by=chair, reason=" ")
    with pytest.raises(NotYours):
        actions.reopen_meeting(meeting_id=meeting.pk, by=buyer, reason="Forgot")
    clock.move_to(at("10:45", 3))
    with pytest.raises(GateShut, match="within 2 days"):
        actions.reopen_meeting(meeting_id=meeting.pk, by=chair, reason="Forgot one")


def attack(sql, *values):
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


@pytest.mark.once
def test_the_database_refuses_it_too_on_sqlite(meeting, chair, buyer, clock):
    the_database_refuses(meeting, chair, buyer, clock)


@pytest.mark.postgres
def test_the_database_refuses_it_too(meeting, chair, buyer, clock):
    the_database_refuses(meeting, chair, buyer, clock)


def the_database_refuses(meeting, chair, buyer, clock):
    clock.move_to(at("10:40"))
    row = {"meeting": meeting, "kind": Kind.DECISION, "text": "x", "recorded_by": chair}
    with pytest.raises(IntegrityError), transaction.atomic():
        Outcome.objects.bulk_create([Outcome(**row)])  # before the start
    with pytest.raises(IntegrityError), transaction.atomic():
        Meeting.objects.filter(pk=meeting.pk).update(state="confirmed", confirmed_at=timezone.now())
    meeting = started(meeting, chair)
    outcome = decide(meeting, chair)
    for change in ({"figures": {"risks": []}}, {"money_figures": {}}, {"figures_at": at("09:00")},
                   {"started_at": at("09:00")}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Meeting.objects.filter(pk=meeting.pk).update(**change)
    attack("UPDATE coordination_outcome SET text = 'other' WHERE id = %s", outcome.pk)
    attack("DELETE FROM coordination_meeting WHERE id = %s", meeting.pk)
    actions.close_meeting(meeting_id=meeting.pk, by=chair)
    with pytest.raises(IntegrityError), transaction.atomic():
        Outcome.objects.bulk_create([Outcome(**row)])
    attack("DELETE FROM coordination_outcome WHERE id = %s", outcome.pk)
    attack("UPDATE coordination_attendance SET is_present = %s WHERE meeting_id = %s", False, meeting.pk)
    attack("DELETE FROM coordination_agendaitem WHERE meeting_id = %s", meeting.pk)
    attack("UPDATE coordination_confirmation SET state = 'asked', answered_at = NULL, answered_by_id = NULL"
           " WHERE meeting_id = %s AND state = 'confirmed'", meeting.pk)
    attack("DELETE FROM coordination_confirmation WHERE meeting_id = %s", meeting.pk)


def test_actions_are_work_and_are_carried_over_until_they_are_done(meeting, chair, buyer, sales, clock):
    clock.move_to(at("10:40"))
    started(meeting, chair)
    late = decide(meeting, chair, Kind.ACTION, "增购夹具 F-118", person=buyer, due_at=at("12:00", 2))
    kept = decide(meeting, chair, Kind.ACTION, "备用供应商", person=buyer, due_at=at("12:00", 3))
    assert set(WorkItem.objects.living().filter(assignee=buyer, kind="meeting_action")) == {late.item, kept.item}
    assert late.item.due_at == at("12:00", 2)
    actions.close_meeting(meeting_id=meeting.pk, by=chair)
    clock.move_to(at("09:00", 3))
    with pytest.raises(NotYours):
        actions.finish_action(outcome_id=kept.pk, by=sales, result="Done")
    with pytest.raises(BadInput):
        actions.finish_action(outcome_id=kept.pk, by=buyer, result=" ")
    actions.finish_action(outcome_id=kept.pk, by=buyer, result="鼎盛已签约")
    kept.item.refresh_from_db()
    assert not kept.item.is_living
    seen = []
    for week in (1, 2, 3):
        clock.move_to(at("08:00", 7 * week))
        later = actions.plan_meeting(week=Week.now())
        clock.move_to(at("10:30", 7 * week))
        started(later, chair)
        seen.append([(row.text, row.carried) for row in actions_before(later, timezone.now())])
        clock.move_to(at("11:00", 7 * week))
        actions.close_meeting(meeting_id=later.pk, by=chair)
    assert seen == [
        [("增购夹具 F-118", 0), ("备用供应商", 0)], [("增购夹具 F-118", 1)], [("增购夹具 F-118", 2)],
    ]  # fmt: skip
    assert Outcome.objects.with_carried().get(pk=late.pk).carried == 3
    with pytest.raises(NotYours, match="chair"):
        actions.drop_action(outcome_id=late.pk, by=buyer, reason="Too dear")
    actions.drop_action(outcome_id=late.pk, by=chair, reason="换了工艺")
    late.item.refresh_from_db()
    assert late.item.state == "cancelled"
    with pytest.raises(Changed):
        actions.finish_action(outcome_id=late.pk, by=buyer, result="Done")


def test_each_head_confirms_or_objects_and_then_the_minutes_are_final(meeting, chair, production_head, clock):
    clock.move_to(at("10:40"))
    started(meeting, chair)
    decide(meeting, chair)
    actions.close_meeting(meeting_id=meeting.pk, by=chair)
    asked = list(meeting.confirmations.filter(state="asked").select_related("person", "item"))
    assert meeting.confirmations.get(department__code="sales").state == "confirmed"
    assert all(answer.item.assignee == answer.person for answer in asked) and len(asked) == 7
    mine = next(answer for answer in asked if answer.person == production_head)
    with pytest.raises(NotYours):
        actions.answer_minutes(confirmation_id=mine.pk, by=chair)
    with pytest.raises(BadInput):
        actions.answer_minutes(confirmation_id=mine.pk, by=production_head, objects=True)
    actions.reopen_meeting(meeting_id=meeting.pk, by=chair, reason="漏了一条")
    assert not Confirmation.objects.exclude(state="fallen").exists()
    assert not WorkItem.objects.living().filter(kind="meeting_minutes").exists()
    actions.close_meeting(meeting_id=meeting.pk, by=chair)
    asked = list(meeting.confirmations.filter(state="asked").select_related("person", "item"))
    mine = next(answer for answer in asked if answer.person == production_head)
    actions.answer_minutes(confirmation_id=mine.pk, by=production_head, objects=True, objection="夜班只加两天")
    with pytest.raises(Changed):
        actions.answer_minutes(confirmation_id=mine.pk, by=production_head)
    silent = asked[0] if asked[0] != mine else asked[1]
    for answer in asked:
        if answer not in (mine, silent):
            actions.answer_minutes(confirmation_id=answer.pk, by=answer.person)
    meeting.refresh_from_db()
    assert meeting.state == "closed"
    assert actions.close_unanswered() == 0
    clock.move_to(silent.item.due_at + timedelta(seconds=1))
    assert (actions.close_unanswered(), actions.close_unanswered()) == (1, 0)
    meeting.refresh_from_db()
    silent.refresh_from_db()
    assert (meeting.state, silent.state) == ("confirmed", "not_objected")
    with pytest.raises(GateShut, match="stand"):
        actions.reopen_meeting(meeting_id=meeting.pk, by=chair, reason="Too late")


def test_moving_sends_the_same_calendar_entry_with_a_higher_number(meeting, chair, mailoutbox, clock):
    first = next(iter(Calendar.from_ical(calendar_of(meeting)).walk("VEVENT")))
    with pytest.raises(BadInput, match="stays in its week"):
        actions.move_meeting(meeting_id=meeting.pk, by=chair, starts_at=at("09:00", 7), length_minutes=30, place="",
                             link="", reason="Holiday")
    actions.move_meeting(meeting_id=meeting.pk, by=chair, starts_at=at("14:00", 1), length_minutes=45, place="二楼",
                         link="", reason="客户来访")
    meeting.refresh_from_db()
    moved = next(iter(Calendar.from_ical(calendar_of(meeting)).walk("VEVENT")))
    assert first["UID"] == moved["UID"]
    assert (first["SEQUENCE"], moved["SEQUENCE"]) == (0, 1)
    assert (moved.decoded("DTSTART"), moved.decoded("DTEND")) == (at("14:00", 1), at("14:45", 1))
    clock.move_to(at("09:00"))
    dispatch()
    letters = [letter for letter in mailoutbox if letter.to == [chair.email]]
    files = [letter.attachments[0] for letter in letters if letter.attachments]
    assert {name for name, _content, _kind in files} == {"meeting.ics"} and len(files) == 2
    actions.cancel_meeting(meeting_id=meeting.pk, by=chair, reason="盘点")
    meeting.refresh_from_db()
    ended = Calendar.from_ical(calendar_of(meeting))
    event = next(iter(ended.walk("VEVENT")))
    assert (ended["METHOD"], event["STATUS"], event["SEQUENCE"]) == ("CANCEL", "CANCELLED", 2)
    with pytest.raises(GateShut, match="cancelled"):
        actions.record_outcome(meeting_id=meeting.pk, by=chair, kind=Kind.DECISION, text="x")
    with pytest.raises(GateShut, match="cancelled"):
        actions.start_meeting(meeting_id=meeting.pk, by=chair)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_start_it_at_once_and_two_make_it_at_once(people):
    with time_machine.travel(at("10:20"), tick=False):
        made = at_once(*[lambda: actions.plan_meeting(week=Week.now())] * 2)
        assert Meeting.objects.count() == 1 and len([found for found in made if found]) == 1
        meeting = Meeting.objects.get()
        chair = meeting.chair_id
        found = at_once(*[
            lambda: actions.start_meeting(meeting_id=meeting.pk, by=User.objects.get(pk=chair))
        ] * 2)
        assert len(refusals(found)) == 1 and isinstance(refusals(found)[0], Changed)
        assert Event.objects.filter(stream=meeting.stream, verb="meeting.started").count() == 1


@pytest.mark.once
def test_one_line_is_read_in_three_languages():
    people = [User(pk=1, username="zhou", name="周建国", latin_name="Zhou Jianguo"),
              User(pk=2, username="wang", name="王芳", latin_name="Wang Fang")]
    now = at("10:40")
    for typed, person, due_at, text, order in [
        ("/行动 @周建国 周三 12:00 夹具 F-118 下单", 1, at("12:00", 2), "夹具 F-118 下单", ""),
        ("/行動 @王芳 下週一 港口清單 #0042", 2, at("18:00", 7), "港口清單", "0042"),
        ("/action @Zhou Jianguo tomorrow 9:30 order the fixture", 1, at("09:30", 1), "order the fixture", ""),
        ("/action 夹具 @zhou 11-25 UO-20261123-0007", 1, at("18:00", 2), "夹具", "UO-20261123-0007"),
        ("/action @Wang Mon 10:00 call", 2, at("10:00", 7), "call", ""),
    ]:
        line = lines.read(typed, people, now)
        assert (line.kind, line.person.pk, line.due_at, line.text, line.order) == (
            "action", person, due_at, text, order), typed
    assert lines.read("/决议采用方案 B #42", people, now) == lines.Line("decision", "采用方案 B", order="42")
    assert lines.read("/問題 CNC-3 產能", people, now).kind == "problem"
    for typed, what in [("夹具", "Begin with"), ("/note x", "none of"), ("/action @李 周三 x", "Nobody"),
                        ("/action 周三 x", "who does it"), ("/action @zhou x", "until when"),
                        ("/action @zhou 13-40 x", "does not exist"), ("/action @zhou Wed 25:00 x", "no time of day")]:
        with pytest.raises(BadInput, match=what):
            lines.read(typed, people, now)
