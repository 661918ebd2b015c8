"""The pages of the working calendars: an administrator's, looked at before anything is published."""

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from records.models import Event
from sla import calendars
from sla.models import CalendarEdition, WorkCalendar, WorkItem
from tests.factories.sla import open_item

pytestmark = pytest.mark.django_db
REASON = {"moves": "provisional", "reason": "Announced by the government"}
FILE = """日期,类型,名称,工时
2026-10-01,假日,国庆节,
2027-01-01,假日,元旦,
2027-01-03,补班,,
2027-10-01,假日,国庆节,
"""


@pytest.fixture
def factory(company):
    return WorkCalendar.objects.get()


@pytest.fixture
def client(client_of, admin):
    return client_of(admin)


def at(name, calendar, *args):
    return reverse(f"sla:{name}", args=[calendar.pk, *args])


def settings_of(calendar, **values):
    week = {f"week_{number}": hours for number, hours in enumerate(calendar.week)}
    return week | REASON | {"name": calendar.name, "time_zone": calendar.time_zone, "version": calendar.version,
                            "covered_until": calendar.covered_until} | values  # fmt: skip


def looked(client, url, data):
    """The page that shows the effect, and what it would publish by."""
    page = client.post(url, data)
    assert page.status_code == 200, page.context["form"].errors
    return page, page.context["shown"]


def published(client, url, data):
    _page, shown = looked(client, url, data)
    return client.post(url, data | {"seen": shown.token, "once": shown.token})


def test_only_administrators_enter(factory, client_of, sales, manager, client):
    calendar = reverse("sla:calendars")
    pages = [calendar, at("calendar", factory), at("calendar_edit", factory), at("calendar_import", factory),
             at("calendar_day_new", factory), at("calendar_file", factory), reverse("sla:calendar_new"),
             at("calendar_day", factory, "2026-10-01"), at("calendar_day_remove", factory, "2026-10-01")]
    for url in pages:
        assert client.get(url).status_code == 200
        assert client_of(manager).get(url).status_code == 403
    assert client_of(sales).post(at("calendar_publish", factory), {"text": FILE}).status_code == 403
    assert client.get(at("calendar_publish", factory)).url == at("calendar_import", factory)
    for day in ("2026-10-20", "2026-02-30", "never"):
        assert client.get(at("calendar_day", factory, day)).status_code == 404
    assert client.get("/calendars/999/").status_code == 404


def test_a_calendar_is_drawn_month_by_month(factory, client):
    page = client.get(at("calendar", factory), {"year": 2026}).text
    assert page.count('class="mo"') == 12
    assert "国庆节" in page and "mo--make_up" in page
    assert "No holidays are entered" in client.get(at("calendar", factory), {"year": 2031}).text
    assert client.get(at("calendar", factory), {"year": "never"}).status_code == 200


def test_each_list_asks_the_same_for_one_row_and_three(factory, client, company, sales, admin):
    def enter(number):
        calendars.create(factory, name=f"Shift {number}", by=admin, reason="Another shift")
        factory.days.create(date=date(2031, 1, number), kind="holiday")
        open_item(company["sales"], assignee=sales)

    ends = iter(range(12, 20))  # an edition that this process has never seen is read once

    def statements():
        with CaptureQueriesContext(connection) as caught:
            assert client.get(reverse("sla:calendars")).status_code == 200
            assert client.get(at("calendar", factory), {"year": 2031}).status_code == 200
            page, _shown = looked(client, at("calendar_edit", factory), settings_of(factory, week_5=f"8-{next(ends)}"))
        return len(caught), page.context["shown"].total

    enter(1)
    assert statements()[1] == 1
    one = statements()[0]
    enter(2)
    enter(3)
    assert statements() == (one, 3)


def test_hours_are_looked_at_then_published_once(factory, client, company, sales):
    item = open_item(company["sales"], assignee=sales)
    url, night = at("calendar_edit", factory), {"week_5": "22：00-06：00", "moves": "all"}
    page, shown = looked(client, url, settings_of(factory, **night))
    assert "What it means for running clocks" in page.text
    assert shown.total == 1
    assert CalendarEdition.objects.count() == 1
    answer = settings_of(factory, **night, seen=shown.token, once="a")
    changed = client.post(url, answer | {"week_6": "10:00-12:00"})
    assert changed.status_code == 200, "what was not shown is shown first"
    assert CalendarEdition.objects.count() == 1
    assert client.post(url, answer).status_code == 302
    assert client.post(url, answer).status_code == 302  # a double click
    factory.refresh_from_db()
    assert (factory.week[5], factory.version) == ("22:00-06:00", 2)
    assert WorkItem.objects.get(pk=item.pk).edition_id == factory.edition_id
    assert Event.objects.filter(stream=factory.stream, verb="publish_calendar").count() == 1
    assert "Announced by the government" in client.get(at("calendar", factory)).text


