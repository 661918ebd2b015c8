from django.core.management import call_command
from django.core.management.base import BaseCommand

from config.demo import people


class Command(BaseCommand):
    help = "Enters the small demo company and its sign-ins (var/sign-ins.txt); safe to repeat."

    def handle(self, **options):
        call_command("seed_defaults")
        people.seed()
