from importlib import import_module
from importlib.util import find_spec

from django.core.management.base import BaseCommand
from django.db import transaction

APPS = ("people", "records", "notifications", "sla", "catalog", "orders", "production", "procurement", "quality",
        "logistics", "finance", "kpi", "coordination")  # fmt: skip


class Command(BaseCommand):
    help = "Enters what every company starts from (departments, calendar, time limits); safe to repeat."

    @transaction.atomic
    def handle(self, **options):
        for app in APPS:
            if find_spec(f"{app}.defaults"):
                import_module(f"{app}.defaults").seed()
