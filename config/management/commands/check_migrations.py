import json

from django.core.management.base import BaseCommand, CommandError
from django.db.migrations.loader import MigrationLoader

from config import additive


class Command(BaseCommand):
    help = "Refuses new migrations that the running release would stumble over; --release writes down what is out."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--release", action="store_true", help="companies have all of these from now on")

    def handle(self, *, release, **options):
        ours = additive.our_apps()
        if wrong := not release and additive.faults(ours):
            raise CommandError("\n".join(wrong))
        if release:
            keys = sorted(key for key in MigrationLoader(None).disk_migrations if key[0] in ours)
            names = {app: [name for other, name in keys if other == app] for app in ours}
            additive.RELEASED.write_text(json.dumps(names, indent=1) + "\n")
