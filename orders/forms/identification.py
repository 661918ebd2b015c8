"""The fields of 《緊急訂單識別表》. A draft may lack anything; a submitted form lacks nothing."""

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.models import Customer, Product, Project
from orders.models import UrgentOrder

LONGEST_LIST = 500
REQUIRED = {
    "customer": _("Which customer is it for?"),
    "reason": _("Choose the reason for urgency."),
    "required_at": _("When must it be delivered?"),
    "place": _("Where to? A driver needs the town, the street, the gate or berth."),
    "ground": _("Choose the identification case."),
}
Ground = UrgentOrder.Ground


class NamedField(forms.CharField):
    """Something of the catalog, typed or chosen from the list: by its code, its name, or the start of either."""

    def __init__(self, *, model, code, list_id, **kwargs):
        self.model, self.code = model, code
        super().__init__(**kwargs)
        self.widget.attrs |= {"list": list_id, "autocomplete": "off"}

    def clean(self, value):
        text = " ".join(super().clean(value).split())
        if not text:
            return None
        found = list(self._exact(text)[:2]) or list(self._starting(text)[:2])
        if len(found) == 1:
            return found[0]
        if found:
            raise forms.ValidationError(_("“%(text)s” fits several. Choose one from the list."), params={"text": text})
        raise forms.ValidationError(_("“%(text)s” is not known. Choose one from the list."), params={"text": text})

    def _exact(self, text):
        code = text.split()[0]
        whole = Q(**{f"{self.code}__iexact": text}) | Q(name__iexact=text) | Q(latin_name__iexact=text)
        found = self.model.objects.active().filter(whole)
        return found if found.exists() else self.model.objects.active().filter(**{f"{self.code}__iexact": code})

    def _starting(self, text):
        return self.model.objects.active().filter(
            Q(**{f"{self.code}__istartswith": text}) | Q(name__icontains=text) | Q(latin_name__icontains=text)
        )

    def prepare_value(self, value):
        return listed(value, self.code) if isinstance(value, self.model) else value


def listed(row, code) -> str:
    """How a row stands in its list: the code first, by which it is found again."""
    return f"{getattr(row, code)} {row.display_name}"


def customer_list() -> list[str]:
    return [listed(row, "code") for row in Customer.objects.active()[:LONGEST_LIST]]


def product_list() -> list[str]:
    return [listed(row, "number") for row in Product.objects.active()[:LONGEST_LIST]]


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    widget = SeveralFiles

    def clean(self, data, initial=None):
        files = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(FilesField, self).clean(file, initial) for file in files]


