"""Pages of the working calendars. Every change is looked at first: which running clocks would be due when."""

from calendar import Calendar as Weeks
from dataclasses import replace
from datetime import date

from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import MONTHS, WEEKDAYS_ABBR
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from desk.export import csv_response
from desk.keyset import paginate
from desk.refusals import Refusal
from desk.text import day as said_day
from people.roles import Right
from records.acts import ActView, require
from records.models import Event
from sla import calendar_files, calendars, reports
from sla.calendars import Draft, Moves
from sla.forms_calendars import DayForm, FileForm, ImportForm, NewForm, RemoveDayForm, SettingsForm
from sla.models import WorkCalendar, WorkItem

MOST_EFFECTS, MOST_EVENTS = 100, 20


def calendar_list(request):
    require(request.user, Right.CONFIGURE)
    page = paginate(WorkCalendar.objects.all(), ("name", "pk"), request.GET.get("after"))
    running = calendars.running()
    rows = [(row, calendars.week_in_words(row.week), running.get(row.code, calendars.Running())) for row in page.rows]
    short = {row.pk for row in reports.running_out()}
    return render(request, "sla/calendars.html", {"rows": rows, "page": page, "short": short})


def calendar_page(request, pk):
    require(request.user, Right.CONFIGURE)
    calendar = get_object_or_404(WorkCalendar, pk=pk)
    days = list(calendar.days.all())
    year = _year(request, days)
    context = {
        "calendar": calendar, "week": calendars.week_in_words(calendar.week), "year": year,
        "years": sorted({day.date.year for day in days} | {year - 1, year, year + 1}),
        "days": [day for day in days if day.date.year == year], "months": _months(calendar, days, year),
        "weekdays": WEEKDAYS_ABBR.values(), "running": calendars.running().get(calendar.code, calendars.Running()),
        "is_short": calendar in reports.running_out(),
        "events": Event.objects.filter(stream=calendar.stream).order_by("-number")[:MOST_EVENTS],
    }
    return render(request, "sla/calendar.html", context)


def _year(request, days) -> int:
    text = request.GET.get("year", "")
    year = int(text) if text.isdecimal() and len(text) == 4 else timezone.localdate().year
    return min(max(year, calendar_files.FIRST_YEAR), calendar_files.LAST_YEAR)


def _months(calendar, days, year) -> list[tuple]:
    """Each month's weeks: a date, or nothing outside the month, with what the calendar says of it."""
    known = {day.date: day for day in days}
    return [(MONTHS[month], [[_cell(calendar, known, day, month) for day in week]
                             for week in Weeks().monthdatescalendar(year, month)]) for month in range(1, 13)]


def _cell(calendar, known, day, month) -> tuple | None:
    if day.month != month:
        return None
    row = known.get(day)
    return day.day, row, row.kind if row else "" if calendar.week[day.weekday()] else "closed"


def calendar_file(request, pk):
    """All its days, to be changed in a spreadsheet and imported again."""
    require(request.user, Right.CONFIGURE)
    calendar = get_object_or_404(WorkCalendar, pk=pk)
    return csv_response(f"{calendar.code}-{timezone.localdate():%Y-%m-%d}", *calendar_files.table(calendar.days.all()))


class NewCalendar(ActView):
    right = Right.CONFIGURE
    asks_again = True
    form_class = NewForm

    def perform(self, form):
        made = calendars.create(by=self.request.user, **form.cleaned_data)
        return reverse("sla:calendar", args=[made.pk])

    def context(self):
        return {
            "title": _("New working calendar"), "submit_label": _("Make the calendar"),
            "back_url": reverse("sla:calendars"), "back_label": _("Working calendars"),
            "consequences": [_("No clock runs by it until a time limit names it.")],
        }


