"""The sheet of the scoring rules: a row for each indicator of a department, from when on, and why."""

from datetime import date

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kpi.rules import Line, plain, problems

MONTHS_OFFERED = 12


class RulesForm(forms.Form):
    valid_from = forms.TypedChoiceField(
        label=gettext_lazy("In force from"), coerce=date.fromisoformat,
        help_text=gettext_lazy("A change takes effect next month at the earliest."),
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Stands in the history beside your name."),
    )  # fmt: skip

    def __init__(self, *args, lines, first_month, **kwargs):
        super().__init__(*args, **kwargs)
        self.old, self.lines = lines, lines
        self.fields["valid_from"].choices = [
            (month.first.isoformat(), str(month)) for month in (first_month + later for later in range(MONTHS_OFFERED))
        ]
        self.fields["reason"].error_messages["required"] = _(
            "Say why in a few words, so that others understand the change."
        )
        for line in lines:
            self._add(line)

    def _add(self, line: Line):
        figure = {"max_digits": 8, "decimal_places": 2}
        self._field(line, "weight", _("Weight, %"), forms.IntegerField, line.weight, max_value=100, min_value=0)
        self._field(line, "target", _("Target"), forms.DecimalField, plain(line.target), **figure)
        self._field(line, "floor", _("Floor"), forms.DecimalField, plain(line.floor), **figure)
        self._field(line, "least_cases", _("Fewest cases"), forms.IntegerField, line.least_cases, max_value=1000)

    def _field(self, line, part, label, kind, initial, **options):
        field = kind(label=f"{line.name}: {label}", initial=initial, **options)
        field.widget.attrs |= {"aria-label": field.label, "class": "inp num", "autocomplete": "off"}
        self.fields[f"{line.key}-{part}"] = field

    def cells(self, line: Line):
        return [self[f"{line.key}-{part}"] for part in ("weight", "target", "floor", "least_cases")]

    def clean(self):
        given = super().clean()
        parts = ("weight", "target", "floor", "least_cases")
        if any(f"{line.key}-{part}" not in given for line in self.old for part in parts):
            return given
        self.lines = [Line(*line.place, *(given[f"{line.key}-{part}"] for part in parts)) for line in self.old]
        for problem in problems(self.lines):
            self.add_error(f"{problem.line.key}-{problem.field}", f"{problem.line.group}: {problem.text}")
        return given
