"""Configuration of the clock. Versions are written by the action and never changed."""

from django.contrib import admin
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline

from records.admin import AuditedAdmin, ForAdministrators
from sla.models import (
    EscalationStep,
    Heartbeat,
    Policy,
    PolicyVersion,
    WorkCalendar,
    WorkItem,
)

STEP_FIELDS = ("level", "at_percent", "minutes_past_due", "recipients", "role", "person", "channels",
               "repeat_every_minutes", "repeat_at_most", "needs_acknowledgement")


class ReadOnly(ForAdministrators):
    def has_change_permission(self, request, obj=None):
        return False


@admin.register(WorkCalendar)
class WorkCalendarAdmin(ReadOnly, ModelAdmin):
    """Calendars have pages of their own, where the running clocks are looked at first."""

    def has_add_permission(self, request):
        return False

    def changelist_view(self, request, extra_context=None):
        return redirect("sla:calendars")

    def change_view(self, request, object_id, form_url="", extra_context=None):
        return redirect("sla:calendar", pk=object_id)


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
