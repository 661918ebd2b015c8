from django.contrib import admin

from finance.models import ExpenseLimit
from records.admin import AuditedAdmin


@admin.register(ExpenseLimit)
class ExpenseLimitAdmin(AuditedAdmin):
    list_display = ["rank", "up_to_amount"]
