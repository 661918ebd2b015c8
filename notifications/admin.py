from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from notifications.models import Outbox, Preference
from records.admin import AuditedAdmin, ForAdministrators


@admin.register(Outbox)
class OutboxAdmin(ForAdministrators, ModelAdmin):
    """What went out and what did not."""

    list_display = ["created_at", "addressed_to", "channel", "text_shown", "state", "attempts", "next_try_at", "error"]
    list_filter = ["state", "channel"]
    list_select_related = ["recipient", "robot"]
    show_full_result_count = False

    @admin.display(description=_("recipient"))
    def addressed_to(self, letter):
        return letter.addressee

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False


@admin.register(Preference)
class PreferenceAdmin(AuditedAdmin):
    list_display = ["person", "by_email", "quiet_from", "quiet_until", "digest_at"]
    list_select_related = ["person"]
    autocomplete_fields = ["person"]
