"""Configuration of the clock. Versions are written by the action and never changed."""

from django import forms
from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminTextInputWidget

from notifications.models import Channel
from people.admin_site import may_configure
from records.admin import AuditedAdmin, ForAdministrators
from sla import actions
from sla.models import (
    LONGEST_TARGET,
    SHORTEST_TARGET,
    CalendarDay,
    EscalationStep,
    Heartbeat,
    Policy,
    PolicyVersion,
    WorkCalendar,
    WorkItem,
    check_spans,
)

VERSION_FIELDS = ("target_seconds", "calendar", "remind_percent", "escalate_percent", "pause_reasons",
                  "in_force_from", "reason")  # fmt: skip
WEEKDAYS = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))
STEP_FIELDS = ("level", "at_percent", "minutes_past_due", "recipients", "role", "person", "channels",
               "repeat_every_minutes", "repeat_at_most", "needs_acknowledgement")


class WeekWidget(forms.MultiWidget):
    def __init__(self):
        super().__init__([UnfoldAdminTextInputWidget(attrs={"placeholder": day, "aria-label": day})
                          for day in WEEKDAYS])

    def decompress(self, value):
        return value or [""] * 7


class WeekField(forms.MultiValueField):
    widget = WeekWidget

    def __init__(self, **kwargs):
        days = [forms.CharField(required=False, validators=[check_spans], label=day) for day in WEEKDAYS]
        super().__init__(fields=days, require_all_fields=False, **kwargs)

    def compress(self, values):
        return [text.strip() for text in values] if values else [""] * 7


class WorkCalendarForm(forms.ModelForm):
    week = WeekField(label=_("working hours of the week"), required=False)

    class Meta:
        model = WorkCalendar
        fields = ["code", "name", "time_zone", "week", "covered_until"]


class CalendarDayInline(ForAdministrators, TabularInline):
    model = CalendarDay
    extra = 0
    fields = ["date", "kind", "name", "hours"]

    def has_delete_permission(self, request, obj=None):
        return may_configure(request.user)


@admin.register(WorkCalendar)
class WorkCalendarAdmin(AuditedAdmin):
    form = WorkCalendarForm
    inlines = [CalendarDayInline]
    list_display = ["name", "time_zone", "covered_until"]

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        actions.publish_calendar(form.instance, by=request.user)


class ReadOnly(ForAdministrators):
    def has_change_permission(self, request, obj=None):
        return False


@admin.register(Policy)
class PolicyAdmin(AuditedAdmin):
    list_display = ["kind_label", "urgency_class", "is_decision", "new_version"]
    list_filter = ["urgency_class"]

    @admin.display(description=_("version"))
    def new_version(self, policy):
        url = reverse("admin:sla_policyversion_add")
        return format_html('<a href="{}?policy={}">{}</a>', url, policy.pk, _("New version"))


class VersionForm(forms.ModelForm):
    target_minutes = forms.IntegerField(
        label=_("Limit, minutes"), min_value=SHORTEST_TARGET // 60, max_value=LONGEST_TARGET // 60
    )
    pause_reasons = forms.MultipleChoiceField(
        label=_("reasons to pause"), choices=PolicyVersion.PauseReason, required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = PolicyVersion
        fields = ["policy", "calendar", "remind_percent", "escalate_percent", "in_force_from", "reason"]

    def clean(self):
        data = super().clean()
        self.instance.target_seconds = data["target_seconds"] = data.get("target_minutes", 0) * 60
        return data


class StepForm(forms.ModelForm):
    recipients = forms.MultipleChoiceField(label=_("recipients"), choices=EscalationStep.Recipient)
    channels = forms.MultipleChoiceField(label=_("channels"), choices=Channel)

    class Meta:
        model = EscalationStep
        fields = STEP_FIELDS


class StepInline(ForAdministrators, TabularInline):
    model = EscalationStep
    form = StepForm

    def get_extra(self, request, obj=None, **kwargs):
        return len(_ladder_in_force(request)) or 1


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ReadOnly, ModelAdmin):
    """Adding one starts from the version in force."""

    form = VersionForm
    inlines = [StepInline]
    list_display = ["policy", "number", "target_seconds", "calendar", "reason", "made_by", "made_at"]
    list_filter = ["policy__kind"]
    list_select_related = ["policy", "calendar", "made_by"]

    def get_fields(self, request, obj=None):
        target = "target_minutes" if obj is None else "target_seconds"
        return ["policy", target, "calendar", "remind_percent", "escalate_percent", "pause_reasons", "in_force_from",
                "reason"]  # fmt: skip

    def get_changeform_initial_data(self, request):
        initial = super().get_changeform_initial_data(request)
        current = _in_force(request)
        if current is None:
            return initial
        names = ("calendar", "remind_percent", "escalate_percent", "pause_reasons")
        return initial | {name: getattr(current, name) for name in names} | {
            "target_minutes": current.target_seconds // 60
        }

    def get_formset_kwargs(self, request, obj, inline, prefix):
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if request.method == "GET" and obj.pk is None:
            kwargs["initial"] = [{name: getattr(step, name) for name in STEP_FIELDS}
                                 for step in _ladder_in_force(request)]
        return kwargs

    def save_model(self, request, obj, form, change):
        """Nothing yet: the action writes version and steps together."""

    def save_related(self, request, form, formsets, change):
        steps = [step for formset in formsets for step in formset.save(commit=False)]
        data = form.cleaned_data
        version = actions.save_policy(
            data["policy"], by=request.user, steps=steps or None, **{name: data[name] for name in VERSION_FIELDS}
        )
        form.instance.pk, form.instance.number = version.pk, version.number


def _in_force(request) -> PolicyVersion | None:
    policy = request.GET.get("policy", "")
    return PolicyVersion.objects.in_force().filter(policy=policy).first() if policy.isdecimal() else None


def _ladder_in_force(request) -> list[EscalationStep]:
    current = _in_force(request)
    return list(current.steps.order_by("level")) if current else []


@admin.register(WorkItem)
class WorkItemAdmin(ReadOnly, ModelAdmin):
    """To look at, above all at those that could not be swept."""

    list_display = ["kind", "source", "department", "assignee", "state", "due_at", "failures", "fault"]
    list_filter = ["state", "kind", "department"]
    list_select_related = ["department", "assignee"]
    search_fields = ["source", "source_label"]
    show_full_result_count = False

    def has_add_permission(self, request):
        return False


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnly, ModelAdmin):
    list_display = ["name", "ok_at", "period_seconds", "lag_seconds", "counts", "behind_since"]

    def has_add_permission(self, request):
        return False
