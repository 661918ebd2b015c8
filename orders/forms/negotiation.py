"""Options for the customer, and the answer."""

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import Material
from orders.models import NegotiationOption, OfferLink, UrgentOrder
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


PARTS = (1, 2, 3)


class PartsForm(OptionForm):
    """With up to three parts of a delivery; production computes more."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for number in PARTS:
            self.fields[f"part_{number}_quantity"] = forms.IntegerField(
                label=_("Pieces of part %(number)d") % {"number": number}, min_value=1, required=False
            )
            self.fields[f"part_{number}_at"] = forms.DateTimeField(
                label=_("Delivery time of part %(number)d") % {"number": number}, required=False
            )

    def parts(self):
        return [(self[f"part_{number}_quantity"], self[f"part_{number}_at"]) for number in PARTS]

    def clean(self):
        given = super().clean()
        for number in PARTS:
            names = f"part_{number}_quantity", f"part_{number}_at"
            if any(given.get(name) for name in names) and not all(given.get(name) for name in names):
                self.add_error(names[0], _("A part has its pieces and its time."))
        return given

    def row(self):
        row = super().row()
        parts = [
            {"quantity": row[f"part_{number}_quantity"], "at": row[f"part_{number}_at"]}
            for number in PARTS if f"part_{number}_quantity" in row
        ]
        row = {name: value for name, value in row.items() if not name.startswith("part_")}
        return row | {"parts": parts} if row["kind"] == NegotiationOption.Kind.PARTS else row


OptionFormSet = forms.formset_factory(PartsForm, extra=3, max_num=3, absolute_max=3)


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


class OfferForm(forms.Form):
    """The open options on a page of the customer's own; the charges are said with the first link."""

    recipient = forms.CharField(label=_("For whom"), max_length=80)
    contact_phone = forms.CharField(
        label=_("Phone on which the customer reaches you"), max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    language = forms.ChoiceField(
        label=_("Language of the page"), choices=OfferLink.Language.choices, widget=forms.RadioSelect,
        help_text=_("The customer can change it."),
    )
    text = forms.CharField(
        label=_("Sentence to the customer"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("In the customer's language. No internal causes."),
    )

    def __init__(self, *args, options, **kwargs):
        super().__init__(*args, **kwargs)
        for option in options:
            self.fields[f"charge_{option.pk}"] = forms.DecimalField(
                label=_("Charge for “%(option)s”") % {"option": option.description}, required=False, min_value=0,
                max_digits=14, decimal_places=2, initial=option.surcharge_amount,
                help_text=_("Empty: the page says that nothing is charged for it."),
            )

    def given(self) -> dict:
        kept = {name: value for name, value in self.cleaned_data.items() if not name.startswith("charge_")}
        charges = {
            int(name.removeprefix("charge_")): value
            for name, value in self.cleaned_data.items() if name.startswith("charge_")
        }
        return kept | {"charges": charges}


class OfferAnswerForm(forms.Form):
    """On the customer's page. An option is named by its number; `none` is one of the answers."""

    NONE = "none"
    option = forms.ChoiceField(label=_("Your choice"), widget=forms.RadioSelect)
    comment = forms.CharField(
        label=_("What you want to tell us"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
    )
    contact = forms.CharField(label=_("Your name"), max_length=80)

    def __init__(self, *args, options, **kwargs):
        super().__init__(*args, **kwargs)
        named = [(str(option.pk), option.pk) for option in options]
        self.fields["option"].choices = [*named, (self.NONE, _("None of these"))]

    def clean(self):
        given = super().clean()
        if given.get("option") == self.NONE and not given.get("comment", "").strip():
            self.add_error("comment", _("Say in a few words what you need."))
        return given

    def given(self) -> dict:
        chosen = self.cleaned_data["option"]
        return {
            "option_id": None if chosen == self.NONE else int(chosen), "comment": self.cleaned_data["comment"],
            "contact": self.cleaned_data["contact"],
        }
