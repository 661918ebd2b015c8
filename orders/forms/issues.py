from django import forms
from django.utils.translation import gettext_lazy as _

from orders.models import Issue


class IssueForm(forms.Form):
    kind = forms.ChoiceField(label=_("What is it"), choices=Issue.Kind.choices, widget=forms.RadioSelect)
    text = forms.CharField(label=_("What happened"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))
    severity = forms.ChoiceField(
        label=_("How serious"), choices=Issue.Severity.choices, widget=forms.RadioSelect, initial=Issue.Severity.MINOR,
        help_text=_("Major: the promised time is at risk, somebody may be hurt, bad goods are at the customer, or it"
                    " costs much. The superiors are told at once."),
    )  # fmt: skip
    is_stopping = forms.BooleanField(label=_("Work has stopped"), required=False)
    step = forms.ModelChoiceField(label=_("Operation"), queryset=None, required=False)

    def __init__(self, *args, order, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["step"].queryset = order.steps.living()


class SolutionForm(forms.Form):
    solution = forms.CharField(label=_("Solution"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


class NoteForm(forms.Form):
    """A button with nothing to fill in."""
