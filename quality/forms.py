from datetime import timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models import Nonconformance
from people.models import User
from people.roles import Role
from records.files import ACCEPT

RESULTS = [("good", _("in order")), ("bad", _("not in order"))]
Disposition = Nonconformance.Disposition


def text_field(label, *, required=False, length=500, **options):
    return forms.CharField(label=label, required=required, max_length=length, **options)


class FindingsForm(forms.Form):
    """The characteristics of the inspection plan, each with its finding."""

    def __init__(self, *args, characteristics=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.characteristics = list(characteristics)
        own, self.fields = self.fields, {}
        for number, characteristic in enumerate(self.characteristics):
            self.fields[f"finding_{number}"] = forms.ChoiceField(
                label=characteristic, choices=RESULTS, widget=forms.RadioSelect
            )
            self.fields[f"note_{number}"] = text_field(
                _("Measured: %(characteristic)s") % {"characteristic": characteristic}, length=120
            )
        self.fields |= own
        self.fields["photo"] = forms.FileField(
            label=_("Photo"), required=False, widget=forms.FileInput(attrs={"accept": ACCEPT})
        )

    @property
    def rows(self) -> list[tuple]:
        """(finding, note) of each characteristic, to stand beside each other."""
        return [(self[f"finding_{number}"], self[f"note_{number}"]) for number in range(len(self.characteristics))]

    @property
    def findings(self) -> list[dict]:
        data = self.cleaned_data
        return [
            {"characteristic": characteristic, "result": data[f"finding_{number}"], "note": data[f"note_{number}"]}
            for number, characteristic in enumerate(self.characteristics)
        ]


class InspectionForm(FindingsForm):
    lot_quantity = forms.IntegerField(label=_("Pieces of this lot"), min_value=1)
    sample_quantity = forms.IntegerField(label=_("Pieces inspected"), min_value=1)
    defective_quantity = forms.IntegerField(label=_("Bad pieces among them"), min_value=0)
    defect = text_field(_("Defect"), help_text=_("What is wrong with the bad pieces."))

    @property
    def figures(self) -> dict:
        names = ("lot_quantity", "sample_quantity", "defective_quantity", "defect", "photo")
        return {name: self.cleaned_data[name] for name in names}


class FirstArticleForm(FindingsForm):
    is_passed = forms.TypedChoiceField(
        label=_("First article"), choices=[("yes", _("passed")), ("no", _("failed"))], widget=forms.RadioSelect,
        coerce=lambda answer: answer == "yes",
    )
    defect = text_field(_("Defect"), help_text=_("What is wrong with it."))


class ReceiptForm(FindingsForm):
    accepted = forms.DecimalField(label=_("Accepted"), min_value=0, max_digits=14, decimal_places=4)
    rejected = forms.DecimalField(
        label=_("Rejected"), min_value=0, max_digits=14, decimal_places=4, help_text=_("Goes back to the supplier.")
    )
    defect = text_field(_("Defect"), help_text=_("What is wrong with the rejected part."))


class DecideForm(forms.Form):
    disposition = forms.ChoiceField(
        label=_("Disposition"), choices=[row for row in Disposition.choices if row[0] != "open"],
        widget=forms.RadioSelect,
    )
    quantity = forms.IntegerField(
        label=_("Pieces"), min_value=1, help_text=_("Fewer: the rest waits for a decision of its own.")
    )
    reason = text_field(_("Reason"), required=True)
    owner = forms.ModelChoiceField(
        label=_("Who reworks them"), queryset=User.objects.none(), required=False, help_text=_("For rework.")
    )
    planned_end_at = forms.DateTimeField(label=_("Reworked by"), required=False, help_text=_("For rework."))

    def __init__(self, *args, found, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["quantity"].initial = found.quantity
        self.fields["owner"].queryset = makers()
        self.fields["owner"].initial = found.step.owner_id if found.step else None
        self.fields["planned_end_at"].initial = timezone.localtime() + timedelta(hours=4)


def makers():
    """Who can be responsible for an operation."""
    can_run = (Role.OPERATOR, Role.FOREMAN, Role.PLANNER)
    return User.objects.filter(is_active=True, department__code="production", role__in=can_run).order_by("name")


class ConcessionForm(forms.Form):
    answer = forms.ChoiceField(
        label=_("Second signature"), widget=forms.RadioSelect,
        choices=[("confirm", _("Confirm: the pieces pass as they are")), ("refuse", _("Refuse: they stay held"))],
    )
    reason = text_field(_("Reason of the refusal"))

    def clean(self):
        data = super().clean()
        if data.get("answer") == "refuse" and not data.get("reason"):
            self.add_error("reason", _("Say why not, so that the pieces can be decided another way."))
        return data
