from django.contrib import admin

from logistics.models import Carrier
from records.admin import AuditedAdmin


@admin.register(Carrier)
class CarrierAdmin(AuditedAdmin):
    list_display = ["name", "phone", "is_priority", "trip_count", "on_time_count", "is_active"]
    list_filter = ["is_priority", "is_active"]
    search_fields = ["name"]
    readonly_fields = ["trip_count", "on_time_count"]
