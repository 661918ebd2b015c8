from django import forms
from django.utils.translation import gettext_lazy as _

from orders.machine import Box

RETURN_REASONS = [
    ("unclear", _("Something is unclear")),
    ("missing", _("Papers are missing")),
    ("wrong", _("Something is wrong")),
    ("not_possible", _("It cannot be done so")),
    ("changed", _("The customer changed something")),
    ("other", _("Other")),
]
DECLINE_REASONS = [
    ("not_urgent", _("It is not urgent")),
    ("duplicate_of", _("It is entered already")),
    ("not_ours", _("We do not make it")),
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


class DeclineForm(ToldForm):
    reason_code = forms.ChoiceField(label=_("Why"), choices=DECLINE_REASONS, widget=forms.RadioSelect)
    field_order = ("reason_code", "reason", "was_customer_told")
