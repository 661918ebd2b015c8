from django import forms
from django.utils.translation import gettext_lazy as _

from records.models import CompanySettings
from records.rules import RULES


class RulesForm(forms.ModelForm):
    reason = forms.CharField(
        label=_("Reason"), min_length=4, max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Stands in the history beside your name."),
    )

    class Meta:
        model = CompanySettings
        fields = RULES
