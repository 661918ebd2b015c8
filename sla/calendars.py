"""Working calendars: looked at as they would be, then published, with the clocks that run by them."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import groupby

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, pgettext

from desk.refusals import BadInput, Changed
from desk.text import sentence, word
from notifications.actions import Message, tell_all, void
from people.duty import who_may
from people.roles import Right
from records.models import Event
from sla import effects, reports
from sla.actions.rules import freeze, publish_calendar
from sla.models import (
    CalendarDay,
    CalendarEdition,
    WorkCalendar,
    WorkItem,
    calendar_body,
    calendar_of,
    check_time_zone,
    check_week,
)

Kind = CalendarDay.Kind
MOST_LINES = 20  # of one event's sentence; the edition holds everything


class Moves(models.TextChoices):
    """Which running clocks go to the new edition."""

    PROVISIONAL = "provisional", gettext_lazy("Those with a provisional deadline, and those that are stopped")
    ALL = "all", gettext_lazy("All of them")
    NONE = "none", gettext_lazy("None: only clocks that start from now on")


@dataclass(frozen=True)
class Day:
    kind: str
    name: str = ""
    hours: str = ""

    @property
    def label(self):
        return Kind(self.kind).label


@dataclass(frozen=True)
class Draft:
    """A calendar as it is or would be."""

    name: str
    time_zone: str
    week: tuple[str, ...]
    covered_until: date | None
    days: dict[date, Day] = field(default_factory=dict)

    def with_days(self, days: dict[date, Day]) -> "Draft":
        return replace(self, days={**self.days, **days})

    def without(self, day: date) -> "Draft":
        return replace(self, days={key: value for key, value in self.days.items() if key != day})

    def body(self, code) -> dict:
        hours = {day: value.hours for day, value in self.days.items()}
        return calendar_body(code, self.time_zone, self.week, hours, self.covered_until)

    @property
    def token(self) -> str:
        """Two drafts of the same content have the same one: what was looked at is what is published."""
        said = [(day.isoformat(), value.kind, value.name) for day, value in sorted(self.days.items())]
        text = json.dumps([self.name, self.body(""), said], ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def draft_of(calendar) -> Draft:
    days = {day.date: Day(day.kind, day.name, day.hours) for day in calendar.days.all()}
    return Draft(calendar.name, calendar.time_zone, tuple(calendar.week), calendar.covered_until, days)


# Looking at it first


def preview(calendar, draft, now=None) -> list[effects.Effect]:
    """What it would mean for every clock that runs by the calendar. Nothing stays of it."""
    check(draft, draft_of(calendar))
    with transaction.atomic():
        edition = freeze(draft.body(calendar.code))
        found = effects.preview(_in_time(calendar, now), edition=edition, now=now)
        transaction.set_rollback(True)
    return found


def check(draft, current) -> None:
    """What no calendar may be. Raises BadInput."""
    for name, test, value in (("time_zone", check_time_zone, draft.time_zone), ("week", check_week, list(draft.week))):
        try:
            test(value)
        except ValidationError as error:
            raise BadInput(error.messages[0], field=name) from None
    last = max(draft.days, default=None)
    until = draft.covered_until
    if until and last and until < last and until != current.covered_until:
        raise BadInput(
            _("Holidays cannot be known until %(until)s only: %(last)s stands in the calendar.")
            % {"until": until.isoformat(), "last": last.isoformat()}, field="covered_until",
        )
    if draft == current:
        raise BadInput(_("Nothing would change: the calendar says all of this already."))


# Publishing


@transaction.atomic
def save(calendar, draft, *, by, reason, based_on=None, moves=Moves.PROVISIONAL, now=None) -> CalendarEdition:
    """Write the draft and freeze it as a new edition. `based_on`: the version that was looked at."""
    calendar = WorkCalendar.objects.select_for_update().get(pk=calendar.pk)
    _refuse_stale(calendar, based_on)
    current = draft_of(calendar)
    check(draft, current)
    _write(calendar, draft, current)
    reason = str(reason).strip()[:300]
    edition = publish_calendar(calendar, by=by, reason=reason, changes=_changes(current, draft), now=now)
    if draft.covered_until != current.covered_until:
        void(calendar.stream, now=now)
    items = _moving(calendar, moves, now)
    if items.exists():
        effects.move(items, edition=edition, by=by, reason=reason, now=now)
    return edition


def _in_time(calendar, now):
    """What is late already stays late as it was, whatever the calendar says afterwards."""
    return effects.running_by(calendar).exclude(due_at__lte=now or timezone.now())


def _moving(calendar, moves, now):
    """The clocks that go along. A stopped one has no deadline; it takes what is known when it runs again."""
    items = _in_time(calendar, now)
    if moves == Moves.PROVISIONAL:
        return items.filter(Q(is_provisional=True) | Q(state=WorkItem.State.PAUSED))
    return items if moves == Moves.ALL else items.none()


def _refuse_stale(calendar, based_on) -> None:
    if based_on is None or based_on == calendar.version:
        return
    last = Event.objects.filter(stream=calendar.stream).select_related("actor").order_by("-number").first()
    person = last.actor if last else None
    raise Changed(
        _("This calendar was changed while you looked at it. Yours was not saved."),
        because=_("%(person)s published another edition.") % {"person": person} if person else "",
        who=[person] if person else (),
    )


def _write(calendar, draft, current) -> None:
    calendar.name, calendar.time_zone, calendar.week = draft.name, draft.time_zone, list(draft.week)
    calendar.covered_until = draft.covered_until
    calendar.version += 1
    calendar.save(update_fields=["name", "time_zone", "week", "covered_until", "version"])
    calendar.days.filter(date__in=current.days.keys() - draft.days.keys()).delete()
    rows = [CalendarDay(calendar=calendar, date=day, kind=value.kind, name=value.name, hours=value.hours)
            for day, value in sorted(draft.days.items()) if current.days.get(day) != value]
    CalendarDay.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["calendar", "date"], update_fields=["kind", "name", "hours"]
    )


@transaction.atomic
def create(copied, *, name, by, reason, now=None) -> WorkCalendar:
    """A new calendar that starts as a copy."""
    draft = replace(draft_of(copied), name=name)
    calendar = WorkCalendar.objects.create(
        code=_free_code(name), name=name, time_zone=draft.time_zone, week=list(draft.week),
        covered_until=draft.covered_until,
    )
    _write(calendar, draft, Draft(name, "", (), None))
    made = sentence(gettext_noop("copied from {calendar}"), {"calendar": copied.name})
    publish_calendar(calendar, by=by, reason=reason, changes=[made], now=now)
    return calendar


def _free_code(name) -> str:
    stem = slugify(name)[:30] or "calendar"
    taken = set(WorkCalendar.objects.filter(code__startswith=stem).values_list("code", flat=True))
    return next(code for number in range(1, len(taken) + 2)
                if (code := stem if number == 1 else f"{stem}-{number}") not in taken)


# In words

BECAME = gettext_noop("{what}: {before} → {after}")
MORE = gettext_noop("{count} more days")
FIELDS = {
    "name": gettext_noop("name"), "time_zone": gettext_noop("time zone"),
    "week": gettext_noop("working hours of the week"), "covered_until": gettext_noop("holidays known until"),
}  # fmt: skip


def _changes(before: Draft, after: Draft) -> list[dict]:
    """Sentences for the log: the settings, and the days up to a length that somebody reads."""
    lines = [_became(word(label), _said(getattr(before, name)), _said(getattr(after, name)))
             for name, label in FIELDS.items() if getattr(before, name) != getattr(after, name)]
    days = [day for day in sorted({*before.days, *after.days}) if before.days.get(day) != after.days.get(day)]
    lines += [_became(day.isoformat(), _said(before.days.get(day)), _said(after.days.get(day)))
              for day in days[:MOST_LINES]]
    more = len(days) - MOST_LINES
    return [*lines, sentence(MORE, {"count": more})] if more > 0 else lines


def _became(what, before, after) -> dict:
    return sentence(BECAME, {"what": what, "before": before, "after": after})


def _said(value):
    if isinstance(value, Day):
        return sentence("{kind} {name} {hours}", {"kind": word(value.label), "name": value.name, "hours": value.hours})
    if isinstance(value, tuple):
        return " | ".join(hours or "–" for hours in value)
    return str(value) if value else "–"


def week_in_words(week) -> list[str]:
    """`Mon–Fri 08:00-12:00, 13:00-18:00`, `Sat–Sun closed`: days that are alike together."""
    runs = [[day for day, _hours in run] for _key, run in groupby(enumerate(week), key=lambda pair: pair[1])]
    return [f"{_run_of_days(run)} {week[run[0]] or pgettext('working hours', 'closed')}" for run in runs]


def _run_of_days(days) -> str:
    first, last = WEEKDAYS_ABBR[days[0]], WEEKDAYS_ABBR[days[-1]]
    return str(first) if len(days) == 1 else f"{first}–{last}"


# What runs by them


@dataclass
class Running:
    clocks: int = 0
    provisional: int = 0


def running() -> dict[str, Running]:
    """How many clocks run by each calendar, by its code: two statements, whatever their number."""
    living = WorkItem.objects.living().filter(edition__isnull=False).order_by()
    provisional = Count("pk", filter=Q(is_provisional=True))
    rows = living.values_list("edition").annotate(clocks=Count("pk"), provisional=provisional)
    counted = list(rows)
    codes = dict(CalendarEdition.objects.filter(pk__in=[row[0] for row in counted]).values_list("pk", "body__code"))
    found = {}
    for edition, clocks, provisional in counted:
        row = found.setdefault(codes[edition], Running())
        row.clocks += clocks
        row.provisional += provisional
    return found


# Days


def working_days_after(moment: datetime, days: int) -> datetime:
    """So many working days of the company later, at the same hour."""
    row = WorkCalendar.objects.select_related("edition").order_by("pk").first()
    calendar = calendar_of(row.edition_id if row else None)
    at = moment
    while days:
        at += timedelta(days=1)
        day = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
        days -= bool(calendar.between(day, day + timedelta(days=1)))
    return at


# Before the year runs out

UNKNOWN = gettext_noop(
    "Working calendar {calendar}: holidays are known until {date} only. Deadlines after that day are provisional."
    " Import the holidays of {year}."
)


def warn_of_unknown_years(now=None) -> None:
    """To every administrator, once a calendar and year."""
    short = reports.running_out(now)
    if not short:
        return
    people, year = who_may(Right.CONFIGURE, limit=None), reports.needed_until(now).year
    tell_all([
        Message(
            key=f"{calendar.stream}:unknown:{year}", recipients=people, text=UNKNOWN, source=calendar.stream,
            url=reverse("sla:calendar_import", args=[calendar.pk]),
            params={"calendar": calendar.name, "date": calendar.covered_until.isoformat(), "year": year},
        ) for calendar in short
    ], now=now)