class CalendarAct(ActView):
    """Looked at, then published: the button publishes only what the page has shown."""

    right = Right.CONFIGURE
    asks_again = True
    template_name = "sla/calendar_act.html"
    shown = shown_version = None

    def subject(self):
        self.calendar = get_object_or_404(WorkCalendar, pk=self.kwargs["pk"])
        self.current = calendars.draft_of(self.calendar)

    def draft(self, form) -> Draft:
        """The calendar as this form would have it."""
        raise NotImplementedError

    def post(self, request, *args, **kwargs):
        form = self.form_class(request.POST, request.FILES, **self.form_kwargs())
        if form.is_valid() and self.version == self.calendar.version and not self.is_seen(form):
            return self.page(form)
        return super().post(request, *args, **kwargs)

    def is_seen(self, form) -> bool:
        """Whether the page has shown this; if not, it is ready to be shown. What is refused is refused by the act."""
        draft = self.draft(form)
        if draft.token == self.request.POST.get("seen"):
            return True
        try:
            self.shown = Shown(draft.token, calendars.preview(self.calendar, draft))
        except Refusal:
            return True
        return False

    def perform(self, form):
        self.shown_version = self.calendar.version  # who is refused has seen what changed, and may go on
        data = form.cleaned_data
        calendars.save(
            self.calendar, self.draft(form), by=self.request.user, reason=data["reason"], moves=data["moves"],
            based_on=self.version or 0,
        )
        return self.back_url

    @property
    def back_url(self):
        return reverse("sla:calendar", args=[self.calendar.pk])

    def context(self):
        return {
            "calendar": self.calendar, "back_url": self.back_url, "back_label": self.calendar.name,
            "version": self.shown_version or self.request.POST.get("version") or self.calendar.version,
            "shown": self.shown,
            "submit_label": pgettext("calendar", "Publish") if self.shown else _("Look at the effect"),
        }


class Shown:
    """The effect on running clocks, as the page shows it."""

    def __init__(self, token, effects):
        self.token, self.total = token, len(effects)
        changed = [effect for effect in effects if _is_other(effect)]
        changed.sort(key=lambda effect: (not effect.is_late_now, not effect.was_provisional))
        self.effects, self.more = changed[:MOST_EFFECTS], max(0, len(changed) - MOST_EFFECTS)
        self.choices = [(choice.label, *_sums([effect for effect in effects if _goes(effect, choice)]))
                        for choice in (Moves.PROVISIONAL, Moves.ALL)]


def _is_other(effect) -> bool:
    return effect.new_due != effect.old_due or effect.was_provisional != effect.item.is_provisional


def _goes(effect, choice) -> bool:
    return choice == Moves.ALL or effect.was_provisional or effect.item.state == WorkItem.State.PAUSED


def _sums(effects) -> tuple:
    firm = [effect for effect in effects if effect.was_provisional and not effect.item.is_provisional]
    return (len(effects), sum(effect.new_due != effect.old_due for effect in effects),
            sum(effect.is_late_now for effect in effects), len(firm))  # fmt: skip


class EditCalendar(CalendarAct):
    form_class = SettingsForm

    def form_kwargs(self):
        shown = self.current
        week = {f"week_{number}": hours for number, hours in enumerate(shown.week)}
        return {"initial": week | {"name": shown.name, "time_zone": shown.time_zone,
                                   "covered_until": shown.covered_until}}  # fmt: skip

    def draft(self, form):
        data = form.cleaned_data
        return replace(self.current, name=data["name"], time_zone=data["time_zone"], week=tuple(data["week"]),
                       covered_until=data["covered_until"])

    def context(self):
        return super().context() | {"title": _("Hours of %(calendar)s") % {"calendar": self.calendar}}


class NewDay(CalendarAct):
    form_class = DayForm

    def form_kwargs(self):
        day = self.request.GET.get("date", "")
        return {"week": self.current.week, "taken": self.current.days, "initial": {"date": day, "kind": "holiday"}}

    def draft(self, form):
        return self.current.with_days({form.cleaned_data["date"]: form.day})

    def context(self):
        return super().context() | {"title": _("Another day in %(calendar)s") % {"calendar": self.calendar}}


class DayAct(CalendarAct):
    def subject(self):
        """A POST for a day that has gone is answered by the act: by its first result, or as stale."""
        super().subject()
        try:
            self.date = calendar_files.read_date(self.kwargs["day"])
        except ValidationError:
            raise Http404 from None
        self.day = self.current.days.get(self.date)
        if self.day is None and self.request.method != "POST":
            raise Http404

    @property
    def back_url(self):
        return f"{super().back_url}?year={self.date.year}"


