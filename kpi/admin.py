from django.contrib import admin

from kpi.models import Target
from records.admin import AuditedAdmin


@admin.register(Target)
class TargetAdmin(AuditedAdmin):
    list_display = ["figure", "value"]
