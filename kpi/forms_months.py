from django import forms
from django.utils.translation import gettext_lazy as _

from kpi.models import Incentive


def _words(label, *, required=True, rows=3, most=500, **values):
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, required=required, max_length=most, widget=widget, **values)


class ConfirmForm(forms.Form):
    pass


class CheckForm(forms.Form):
    note = _words(_("Note"), required=False)


class ReasonForm(forms.Form):
    reason = _words(_("Reason"))


class AppealForm(forms.Form):
    cases = forms.ModelMultipleChoiceField(
        label=_("Cases"), queryset=None,
        error_messages={"required": _("Choose the cases that do not belong in the score.")},
    )
    text = _words(_("Why"), rows=4, most=1000)

    def __init__(self, *args, rows, is_looking=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["cases"].queryset = rows
        self.fields["text"].required = not is_looking


class ProposeForm(forms.Form):
    form = forms.ChoiceField(label=_("Form"), widget=forms.RadioSelect)
    amount = forms.DecimalField(
        label=_("amount"), required=False, min_value=1, max_digits=12, decimal_places=2,
        help_text=_("Only of a bonus or a fine, as people agreed. The desk computes and deducts nothing."),
    )
    reason = _words(_("Reason"), rows=4, most=1000)
    evidence = forms.MultipleChoiceField(
        label=_("Evidence"), error_messages={"required": _("Choose the evidence: nothing is proposed without it.")}
    )

    def __init__(self, *args, kind, choices, **kwargs):
        super().__init__(*args, **kwargs)
        forms_of = Incentive.PENALTIES if kind == Incentive.Kind.PENALTY else Incentive.REWARDS
        self.fields["form"].choices = [(one.value, one.label) for one in forms_of]
        self.fields["evidence"].choices = choices


class ReplyForm(forms.Form):
    text = forms.CharField(label=_("Reply"), max_length=2000, strip=False, widget=forms.Textarea(attrs={"rows": 6}))


class ApproveForm(forms.Form):
    amount = forms.DecimalField(
        label=_("amount"), required=False, min_value=1, max_digits=12, decimal_places=2,
        help_text=_("As people agreed. The desk computes and deducts nothing."),
    )
    reason = _words(_("Reason of the decision"), required=False, most=1000)

    def __init__(self, *args, has_amount, **kwargs):
        super().__init__(*args, **kwargs)
        if not has_amount:
            del self.fields["amount"]
