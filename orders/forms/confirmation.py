"""What the customer confirms or corrects, and talks with the customer."""

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.models import ConfirmationItem, UrgentOrder

Item = ConfirmationItem.Item


class ConfirmForm(forms.Form):
    """The open ones of the four, as one talk settles them: each ticked, and corrected where it differs."""

    contact = forms.CharField(label=_("Confirmed with"), max_length=80)
    how = forms.ChoiceField(label=_("How"), choices=UrgentOrder.AskedHow.choices, widget=forms.RadioSelect)

    def __init__(self, *args, order, lines, open_items, **kwargs):
        initial = {"contact": order.contact_name, "how": order.asked_how or "call"}
        super().__init__(*args, initial=initial, **kwargs)
        self.lines, self.open_items = lines, open_items
        for item in open_items:
            self.fields[f"is_{item}"] = forms.BooleanField(label=_("The customer confirmed it"), required=False)
        self._add_line_fields()
        if Item.TIME in open_items:
            self.fields["time"] = forms.DateTimeField(label=_("As the customer says"), initial=order.required_at)
        if Item.PLACE in open_items:
            label = _("As the customer says")
            self.fields["place"] = forms.CharField(label=label, max_length=300, initial=order.place)
        self.was = {"time": order.required_at, "place": order.place}

    def _add_line_fields(self):
        for line in self.lines:
            if Item.SPECIFICATION in self.open_items:
                self.fields[f"specification_{line.pk}"] = forms.CharField(
                    label=line.product, max_length=500, required=False, initial=line.specification
                )
            if Item.QUANTITY in self.open_items:
                self.fields[f"quantity_{line.pk}"] = forms.IntegerField(
                    label=line.product, min_value=1, max_value=1_000_000, initial=line.agreed_quantity
                )

    def clean(self):
        given = super().clean()
        if not any(given.get(f"is_{item}") for item in self.open_items):
            raise forms.ValidationError(_("Tick what the customer confirmed."))
        return given

    def confirmed(self) -> list[tuple]:
        """(item, correction or None) for what is ticked."""
        return [(item, self._correction(item)) for item in self.open_items if self.cleaned_data[f"is_{item}"]]

    def _correction(self, item):
        if item in (Item.SPECIFICATION, Item.QUANTITY):
            return self._changed_lines(item)
        value = self.cleaned_data[item]
        was = self.was[item]
        is_same = value == (was.replace(second=0, microsecond=0) if item == Item.TIME else was)
        return None if is_same else value

    def _changed_lines(self, item):
        field = "agreed_quantity" if item == Item.QUANTITY else "specification"
        given = {line.pk: self.cleaned_data[f"{item}_{line.pk}"] for line in self.lines}
        changed = {line.pk: given[line.pk] for line in self.lines if given[line.pk] != getattr(line, field)}
        return changed or None

    def groups(self) -> list[dict]:
        """For the page: each open item with its tick and its fields."""
        return [
            {"item": item, "label": Item(item).label, "tick": self[f"is_{item}"], "fields": self._fields_of(item)}
            for item in self.open_items
        ]

    def _fields_of(self, item):
        if item in (Item.TIME, Item.PLACE):
            return [self[item]]
        return [self[f"{item}_{line.pk}"] for line in self.lines]


class ContactForm(forms.Form):
    contact = forms.CharField(label=_("Contact person"), max_length=80)
    how = forms.ChoiceField(label=_("How"), choices=UrgentOrder.AskedHow.choices, widget=forms.RadioSelect)
    was_reached = forms.TypedChoiceField(
        label=_("Reached"), choices=[("yes", _("Yes")), ("no", _("No, only tried"))], widget=forms.RadioSelect,
        coerce=lambda value: value == "yes", initial="yes",
    )  # fmt: skip
    text = forms.CharField(
        label=_("What was said"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
