from itertools import pairwise

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from access import second_factor
from access.models import IssuedPassword
from access.passwords import LONGEST

CODE_LENGTH = 20
CODE = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}


class SignInForm(AuthenticationForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["password"].max_length = LONGEST

    def confirm_login_allowed(self, user):
        super().confirm_login_allowed(user)
        if IssuedPassword.objects.filter(user=user, expires_at__lte=timezone.now()).exists():
            raise ValidationError(_("This password was only for the first days. Ask the administrator for a new one."))


class CodeForm(forms.Form):
    code = forms.CharField(
        label=pgettext_lazy("second factor", "code"), max_length=CODE_LENGTH, widget=forms.TextInput(CODE),
        help_text=_("The six digits that the app on your phone shows now, or one of your recovery codes."),
    )


class EnrolForm(forms.Form):
    code = forms.CharField(
        label=pgettext_lazy("second factor", "code"), max_length=CODE_LENGTH, widget=forms.TextInput(CODE),
        help_text=_("The six digits that the app shows now."),
    )


PIN = {"autocomplete": "off", "inputmode": "numeric", "pattern": "[0-9]{4,6}"}


class PinField(forms.RegexField):
    def __init__(self, **options):
        super().__init__(regex=r"^[0-9]{4,6}$", min_length=4, max_length=6, widget=forms.PasswordInput(PIN),
                         error_messages={"invalid": _("Four to six digits.")}, **options)


class PinForm(forms.Form):
    pin = PinField(label=_("PIN"))


class BadgeForm(forms.Form):
    badge = forms.CharField(
        label=_("Code of the badge"), max_length=300, widget=forms.TextInput({"autocomplete": "off"}),
        help_text=_("The phone's camera opens the code by itself; a hand scanner types it here."),
    )

    def clean_badge(self):
        """What a scanner types is the whole address."""
        return self.cleaned_data["badge"].strip().rstrip("/").rpartition("/")[2]


class OwnPinForm(forms.Form):
    pin = PinField(label=_("New PIN"), help_text=_("Four to six digits, not in a row and not all the same."))
    again = PinField(label=_("The PIN again"))

    def clean_pin(self):
        pin = self.cleaned_data["pin"]
        steps = {int(after) - int(before) for before, after in pairwise(pin)}
        if len(steps) == 1 and steps <= {-1, 0, 1}:
            raise ValidationError(_("The first that somebody tries: choose another one."))
        return pin

    def clean(self):
        data = super().clean()
        if not self.errors and data["pin"] != data["again"]:
            self.add_error("again", _("This is not the same PIN."))
        return data


class ConfirmForm(forms.Form):
    """Stands before another form's data: its names are its own."""

    confirm_password = forms.CharField(
        label=_("Password"), strip=False, max_length=LONGEST,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )
    confirm_code = forms.CharField(
        label=pgettext_lazy("second factor", "code"), max_length=CODE_LENGTH, widget=forms.TextInput(CODE),
        help_text=CodeForm.base_fields["code"].help_text,
    )

    def __init__(self, user, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        if not second_factor.is_enrolled(user):
            del self.fields["confirm_code"]

    def clean(self):
        data = super().clean()
        if self.errors:
            return data
        if not self.user.check_password(data["confirm_password"]):
            self.add_error("confirm_password", _("This is not your password."))
        elif "confirm_code" in self.fields and not second_factor.verify(self.user, data["confirm_code"]):
            self.add_error("confirm_code", _("This code is not right, or was used already."))
        return data


class OwnPasswordForm(PasswordChangeForm):
    def __init__(self, *args, user, **kwargs):
        super().__init__(user, *args, **kwargs)
        del self.fields["old_password"].widget.attrs["autofocus"]
        self.fields["old_password"].max_length = LONGEST

    def clean_new_password1(self):
        new = self.cleaned_data["new_password1"]
        if self.user.check_password(new):
            raise ValidationError(_("The new password is another one than the present one."))
        return new


class NothingForm(forms.Form):
    """For an act that asks nothing but whether it is meant."""
