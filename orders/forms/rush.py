"""The weekly rush budget of one customer or salesperson, or of everybody else."""

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import Customer
from orders.forms.identification import NamedField
from orders.models import RushBudget
from people.models import User


class RushBudgetForm(forms.Form):
    scope = forms.ChoiceField(label=_("For"), choices=RushBudget.Scope.choices, widget=forms.RadioSelect)
    customer = NamedField(
        label=_("Customer"), model=Customer, code="code", list_id="customers", required=False,
        help_text=_("Empty: every customer without a budget of its own."),
    )
    person = forms.ModelChoiceField(
        label=_("Salesperson"), queryset=None, required=False,
        help_text=_("Empty: every salesperson without a budget of their own."),
    )
    orders_a_week = forms.IntegerField(
        label=_("Urgent orders a week"), min_value=0, max_value=9999, required=False,
        help_text=_("Empty: without limit."),
    )
    cost_a_week_amount = forms.DecimalField(
        label=_("Extra cost a week"), min_value=0, max_digits=14, decimal_places=2, required=False,
        help_text=_("What urgency has cost: overtime, express freight and the like. Empty: without limit."),
    )
    reason = forms.CharField(
        label=_("Reason"), min_length=4, max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Stands in the history beside your name."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = User.objects.filter(is_active=True, department__code="sales")

    def clean(self):
        given = super().clean()
        if given.get("scope") == RushBudget.Scope.CUSTOMER and given.get("person"):
            self.add_error("person", _("A budget is for a customer or for a salesperson, not for both."))
        if given.get("scope") == RushBudget.Scope.PERSON and given.get("customer"):
            self.add_error("customer", _("A budget is for a customer or for a salesperson, not for both."))
        return given
