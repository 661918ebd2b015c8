from decimal import Decimal

from django import forms
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from orders import actions
from orders.actions.stop import stop_item
from orders.views.base import OrderAct
from people.roles import Right


class StopForm(forms.Form):
    text = forms.CharField(label=_("Where work stopped"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))
    amount = forms.DecimalField(
        label=_("Cost that is not recorded yet"), min_value=0, max_digits=14, decimal_places=2, required=False,
        help_text=_("What your department has spent for this order and nobody has entered."),
    )

    def clean_amount(self):
        return self.cleaned_data["amount"] or Decimal(0)


class ReportStop(OrderAct):
    """Every department's, after a cancellation."""

    right = Right.ISSUE_RAISE
    form_class = StopForm
    title = _("Stop and report cost")
    submit_label = _("Report")
    consequences = (
        _("You sign that your department has stopped. Finance settles the order when all have."),
    )

    def subject(self):
        super().subject()
        if not self.order.is_cancelled or not self.request.user.department_id:
            raise Http404

    def context(self):
        item = stop_item(self.order, self.request.user.department)
        return super().context() | {"item": item}

    def act(self, form):
        actions.report_stop(
            order_id=self.order.pk, by=self.request.user, version=self.version, **form.cleaned_data
        )
