"""Working calendars: the files they are read from, and what publishing an edition does to running clocks."""

import csv
import io
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone, translation
from hypothesis import given, settings
from hypothesis import strategies as st

from desk import export
from desk.refusals import BadInput, Changed
from notifications.models import Notification, Outbox
from records.models import Event
from sla import calendar_files, calendars, effects, reports, tasks, worktime
from sla.calendar_files import BadFile, as_table, read_days, text_of
from sla.calendars import Day, Moves
from sla.models import CalendarDay, CalendarEdition, WorkCalendar, WorkItem, check_spans, check_week
from tests.factories.sla import open_item

once = pytest.mark.once
WEEK = ["08:00-12:00, 13:00-18:00"] * 5 + ["", ""]
ORDINARY = WEEK[0]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def faults(text, week=WEEK) -> str:
    with pytest.raises(BadFile) as refused:
        read_days(as_table(text, week), week)
    return " / ".join(map(str, refused.value.faults))


def rows(text):
    return [(row.date.isoformat(), str(row.kind), row.name, row.hours) for row in read_days(as_table(text, WEEK), WEEK)]


# CSV


@once
@pytest.mark.parametrize("text", [
    'date,kind,name,hours\n2026-10-01,holiday,国庆节,\n2026/10/10,make-up workday,,"8-12，13:00～18:00"\n',
    "日期;类型;名称;工时\r\n2026.10.1;假日;国庆节;\r\n2026年10月10日;补班;;\r\n",
    "\ufeff日期\t類型\t名稱\t工時\n2026-10-01\t放假\t国庆节\t\n\n2026-10-10\t補班\t\t08:00–12:00、13:00–18:00\n",
    "Kind,DATE,Name\nHoliday,2026-10-1,国庆节\n班,2026-10-10,\n",
])  # fmt: skip
def test_a_file_is_read_as_spreadsheets_write_it(text):
    assert rows(text) == [("2026-10-01", "holiday", "国庆节", ""), ("2026-10-10", "make_up", "", ORDINARY)]


@once
@pytest.mark.parametrize(("text", "told"), [
    ("", "The file is empty"),
    (" \n;;\n", "The file is empty"),
    ("a,b\n1,2\n", "This is no calendar"),
    ("date,kind\n", "no rows"),
    ("date,kind,hour\n2026-01-01,holiday,\n", "Row 1, hour"),
    ("date,kind,date\n2026-01-01,holiday,\n", "Row 1, date: This column is there twice"),
    ("date,kind\n2026-02-30,holiday\n", "Row 2, date: 2026-02-30 does not exist"),
    ("date,kind\n2026-01-01,off\n01/02/2026,off\n", "Row 3, date: “01/02/2026” is no date"),
    ("date,kind\n1026-01-01,off\n", "The year lies outside"),
    ("date,kind\n2026-01-01,party\n", "Row 2, kind: “party” is none of: holiday, make-up workday, special hours"),
    ("date,kind\n2026-01-01,off\n2026/1/1,班\n", "Row 3, date: 2026-01-01 stands in row 2 already"),
    ("date,kind,hours\n2026-01-01,holiday,08:00-12:00\n", "Row 2, hours: A holiday has no working hours"),
    ("date,kind,hours\n2026-01-01,special,\n", "Row 2, hours: A day with special hours says which"),
    ("date,kind,hours\n2026-01-01,special,late\n", "Row 2, hours: Write working hours as"),
    ("date,kind,hours\n2026-01-01,special,08:00-08:00\n", "08:00-08:00 ends before it starts"),
    ('date,kind,hours\n2026-01-01,special,"08:00-12:00, 11:00-13:00"\n', "08:00-12:00 and 11:00-13:00 overlap"),
    ("date,kind,hours\n2026-01-01,special,08:00-12:00, 13:00-18:00\n", "Row 2 has more fields than the header"),
    ('date,kind\n2026-01-01,off\n"2026-01-02,off\n', "a quotation mark is not closed"),
    ("date,kind,name\n2026-01-01,off," + "x" * 81 + "\n", "Row 2, name: The name is longer than 80"),
    ("date,kind\n2026-01-01,off\x07\n", "no text file"),
    ("date,kind\n" + "2026-01-01,off\n" * 2001, "more than 2000 rows"),
    ("x" * (512 * 1024 + 1), "larger than 512 KB"),
])  # fmt: skip
def test_a_broken_file_is_refused_by_row_and_field(text, told):
    assert told in faults(text)


@once
def test_every_fault_is_told_at_once_and_few_enough_to_read():
    several = "date,kind,hours\n2026-02-30,party,\n2026-01-01,off,8-9\n"
    assert faults(several).count("Row ") == 3
    many = "date,kind\n" + "never,off\n" * 60
    assert faults(many).endswith("And 10 more.")


