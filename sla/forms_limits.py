"""Forms of the time limits: the sheet of all of them, one with its ladder, and what a second person says."""

import re
from dataclasses import replace
from functools import cached_property

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from notifications.models import Channel
from people.models import User
from people.roles import Role
from sla.limits import MOST_LEVELS, STEP_FIELDS, Rule, moved, percent_levels, problems, rule_of, with_ladder
from sla.models import EscalationStep, LimitChange, PolicyVersion, WorkCalendar

HOURS = re.compile(r"(\d{1,5})(?:[:：](\d{1,2})|[.,](\d{1,2}))?")
SHORTEST_REASON = 4


class HoursField(forms.CharField):
    """`2`, `1:30` or `1.5` hours, kept as seconds."""

    default_error_messages = {"invalid": gettext_lazy("Write hours as 2 or 1:30.")}

    def to_python(self, value):
        text = super().to_python(value).replace(" ", "")
        if not text:
            return 0
        found = HOURS.fullmatch(text)
        if found is None or int(found[2] or 0) > 59:
            raise forms.ValidationError(self.error_messages["invalid"])
        return int(found[1]) * 3600 + int(found[2] or 0) * 60 + round(float(f"0.{found[3] or 0}") * 3600)

    def prepare_value(self, value):
        if not isinstance(value, int):
            return value  # as it was typed
        return hours(value)


