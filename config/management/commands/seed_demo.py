from django.core.management import call_command
from django.core.management.base import BaseCommand

from config.demo import company, orders, people


class Command(BaseCommand):
    help = "Enters the small demo company, its sign-ins (var/sign-ins.txt) and a few orders; safe to repeat."

    def handle(self, **options):
        call_command("seed_defaults")
        people.seed()
        company.seed()
        orders.seed()
