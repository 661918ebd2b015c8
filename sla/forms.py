from datetime import timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AcknowledgeForm(forms.Form):
    note = forms.CharField(
        label=_("What is being done"), min_length=4, max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )
    until = forms.DateTimeField(
        label=_("No more reminders until"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["until"].initial = timezone.localtime() + timedelta(hours=4)


def _named(person) -> str:
    return f"{person} · {person.department}" if person.department_id else str(person)


def words(label, **options):
    return forms.CharField(label=label, max_length=1000, widget=forms.Textarea(attrs={"rows": 3}), **options)


class PersonForm(forms.Form):
    person = forms.ChoiceField(label=_("Person"))
    text = words(_("In words"), required=False)

    def __init__(self, *args, people, **kwargs):
        super().__init__(*args, **kwargs)
        self.known = {str(person.pk): person for person in people}
        self.fields["person"].choices = [("", "–"), *((pk, _named(person)) for pk, person in self.known.items())]

    def clean_person(self):
        return self.known[self.cleaned_data["person"]]


class TransferForm(PersonForm):
    """Who decides instead."""


class AddForm(PersonForm):
    """Who must agree first."""


class CopyForm(forms.Form):
    people = forms.MultipleChoiceField(label=_("People"), widget=forms.CheckboxSelectMultiple)
    text = words(_("In words"), required=False)

    def __init__(self, *args, people, **kwargs):
        super().__init__(*args, **kwargs)
        self.known = {str(person.pk): person for person in people}
        self.fields["people"].choices = [(pk, _named(person)) for pk, person in self.known.items()]

    def clean_people(self):
        return [self.known[pk] for pk in self.cleaned_data["people"]]


class PauseForm(forms.Form):
    """Why, for whom one waits, and the end: each end says what it does to the due time."""

    reason = forms.ChoiceField(label=_("Reason"))
    awaits = forms.ChoiceField(label=_("Who is awaited"), help_text=_("The clock runs again when that task is done."))
    length = forms.ChoiceField(label=_("At the latest until"), widget=forms.RadioSelect)

    def __init__(self, *args, reasons, awaited, lengths, **kwargs):
        super().__init__(*args, **kwargs)
        self.awaited = {str(item.pk): item for item in awaited}
        self.fields["reason"].choices = reasons
        self.fields["awaits"].choices = [
            (pk, f"{item.assignee} · {item.kind_label}") for pk, item in self.awaited.items()
        ]
        self.fields["length"].choices = lengths

    def clean_awaits(self):
        return self.awaited[self.cleaned_data["awaits"]]

    def clean_length(self):
        return timedelta(hours=int(self.cleaned_data["length"]))


class ResumeForm(forms.Form):
    """A button."""


RETURN_REASONS = [
    ("unclear", _("Something is unclear")), ("missing", _("Papers are missing")),
    ("wrong", _("Something is wrong")), ("not_mine", _("It is not mine to decide")), ("other", _("Other")),
]  # fmt: skip


class ReturnForm(forms.Form):
    reason_code = forms.ChoiceField(label=_("Why"), choices=RETURN_REASONS, widget=forms.RadioSelect)
    text = words(_("In words"), min_length=4, help_text=_("So that the others can act."))

    def clean(self):
        """The chip stands before the words."""
        given = super().clean()
        code = given.pop("reason_code", None)
        if code and code != "other" and given.get("text"):
            given["text"] = f"{dict(RETURN_REASONS)[code]}: {given['text']}"
        return given


class AnswerForm(forms.Form):
    agrees = forms.TypedChoiceField(
        label=_("Answer"), choices=[("yes", _("Agree")), ("no", _("Disagree"))], widget=forms.RadioSelect,
        coerce=lambda value: value == "yes",
    )  # fmt: skip
    text = words(_("In words"), required=False, help_text=_("Needed when you do not agree."))


class RemindForm(forms.Form):
    text = words(_("In words"), required=False)


class CommentForm(forms.Form):
    text = words(_("In words"))


class WithdrawForm(forms.Form):
    """A button."""
