"""What the customer wants otherwise, line by line."""

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.models import UrgentOrder


class AgreementForm(forms.Form):
    contact = forms.CharField(label=_("Agreed with"), max_length=80)
    how = forms.ChoiceField(label=_("How"), choices=UrgentOrder.AskedHow.choices, widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("What the customer said"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args, order, lines, **kwargs):
        initial = {"contact": order.contact_name, "how": "call"} | kwargs.pop("initial", {})
        super().__init__(*args, initial=initial, **kwargs)
        self.order, self.lines = order, lines
        for line in lines:
            self.fields[f"quantity_{line.pk}"] = forms.IntegerField(
                label=_("%(product)s: quantity") % {"product": line.product}, min_value=1, max_value=1_000_000,
                initial=line.agreed_quantity,
                help_text=self.help_of(line),
            )

    def help_of(self, line):
        return _("Agreed now: %(agreed)d, shipped: %(shipped)d") % {
            "agreed": line.agreed_quantity, "shipped": line.shipped,
        }

    def quantities(self) -> dict:
        return {line.pk: self.cleaned_data[f"quantity_{line.pk}"] for line in self.lines}

    def agreed(self) -> dict:
        return {name: self.cleaned_data[name] for name in ("contact", "how", "reason")}


class ChangeForm(AgreementForm):
    required_at = forms.DateTimeField(label=_("Required delivery time"))
    place = forms.CharField(label=_("Delivery place"), max_length=300)

    def __init__(self, *args, order, lines, **kwargs):
        super().__init__(*args, order=order, lines=lines, **kwargs)
        self.initial |= {"required_at": order.required_at, "place": order.place}
        for line in lines:
            self.fields[f"specification_{line.pk}"] = forms.CharField(
                label=_("%(product)s: specification") % {"product": line.product}, max_length=500, required=False,
                initial=line.specification,
            )

    def changes(self) -> dict:
        """A picker knows no seconds: the same minute is no change."""
        wanted = self.cleaned_data["required_at"]
        is_same = wanted == self.order.required_at.replace(second=0, microsecond=0)
        return self.agreed() | {
            "required_at": None if is_same else wanted, "place": self.cleaned_data["place"],
            "quantities": self.quantities(),
            "specifications": {line.pk: self.cleaned_data[f"specification_{line.pk}"] for line in self.lines},
        }


class ShortCloseForm(AgreementForm):
    def __init__(self, *args, order, lines, **kwargs):
        super().__init__(*args, order=order, lines=lines, **kwargs)
        for line in lines:
            self.fields[f"quantity_{line.pk}"].initial = max(line.passed, line.shipped) or line.agreed_quantity

    def help_of(self, line):
        return _("Passed: %(passed)d, shipped: %(shipped)d of %(agreed)d") % {
            "passed": line.passed, "shipped": line.shipped, "agreed": line.agreed_quantity,
        }
