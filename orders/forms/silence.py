from django import forms
from django.utils.translation import gettext_lazy as _


class SilenceForm(forms.Form):
    note_text = forms.CharField(label=_("What is being done"), max_length=300)
    until = forms.DateTimeField(
        label=_("Until"), help_text=_("Then the head of Sales cancels the order or renews; 14 days at most.")
    )
