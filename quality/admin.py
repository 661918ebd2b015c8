from django.contrib import admin

from people.admin_site import may_configure
from quality.models import InspectionPlan, SamplingRow
from records.admin import AuditedAdmin


class Removable(AuditedAdmin):
    def has_delete_permission(self, request, obj=None):
        return may_configure(request.user)


@admin.register(SamplingRow)
class SamplingRowAdmin(Removable):
    list_display = ["lot_up_to", "sample_size", "accept_number"]


@admin.register(InspectionPlan)
class InspectionPlanAdmin(Removable):
    list_display = ["product", "operation_number", "sampling"]
    list_select_related = ["product"]
    list_filter = ["sampling"]
    search_fields = ["product__number", "product__name", "product__latin_name"]
    autocomplete_fields = ["product"]
