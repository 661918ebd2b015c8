from django import forms
from django.utils.translation import gettext_lazy as _

from orders.models import Issue, MaterialLine
from people.models import User
from people.roles import Right
from production.capacity import Means, variants_of
from production.models import Assessment, TimeSegment
from production.moves import Place

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


class MeansForm(forms.Form):
    """Means put together by hand: what this order's routing and work centres allow."""

    gives_way = forms.BooleanField(label=_("Others give way, inside their dates"), required=False)
    has_overtime = forms.BooleanField(label=_("With overtime"), required=False)
    has_overlap = forms.BooleanField(label=_("With overlapping operations"), required=False)
    has_candidates = forms.BooleanField(label=_("Use other work centres as well"), required=False)
    has_substitutes = forms.BooleanField(label=_("Use substitute material"), required=False)
    shifts = forms.TypedMultipleChoiceField(
        label=_("Extra shifts"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    extra_slot_at = forms.ChoiceField(label=_("One more slot at"), required=False)
    split_at = forms.MultipleChoiceField(
        label=_("Split over two machines"), required=False, widget=forms.CheckboxSelectMultiple
    )
    outside_at = forms.MultipleChoiceField(label=_("Done outside"), required=False, widget=forms.CheckboxSelectMultiple)
    variant = forms.ChoiceField(label=_("Other routing"), required=False)
    first_lot = forms.IntegerField(label=_("Pieces to deliver first"), required=False, min_value=1)

    def __init__(self, *args, proposal, **options):
        super().__init__(*args, **options)
        demands = list(proposal.demands.values())
        centres = {code for row in proposal.rows for code, slot in row.slots if slot}
        shifts = [(shift.pk, f"{shift.name} · {shift.work_centre.code}") for shift in proposal.shop.shifts.values()
                  if shift.work_centre.code in centres]
        self._offer("shifts", shifts)
        self._offer("extra_slot_at", [(code, code) for code in sorted(centres)], empty=True)
        self._offer("split_at", [(demand.code, demand.label) for demand in demands if demand.can_be_split])
        self._offer("outside_at", [
            (demand.code, demand.label) for demand in demands if demand.routing.subcontract_service_id
        ])
        self._offer("variant", [(name, name) for name in variants_of(demands)], empty=True)
        if not any(demand.routing.candidates.all() for demand in demands):
            del self.fields["has_candidates"]

    def _offer(self, name, choices, *, empty=False):
        """A choice of nothing is not shown."""
        if choices:
            self.fields[name].choices = [("", "–"), *choices] if empty else choices
        else:
            del self.fields[name]

    @property
    def means(self) -> Means:
        data = self.cleaned_data
        return Means(**{
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items() if value
        })


class OperationForm(forms.Form):
    owner = PersonField()
    starts_at = forms.DateTimeField(label=_("Start"))
    ends_at = forms.DateTimeField(label=_("Time node"))


class MoveForm(forms.Form):
    """Where an operation would stand. `place` is work centre and slot, as the lanes of the board name them."""

    starts_at = forms.DateTimeField(label=_("Start"))
    place = forms.ChoiceField(label=_("Work centre and slot"))
    gives_way = forms.BooleanField(
        label=_("The order that has the slot gives way"), required=False,
        help_text=_("Its operations that have not begun move behind. If it then breaks its promise, its salesperson "
                    "is asked first."),
    )
    reason = forms.CharField(
        label=_("Why it must go first"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Needed when another order gives way."),
    )
    plan = forms.IntegerField(widget=forms.HiddenInput)
    seen = forms.CharField(max_length=24, required=False, widget=forms.HiddenInput)

    def __init__(self, *args, centres, slots, **kwargs):
        super().__init__(*args, **kwargs)
        self.centres = {centre.code: centre for centre in centres}
        self.fields["place"].choices = [
            (f"{centre.code}/{slot}", f"{centre} / {slot}") for centre in centres for slot in slots(centre)
        ]

    @property
    def target(self) -> Place:
        code, _slash, slot = self.cleaned_data["place"].rpartition("/")
        return Place(self.cleaned_data["starts_at"], self.centres[code], int(slot))


class DelayForm(forms.Form):
    """A material of the order that is not here yet, and so many hours."""

    material = forms.ModelChoiceField(label=_("Material"), queryset=MaterialLine.objects.none())
    hours = forms.IntegerField(label=_("Hours later"), min_value=1, max_value=2000, initial=24)

    def __init__(self, *args, order, **kwargs):
        super().__init__(*args, **kwargs)
        open_lines = order.material_lines.filter(decision__in=["open", "gating"], step__isnull=False)
        self.fields["material"].queryset = open_lines.select_related("material", "step")


class BackForm(forms.Form):
    plan = forms.IntegerField(widget=forms.HiddenInput, required=False)


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
    choice = forms.CharField(required=False, widget=forms.HiddenInput)
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
