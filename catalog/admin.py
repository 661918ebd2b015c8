from django.contrib import admin
from unfold.admin import ModelAdmin, TabularInline

from catalog.models import (
    BillOfMaterialLine,
    Customer,
    Material,
    Product,
    ProductFamily,
    Project,
    StockEntry,
    Substitute,
)
from people.admin_site import may_configure
from records.admin import AuditedAdmin, ForAdministrators


class ProjectInline(ForAdministrators, TabularInline):
    model = Project
    extra = 0


@admin.register(Customer)
class CustomerAdmin(AuditedAdmin):
    list_display = ["code", "name", "latin_name", "is_key", "salesperson", "is_active"]
    list_select_related = ["salesperson"]
    list_filter = ["is_key", "is_active"]
    search_fields = ["code", "name", "latin_name", "contact_name"]
    autocomplete_fields = ["salesperson"]
    inlines = [ProjectInline]


@admin.register(Project)
class ProjectAdmin(AuditedAdmin):
    list_display = ["name", "customer", "is_major", "is_active"]
    list_select_related = ["customer"]
    list_filter = ["is_major", "is_active"]
    search_fields = ["name", "customer__name", "customer__latin_name", "customer__code"]
    autocomplete_fields = ["customer"]


@admin.register(ProductFamily)
class ProductFamilyAdmin(AuditedAdmin):
    list_display = ["name", "latin_name", "normal_lead_time_hours"]
    search_fields = ["name", "latin_name"]


class BillOfMaterialInline(ForAdministrators, TabularInline):
    model = BillOfMaterialLine
    extra = 0
    autocomplete_fields = ["material"]

    def has_delete_permission(self, request, obj=None):
        return may_configure(request.user)


@admin.register(Product)
class ProductAdmin(AuditedAdmin):
    list_display = ["number", "name", "latin_name", "family", "revision", "is_active"]
    list_select_related = ["family"]
    list_filter = ["family", "is_active"]
    search_fields = ["number", "name", "latin_name", "drawing_number"]
    autocomplete_fields = ["family"]
    inlines = [BillOfMaterialInline]


class SubstituteInline(ForAdministrators, TabularInline):
    model = Substitute
    fk_name = "material"
    extra = 0
    autocomplete_fields = ["substitute"]

    def has_delete_permission(self, request, obj=None):
        return may_configure(request.user)


@admin.register(Material)
class MaterialAdmin(AuditedAdmin):
    """Balances are read here; they change by stock movements alone."""

    list_display = ["number", "name", "unit", "is_key", "on_hand", "reserved", "is_active"]
    list_filter = ["is_key", "is_active"]
    search_fields = ["number", "name", "latin_name"]
    readonly_fields = ["on_hand", "reserved"]
    inlines = [SubstituteInline]


@admin.register(StockEntry)
class StockEntryAdmin(ForAdministrators, ModelAdmin):
    list_display = ["at", "material", "kind", "quantity", "source", "by"]
    list_select_related = ["material", "by"]
    list_filter = ["kind"]
    search_fields = ["material__number", "material__name", "source"]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False
