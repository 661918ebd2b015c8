"""Input of the working calendars' pages."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from sla import calendar_files, worktime
from sla.calendars import Day, Moves
from sla.models import CalendarDay, WorkCalendar, check_night, check_spans, check_time_zone


def reason():
    return forms.CharField(
        label=gettext_lazy("Reason"), min_length=4, max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Stands in the history beside your name."),
    )


def known_until(help_text):
    return forms.DateField(
        label=gettext_lazy("Holidays known until"), required=False, help_text=help_text,
        widget=forms.DateInput(attrs={"type": "date"}),
    )


class PublishForm(forms.Form):
    moves = forms.ChoiceField(
        label=gettext_lazy("Running clocks that go along"), choices=Moves, initial=Moves.PROVISIONAL,
        widget=forms.RadioSelect,
    )
    reason = reason()
    ASKED = ["moves", "reason"]

    def order_fields(self, field_order):
        """What the change is, then what becomes of the clocks, and why."""
        super().order_fields([*(name for name in self.fields if name not in self.ASKED), *self.ASKED])


class HoursField(forms.CharField):
    """Kept as the calendar writes it, however it was typed."""

    default_validators = [check_spans]

    def __init__(self, **options):
        super().__init__(required=False, max_length=calendar_files.LONGEST_HOURS, **options)

    def clean(self, value):
        return worktime.format_spans(worktime.parse_spans(super().clean(value)))


class SettingsForm(PublishForm):
    name = forms.CharField(label=pgettext_lazy("calendar", "Name"), max_length=80)
    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"), max_length=60, validators=[check_time_zone],
        help_text=gettext_lazy("Such as Asia/Shanghai."),
    )
    covered_until = known_until(gettext_lazy("A deadline after this day is provisional. Empty: none is."))

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        for number, name in WEEKDAYS.items():
            self.fields[f"week_{number}"] = HoursField(label=name)
        self.order_fields(None)

    @property
    def weekdays(self):
        return [self[f"week_{number}"] for number in range(7)]

    def clean(self):
        data = super().clean()
        if any(f"week_{number}" in self.errors for number in range(7)):
            return data
        data["week"] = week = [data[f"week_{number}"] for number in range(7)]
        if not any(week):
            self.add_error("week_0", _("A calendar needs working time on one day of the week at least."))
        for number in range(7):
            try:
                check_night(week[number - 1], week[number])
            except ValidationError as error:
                self.add_error(f"week_{number}", error)
        return data


class DayForm(PublishForm):
    date = forms.DateField(label=gettext_lazy("Date"), widget=forms.DateInput(attrs={"type": "date"}))
    kind = forms.ChoiceField(
        label=pgettext_lazy("calendar day", "Kind"), choices=CalendarDay.Kind, widget=forms.RadioSelect
    )
    name = forms.CharField(label=pgettext_lazy("calendar", "Name"), max_length=80, required=False)
    hours = HoursField(
        label=gettext_lazy("Working hours"),
        help_text=gettext_lazy(
            "Such as 08:00-12:00, 13:00-18:00; a night shift as 22:00-06:00. None on a holiday; a make-up workday"
            " without them has those of an ordinary day."
        ),
    )

    def __init__(self, *args, week, taken=(), is_fixed=False, **options):
        super().__init__(*args, **options)
        self.week, self.taken = week, taken
        if is_fixed:
            del self.fields["date"]

    def clean_date(self):
        day = self.cleaned_data["date"]
        if day in self.taken:
            raise ValidationError(_("%(date)s stands in the calendar already. Change it there.") % {"date": day})
        return calendar_files.read_date(day.isoformat())

    def clean_name(self):
        return calendar_files.checked_name(self.cleaned_data["name"])

    def clean(self):
        data = super().clean()
        if "kind" in data and "hours" in data:
            ordinary = calendar_files.ordinary_hours(self.week)
            try:
                data["hours"] = calendar_files.read_hours(data["kind"], data["hours"], ordinary)
            except ValidationError as error:
                self.add_error("hours", error)
        return data

    @property
    def day(self) -> Day:
        return Day(self.cleaned_data["kind"], self.cleaned_data["name"], self.cleaned_data["hours"])


class RemoveDayForm(PublishForm):
    """Its reason."""


class NewForm(forms.Form):
    name = forms.CharField(label=pgettext_lazy("calendar", "Name"), max_length=80)
    copied = forms.ModelChoiceField(
        WorkCalendar.objects.order_by("name", "pk"), label=gettext_lazy("Copy of"), empty_label=None,
        help_text=gettext_lazy("It starts with the same hours and days."),
    )
    reason = reason()


class DaysForm(forms.Form):
    """Days as text, the way a spreadsheet or a calendar program writes them; all of them or none."""

    text = forms.CharField(
        label=gettext_lazy("Rows"), required=False, max_length=calendar_files.MOST_BYTES, strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "class": "mono", "spellcheck": "false"}),
    )
    rows = ()

    def __init__(self, *args, week, **options):
        super().__init__(*args, **options)
        self.week = week

    def read(self, text) -> None:
        """What is read stands in the form, to be corrected there."""
        self._show(text)
        try:
            table = calendar_files.as_table(text, self.week)
            self._show(table)
            self.rows = calendar_files.read_days(table, self.week)
        except calendar_files.BadFile as error:
            self.add_error("text", list(error.faults))

    def _show(self, text) -> None:
        self.data = self.data.copy()
        self.data["text"] = self.cleaned_data["text"] = text

    @property
    def days(self) -> dict:
        return {row.date: Day(row.kind, row.name, row.hours) for row in self.rows}


class FileForm(DaysForm):
    file = forms.FileField(
        label=gettext_lazy("File"), required=False, allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.ics,text/csv,text/calendar"}),
        help_text=gettext_lazy("CSV with the columns date, kind, name and hours, or ICS. 2,000 rows at most."),
    )
    field_order = ["file", "text"]

    def clean(self):
        data = super().clean()
        try:
            self.read(self._uploaded(data.get("file")) or data.get("text", ""))
        except calendar_files.BadFile as error:
            self.add_error("file", list(error.faults))
        return data

    def _uploaded(self, file) -> str:
        if not file:
            return ""
        return calendar_files.text_of(file.read(calendar_files.MOST_BYTES + 1)) or " "


class ImportForm(DaysForm, PublishForm):
    covered_until = known_until(gettext_lazy("The end of the year, if the file has all holidays of it."))

    def clean(self):
        data = super().clean()
        if "text" in data:
            self.read(data["text"])
        return data
