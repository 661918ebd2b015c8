"""The days of a calendar as files: CSV as spreadsheets write it, and the all-day events of an ICS. No database."""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from icalendar import Calendar

from desk.export import FORMULA_START
from sla import worktime
from sla.models import CalendarDay, check_spans

Kind = CalendarDay.Kind
LANGUAGES = ("en", "zh-hans", "zh-hant")
MOST_BYTES, MOST_ROWS, MOST_FAULTS = 512 * 1024, 2000, 50
FIRST_YEAR, LAST_YEAR = 2000, 2100
LONGEST_NAME = CalendarDay._meta.get_field("name").max_length
LONGEST_HOURS = CalendarDay._meta.get_field("hours").max_length
DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", re.ASCII)
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

# The first word of each language is the one written.
COLUMNS = {
    "date": (("date", "day"), ("日期",), ("日期",)),
    "kind": (("kind", "type"), ("类型", "类别"), ("類型", "類別")),
    "name": (("name",), ("名称", "名字", "节日"), ("名稱", "名字", "節日")),
    "hours": (("hours", "working hours"), ("工时", "工作时间"), ("工時", "工作時間")),
}
KINDS = {
    Kind.HOLIDAY: (("holiday", "off"), ("假日", "节假日", "放假", "休息", "休", "假"), ("假日", "節假日")),
    Kind.MAKE_UP: (
        ("make-up workday", "make_up", "make-up", "workday"), ("补班", "补班日", "调休上班", "上班", "班"),
        ("補班", "補班日", "調休上班"),
    ),
    Kind.SPECIAL: (("special hours", "special"), ("特殊工时",), ("特殊工時",)),
}  # fmt: skip
MAKE_UP = re.compile(r"班|\bmake-?\s?up\b|\bwork(?:ing|day|days)?\b", re.IGNORECASE)  # but not “Workers' Day”
NO_WORK = re.compile(r"\b(?:no|non|off)\b[\s-]*(?:from\s+)?work", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """A day as a file says it. `number` as a spreadsheet counts, the header being 1."""

    number: int
    date: date
    kind: str
    name: str
    hours: str


class BadFile(ValueError):
    """Why nothing of it can be taken: sentences that name row and field."""

    def __init__(self, *faults):
        super().__init__(*faults)
        self.faults = faults[:MOST_FAULTS]
        if len(faults) > MOST_FAULTS:
            self.faults += (_("And %(count)d more.") % {"count": len(faults) - MOST_FAULTS},)


def fault(row: int, field: str, text) -> str:
    label = COLUMNS[field][LANGUAGES.index(_language())][0] if field in COLUMNS else field
    return _("Row %(row)d, %(field)s: %(fault)s") % {"row": row, "field": label, "fault": text}


def text_of(data: bytes) -> str:
    """UTF-8, with or without its mark, or what Excel in China writes."""
    if len(data) > MOST_BYTES:
        raise BadFile(_("The file is larger than %(size)d KB.") % {"size": MOST_BYTES // 1024})
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise BadFile(_("This is a workbook. Save the sheet as CSV (UTF-8), and choose that file."))
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            pass
    raise BadFile(_("The file is neither UTF-8 nor GB18030. Save it as CSV (UTF-8)."))


def as_table(text: str, week) -> str:
    """The text of a CSV; an ICS becomes one, a row a day."""
    _refuse_unreadable(text)
    return _table_of_events(text, week) if is_ics(text) else text


def is_ics(text: str) -> bool:
    return text.lstrip("\ufeff \r\n").upper().startswith("BEGIN:VCALENDAR")


def _refuse_unreadable(text) -> None:
    if len(text) > MOST_BYTES:
        raise BadFile(_("The file is larger than %(size)d KB.") % {"size": MOST_BYTES // 1024})
    if not text.strip("\ufeff \r\n\t,;"):
        raise BadFile(_("The file is empty."))
    if CONTROLS.search(text):
        raise BadFile(_("This is no text file."))


def ordinary_hours(week) -> str:
    """The hours that most days of the week have."""
    worked = Counter(filter(None, week))
    return max(worked, key=worked.get, default="")


# CSV


def read_days(text: str, week) -> list[Row]:
    """All rows or none: raises BadFile with every fault found."""
    _refuse_unreadable(text)
    records = _records(text)
    reader = _Reader(_columns(records), ordinary_hours(week))
    for number, cells in records[1:]:
        reader.take(number, cells)
    if reader.faults:
        raise BadFile(*reader.faults)
    if not reader.rows:
        raise BadFile(_("The file has a header and no rows."))
    return reader.rows


def _records(text: str) -> list[tuple[int, list[str]]]:
    """The rows that say something, with their numbers."""
    first = text.lstrip("\ufeff\r\n ").partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    lines = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter, strict=True)
    found = []
    try:
        for number, cells in enumerate(lines, 1):
            if any(cell.strip() for cell in cells):
                found.append((number, [cell.strip() for cell in cells]))
            if len(found) > MOST_ROWS + 1:
                raise BadFile(_("The file has more than %(count)d rows.") % {"count": MOST_ROWS})
    except csv.Error:
        raise BadFile(_("Row %(row)d: a quotation mark is not closed.") % {"row": len(found) + 1}) from None
    return found


def _columns(records) -> list[str]:
    number, header = records[0]
    known = {word: name for name, words in COLUMNS.items() for language in words for word in language}
    names = [known.get(cell.casefold(), "") for cell in header]
    if "date" not in names or "kind" not in names:
        raise BadFile(_("This is no calendar: the first row must name the columns date, kind, name and hours."))
    faults = [fault(number, cell, _("This column is not known."))
              for cell, name in zip(header, names, strict=True) if cell and not name]
    faults += [fault(number, name, _("This column is there twice."))
               for name, count in Counter(filter(None, names)).items() if count > 1]
    if faults:
        raise BadFile(*faults)
    return names


class _Reader:
    def __init__(self, columns, ordinary):
        self.columns, self.ordinary = columns, ordinary
        self.rows, self.faults, self.seen = [], [], {}

    def take(self, number, cells) -> None:
        if any(cells[len(self.columns):]):
            text = _("Row %(row)d has more fields than the header. Put hours with commas in quotation marks.")
            self.faults.append(text % {"row": number})
            return
        given = {name: cell for name, cell in zip(self.columns, cells, strict=False) if name}
        faults, values = [], {}
        for field in COLUMNS:
            try:
                values[field] = self._read(field, given.get(field, ""), values.get("kind"))
            except ValidationError as error:
                faults += [fault(number, field, text) for text in error.messages]
        self._once(number, values.get("date"), faults)
        self.faults += faults
        if not faults:
            self.rows.append(Row(number, **values))

    def _once(self, number, day, faults) -> None:
        if day is not None and (earlier := self.seen.setdefault(day, number)) != number:
            text = _("%(date)s stands in row %(row)d already.") % {"date": day.isoformat(), "row": earlier}
            faults.append(fault(number, "date", text))

    def _read(self, field, text, kind):
        if field == "hours":
            return read_hours(kind, text, self.ordinary) if kind else ""
        return {"date": read_date, "kind": read_kind, "name": checked_name}[field](text)


def read_date(text: str) -> date:
    parts = DATE.fullmatch(text)
    if parts is None:
        raise ValidationError(_("“%(text)s” is no date. Write it as 2026-10-01.") % {"text": text[:40]})
    try:
        found = date(*map(int, parts.groups()))
    except ValueError:
        raise ValidationError(_("%(text)s does not exist.") % {"text": text}) from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ValidationError(_("The year lies outside %(first)d to %(last)d.") % {
            "first": FIRST_YEAR, "last": LAST_YEAR})  # fmt: skip
    return found


def read_kind(text: str) -> str:
    """In any of the three languages, whichever the reader has."""
    found = _kinds().get(text.casefold())
    if found is None:
        raise ValidationError(_("“%(text)s” is none of: %(kinds)s.") % {
            "text": text[:40], "kinds": ", ".join(kind_word(kind) for kind in Kind)})  # fmt: skip
    return found


def _kinds() -> dict[str, str]:
    words = {word: kind for kind, languages in KINDS.items() for language in languages for word in language}
    for language in LANGUAGES:
        with override(language):
            words |= {str(kind.label).casefold(): kind for kind in Kind}
    return words


def read_hours(kind: str, text: str, ordinary: str) -> str:
    """As they are stored. A make-up workday without hours has those of an ordinary day."""
    if kind == Kind.HOLIDAY:
        if text:
            raise ValidationError(_("A holiday has no working hours."))
        return ""
    if not text and kind == Kind.MAKE_UP:
        text = ordinary
    if not text:
        raise ValidationError(_("A day with special hours says which."))
    check_spans(text)
    hours = worktime.format_spans(worktime.parse_spans(text))
    if not hours or len(hours) > LONGEST_HOURS:
        raise ValidationError(_("Write working hours as 08:00-12:00, 13:00-18:00."))
    return hours


def clean_name(text: str) -> str:
    """One line, without the apostrophe that keeps a spreadsheet from reading it as a formula."""
    text = " ".join(text.split())
    return text[1:] if text.startswith("'") and FORMULA_START.match(text[1:]) else text


def checked_name(text: str) -> str:
    text = clean_name(text)
    if len(text) > LONGEST_NAME:
        raise ValidationError(_("The name is longer than %(count)d characters.") % {"count": LONGEST_NAME})
    return text


def table(days) -> tuple[list[str], list[tuple]]:
    """Header and rows in the reader's language; what comes of them is read again in any."""
    place = LANGUAGES.index(_language())
    header = [words[place][0] for words in COLUMNS.values()]
    return header, [(day.date, kind_word(day.kind), day.name, day.hours) for day in days]


def kind_word(kind) -> str:
    return KINDS[kind][LANGUAGES.index(_language())][0]


def _language() -> str:
    return get_language() if get_language() in LANGUAGES else "en"


# ICS


def _table_of_events(text: str, week) -> str:
    faults, days = [], []
    for number, event in enumerate(_events(text), 1):
        try:
            days += _days_of(event, week)
        except ValidationError as error:
            faults += [_("Event %(number)d: %(fault)s") % {"number": number, "fault": line} for line in error.messages]
        if len(days) > MOST_ROWS:
            raise BadFile(_("The file has more than %(count)d rows.") % {"count": MOST_ROWS})
    if faults:
        raise BadFile(*faults)
    if not days:
        raise BadFile(_("There are no events in this calendar file."))
    header, rows = table(sorted(days, key=lambda day: day.date))
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows([header, *rows])
    return lines.getvalue()


def _events(text: str) -> list:
    try:
        return Calendar.from_ical(text.lstrip("\ufeff \r\n")).walk("VEVENT")
    except (ValueError, KeyError, IndexError):
        raise BadFile(_("The calendar file is broken: it cannot be read to its end.")) from None


def _days_of(event, week) -> list[Row]:
    """One row for each day of an event; its end is the day after the last one."""
    name = clean_name(str(event.get("SUMMARY", "")))[:LONGEST_NAME]
    first, after = _ends(event)
    if "RRULE" in event or "RDATE" in event:
        text = _("“%(name)s” repeats. Holidays move from year to year: write each date.")
        raise ValidationError(text % {"name": name})
    if not FIRST_YEAR <= first.year <= LAST_YEAR or (after - first).days > 366:
        raise ValidationError(_("“%(name)s” is longer than a year, or of no year we know.") % {"name": name})
    kind = Kind.MAKE_UP if _is_make_up(event, name) else Kind.HOLIDAY
    hours = ordinary_hours(week) if kind == Kind.MAKE_UP else ""
    return [Row(0, first + timedelta(days=n), kind, name, hours) for n in range((after - first).days)]


def _ends(event) -> tuple[date, date]:
    first, end, lasts = (event.decoded(name, None) for name in ("DTSTART", "DTEND", "DURATION"))
    if any(isinstance(value, str | bytes) for value in (first, end, lasts)):
        raise ValidationError(_("Its date cannot be read."))
    if not isinstance(first, date) or isinstance(first, datetime) or isinstance(end, datetime):
        raise ValidationError(_("It is not an event of whole days."))
    after = end or first + (lasts or timedelta(days=1))
    if after < first:
        raise ValidationError(_("It ends before it starts."))
    return first, max(after, first + timedelta(days=1))


def _is_make_up(event, name) -> bool:
    """By Apple's own mark, or by its words."""
    mark = str(event.get("X-APPLE-SPECIAL-DAY", ""))
    if mark in ("WORK-HOLIDAY", "ALTERNATE-WORKDAY"):
        return mark == "ALTERNATE-WORKDAY"
    return bool(MAKE_UP.search(name)) and not NO_WORK.search(name)
