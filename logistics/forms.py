from datetime import timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from logistics.models import Carrier, ChecklistItem, Proof
from orders.models import UrgentOrder
from records.files import ACCEPT


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files at once, as a list."""

    def __init__(self, **options):
        widget = FilesInput(attrs={"accept": ACCEPT, "multiple": True})
        super().__init__(**{"widget": widget, "max_length": 200} | options)

    def clean(self, data, initial=None):
        uploads = data if isinstance(data, (list, tuple)) else [data]
        cleaned = [super(FilesField, self).clean(upload, initial) for upload in uploads]
        return [upload for upload in cleaned if upload]


class QuantitiesForm(forms.Form):
    """A number of pieces for each line: `rows` are (line, at most, proposed)."""

    quantity_label = _("%(line)s, pieces (%(most)d at most)")

    def __init__(self, *args, rows=(), **kwargs):
        super().__init__(*args, **kwargs)
        own, self.fields = self.fields, {}
        self.lines = [line.pk for line, _most, _proposed in rows]
        for line, most, proposed in rows:
            self.fields[f"quantity_{line.pk}"] = forms.IntegerField(
                label=self.quantity_label % {"line": line.product, "most": most}, min_value=0, initial=proposed,
                required=False,
            )
        self.fields |= own

    @property
    def quantities(self) -> dict:
        return {pk: self.cleaned_data.get(f"quantity_{pk}") or 0 for pk in self.lines}


class ConfirmForm(forms.Form):
    contact = forms.CharField(label=_("Confirmed with"), max_length=80)
    how = forms.ChoiceField(label=_("How"), choices=UrgentOrder.AskedHow, widget=forms.RadioSelect)
    place = forms.CharField(label=_("Delivery place"), max_length=300)
    slot_from = forms.DateTimeField(label=_("Delivery from"))
    slot_until = forms.DateTimeField(label=_("Delivery until"))
    note = forms.CharField(label=_("For the driver"), max_length=500, required=False)


class ListForm(QuantitiesForm):
    note = forms.CharField(label=_("Note"), max_length=500, required=False)


class PackForm(QuantitiesForm):
    contents = forms.CharField(label=_("Packing and contents"), max_length=300)
    weight_kg = forms.DecimalField(label=_("Weight, kg"), min_value=0.01, max_digits=9, decimal_places=2)


class CarrierChoice(forms.ModelChoiceField):
    def label_from_instance(self, carrier):
        kind = _("priority transport") if carrier.is_priority else _("ordinary transport")
        if carrier.on_time_percent is None:
            return _("%(name)s – %(kind)s, new") % {"name": carrier, "kind": kind}
        return _("%(name)s – %(kind)s, on time %(percent)d %%") % {
            "name": carrier, "kind": kind, "percent": carrier.on_time_percent,
        }


class BookForm(forms.Form):
    carrier = CarrierChoice(label=_("Carrier"), queryset=Carrier.objects.none(), empty_label=None)
    pickup_at = forms.DateTimeField(label=_("Pick-up"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["carrier"].queryset = Carrier.objects.ranked()
        self.fields["pickup_at"].initial = timezone.localtime() + timedelta(hours=2)


class PrepareForm(forms.Form):
    item = forms.ChoiceField(choices=ChecklistItem.Item)
    is_done = forms.BooleanField(required=False)


class NoForm(forms.Form):
    """An act that asks nothing."""


class DispatchForm(forms.Form):
    vehicle = forms.CharField(label=_("Vehicle or waybill"), max_length=80)
    eta_at = forms.DateTimeField(label=_("Expected arrival"))
    freight_amount = forms.DecimalField(
        label=_("Freight"), min_value=0, max_digits=14, decimal_places=2, help_text=_("0 for our own vehicle.")
    )
    photo = forms.FileField(
        label=_("Photo of the loading"), required=False, widget=forms.FileInput(attrs={"accept": ACCEPT})
    )


class ProofForm(QuantitiesForm):
    quantity_label = _("%(line)s, damaged or missing (of %(most)d)")

    signed_by_name = forms.CharField(label=_("Signed by (at the customer)"), max_length=80)
    delivered_at = forms.DateTimeField(label=_("Delivered at"))
    condition = forms.ChoiceField(label=_("Condition"), choices=Proof.Condition, widget=forms.RadioSelect)
    note = forms.CharField(label=_("What happened"), max_length=500, required=False)
    files = FilesField(
        label=_("The signed paper"), required=False, help_text=_("Photo or PDF; there is no proof without.")
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        quantities = [name for name in self.fields if name.startswith("quantity_")]
        self.order_fields(["signed_by_name", "delivered_at", "condition", *quantities, "note", "files"])


class DocumentsForm(forms.Form):
    files = FilesField(label=_("Delivery notes"), required=False, help_text=_("The proofs are there already."))
    note = forms.CharField(label=_("Note to Finance"), max_length=500, required=False)
