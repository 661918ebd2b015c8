from django import forms
from django.utils.translation import gettext_lazy as _

from finance.models import ChargeRule, ExpenseLimit
from orders.models import CostEntry
from orders.models.money import CostKind

MONEY = {"max_digits": 14, "decimal_places": 2}


class ExpenseForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=CostKind.choices)
    amount = forms.DecimalField(label=_("Amount"), min_value=0, **MONEY)
    is_urgent = forms.BooleanField(
        label=_("Only because the order is urgent"), required=False,
        help_text=_("Counts in the price of urgency; overtime, expedited service and transport do anyway."),
    )
    reason = forms.CharField(label=_("What for"), max_length=500)

    def given(self) -> dict:
        given = dict(self.cleaned_data)
        return {"cause": CostEntry.Cause.URGENCY if given.pop("is_urgent") else ""} | given


class DecisionForm(forms.Form):
    is_approved = forms.TypedChoiceField(
        label=_("Decision"), widget=forms.RadioSelect, coerce=lambda value: value == "yes",
        choices=[("yes", _("Approve")), ("no", _("Reject"))],
    )
    reason = forms.CharField(label=_("Reason"), max_length=500, required=False, help_text=_("Needed for a refusal."))


class CostForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=CostKind.choices)
    amount = forms.DecimalField(label=_("Amount"), min_value=0, required=False, **MONEY)
    is_none = forms.BooleanField(label=_("There was no cost of this kind"), required=False)
    cause = forms.ChoiceField(
        label=_("Cause"), choices=[("", _("by its kind")), *CostEntry.Cause.choices], required=False
    )
    text = forms.CharField(label=_("What for, or why none"), max_length=300, required=False)

    def clean_amount(self):
        return self.cleaned_data["amount"] or 0


class CreditForm(forms.Form):
    amount = forms.DecimalField(label=_("Amount"), min_value=0, **MONEY)
    text = forms.CharField(label=_("Credit note, or what for"), max_length=300, required=False)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("What was wrong with it"), max_length=300)


class StatementForm(forms.Form):
    invoice_number = forms.CharField(label=_("Invoice number"), max_length=40, required=False)
    no_invoice_reason = forms.CharField(
        label=_("Or why there is no invoice"), max_length=300, required=False
    )


class LimitsForm(forms.Form):
    """One amount for each rank, named by it."""

    reason = forms.CharField(
        label=_("Reason"), min_length=4, max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Stands in the history beside your name."),
    )

    def __init__(self, *args, known, **kwargs):
        super().__init__(*args, **kwargs)
        amounts = {
            rank: forms.DecimalField(
                label=ExpenseLimit.Rank(rank).label, required=False, min_value=0, max_digits=14, decimal_places=2,
                initial=amount, help_text=_("Empty: without limit."),
            )
            for rank, amount in known.items()
        }
        self.fields = amounts | self.fields

    def amounts(self) -> dict:
        return {rank: self.cleaned_data[rank] for rank in ExpenseLimit.DEFAULTS}


class ChargeRuleForm(forms.ModelForm):
    reason = forms.CharField(
        label=_("Reason"), min_length=4, max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Stands in the history beside your name."),
    )

    class Meta:
        model = ChargeRule
        fields = ChargeRule.VALUES


class ChargeForm(forms.Form):
    amount = forms.DecimalField(label=_("Rush charge"), min_value=0, **MONEY)
    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Needed where it is not the suggested amount."),
    )
    suggested = forms.DecimalField(widget=forms.HiddenInput, **MONEY)
