from datetime import timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sla.models import LONGEST_TARGET, WorkCalendar


class LimitForm(forms.Form):
    hours = forms.IntegerField(label=_("Limit, hours"), min_value=0, max_value=LONGEST_TARGET // 3600)
    minutes = forms.IntegerField(label=_("Minutes"), min_value=0, max_value=59, required=False)
    calendar = forms.ModelChoiceField(
        WorkCalendar.objects.all(), label=_("Working calendar"), required=False, empty_label=_("Day and night"),
        help_text=_("Only its working hours are counted."),
    )
    remind_percent = forms.IntegerField(label=_("Reminder at %"), min_value=1, max_value=100)
    escalate_percent = forms.IntegerField(label=_("Escalation at %"), min_value=1, max_value=100)
    reason = forms.CharField(
        label=_("Reason"), min_length=4, max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Stands in the history beside your name."),
    )

    def clean(self):
        data = super().clean()
        seconds = (data.get("hours") or 0) * 3600 + (data.get("minutes") or 0) * 60
        data["target_seconds"] = seconds
        return data


class AcknowledgeForm(forms.Form):
    note = forms.CharField(
        label=_("What is being done"), min_length=4, max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )
    until = forms.DateTimeField(
        label=_("No more reminders until"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["until"].initial = timezone.localtime() + timedelta(hours=4)
