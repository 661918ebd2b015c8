from django import forms
from django.utils.translation import gettext_lazy as _

from orders.models import Issue
from people.models import User
from people.roles import Right
from production.capacity import Means
from production.models import Assessment, TimeSegment, WorkCentre

Pause = TimeSegment.Pause
Kind = Issue.Kind
FLOOR_KINDS = [
    (Kind.MACHINE, Kind.MACHINE.label), (Kind.QUALITY, _("Quality problem")),
    (Kind.NO_MATERIAL, Kind.NO_MATERIAL.label), (Kind.CANNOT_FINISH, Kind.CANNOT_FINISH.label),
]


class PersonField(forms.ModelChoiceField):
    """Somebody of production who may run operations."""

    def __init__(self, **options):
        people = User.objects.filter(is_active=True, department__code="production").select_related("department")
        options.setdefault("label", _("Person responsible"))
        super().__init__(queryset=people.order_by("pk"), **options)

    def clean(self, value):
        person = super().clean(value)
        if person and not person.may(Right.OPERATION_RUN):
            raise forms.ValidationError(_("%(person)s cannot run operations.") % {"person": person})
        return person


class AssessForm(forms.Form):
    verdict = forms.ChoiceField(label=_("Verdict"), choices=Assessment.Verdict.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("Note"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Needed when it cannot be done, or when you judge otherwise than computed."),
    )


class PlanForm(forms.Form):
    has_overtime = forms.BooleanField(label=_("With overtime"), required=False)
    has_overlap = forms.BooleanField(label=_("With overlapping operations"), required=False)
    extra_slot_at = forms.ModelChoiceField(
        label=_("One more slot at"), queryset=WorkCentre.objects.active(), required=False, to_field_name="code"
    )

    @property
    def means(self) -> Means:
        extra = self.cleaned_data["extra_slot_at"]
        return Means(
            self.cleaned_data["has_overtime"], self.cleaned_data["has_overlap"], extra.code if extra else ""
        )


class OperationForm(forms.Form):
    owner = PersonField()
    starts_at = forms.DateTimeField(label=_("Start"))
    ends_at = forms.DateTimeField(label=_("Time node"))


class NothingForm(forms.Form):
    """A button."""


class NegotiateForm(forms.Form):
    options = forms.MultipleChoiceField(
        label=_("Solutions for the customer"), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Name at least one option.")},
    )
    reason = forms.CharField(
        label=_("What stands in the way"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args, choices, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["options"].choices = choices


class ApproveForm(forms.Form):
    promised_at = forms.DateTimeField(label=_("Promised delivery"))
    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False,
        help_text=_("Needed when the promise is earlier than the plan's finish."),
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class FirstForm(forms.Form):
    reason = forms.CharField(
        label=_("Why it must go first"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The other order's salesperson reads it."),
    )


class ReassignForm(forms.Form):
    owner = PersonField()
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)


# The shop floor


class TokenForm(forms.Form):
    token = forms.CharField(label=_("Code of the operation"), max_length=8, min_length=6)

    def clean_token(self):
        return self.cleaned_data["token"].strip().upper()


class StartForm(forms.Form):
    sheet = forms.IntegerField(required=False, widget=forms.HiddenInput)
    take_over_reason = forms.CharField(label=_("Why do you take it over?"), max_length=300, required=False)


class PauseForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("Reason of the pause"), widget=forms.RadioSelect, initial=Pause.BREAK,
        choices=[(value, label) for value, label in Pause.choices
                 if value not in (Pause.TAKEN_OVER, Pause.FINISHED, Pause.PROBLEM)],
    )
    note = forms.CharField(label=_("Note"), max_length=300, required=False)


class PiecesForm(forms.Form):
    good = forms.IntegerField(label=_("Good pieces"), min_value=0, initial=0)
    scrap = forms.IntegerField(label=_("Bad pieces"), min_value=0, initial=0, required=False)
    defect = forms.CharField(
        label=_("What is wrong with the bad pieces"), max_length=500, required=False
    )

    def __init__(self, *args, most=None, **kwargs):
        super().__init__(*args, **kwargs)
        if most is not None:
            for name in ("good", "scrap"):
                self.fields[name].widget.attrs |= {"max": most, "inputmode": "numeric"}

    def clean_scrap(self):
        return self.cleaned_data["scrap"] or 0


class PhotosInput(forms.FileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """None, one or several, as a list."""

    widget = PhotosInput(attrs={"accept": "image/*", "capture": "environment", "multiple": True})

    def clean(self, data, initial=None):
        uploads = data if isinstance(data, list | tuple) else [data]
        return [super(PhotosField, self).clean(upload, initial) for upload in uploads if upload]


class ProblemForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("What kind of problem?"), widget=forms.RadioSelect, choices=FLOOR_KINDS
    )
    files = PhotosField(label=_("Photo"), required=False)
    text = forms.CharField(label=_("What happened"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))
    can_go_on = forms.TypedChoiceField(
        label=_("Can you go on?"), widget=forms.RadioSelect, coerce=lambda value: value == "yes", initial="yes",
        choices=[("yes", _("Yes, meanwhile")), ("no", _("No, work has stopped"))],
    )
    back_at = forms.DateTimeField(
        label=_("When will the machine run again?"), required=False,
        help_text=_("For a machine that stands: until then nothing is planned on it."),
    )
