from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from notifications.models import Preference, Robot
from people.models import Department


class RobotForm(forms.Form):
    name = forms.CharField(
        label=pgettext_lazy("robot", "name"), max_length=60, help_text=_("As the group is called, so that it is found.")
    )
    kind = forms.ChoiceField(label=_("kind"), choices=Robot.Kind, widget=forms.RadioSelect)
    address = forms.CharField(
        label=_("address of the robot"), max_length=400,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Paste it as the messenger shows it. Who knows it can speak to the group: it is kept encrypted "
                    "and never shown again."),
    )  # fmt: skip
    secret = forms.CharField(
        label=_("signing secret"), max_length=128, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("DingTalk only, where the robot checks signatures: SEC…"),
    )
    department = forms.ModelChoiceField(
        Department.objects.all(), label=_("department"), required=False, empty_label=_("the whole company"),
        help_text=_("It hears what concerns this department. The company's robots hear the departments without one."),
    )
    language = forms.ChoiceField(label=_("language"), choices=settings.LANGUAGES)
    rooms = forms.ChoiceField(
        label=_("from the rooms of orders"), choices=Robot.Rooms, initial=Robot.Rooms.NONE, required=False,
        widget=forms.RadioSelect,
        help_text=_("A department's robot hears the orders that its department sees. What stays in the house, files, "
                    "the customer's contact and amounts are not said."),
    )  # fmt: skip


class ChangeRobotForm(RobotForm):
    kind = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["address"].required = False
        self.fields["address"].help_text = _("Empty: the present one stays.")


class SwitchForm(forms.Form):
    """One button."""


class LettersForm(forms.Form):
    """What is done with the letters that were chosen, or with the one whose own button was pressed."""

    letters = forms.TypedMultipleChoiceField(label=_("letters"), coerce=int, required=False)
    act = forms.ChoiceField(choices=[("again", "again"), ("give_up", "give up")], required=False)
    only = forms.IntegerField(required=False)
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)

    def __init__(self, data=None, *args, **kwargs):
        super().__init__(data, *args, **kwargs)
        chosen = data.getlist("letters") if data else []
        self.fields["letters"].choices = [(pk, pk) for pk in chosen if pk.isdecimal() and len(pk) < 19]

    def clean(self):
        data = super().clean()
        if data.get("only"):
            data |= {"letters": [data["only"]], "act": "again"}
        return data


class PreferenceForm(forms.ModelForm):
    """Without the model's own question, which the database asks too: here each field says what is missing in it."""

    class Meta:
        model = Preference
        fields = ["by_email", "quiet_from", "quiet_until", "digest_at"]
        widgets = dict.fromkeys(
            ("quiet_from", "quiet_until", "digest_at"), forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
        )

    def clean(self):
        data = super().clean()
        begin, end = data.get("quiet_from"), data.get("quiet_until")
        if (begin is None) != (end is None) and not self.errors:
            self.add_error("quiet_until" if end is None else "quiet_from",
                           _("Quiet hours have two ends: from and until."))  # fmt: skip
        return data
