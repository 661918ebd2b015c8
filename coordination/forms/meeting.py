from django import forms
from django.utils.translation import gettext_lazy as _

from coordination import lines
from coordination.models import Outcome
from desk.refusals import BadInput
from orders.machine import PATH
from orders.models import UrgentOrder
from people.models import User
from sla.models import acting

Kind = Outcome.Kind


def colleagues():
    return User.objects.filter(is_active=True, department__isnull=False).select_related("department").order_by(
        "department_id", "pk"
    )


def order_called(said, user):
    """By its whole number or its end, among those this person sees."""
    said = said.strip().lstrip("#＃")
    if not said:
        return None
    orders = UrgentOrder.objects.visible_to(user).submitted().order_by()
    found = orders.filter(number__iexact=said).first()
    if found is None and said.isdecimal() and 2 < len(said) < 5:  # the end is looked for among the living alone
        ending = list(orders.filter(stage__in=PATH[1:], number__endswith=f"-{said.zfill(4)}")[:2])
        found = ending[0] if len(ending) == 1 else None
    if found is None:
        raise forms.ValidationError(_("There is no such order among those you see: %(said)s."), params={"said": said})
    return found


class NothingForm(forms.Form):
    """One press."""


class GoForm(forms.Form):
    position = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class LineForm(forms.Form):
    line = forms.CharField(label=_("Action, decision or problem in one line"), max_length=600)

    def __init__(self, *args, user, now, **kwargs):
        super().__init__(*args, **kwargs)
        self.user, self.now = user, now

    def clean_line(self):
        try:
            said = lines.read(self.cleaned_data["line"], colleagues(), self.now)
        except BadInput as refusal:
            raise forms.ValidationError(refusal.what) from None
        order = order_called(said.order, self.user)
        self.outcome = {"kind": said.kind, "text": said.text, "person": said.person, "due_at": said.due_at,
                        "order": order}
        return self.cleaned_data["line"]


class OutcomeForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices, widget=forms.RadioSelect, initial=Kind.ACTION)
    text = forms.CharField(label=_("What"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    person = forms.ModelChoiceField(label=_("Who does it"), queryset=User.objects.none(), required=False,
                                    help_text=_("For an action."))
    due_at = forms.DateTimeField(label=_("Until"), required=False, help_text=_("For an action."))
    order = forms.CharField(label=_("Order"), max_length=20, required=False,
                            help_text=_("Its number, where it concerns one."))

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["person"].queryset = colleagues()

    def clean_order(self):
        return order_called(self.cleaned_data["order"], self.user)


class MoveForm(forms.Form):
    starts_at = forms.DateTimeField(label=_("Starts"))
    length_minutes = forms.IntegerField(label=_("Minutes"), min_value=10, max_value=240)
    place = forms.CharField(label=_("Place"), max_length=120, required=False)
    link = forms.URLField(label=_("Video link"), max_length=300, required=False, assume_scheme="https")
    reason = forms.CharField(label=_("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class ResultForm(forms.Form):
    result = forms.CharField(label=_("What came of it"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class ObjectionForm(forms.Form):
    objection = forms.CharField(label=_("What is wrong in the minutes"), max_length=500,
                                widget=forms.Textarea(attrs={"rows": 3}))


class AgendaForm(forms.Form):
    title = forms.CharField(label=_("Item"), max_length=120)
    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=60, initial=5)


class RollForm(forms.Form):
    present = forms.MultipleChoiceField(label=_("Present"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args, seats, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["present"].choices = [(seat.department_id, seat_text(seat)) for seat in seats]
        self.initial["present"] = [seat.department_id for seat in seats if seat.is_present]

    def clean_present(self):
        return {int(key) for key in self.cleaned_data["present"]}


def seat_text(seat) -> str:
    return f"{seat.department} · {acting(seat.person, seat.stands_in_for)}"


class MinuteTakerForm(forms.Form):
    person = forms.ModelChoiceField(label=_("Minute-taker"), queryset=User.objects.none())

    def __init__(self, *args, seats, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = User.objects.filter(pk__in=[seat.person_id for seat in seats])