def hours(seconds: int) -> str:
    """As it is typed."""
    whole, minutes = divmod(seconds // 60, 60)
    return f"{whole}:{minutes:02}" if minutes else str(whole)


class TermsForm(forms.Form):
    """From when on, and why; a preview needs neither."""

    mode = forms.ChoiceField(
        label=gettext_lazy("Apply to"), choices=LimitChange.Mode, initial=LimitChange.Mode.NEW,
        widget=forms.RadioSelect,
    )
    from_date = forms.DateField(label=pgettext_lazy("day", "From"), required=False)
    tells_passed = forms.BooleanField(label=gettext_lazy("Tell the levels already passed"), required=False)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}), required=False,
        help_text=gettext_lazy("Stands in the history beside your name."),
    )

    def __init__(self, *args, is_preview=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.is_preview = is_preview
        if not is_preview:
            self.fields["reason"].required = True
            self.fields["reason"].error_messages["required"] = _(
                "Say why in a few words, so that others understand the change."
            )

    @property
    def is_readable(self) -> bool:
        """Whether what the limits should be is clear, if not why or from when."""
        return self.is_bound and not set(self.errors) - {"reason", "mode", "from_date"}

    def say(self, name, rule, problem) -> None:
        """One line for each thing that is wrong, which names its row and its field."""
        self.add_error(name if name in self.fields else None, problem.named(rule))


class SheetForm(TermsForm):
    """All limits, a row each. What somebody saved meanwhile in a row that was not touched here does no harm."""

    def __init__(self, *args, rows, **kwargs):
        super().__init__(*args, **kwargs)
        self.rows = rows
        for row in rows:
            self._add(row)

    def _add(self, row):
        name, rule, pk = row.rule.name, row.rule, row.policy.pk
        values = {"target_seconds": ("limit", HoursField, rule.target_seconds, _("Limit, hours"))}
        parts = ("remind_percent", "escalate_percent")[: len(percent_levels(rule.steps))]
        labels = {"remind_percent": _("Remind at %"), "escalate_percent": _("Escalate at %")}
        values |= {part: (part.split("_")[0], forms.IntegerField, getattr(rule, part), labels[part]) for part in parts}
        row.names = {part: f"{short}_{pk}" for part, (short, *_rest) in values.items()}
        for part, (_short, kind, initial, label) in values.items():
            label = _("%(row)s: %(field)s") % {"row": name, "field": label}
            field = kind(label=label, initial=initial, required=False)
            field.error_messages["invalid"] = _("%(field)s. %(problem)s") % {
                "field": label, "problem": field.error_messages["invalid"]
            }
            field.widget.attrs |= {"aria-label": label, "class": "inp num", "size": 5, "autocomplete": "off"}
            self.fields[row.names[part]] = field
        self.fields[f"seen_{pk}"] = forms.IntegerField(
            initial=rule.based_on, required=False, widget=forms.HiddenInput
        )

    def clean(self):
        given = super().clean()
        self.rules = []
        for row in self.rows:
            if not any(name in self.errors for name in row.names.values()):
                self._judge(row, self._typed(row, given))
        return given

    def _typed(self, row, given) -> Rule:
        """What the row's fields say; what they do not say stays as it was seen."""
        row.seen = self._seen(row, given.get(f"seen_{row.policy.pk}"))
        typed = {part: given.get(name) or 0 for part, name in row.names.items() if name in self.data}
        percents = {part: value for part, value in typed.items() if part != "target_seconds"}
        rule = replace(row.seen, target_seconds=typed.get("target_seconds", row.seen.target_seconds), **percents)
        return moved(rule) if percents else rule

    def _seen(self, row, number) -> Rule:
        if number is None or number == row.rule.based_on:
            return row.rule
        version = PolicyVersion.objects.filter(policy=row.policy, number=number).first()
        return rule_of(version) if version else row.rule

    def _judge(self, row, rule):
        if rule.says_the_same_as(row.seen):
            return
        row.new = rule
        found = problems(rule)
        for problem in found:
            self.say(row.names.get(problem.field), rule, problem)
        if not found:
            self.rules.append(rule)

    def caught_up(self):
        """The typed text with the versions that are there now; untouched rows show what was saved meanwhile."""
        data = self.data.copy()
        for row in self.rows:
            data[f"seen_{row.policy.pk}"] = row.rule.based_on
            if row.new is None:
                for part, name in row.names.items():
                    data[name] = self.fields[name].prepare_value(getattr(row.rule, part))
        return data


class LevelForm(forms.Form):
    """One level of a ladder. What is wrong with it, sla.limits says."""

    at_percent = forms.IntegerField(label=gettext_lazy("At % of the limit"), required=False)
    minutes_past_due = forms.IntegerField(label=gettext_lazy("Or minutes past due"), required=False)
    recipients = forms.MultipleChoiceField(
        label=gettext_lazy("Recipients"), choices=EscalationStep.Recipient, required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), required=False)
    person = forms.TypedChoiceField(
        label=gettext_lazy("Person"), required=False, coerce=int, empty_value=None
    )
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Channels"), required=False, widget=forms.CheckboxSelectMultiple
    )
    repeat_every_minutes = forms.IntegerField(label=gettext_lazy("Repeat every, minutes"), required=False)
    repeat_at_most = forms.IntegerField(label=gettext_lazy("At most, times"), required=False)
    needs_acknowledgement = forms.BooleanField(label=gettext_lazy("Acknowledgement needed"), required=False)

    def __init__(self, *args, people, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = people
        self.fields["role"].choices = [("", "–"), *[choice for choice in Role.choices if choice[0]]]
        self.fields["channels"].choices = Channel.choices

    def step(self) -> dict:
        given = self.cleaned_data
        return {name: given[name] for name in STEP_FIELDS} | {"repeat_at_most": given["repeat_at_most"] or 0}


Ladder = forms.formset_factory(LevelForm, extra=0, max_num=MOST_LEVELS, absolute_max=MOST_LEVELS + 1)


class RuleForm(TermsForm):
    """One limit with everything that its version says."""

    target_seconds = HoursField(label=gettext_lazy("Limit, hours"), required=False)
    calendar = forms.ModelChoiceField(
        WorkCalendar.objects.order_by("pk"), label=gettext_lazy("Working calendar"), required=False,
        empty_label=gettext_lazy("Day and night"), help_text=gettext_lazy("Only its working hours are counted."),
    )
    pause_reasons = forms.MultipleChoiceField(
        label=gettext_lazy("The clock stops while"), required=False, choices=PolicyVersion.PauseReason,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, data=None, files=None, *, rule, **kwargs):
        """`rule`: what the fields start from."""
        self.rule, initial = rule, kwargs.pop("initial", {})
        values = {name: getattr(rule, name) for name in ("target_seconds", "calendar", "pause_reasons")}
        super().__init__(data, files, initial=values | initial, **kwargs)

    @cached_property
    def ladder(self):
        people = User.objects.filter(is_active=True).exclude(role="").order_by("department_id", "pk")
        choices = [("", "–"), *((person.pk, str(person)) for person in people)]
        return Ladder(self.data if self.is_bound else None, initial=self.rule.steps, prefix="level",
                      form_kwargs={"people": choices})  # fmt: skip

    def clean(self):
        given = super().clean()
        if "target_seconds" in self.errors or not self.ladder.is_valid():
            for text in self.ladder.non_form_errors():
                self.add_error(None, text)
            return given
        calendar = given.get("calendar")
        rule = replace(
            self.rule, target_seconds=given["target_seconds"], calendar=calendar.pk if calendar else None,
            pause_reasons=sorted(given.get("pause_reasons", [])),
        )
        self.new = with_ladder(rule, [form.step() for form in self.ladder])
        self._judge()
        return given

    def _judge(self):
        for problem in problems(self.new):
            if problem.level:
                self.ladder.forms[problem.level - 1].add_error(problem.field, problem.named(self.new))
            else:
                self.say(problem.field, self.new, problem)

    def is_valid(self):
        return super().is_valid() and self.ladder.is_valid()

    @property
    def is_readable(self) -> bool:
        return super().is_readable and self.ladder.is_valid()


def rearranged(data, move: str):
    """The typed ladder with a level more, one less, or two of them changed over."""
    data, (verb, _colon, place) = data.copy(), move.partition(":")
    total = data.get("level-TOTAL_FORMS", "")
    total = min(int(total), MOST_LEVELS + 1) if total.isdecimal() else 0
    names = [*LevelForm.base_fields]
    levels = [{name: data.getlist(f"level-{level}-{name}") for name in names} for level in range(total)]
    at = int(place) if place.isdecimal() and int(place) < total else None
    if verb == "add" and total < MOST_LEVELS:
        levels.append({"channels": ["in_app", "email"], "recipients": ["head"]})
    elif verb == "remove" and at is not None:
        del levels[at]
    elif verb == "up" and at:
        levels[at - 1], levels[at] = levels[at], levels[at - 1]
    for level in range(max(total, len(levels))):
        for name in names:
            data.setlist(f"level-{level}-{name}", levels[level].get(name, []) if level < len(levels) else [])
    data["level-TOTAL_FORMS"] = str(len(levels))
    return data


class NoteForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("In words"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class RefuseForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("Reason"), min_length=SHORTEST_REASON, max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}), help_text=gettext_lazy("So that the others can act."),
    )


class WithdrawForm(forms.Form):
    """A button."""
