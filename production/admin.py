from django.contrib import admin
from unfold.admin import TabularInline

from people.admin_site import may_configure
from production.models import OperationMaterial, RoutingOperation, WorkCentre
from records.admin import AuditedAdmin, ForAdministrators


@admin.register(WorkCentre)
class WorkCentreAdmin(AuditedAdmin):
    list_display = ["code", "name", "slots", "calendar", "foreman", "is_active"]
    list_select_related = ["calendar", "foreman"]
    list_filter = ["is_active"]
    search_fields = ["code", "name", "latin_name"]
    autocomplete_fields = ["foreman"]


class OperationMaterialInline(ForAdministrators, TabularInline):
    model = OperationMaterial
    extra = 0

    def has_delete_permission(self, request, obj=None):
        return may_configure(request.user)


@admin.register(RoutingOperation)
class RoutingOperationAdmin(AuditedAdmin):
    list_display = ["product", "number", "name", "work_centre", "setup_minutes", "run_minutes_per_unit", "is_inspected"]
    list_select_related = ["product", "work_centre"]
    list_filter = ["work_centre", "is_inspected", "is_external"]
    search_fields = ["product__number", "product__name", "name", "latin_name"]
    autocomplete_fields = ["product", "work_centre", "service"]
    inlines = [OperationMaterialInline]

    def has_delete_permission(self, request, obj=None):
        return may_configure(request.user)