@once
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_is_read_in_the_encodings_that_offices_use(encoding):
    assert text_of("日期,类型\n2026-10-01,假日\n".encode(encoding)).startswith("日期")


@once
@pytest.mark.parametrize(("data", "told"), [
    ("date,kind\n2026-12-25,Café,\n".encode("latin-1"), "neither UTF-8 nor GB18030"),
    (b"PK\x03\x04 a workbook", "Save the sheet as CSV"), (b"x" * (512 * 1024 + 1), "larger than"),
])  # fmt: skip
def test_another_encoding_is_refused(data, told):
    with pytest.raises(BadFile, match=told):
        text_of(data)


def canonical_names():
    letters = st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(" =+-@',\";")
    return st.text(letters, max_size=30).map(calendar_files.clean_name).filter(
        lambda name: calendar_files.clean_name(name) == name
    )


@st.composite
def listed_days(draw):
    kind = draw(st.sampled_from(CalendarDay.Kind.values))
    start, end = sorted(draw(st.lists(st.integers(0, 1440), min_size=2, max_size=2, unique=True)))
    hours = "" if kind == "holiday" else worktime.format_spans([(start, end)])
    day = draw(st.dates(date(2000, 1, 1), date(2100, 12, 31)))
    return CalendarDay(date=day, kind=kind, name=draw(canonical_names()), hours=hours)


@once
@settings(max_examples=25)
@given(st.lists(listed_days(), min_size=1, max_size=6, unique_by=lambda day: day.date),
       st.sampled_from(calendar_files.LANGUAGES), st.sampled_from(["utf-8", "gb18030"]))  # fmt: skip
def test_what_was_exported_is_imported_as_the_same(days, language, encoding):
    with translation.override(language):
        data = "".join(export.csv_lines(*calendar_files.table(days)))
    found = read_days(text_of(data.encode(encoding)), WEEK)
    assert [(row.date, row.kind, row.name, row.hours) for row in found] == [
        (day.date, day.kind, day.name, day.hours) for day in days
    ]


# ICS


def ics(*events):
    body = "".join(f"BEGIN:VEVENT\r\nUID:{n}\r\n{event}\r\nEND:VEVENT\r\n" for n, event in enumerate(events))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//\r\n{body}END:VCALENDAR\r\n"


def event(start, end="", summary="休"):
    return f"DTSTART;VALUE=DATE:{start}\r\n" + (f"DTEND;VALUE=DATE:{end}\r\n" if end else "") + f"SUMMARY:{summary}"


@once
def test_events_of_whole_days_become_rows_that_can_be_corrected():
    table = as_table(ics(event("20261001", "20261004", "国庆节（休）"), event("20260920", summary="补班"),
                         "DURATION:P2D\r\n" + event("20260501", summary="Workers' Day")), WEEK)
    assert [row[:2] for row in csv.reader(io.StringIO(table))][:2] == [["date", "kind"], ["2026-05-01", "holiday"]]
    assert [(day[5:], kind, hours) for day, kind, _name, hours in rows(table)] == [
        ("05-01", "holiday", ""), ("05-02", "holiday", ""), ("09-20", "make_up", ORDINARY),
        ("10-01", "holiday", ""), ("10-02", "holiday", ""), ("10-03", "holiday", ""),
    ]
    assert "already" in faults(ics(event("20261001"), event("20261001", summary="中秋节")))


@once
@pytest.mark.parametrize(("name", "kind"), [
    ("国庆节补班", "make_up"), ("春节（班）", "make_up"), ("調休上班", "make_up"), ("Make-up workday", "make_up"),
    ("Working Day for National Day", "make_up"), ("Special work day", "make_up"), ("劳动节", "holiday"),
    ("International Workers' Day", "holiday"), ("Non-working day", "holiday"), ("Day off from work", "holiday"),
])  # fmt: skip
def test_a_make_up_workday_is_known_by_its_words(name, kind):
    assert rows(ics(event("20261010", summary=name)))[0][1] == kind


@once
def test_apples_own_mark_goes_before_the_words():
    assert rows(ics("X-APPLE-SPECIAL-DAY:WORK-HOLIDAY\r\n" + event("20261010", summary="值班")))[0][1] == "holiday"
    assert rows(ics("X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY\r\n" + event("20261010")))[0][1] == "make_up"


@once
@pytest.mark.parametrize(("text", "told"), [
    (ics(), "no events"), (ics(event("20261001"))[:90], "broken"), (ics(event("20261301")), "Event 1: Its date"),
    (ics(event("20261001"), "DTSTART:20261001T080000Z\r\nSUMMARY:x"), "Event 2: It is not an event of whole days"),
    (ics(event("20261004", "20261001")), "ends before it starts"), (ics("SUMMARY:x"), "not an event of whole days"),
    (ics(event("20261001") + "\r\nRRULE:FREQ=YEARLY"), "repeats"), (ics(event("20261001", "20291001")), "longer than"),
])  # fmt: skip
def test_an_event_that_is_no_day_is_refused_by_its_number(text, told):
    assert told in faults(text)


