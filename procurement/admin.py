from django.contrib import admin

from procurement.models import Supplier, SupplierMaterial
from records.admin import AuditedAdmin

READ_ONLY = ["proposed_at", "proposed_by", "approved_at", "approved_by"]


class Known(AuditedAdmin):
    """Suppliers are proposed and approved by two persons on their pages; here their data is put right."""

    readonly_fields = READ_ONLY

    def has_add_permission(self, request):
        return False


@admin.register(Supplier)
class SupplierAdmin(Known):
    list_display = ["name", "latin_name", "contact_name", "is_active", "approved_at"]
    list_filter = ["is_active"]
    search_fields = ["name", "latin_name", "contact_name"]


@admin.register(SupplierMaterial)
class SupplierMaterialAdmin(Known):
    list_display = ["supplier", "material", "price_amount", "lead_time_hours", "approved_at"]
    list_select_related = ["supplier", "material"]
    search_fields = ["supplier__name", "supplier__latin_name", "material__number", "material__name"]
    readonly_fields = [*READ_ONLY, "supplier", "material"]
