from django import forms
from django.utils.translation import gettext_lazy as _


class HoldForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), min_length=4, max_length=500, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Everybody concerned reads it."),
    )  # fmt: skip
    until = forms.DateTimeField(label=_("Until"), help_text=_("The hold ends by itself then."))