def test_a_stale_form_is_refused_and_what_was_typed_stays(factory, client, client_of, general_manager):
    calendars.save(factory, calendars.draft_of(factory).without(date(2026, 10, 1)), by=general_manager, reason="Typo")
    response = client.post(at("calendar_edit", factory), settings_of(factory, week_5="09:00-12:00"))
    assert response.status_code == 409
    assert "09:00-12:00" in response.text and general_manager.name in response.text
    assert response.context["version"] == 2
    again = settings_of(factory, week_5="09:00-12:00", version=2)
    assert published(client, at("calendar_edit", factory), again).status_code == 302
    assert not WorkCalendar.objects.get().days.filter(date=date(2026, 10, 1)).exists(), "the other's change stays"


@pytest.mark.parametrize(("values", "field", "told"), [
    ({f"week_{n}": "" for n in range(7)}, "week_0", "needs working time"),
    ({"week_1": "08:00-08:00"}, "week_1", "ends before it starts"),
    ({"week_1": "08:00-12:00, 11:00-15:00"}, "week_1", "08:00-12:00 and 11:00-15:00 overlap"),
    ({"week_1": "22:00-06:00", "week_2": "05:00-09:00"}, "week_2", "runs into 05:00-09:00"),
    ({"time_zone": "Asia/Gotham"}, "time_zone", "is no time zone"),
    ({"covered_until": "2026-06-30"}, "covered_until", "stands in the calendar"),
    ({"covered_until": "2026-02-30"}, "covered_until", ""),
    ({"name": ""}, "name", ""), ({"reason": "x"}, "reason", ""), ({"moves": "some"}, "moves", ""),
])  # fmt: skip
def test_senseless_settings_are_refused_by_field(factory, client, values, field, told):
    response = client.post(at("calendar_edit", factory), settings_of(factory, **values))
    assert response.status_code == 422
    assert told in str(response.context["form"].errors[field])
    assert CalendarEdition.objects.count() == 1


def test_single_days(factory, client):
    new = REASON | {"date": "2026-11-27", "kind": "make_up", "name": "补班", "version": 1}
    url = at("calendar_day_new", factory)
    assert published(client, url, new).status_code == 302
    assert WorkCalendar.objects.get().days.get(date=date(2026, 11, 27)).hours == "08:00-12:00, 13:00-18:00"
    for values, field in (({}, "date"), ({"date": "2026-11-28", "kind": "holiday", "hours": "08:00-09:00"}, "hours"),
                          ({"date": "1926-11-28"}, "date"), ({"date": "2026-11-28", "kind": "special"}, "hours")):
        refused = client.post(url, new | {"version": 2} | values)
        assert (refused.status_code, field in refused.context["form"].errors) == (422, True)
    day = at("calendar_day", factory, "2026-11-27")
    change = REASON | {"kind": "special", "name": "盘点", "hours": "8-12", "version": 2}
    assert published(client, day, change).status_code == 302
    assert client.post(day, change | {"version": 3}).status_code == 422  # nothing would change
    gone = REASON | {"version": 3}
    url = at("calendar_day_remove", factory, "2026-11-27")
    _page, shown = looked(client, url, gone)
    for _double_click in range(2):
        assert client.post(url, gone | {"once": "a", "seen": shown.token}).url.endswith("?year=2026")
    assert client.post(url, gone | {"once": "b"}).status_code == 409


def test_a_new_calendar_is_a_copy(factory, client):
    data = {"name": "Night", "copied": factory.pk, "reason": "Second shift", "once": "a"}
    first = client.post(reverse("sla:calendar_new"), data)
    assert client.post(reverse("sla:calendar_new"), data).url == first.url
    assert WorkCalendar.objects.get(name="Night").days.count() == factory.days.count()


# Import


def upload(text, name="days.csv", encoding="gb18030"):
    return {"file": SimpleUploadedFile(name, text.encode(encoding)), "version": 1}


