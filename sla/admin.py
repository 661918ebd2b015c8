"""Configuration of the clock. Versions are written by the action and never changed."""

from django import forms
from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminTextInputWidget

from people.admin_site import may_configure
from records.admin import AuditedAdmin, ForAdministrators
from sla import actions
from sla.models import (
    CalendarDay,
    EscalationStep,
    Heartbeat,
    Policy,
    PolicyVersion,
    WorkCalendar,
    WorkItem,
    check_spans,
)

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
        return format_html('<a href="{}">{}</a>', reverse("sla:limit_edit", args=[policy.pk]), _("New version"))


class StepInline(ReadOnly, TabularInline):
    model = EscalationStep
    extra = 0
    fields = STEP_FIELDS

    def has_add_permission(self, request, obj=None):
        return False


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ReadOnly, ModelAdmin):
    """To look at: new versions are made on the page of the time limits."""

    inlines = [StepInline]
    list_display = ["policy", "number", "target_seconds", "calendar", "reason", "made_by", "made_at"]
    list_filter = ["policy__kind"]
    list_select_related = ["policy", "calendar", "made_by"]

    def has_add_permission(self, request):
        return False


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