class LineForm(forms.Form):
    product = NamedField(label=_("Product"), model=Product, code="number", list_id="products", required=False)
    specification = forms.CharField(label=_("Product specification"), max_length=500, required=False)
    revision = forms.CharField(label=_("Drawing revision"), max_length=20, required=False)
    quantity = forms.IntegerField(label=_("Quantity"), min_value=1, max_value=1_000_000, required=False)
    unit_price_amount = forms.DecimalField(
        label=_("Unit price"), min_value=0, max_digits=14, decimal_places=2, required=False
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "inp"

    def clean(self):
        given = super().clean()
        if any(given.values()) and not self.errors:
            if not given.get("product"):
                self.add_error("product", _("Which product is it?"))
            elif not given.get("quantity"):
                self.add_error("quantity", _("How many pieces?"))
        return given

    @property
    def row(self) -> dict | None:
        """What the line says; a product's usual words stand in where nothing was typed."""
        given = getattr(self, "cleaned_data", {})
        product, quantity = given.get("product"), given.get("quantity")
        if not product or not quantity:
            return None
        price = given.get("unit_price_amount")
        return {
            "product": product, "quantity": quantity,
            "specification": given.get("specification") or product.specification[:500],
            "revision": given.get("revision") or product.revision,
            "unit_price_amount": product.price_amount if price is None else price,
        }  # fmt: skip


LineFormSet = forms.formset_factory(LineForm, extra=0, max_num=60, absolute_max=60)


class IdentificationForm(forms.Form):
    """`data` with do=submit must be complete; anything else is kept as far as it can be read."""

    draft = forms.IntegerField(required=False, widget=forms.HiddenInput)
    customer = NamedField(label=_("Customer"), model=Customer, code="code", list_id="customers")
    contact_name = forms.CharField(label=_("Contact person"), max_length=80, required=False)
    contact_phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    project = forms.ModelChoiceField(label=_("Project"), queryset=None, required=False)
    reason = forms.ChoiceField(
        label=_("Reason for urgency"), choices=UrgentOrder.Reason.choices, widget=forms.RadioSelect
    )
    reason_text = forms.CharField(
        label=_("Reason in words"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    ground = forms.ChoiceField(label=_("Identification case"), choices=Ground.choices, widget=forms.RadioSelect)
    asked_by = forms.CharField(label=_("Who asked"), max_length=80, required=False)
    asked_how = forms.ChoiceField(
        label=_("How"), choices=[("", "–"), *UrgentOrder.AskedHow.choices], required=False
    )
    asked_at = forms.DateTimeField(label=_("Asked at"), required=False)
    ground_text = forms.CharField(
        label=_("Why it is urgent although nobody asked"), max_length=500, required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
    required_at = forms.DateTimeField(label=_("Required delivery time"))
    place = forms.CharField(label=_("Delivery place"), max_length=300)
    is_partial_allowed = forms.BooleanField(label=_("Partial delivery allowed"), required=False)
    rush_charge_amount = forms.DecimalField(
        label=_("Rush charge"), min_value=0, max_digits=14, decimal_places=2, required=False
    )
    note = forms.CharField(
        label=_("Note to the departments"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    duplicate_reason = forms.CharField(
        label=_("Why it is another wish"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    files = FilesField(label=_("Files"), required=False)

    def __init__(self, data=None, files=None, *, order=None, row_count=3, **kwargs):
        initial = initial_of(order) | (kwargs.pop("initial", None) or {})
        super().__init__(data, files, initial=initial, use_required_attribute=False, **kwargs)
        self.order = order
        self.is_submitting = bool(data) and data.get("do", "submit") == "submit"
        self.fields["project"].queryset = Project.objects.active().select_related("customer")
        self.fields["project"].label_from_instance = lambda row: f"{row.customer.name} · {row.name}"
        for name, asked in REQUIRED.items():
            self.fields[name].error_messages["required"] = asked
        self.lines = LineFormSet(data, prefix="line", initial=None if data else _rows_of(order, row_count))

    def is_valid(self):
        return all([super().is_valid(), self.lines.is_valid()])

    def full_clean(self):
        """The six are always marked; they are asked for on submission only."""
        self._mark(self.is_submitting)
        super().full_clean()
        self._mark(True)

    def _mark(self, is_required):
        for name in REQUIRED:
            self.fields[name].required = is_required

    def clean(self):
        given = super().clean()
        if not given.get("ground"):
            self._propose_ground(given)
        if self.is_submitting:
            self._check_complete(given)
        return given

    def _propose_ground(self, given):
        ground = proposed_ground(given)
        given["ground"] = ground
        if ground:
            self.errors.pop("ground", None)
            self.data = self.data.copy()
            self.data["ground"] = ground

    def _check_complete(self, given):
        if given.get("required_at") and given["required_at"] <= timezone.now():
            self.add_error("required_at", _("The required delivery time has already passed."))
        if not self.row_values():
            self.add_error(None, _("Name at least one product and its quantity."))
        if given.get("reason") == UrgentOrder.Reason.OTHER and not given.get("reason_text"):
            self.add_error("reason_text", _("Say in a few words what makes it urgent."))
        self._check_ground(given)

    def _check_ground(self, given):
        ground = given.get("ground")
        if ground in (Ground.KEY_CUSTOMER, Ground.MAJOR_PROJECT) and not given.get("ground_text"):
            self.add_error("ground_text", _("The customer did not ask: say why it is urgent all the same."))
        if ground == Ground.CUSTOMER_ASKED and not given.get("asked_by"):
            self.add_error("asked_by", _("Who at the customer asked?"))
        if ground == Ground.CUSTOMER_ASKED and not given.get("asked_how"):
            self.add_error("asked_how", _("How did the customer ask?"))
        if ground == Ground.KEY_CUSTOMER and given.get("customer") and not given["customer"].is_key:
            self.add_error("ground", _("This customer is not marked as a key customer."))
        if ground == Ground.MAJOR_PROJECT and not getattr(given.get("project"), "is_major", False):
            self.add_error("project", _("Choose the major project that this order belongs to."))

    def values(self) -> dict:
        """What can be kept of the form."""
        kept = {name: self.cleaned_data[name] for name in KEPT if name in self.cleaned_data}
        return kept | usual_of(kept.get("customer"), kept) if not self.is_submitting else kept

    def row_values(self) -> list[dict]:
        self.lines.is_valid()
        return [form.row for form in self.lines if form.row]


KEPT = [name for name in IdentificationForm.base_fields if name not in ("draft", "files")]
USUAL = {"contact_name": "contact_name", "contact_phone": "contact_phone", "place": "delivery_place"}


def initial_of(order) -> dict:
    if order is None:
        return {}
    return {name: getattr(order, name) for name in KEPT} | {"draft": order.pk}


def _rows_of(order, row_count) -> list[dict]:
    standing = [] if order is None else [
        {"product": line.product, "specification": line.specification, "revision": line.revision,
         "quantity": line.requested_quantity, "unit_price_amount": line.unit_price_amount}
        for line in order.lines.select_related("product")
    ]  # fmt: skip
    return standing + [{}] * max(row_count - len(standing), 1)


def proposed_ground(given) -> str:
    """The policy's own judgement: a major project or a key customer is urgent though nobody asked."""
    if getattr(given.get("project"), "is_major", False):
        return Ground.MAJOR_PROJECT
    if getattr(given.get("customer"), "is_key", False) and not given.get("asked_by"):
        return Ground.KEY_CUSTOMER
    return Ground.CUSTOMER_ASKED if given.get("asked_by") else ""


def usual_of(customer, kept) -> dict:
    """A known customer's usual contact and place, where a draft says none."""
    if customer is None:
        return {}
    return {name: getattr(customer, source) for name, source in USUAL.items() if not kept.get(name)}