def test_a_file_is_shown_row_by_row_then_published(factory, client, company, sales):
    december = timezone.make_aware(timezone.datetime(2026, 12, 31, 17))
    item = open_item(company["sales"], assignee=sales, kind="order", now=december)
    assert item.is_provisional
    known = factory.days.filter(date__year=2026).count()
    page = client.post(at("calendar_import", factory), upload(FILE))
    assert page.status_code == 200
    assert [state for _row, _before, state in page.context["changes"]] == ["same", "new", "new", "new"]
    assert page.context["form"].initial["covered_until"] == date(2027, 12, 31)
    assert f'action="{at("calendar_publish", factory)}"' in page.text
    assert "becomes firm" in page.text and "stay" in page.text
    assert CalendarEdition.objects.count() == 1
    url, text = at("calendar_publish", factory), page.context["form"].initial["text"]
    data = REASON | {"text": text, "covered_until": "2027-12-31", "version": 1, "once": "f",
                     "seen": page.context["shown"].token}
    corrected = data | {"text": text.replace("2027-01-01,假日,元旦", "2027-01-01,special,盘点") + ",08:00-12:00"}
    assert client.post(url, data | {"text": corrected["text"]}).status_code == 422
    corrected["text"] = text.replace("2027-01-01,假日,元旦,", "2027-01-01,特殊工时,盘点,08:00-12:00")
    shown = client.post(url, corrected)
    assert (shown.status_code, CalendarEdition.objects.count()) == (200, 1), "a corrected kind is shown again"
    assert client.post(url, corrected | {"seen": shown.context["shown"].token}).status_code == 302
    assert client.post(url, corrected | {"seen": shown.context["shown"].token}).status_code == 302
    factory.refresh_from_db()
    assert (factory.covered_until, factory.version) == (date(2027, 12, 31), 2)
    assert factory.days.get(date=date(2027, 1, 1)).hours == "08:00-12:00"
    assert factory.days.filter(date__year=2026).count() == known, "nothing is removed"
    item.refresh_from_db()
    assert (item.is_provisional, item.edition_id) == (False, factory.edition_id)


def test_a_file_of_a_few_days_says_nothing_new_of_the_year(factory, client):
    page = client.post(at("calendar_import", factory), {"text": "date,kind\n2027-01-04,holiday\n", "version": 1})
    assert page.context["form"].initial["covered_until"] == date(2026, 12, 31)
    same = client.post(at("calendar_import", factory), {"text": "date,kind,name\n2026-10-01,holiday,国庆节\n"})
    assert "Nothing would change" in same.text
    assert same.context["shown"] is None


def test_an_ics_becomes_rows_to_correct(factory, client):
    text = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20270101\r\n"
            "DTEND;VALUE=DATE:20270104\r\nSUMMARY:元旦\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
    page = client.post(at("calendar_import", factory), upload(text, "cn.ics", "utf-8"))
    assert page.context["form"].initial["text"].splitlines()[1:] == [f"2027-01-0{n},holiday,元旦," for n in (1, 2, 3)]


def test_a_bad_file_is_refused_whole_and_its_text_stays(factory, client):
    url = at("calendar_import", factory)
    for given, field, told in (
        (upload("日期,类型\n2027-01-01,假日\n2027-02-30,假日\n"), "text", "Row 3, date: 2027-02-30 does not exist"),
        (upload("日期,类型\n2027-01-01,假日\n2027/1/1,班\n"), "text", "stands in row 2 already"),
        (upload("Name,Müller\nCafé,1\n", encoding="latin-1"), "file", "neither UTF-8 nor GB18030"),
        (upload("a,b\n1,2\n"), "text", "This is no calendar"), (upload(""), "text", "The file is empty"),
        ({"text": "", "version": 1}, "text", "The file is empty"),
    ):  # fmt: skip
        response = client.post(url, given)
        assert response.status_code == 422
        assert told in str(response.context["form"].errors[field]), told
        assert WorkCalendar.objects.get().version == 1
    kept = client.post(url, upload("日期,类型\n2027-02-30,假日\n")).text
    assert "2027-02-30,假日" in kept
    broken = REASON | {"text": "日期,类型\n2027-02-30,假日\n", "covered_until": "2027-12-31", "version": 1}
    response = client.post(at("calendar_publish", factory), broken)
    assert response.status_code == 422
    assert "2027-02-30,假日" in response.text and "Announced by the government" in response.text
    early = broken | {"text": "date,kind\n2027-02-03,off\n", "covered_until": "2026-11-30"}
    assert "cannot be known until 2026-11-30" in client.post(at("calendar_publish", factory), early).text


def test_the_days_are_exported_as_they_can_be_imported(factory, client):
    response = client.get(at("calendar_file", factory))
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeff") and "attachment" in response["Content-Disposition"]
    page = client.post(at("calendar_import", factory), {"text": text})
    assert {state for _row, _before, state in page.context["changes"]} == {"same"}


def test_a_provisional_deadline_says_so_where_it_is_looked_at(factory, company, sales, client_of):
    item = open_item(company["sales"], assignee=sales)
    pane = reverse("sla:item", args=[item.pk])
    assert "not known yet" not in client_of(sales).get(pane).text
    WorkCalendar.objects.update(covered_until=timezone.localdate() - timedelta(days=9))
    calendars.publish_calendar(factory)
    item = open_item(company["sales"], assignee=sales)
    shown = client_of(sales).get(reverse("sla:item", args=[item.pk])).text
    assert "The holidays of that day are not known yet" in shown
