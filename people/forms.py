from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from people.models import User


class PreferencesForm(forms.ModelForm):
    language = forms.ChoiceField(
        label=_("language"), choices=[("", _("as the browser")), *settings.LANGUAGES], required=False
    )

    class Meta:
        model = User
        fields = ["language", "theme", "shortcuts"]
        widgets = {"theme": forms.RadioSelect}


class ThemeForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["theme"]
