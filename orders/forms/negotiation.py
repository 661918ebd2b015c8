"""Options for the customer, and the answer."""

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import Material
from orders.models import NegotiationOption, UrgentOrder
from orders.money import may_see

MONEY_FIELDS = {"extra_cost_amount": "resource", "surcharge_amount": "sales"}


class OptionForm(forms.ModelForm):
    class Meta:
        model = NegotiationOption
        fields = (
            "kind", "description", "finish_at", "required_at", "agreed_quantity", "extra_cost_amount",
            "surcharge_amount", "material_line", "substitute", "valid_until",
        )  # fmt: skip

    def __init__(self, *args, order, user, **kwargs):
        super().__init__(*args, **kwargs | {"use_required_attribute": False})
        self.initial.clear()
        self.fields["extra_cost_amount"].initial = None  # the model's 0 would make an empty row look filled in
        self.fields["material_line"].queryset = order.material_lines.living().select_related("material")
        self.fields["substitute"].queryset = Material.objects.active()
        self.fields["valid_until"].required = self.fields["extra_cost_amount"].required = False
        self.fields["kind"].choices = [("", "–"), *NegotiationOption.Kind.choices]
        for name, money in MONEY_FIELDS.items():
            if not may_see(user, money):
                del self.fields[name]

    def clean(self):
        given = super().clean()
        kind = given.get("kind")
        if kind == NegotiationOption.Kind.DATE and not given.get("required_at"):
            self.add_error("required_at", _("Which delivery time do you offer?"))
        if kind == NegotiationOption.Kind.MATERIAL and not (given.get("material_line") and given.get("substitute")):
            self.add_error("substitute", _("Name the material and its substitute."))
        return given

    def row(self) -> dict:
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}


OptionFormSet = forms.formset_factory(OptionForm, extra=3, max_num=3, absolute_max=3)


class OpenForm(forms.Form):
    reason = forms.CharField(
        label=_("What stands in the way"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, data=None, files=None, *, order, user):
        super().__init__(data, files)
        self.options = OptionFormSet(data, prefix="option", form_kwargs={"order": order, "user": user})

    def is_valid(self):
        is_valid = all([super().is_valid(), self.options.is_valid()])
        if is_valid and not self.rows():
            self.add_error(None, _("Name at least one option."))
        return is_valid and bool(self.rows())

    def rows(self) -> list[dict]:
        return [form.row() for form in self.options if form.has_changed()]


class AnswerForm(forms.Form):
    contact = forms.CharField(label=_("Answered by"), max_length=80)
    how = forms.ChoiceField(label=_("How"), choices=UrgentOrder.AskedHow.choices, widget=forms.RadioSelect)
    answer = forms.CharField(
        label=_("Answer in words"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class RefusalForm(AnswerForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["answer"].required = True
