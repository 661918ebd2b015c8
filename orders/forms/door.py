from django import forms
from django.utils.translation import gettext_lazy as _

from orders.machine import Box
from orders.models import DeclineProposal, UrgentOrder

RETURN_REASONS = [
    ("unclear", _("Something is unclear")),
    ("missing", _("Papers are missing")),
    ("wrong", _("Something is wrong")),
    ("not_possible", _("It cannot be done so")),
    ("changed", _("The customer changed something")),
    ("other", _("Other")),
]


class SendBackForm(forms.Form):
    reason_code = forms.ChoiceField(label=_("Why"), choices=RETURN_REASONS, widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("In words"), min_length=4, max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("So that the others can act."),
    )  # fmt: skip
    boxes = forms.MultipleChoiceField(
        label=_("Signatures that are taken back"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("What stays signed is not done again."),
    )

    def __init__(self, *args, signed, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["boxes"].choices = [(box, Box(box).label) for box in signed]
        if not signed:
            del self.fields["boxes"]


class ToldForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))
    was_customer_told = forms.BooleanField(label=_("The customer was told"), required=False)
    contact = forms.CharField(label=_("Whom at the customer"), max_length=80)
    how = forms.ChoiceField(label=_("How"), choices=UrgentOrder.AskedHow.choices, widget=forms.RadioSelect)


class OrderByNumber(forms.CharField):
    """Another order, named by its number; one that is not open to the person is not there."""

    def __init__(self, **kwargs):
        super().__init__(max_length=20, required=False, **kwargs)
        self.user = None

    def clean(self, value):
        number = super().clean(value).strip().upper()
        if not number:
            return None
        found = UrgentOrder.objects.visible_to(self.user).submitted().filter(number=number).first()
        if found is None:
            raise forms.ValidationError(_("There is no order with this number."))
        return found


class WhyDeclineForm(forms.Form):
    """For a proposal and for the decision itself."""

    reason_code = forms.ChoiceField(
        label=_("Why"), choices=DeclineProposal.ReasonCode.choices, widget=forms.RadioSelect
    )
    duplicate_of = OrderByNumber(label=_("Number of the other order"), help_text=_("Where it is entered already."))
    reason = forms.CharField(label=_("In words"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["duplicate_of"].user = user


class DeclineForm(WhyDeclineForm, ToldForm):
    field_order = ("reason_code", "duplicate_of", "reason", "was_customer_told", "contact", "how")


class KeepForm(forms.Form):
    reason = forms.CharField(label=_("Why it goes on"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))