# Hours


@once
@pytest.mark.parametrize(("text", "told"), [
    ("13:00-08:00", "ends before it starts"), ("08:00-08:00", "ends before it starts"), ("25:00-26:00", "Write"),
    ("08:00-12:00, 09:00-10:00", "08:00-12:00 and 09:00-10:00 overlap"), ("20:00-04:00, 22:00-23:00", "overlap"),
])  # fmt: skip
def test_senseless_hours_are_refused(text, told):
    with pytest.raises(ValidationError, match=told):
        check_spans(text)


@once
@pytest.mark.parametrize("text", ["22:00-06:00", "00:00-24:00", "08:00-20:00, 20:00-08:00", "6-14, 14-22, 22-6", ""])
def test_shifts_are_taken(text):
    check_spans(text)


@once
def test_a_week_needs_working_time_and_its_nights_do_not_run_into_the_day():
    check_week(["06:00-14:00, 14:00-22:00, 22:00-06:00"] * 7)
    for week, told in ([[""] * 7, "needs working time"], [["22:00-06:00", "05:00-08:00"] + [""] * 5, "runs into 05:00"],
                       [["02:00-03:00"] + [""] * 5 + ["22:00-04:00"], "runs into 02:00"]):
        with pytest.raises(ValidationError, match=told):
            check_week(week)


# Publishing


@pytest.fixture
def factory(company):
    return WorkCalendar.objects.get()


def publish(calendar, by, draft, **options):
    calendar.refresh_from_db()
    return calendars.save(calendar, draft, by=by, reason="Announced by the government", **options)


def current(calendar):
    return calendars.draft_of(WorkCalendar.objects.get(pk=calendar.pk))


SPRING_FESTIVAL = {date(2027, 2, 4) + n * DAY: Day("holiday", "春节") for n in range(7)}


def with_2027(calendar):
    draft = current(calendar).with_days(SPRING_FESTIVAL)
    return replace(draft, covered_until=date(2027, 12, 31))


@pytest.mark.clause("3.1.1")
@pytest.mark.django_db
def test_the_next_year_makes_provisional_deadlines_firm_and_moves_them(company, factory, sales, admin, monday):
    now = monday.replace(year=2026, month=12, day=31, hour=17, minute=30)
    late = open_item(company["sales"], assignee=sales, now=now - 8 * HOUR)
    firm = open_item(company["sales"], assignee=sales, now=now - 1.75 * HOUR)
    provisional = open_item(company["sales"], assignee=sales, kind="order", now=now)
    assert (firm.is_provisional, provisional.is_provisional) == (False, True)
    before = provisional.due_at
    draft = with_2027(factory)
    holiday = before.astimezone(monday.tzinfo).date()
    draft = draft.with_days({holiday: Day("holiday", "厂休")})
    shown = calendars.preview(factory, draft, now=now)
    assert {effect.item.pk: effect.item.is_provisional for effect in shown} == {firm.pk: False, provisional.pk: False}
    assert CalendarEdition.objects.count() == 1, "looking leaves nothing"
    edition = publish(factory, admin, draft, now=now, moves=Moves.PROVISIONAL)
    assert WorkItem.objects.get(pk=late.pk).due_at == late.due_at
    firm.refresh_from_db()
    provisional.refresh_from_db()
    assert (firm.edition_id == edition.pk, provisional.edition_id == edition.pk) == (False, True)
    assert not provisional.is_provisional and provisional.due_at > before
    assert provisional.due_at == next(effect.new_due for effect in shown if effect.item.pk == provisional.pk)
    told = Event.objects.filter(stream=factory.stream).order_by("number").first()
    assert (told.verb, told.actor, told.params["reason"]) == ("publish_calendar", admin, "Announced by the government")


@pytest.mark.django_db
def test_which_running_clocks_go_along_is_chosen(company, factory, sales, admin, monday):
    item = open_item(company["sales"], assignee=sales, now=monday)
    due, today = item.due_at, monday.date()
    closed = current(factory).with_days({today: Day("holiday", "停电")})
    publish(factory, admin, closed, moves=Moves.NONE, now=monday)
    assert WorkItem.objects.get(pk=item.pk).due_at == due
    publish(factory, admin, current(factory).without(today), now=monday)
    publish(factory, admin, closed, now=monday)
    assert WorkItem.objects.get(pk=item.pk).due_at == due, "it was not provisional"
    publish(factory, admin, current(factory).without(today), now=monday)
    publish(factory, admin, closed, moves=Moves.ALL, now=monday)
    assert WorkItem.objects.get(pk=item.pk).due_at == monday + DAY + HOUR
    assert calendars.running()["factory"].clocks == 1
    assert list(effects.running_by(factory)) == [item]


