"""Forms of master data. A field with an amount is left out for who may not see it."""

from django import forms
from django.core.validators import MinValueValidator
from django.utils.translation import gettext_lazy as _

from catalog.models import BillOfMaterialLine, Material, Product, Substitute
from catalog.units import UNITS, read_unit
from people.models import Qualification, User
from production.master import hidden_fields
from production.models import ExtraShift, RoutingOperation, WorkCentre
from sla.models import WorkCalendar

SPARE_ROWS = 2  # empty rows for other work centres


class MasterForm(forms.ModelForm):
    """Of one record; `owners` are the fields that the address gives."""

    owners = ()

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        for name in hidden_fields(user) & self.fields.keys():
            del self.fields[name]
        for name, field in self.fields.items():
            if name.endswith("_amount"):
                field.min_value = 0
                field.validators.append(MinValueValidator(0))
                field.widget.attrs["min"] = "0"

    def _get_validation_exclusions(self):
        """What is unique within its owner is looked at with it."""
        return super()._get_validation_exclusions() - set(self.owners)

    @property
    def values(self) -> dict:
        return {name: self.cleaned_data[name] for name in self.fields if name in self._meta.fields}


class UnitMixin:
    def clean_unit(self):
        typed = self.cleaned_data["unit"]
        unit = typed if typed == self.initial.get("unit") else read_unit(typed)
        if unit is None:
            raise forms.ValidationError(
                _("“%(unit)s” is not a known unit. Write one of: %(units)s"),
                params={"unit": typed, "units": ", ".join(UNITS)},
            )
        return unit


class CentreForm(MasterForm):
    class Meta:
        model = WorkCentre
        fields = (
            "code", "name", "latin_name", "slots", "calendar", "foreman", "overtime_hours", "overtime_percent",
            "hourly_rate_amount", "labour_rate_amount", "is_active",
        )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["calendar"].queryset = WorkCalendar.objects.order_by("name")
        self.fields["foreman"].queryset = User.objects.filter(
            is_active=True, department__code="production").order_by("pk")


class ShiftForm(MasterForm):
    owners = ("work_centre",)

    class Meta:
        model = ExtraShift
        fields = ("name", "latin_name", "weekdays", "hours", "extra_percent", "is_active")


class DowntimeForm(forms.Form):
    starts_at = forms.DateTimeField(label=_("from"))
    ends_at = forms.DateTimeField(label=_("until"))
    slot = forms.IntegerField(label=_("slot"), required=False, min_value=1, help_text=_("Empty: all of them."))
    reason = forms.CharField(label=_("reason"), max_length=300)
    is_breakdown = forms.BooleanField(label=_("breakdown"), required=False)


class DowntimeEndForm(forms.Form):
    ends_at = forms.DateTimeField(label=_("until"))


class ProductForm(UnitMixin, MasterForm):
    class Meta:
        model = Product
        fields = (
            "number", "name", "latin_name", "family", "unit", "drawing_number", "revision", "specification",
            "price_amount", "is_active",
        )
        widgets = {"specification": forms.Textarea(attrs={"rows": 2})}


class BillForm(MasterForm):
    owners = ("product",)

    class Meta:
        model = BillOfMaterialLine
        fields = ("material", "quantity_per", "scrap_factor")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["material"].queryset = Material.objects.active()


class MaterialForm(UnitMixin, MasterForm):
    class Meta:
        model = Material
        fields = (
            "number", "name", "latin_name", "unit", "is_key", "lead_time_hours", "standard_cost_amount", "is_active",
        )


class SubstituteForm(MasterForm):
    owners = ("material",)

    class Meta:
        model = Substitute
        fields = ("substitute", "factor")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["substitute"].queryset = Material.objects.active().exclude(pk=self.instance.material_id)


class QualificationForm(MasterForm):
    class Meta:
        model = Qualification
        fields = ("code", "name", "latin_name")


class OperationForm(MasterForm):
    """An operation, its place in the graph, other work centres, its materials."""

    owners = ("product", "variant")
    after = forms.TypedMultipleChoiceField(
        label=_("comes after"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Nothing chosen: after the operation with the number before."),
    )
    followed_by = forms.TypedMultipleChoiceField(
        label=_("is followed by"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Where several branches come together."),
    )
    bill_lines = forms.ModelMultipleChoiceField(
        label=_("needs from the bill"), queryset=None, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("What no operation needs is needed by the first one."),
    )

    class Meta:
        model = RoutingOperation
        fields = (
            "number", "name", "latin_name", "work_centre", "setup_minutes", "run_minutes_per_unit", "starts_freely",
            "transfer_lot", "is_inspected", "needs_first_article", "qualification", "also_needs", "is_external",
            "service", "subcontract_service", "subcontract_hours",
        )

    def __init__(self, *args, siblings, others, bill, **kwargs):
        super().__init__(*args, **kwargs)
        centres = WorkCentre.objects.active()
        self.fields["work_centre"].queryset = self.fields["also_needs"].queryset = centres
        services = Material.objects.active()
        self.fields["service"].queryset = self.fields["subcontract_service"].queryset = services
        choices = [(row.number, str(row)) for row in siblings if row.pk != self.instance.pk]
        self.fields["after"].choices = self.fields["followed_by"].choices = choices
        self.fields["bill_lines"].queryset = bill
        self.fields["bill_lines"].label_from_instance = lambda line: str(line.material)
        self.other_rows = range(1, len(others) + SPARE_ROWS + 1)
        for place, (centre, percent) in zip(self.other_rows, [*others, *[(None, 100)] * SPARE_ROWS], strict=True):
            self.fields[f"other_{place}"] = forms.ModelChoiceField(
                centres, label=_("other work centre %(n)d") % {"n": place}, required=False, initial=centre)
            self.fields[f"percent_{place}"] = forms.IntegerField(
                label=_("its time, % of the usual"), required=False, initial=percent, min_value=1, max_value=1000)

    def clean(self):
        data = super().clean()
        if data.get("subcontract_service") and not data.get("subcontract_hours"):
            self.add_error("subcontract_hours", _("Say how many hours it takes outside."))
        if data.get("starts_freely") and data.get("after"):
            self.add_error("starts_freely", _("It starts freely, or it comes after another one: choose one."))
        chosen = [data[f"other_{place}"] for place in self.other_rows if data.get(f"other_{place}")]
        for place in self.other_rows:
            centre = data.get(f"other_{place}")
            if centre and (centre == data.get("work_centre") or chosen.count(centre) > 1):
                self.add_error(f"other_{place}", _("This work centre is named twice."))
        return data

    @property
    def other_fields(self) -> list[tuple]:
        return [(self[f"other_{place}"], self[f"percent_{place}"]) for place in self.other_rows]

    @property
    def places(self) -> dict:
        """What stands beside the operation itself."""
        data = self.cleaned_data
        others = {data[f"other_{n}"]: data[f"percent_{n}"] or 100 for n in self.other_rows if data[f"other_{n}"]}
        return {"after": data["after"], "followed_by": data["followed_by"], "others": others,
                "bill_lines": list(data["bill_lines"])}  # fmt: skip
