from decimal import Decimal

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from catalog.models import Material
from orders.models import UrgentOrder
from procurement.models import Milestone, Supplier

QUANTITY = {"max_digits": 14, "decimal_places": 4}
MONEY = {"max_digits": 14, "decimal_places": 2}


def fee_field():
    return forms.DecimalField(
        label=_("Fee for it"), required=False, min_value=0, **MONEY,
        help_text=_("Finance approves a fee before anything is ordered."),
    )


class OrderLineForm(forms.Form):
    supplier = forms.TypedChoiceField(label=_("Supplier"))
    quantity = forms.DecimalField(label=_("Quantity"), min_value=Decimal("0.0001"), **QUANTITY)
    unit_price = forms.DecimalField(label=_("Price per unit"), min_value=0, **QUANTITY)
    promised_at = forms.DateTimeField(
        label=_("Promised for"), required=False, help_text=_("When the supplier says it will be here.")
    )
    is_expedited = forms.BooleanField(label=_("Ask for expedited service"), required=False)
    fee = fee_field()

    def __init__(self, *args, candidates, **kwargs):
        super().__init__(*args, **kwargs)
        suppliers = {str(row.supplier.pk): row.supplier for row in candidates}
        self.fields["supplier"].choices = [(str(row.supplier.pk), self._label(row)) for row in candidates]
        self.fields["supplier"].coerce = suppliers.get

    @staticmethod
    def _label(row):
        if not row.is_existing:
            return _now("%(supplier)s – new for this material") % {"supplier": row.supplier}
        if row.ranked.score is None:
            return _now("%(supplier)s – few cases so far") % {"supplier": row.supplier}
        return _now("%(supplier)s – %(score)d points") % {"supplier": row.supplier, "score": row.ranked.score}

    def clean_fee(self):
        return self.cleaned_data["fee"] or Decimal(0)


class RefusalForm(forms.Form):
    supplier = forms.ModelChoiceField(label=_("Supplier"), queryset=Supplier.objects.none())
    reason = forms.CharField(label=_("Why they cannot"), max_length=500)

    def __init__(self, *args, material, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["supplier"].queryset = Supplier.objects.existing_for(material)


class PromiseForm(forms.Form):
    promised_at = forms.DateTimeField(label=_("Promised for"))
    reason = forms.CharField(label=_("What the supplier says"), max_length=300, required=False)


class ExpediteForm(forms.Form):
    fee = fee_field()

    def clean_fee(self):
        return self.cleaned_data["fee"] or Decimal(0)


class AnswerForm(forms.Form):
    is_granted = forms.TypedChoiceField(
        label=_("The supplier's answer"), widget=forms.RadioSelect, coerce=lambda value: value == "yes",
        choices=[("yes", _("granted")), ("no", _("refused"))],
    )


class PlaceForm(forms.Form):
    without_expedite = forms.BooleanField(label=_("Order without expedited service"), required=False)


class MilestoneForm(forms.Form):
    kind = forms.ChoiceField(label=_("What happened"), choices=Milestone.Kind.choices, widget=forms.RadioSelect)
    happened_at = forms.DateTimeField(label=_("When"), required=False, help_text=_("Empty: now."))
    text = forms.CharField(label=_("Note"), max_length=300, required=False)


class ReceiveForm(forms.Form):
    quantity = forms.DecimalField(label=_("Quantity that came in"), min_value=Decimal("0.0001"), **QUANTITY)
    delivery_note = forms.CharField(label=_("Delivery note"), max_length=60, required=False)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=500)


class ContactForm(forms.Form):
    contact = forms.CharField(label=_("Talked to"), max_length=80, help_text=_("Supplier and person."))
    how = forms.ChoiceField(label=_("How"), choices=UrgentOrder.AskedHow.choices, widget=forms.RadioSelect)
    was_reached = forms.BooleanField(label=_("They were reached"), required=False, initial=True)
    text = forms.CharField(label=_("What was said"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


class RemedyForm(forms.Form):
    """A late line: another material, another date, or both as options for the customer."""

    reason = forms.CharField(label=_("What stands in the way"), max_length=1000)
    substitute = forms.ModelChoiceField(
        label=_("Substitute material"), queryset=Material.objects.active().order_by("number"), required=False
    )
    substitute_finish_at = forms.DateTimeField(label=_("Earliest finish with it"), required=False)
    extra_cost = forms.DecimalField(label=_("Extra cost"), required=False, min_value=0, **MONEY)
    required_at = forms.DateTimeField(label=_("New delivery time"), required=False)

    def __init__(self, *args, line, **kwargs):
        super().__init__(*args, **kwargs)
        self.line = line
        self.fields["substitute"].queryset = self.fields["substitute"].queryset.exclude(pk=line.material_id)

    def clean(self):
        data = super().clean()
        if data.get("substitute") and not data.get("substitute_finish_at"):
            self.add_error("substitute_finish_at", _("Say when the order would be finished with it."))
        if not data.get("substitute") and not data.get("required_at"):
            raise forms.ValidationError(_("Name a substitute material or a new delivery time."))
        return data

    def options(self) -> list[dict]:
        data, options = self.cleaned_data, []
        if data["substitute"]:
            options.append({
                "kind": "material", "material_line": self.line, "substitute": data["substitute"],
                "finish_at": data["substitute_finish_at"], "extra_cost_amount": data["extra_cost"] or Decimal(0),
                "description": _now("%(substitute)s instead of %(material)s")
                % {"substitute": data["substitute"], "material": self.line.material},
            })
        if data["required_at"]:
            options.append({
                "kind": "date", "finish_at": data["required_at"], "required_at": data["required_at"],
                "description": _now("Deliver later, with %(material)s") % {"material": self.line.material},
            })
        return options


class SupplierForm(forms.ModelForm):
    class Meta:
        model = Supplier
        fields = ["name", "latin_name", "contact_name", "contact_phone", "contact_email"]


class OfferForm(forms.Form):
    material = forms.ModelChoiceField(label=_("Material"), queryset=Material.objects.active().order_by("number"))
    price = forms.DecimalField(label=_("Price per unit"), min_value=0, **QUANTITY)
    lead_time_hours = forms.IntegerField(label=_("Lead time in hours"), min_value=1, max_value=8760)
