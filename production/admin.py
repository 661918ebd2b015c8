from django.contrib import admin
from unfold.admin import TabularInline

from people.admin_site import may_configure
from production.actions.master import check_centre, check_routing
from production.models import (
    CandidateCentre,
    Downtime,
    ExtraShift,
    OperationMaterial,
    RoutingLink,
    RoutingOperation,
    WorkCentre,
)
from records.admin import AuditedAdmin, ForAdministrators


class RemovableInline(ForAdministrators, TabularInline):
    extra = 0

    def has_delete_permission(self, request, obj=None):
        return may_configure(request.user)


class ExtraShiftInline(RemovableInline):
    model = ExtraShift


class DowntimeInline(ForAdministrators, TabularInline):
    """Read here; recorded, ended and cancelled on the work centre's own page."""

    model = Downtime
    extra = 0
    fields = readonly_fields = ["slot", "starts_at", "ends_at", "reason", "is_breakdown", "recorded_by", "cancelled_by"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("recorded_by", "cancelled_by")

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False


@admin.register(WorkCentre)
class WorkCentreAdmin(AuditedAdmin):
    list_display = ["code", "name", "slots", "calendar", "foreman", "is_active"]
    list_select_related = ["calendar", "foreman"]
    list_filter = ["is_active"]
    search_fields = ["code", "name", "latin_name"]
    autocomplete_fields = ["foreman"]
    inlines = [ExtraShiftInline, DowntimeInline]

    def save_model(self, request, obj, form, change):
        check_centre(obj)
        super().save_model(request, obj, form, change)


class RoutingLinkInline(RemovableInline):
    model = RoutingLink
    fk_name = "operation"
    autocomplete_fields = ["after"]


class CandidateCentreInline(RemovableInline):
    model = CandidateCentre
    autocomplete_fields = ["work_centre"]


class OperationMaterialInline(RemovableInline):
    model = OperationMaterial


@admin.register(RoutingOperation)
class RoutingOperationAdmin(AuditedAdmin):
    """A change that leaves a routing which cannot be made is refused and taken back."""

    list_display = ["product", "variant", "number", "name", "work_centre", "setup_minutes", "run_minutes_per_unit"]
    list_select_related = ["product", "work_centre"]
    list_filter = ["work_centre", "variant", "is_inspected", "is_external"]
    search_fields = ["product__number", "product__name", "name", "latin_name"]
    autocomplete_fields = [
        "product", "work_centre", "also_needs", "qualification", "service", "subcontract_service",
    ]
    inlines = [RoutingLinkInline, CandidateCentreInline, OperationMaterialInline]

    def has_delete_permission(self, request, obj=None):
        return may_configure(request.user)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        check_routing(form.instance.product, form.instance.variant)

    def delete_model(self, request, obj):
        super().delete_model(request, obj)
        check_routing(obj.product, obj.variant)