class ChangeDay(DayAct):
    form_class = DayForm

    def form_kwargs(self):
        return {"week": self.current.week, "is_fixed": True, "initial": vars(self.day) if self.day else {}}

    def draft(self, form):
        return self.current.with_days({self.date: form.day})

    def context(self):
        return super().context() | {"title": said_day(self.date)}


class RemoveDay(DayAct):
    form_class = RemoveDayForm

    def draft(self, form):
        return self.current.without(self.date)

    def context(self):
        hours = self.current.week[self.date.weekday()]
        return super().context() | {
            "title": _("Take %(day)s out of the calendar") % {"day": said_day(self.date)},
            "lead": f"{self.day.label} {self.day.name}" if self.day else "",
            "consequences": [_("It is a day of the week like any other again: %(hours)s.")
                             % {"hours": hours or _("no working time")}],
        }


class ReadDays(CalendarAct):
    """A file or pasted rows: shown as they were read, nothing is saved."""

    asks_again = False
    form_class = FileForm
    template_name = "sla/calendar_import.html"

    def form_kwargs(self):
        return {"week": self.current.week}

    def post(self, request, *args, **kwargs):
        form = FileForm(request.POST, request.FILES, **self.form_kwargs())
        if not form.is_valid():
            return self.page(form, status=422)
        return self.page(self.ready(form))

    def ready(self, form):
        """The next form, with what was read and how far the holidays are known by it."""
        until = _known_until(form.rows, self.current.covered_until)
        initial = {"text": form.cleaned_data["text"], "covered_until": until}
        next_form = ImportForm(week=self.current.week, initial=initial)
        next_form.rows, self.shown_version = form.rows, self.calendar.version
        self.next_url = reverse("sla:calendar_publish", args=[self.calendar.pk])
        self.show(form.rows, replace(self.current.with_days(form.days), covered_until=until))
        return next_form

    def show(self, rows, draft):
        self.changes = [(row, self.current.days.get(row.date), self._state(row)) for row in rows]
        try:
            self.shown = Shown(draft.token, calendars.preview(self.calendar, draft))
        except Refusal as refusal:
            self.nothing = refusal.what

    def _state(self, row) -> str:
        before = self.current.days.get(row.date)
        if before is None:
            return "new"
        return "same" if before == calendars.Day(row.kind, row.name, row.hours) else "changed"

    changes, nothing, next_url = (), "", ""  # what was read, why there is nothing to publish, where the form goes

    def context(self):
        states = [state for _row, _before, state in self.changes]
        years = {row.date.year for row, _before, _state in self.changes}
        listed = {row.date for row, _before, _state in self.changes}
        return super().context() | {
            "title": _("Import days into %(calendar)s") % {"calendar": self.calendar},
            "changes": self.changes, "nothing": self.nothing,
            "form_action": format_html('action="{}"', self.next_url) if self.next_url else "",
            "counts": [(state, states.count(state)) for state in ("new", "changed", "same")],
            "staying": sum(day.year in years and day not in listed for day in self.current.days),
        } | ({} if self.changes else {"submit_label": _("Preview")})


def _known_until(rows, known) -> date | None:
    """A file with days from spring to autumn of a year has all of it; one with a few days says nothing new."""
    year = max(row.date.year for row in rows)
    months = {row.date.month for row in rows if row.date.year == year}
    if min(months) > 3 or max(months) < 9:
        return known
    return max(date(year, 12, 31), known or date.min)


class PublishDays(ReadDays):
    """The rows as they stand in the form, perhaps corrected there: shown again unless this is what was shown."""

    asks_again = True
    form_class = ImportForm

    def get(self, request, *args, **kwargs):
        return redirect("sla:calendar_import", pk=self.calendar.pk)

    def post(self, request, *args, **kwargs):
        return CalendarAct.post(self, request, *args, **kwargs)

    def draft(self, form):
        return replace(self.current.with_days(form.days), covered_until=form.cleaned_data["covered_until"])

    def is_seen(self, form):
        draft = self.draft(form)
        if draft.token == self.request.POST.get("seen"):
            return True
        self.show(form.rows, draft)
        return not self.shown

    def page(self, form, **options):
        """Also a refused one shows the rows that could be read."""
        if form.rows and not self.changes:
            self.changes = [(row, self.current.days.get(row.date), self._state(row)) for row in form.rows]
        return super().page(form, **options)
