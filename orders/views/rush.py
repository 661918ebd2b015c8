"""Company rules: how much may be urgent in a week."""

from django.contrib import messages
from django.urls import reverse
from django.utils.translation import gettext as _

from desk.keyset import paginate
from orders import actions
from orders.actions.rush import CHANGED
from orders.forms.identification import customer_list
from orders.forms.rush import RushBudgetForm
from orders.models import RushBudget
from people.roles import Right
from records.acts import ActView
from records.models import Event
from records.rules import STREAM, version_of_rules


class RushBudgets(ActView):
    right = Right.CONFIGURE
    asks_again = True
    form_class = RushBudgetForm
    template_name = "orders/rush_budgets.html"

    @property
    def version_now(self):
        return version_of_rules(CHANGED)

    def form_kwargs(self):
        return {"initial": {"scope": RushBudget.Scope.CUSTOMER}}

    def perform(self, form):
        actions.set_rush_budget(by=self.request.user, version=self.version, **form.cleaned_data)
        messages.success(self.request, _("Saved."))
        return reverse("orders:rush_budgets")

    def context(self):
        budgets = RushBudget.objects.select_related("customer", "person")
        return {
            "title": _("Rush budgets"), "submit_label": _("Save the budget"), "back_url": reverse("records:rules"),
            "back_label": _("Company rules"), "customers": customer_list(),
            "budgets": paginate(budgets, ("scope", "pk"), self.request.GET.get("after")),
            "changes": Event.objects.filter(stream=STREAM, verb=CHANGED).order_by("-number")[:20],
            "consequences": [_("Passing a budget blocks nothing: the form warns, and the head of Sales is told.")],
        }
