from django import forms
from django.conf import settings
from django.contrib.auth.forms import PasswordChangeForm
from django.utils.translation import gettext_lazy as _

from people.models import User


class PreferencesForm(forms.ModelForm):
    language = forms.ChoiceField(
        label=_("language"), choices=[("", _("as the browser")), *settings.LANGUAGES], required=False
    )

    class Meta:
        model = User
        fields = ["language", "theme"]
        widgets = {"theme": forms.RadioSelect}


class OwnPasswordForm(PasswordChangeForm):
    """Django's, which takes the focus: on our page it stands below another form."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        del self.fields["old_password"].widget.attrs["autofocus"]


class ThemeForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["theme"]