@pytest.mark.django_db
def test_nothing_half_saved(factory, admin):
    start, body = current(factory), factory.body
    for draft, name in (
        (replace(start, week=("",) * 7), "week"), (replace(start, time_zone="Asia/Gotham"), "time_zone"),
        (replace(start, covered_until=date(2026, 6, 30)), "covered_until"), (start, None),
    ):  # fmt: skip
        with pytest.raises(BadInput) as refused:
            publish(factory, admin, draft)
        assert refused.value.field == name
    with pytest.raises(Changed):
        publish(factory, admin, start.without(date(2026, 10, 1)), based_on=99)
    assert WorkCalendar.objects.get().body == body
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_a_change_is_told_in_the_log_and_refuses_who_looked_before(factory, admin, general_manager):
    morning = {date(2026, 10, 2): Day("special", "", "09:00-12:00")}
    publish(factory, admin, current(factory).without(date(2026, 10, 1)).with_days(morning), based_on=1)
    sentence = Event.objects.get(stream=factory.stream)
    assert [line["params"]["what"] for line in sentence.params["changes"]] == ["2026-10-01", "2026-10-02"]
    with pytest.raises(Changed) as refused:
        publish(factory, general_manager, current(factory).without(date(2026, 10, 3)), based_on=1)
    assert refused.value.who == (admin,)
    many = {date(2026, 1, 1) + n * DAY: Day("holiday", "x") for n in range(60)}
    publish(factory, admin, current(factory).with_days(many))
    assert len(Event.objects.filter(stream=factory.stream).last().params["changes"]) == 21


@pytest.mark.django_db
def test_a_copy_is_a_calendar_of_its_own(factory, admin):
    night = calendars.create(factory, name="Night shift", by=admin, reason="The second shift")
    other = calendars.create(factory, name="夜班", by=admin, reason="The third shift")
    third = calendars.create(factory, name="夜班", by=admin, reason="The fourth shift")
    assert [row.code for row in (night, other, third)] == ["night-shift", "calendar", "calendar-2"]
    night.refresh_from_db()
    assert night.body | {"code": ""} == factory.body | {"code": ""}
    assert night.edition_id and night.edition_id != factory.edition_id
    publish(night, admin, replace(current(night), week=("22:00-06:00",) * 5 + ("", "")))
    assert current(factory).week == tuple(WEEK)


@once
def test_a_week_is_said_in_words():
    assert calendars.week_in_words(WEEK) == [f"Mon–Fri {ORDINARY}", "Sat–Sun closed"]
    assert calendars.week_in_words(["", *WEEK[:5], "08:00-12:00"])[0] == "Mon closed"


@pytest.mark.django_db
@pytest.mark.parametrize("statement", [
    "UPDATE sla_workcalendar SET week = '[\"\", \"\", \"\", \"\", \"\", \"\", \"\"]'",
    "UPDATE sla_workcalendar SET week = '[]'",
    "INSERT INTO sla_workcalendar (code, name, time_zone, week, version) VALUES ('x', 'x', 'UTC', '[]', 1)",
    "UPDATE sla_calendarday SET hours = '' WHERE kind = 'make_up'",
    "UPDATE sla_calendarday SET date = '2026-10-01'",
    "UPDATE sla_calendaredition SET body = '{}'",
])  # fmt: skip
def test_careless_sql_makes_no_calendar_that_never_works(factory, statement):
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


# Before the year runs out


@pytest.mark.django_db
def test_administrators_are_told_once_a_year_from_november(factory, admin, manager, monday):
    october, november = (monday.replace(year=2026, month=month, day=day) for month, day in ((10, 31), (11, 1)))
    calendars.warn_of_unknown_years(now=october)
    assert not Notification.objects.exists()
    assert not reports.running_out(october)
    for _day in range(3):
        calendars.warn_of_unknown_years(now=november)
    letter = Notification.objects.get(recipient=admin)
    assert letter.url == f"/calendars/{factory.pk}/import/"
    assert Notification.objects.filter(recipient=manager).count() == 0
    assert "Factory" in " ".join(reports.health(november).warnings)
    publish(factory, admin, with_2027(factory))
    assert set(Outbox.objects.values_list("state", flat=True)) <= {"void"}
    assert not reports.running_out(november)
    calendars.warn_of_unknown_years(now=november.replace(year=2027))
    assert Notification.objects.filter(recipient=admin).count() == 2


@pytest.mark.django_db
def test_the_daily_job_asks_the_calendars_of_today(factory, admin):
    WorkCalendar.objects.update(covered_until=timezone.localdate() - DAY)
    tasks.warn_of_unknown_years()
    tasks.warn_of_unknown_years()
    assert Notification.objects.filter(recipient=admin).count() == 1
