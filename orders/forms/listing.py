from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Customer
from orders.machine import FINAL, Stage
from orders.models import OrderLine


class OrderFilter(forms.Form):
    """Everything optional; what cannot be read is left out."""

    q = forms.CharField(label=_("Search"), required=False, max_length=80)
    stage = forms.ChoiceField(
        label=_("Stage"), required=False,
        choices=[("", _("All")), ("open", _("Not closed")), *Stage.choices],
    )  # fmt: skip
    customer = forms.ModelChoiceField(
        label=_("Customer"), required=False, queryset=Customer.objects.all(), empty_label=_("All customers")
    )
    mine = forms.BooleanField(label=_("Entered by me"), required=False)
    late = forms.BooleanField(label=_("Past the limit"), required=False)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs, auto_id="filter_%s")
        self.user = user

    def apply(self, orders):
        self.is_valid()
        given = self.cleaned_data
        for name in ("stage", "customer", "mine", "late"):
            if given.get(name):
                orders = getattr(self, f"_by_{name}")(orders, given[name])
        for word in (given.get("q") or "").split():
            orders = orders.filter(self._says(word))
        return orders

    def _by_stage(self, orders, stage):
        return orders.exclude(stage__in=FINAL) if stage == "open" else orders.filter(stage=stage)

    def _by_customer(self, orders, customer):
        return orders.filter(customer=customer)

    def _by_mine(self, orders, _is_wanted):
        return orders.filter(created_by=self.user)

    def _by_late(self, orders, _is_wanted):
        return orders.filter(stage_item__due_at__lt=timezone.now())

    def _says(self, word):
        lines = self._matching_lines(word)
        return (
            Q(number__icontains=word) | Q(customer__name__icontains=word) | Q(customer__latin_name__icontains=word)
            | Q(customer__code__iexact=word) | Q(pk__in=lines)
        )  # fmt: skip

    def _matching_lines(self, word):
        product = (
            Q(product__number__icontains=word) | Q(product__name__icontains=word)
            | Q(product__latin_name__icontains=word) | Q(product__drawing_number__icontains=word)
        )  # fmt: skip
        return OrderLine.objects.filter(product).values("order")
