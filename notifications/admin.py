from django.contrib import admin
from unfold.admin import ModelAdmin

from notifications.models import Outbox, Preference
from records.admin import AuditedAdmin, ForAdministrators


@admin.register(Outbox)
class OutboxAdmin(ForAdministrators, ModelAdmin):
    """What went out and what did not."""

    list_display = ["created_at", "recipient", "channel", "text_shown", "state", "attempts", "next_try_at", "error"]
    list_filter = ["state", "channel"]
    list_select_related = ["recipient"]
    show_full_result_count = False

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False


@admin.register(Preference)
class PreferenceAdmin(AuditedAdmin):
    list_display = ["person", "by_email", "quiet_from", "quiet_until"]
    list_select_related = ["person"]
    autocomplete_fields = ["person"]
