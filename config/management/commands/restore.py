from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from config import backup


class Command(BaseCommand):
    help = "Brings a backup back into an empty database and folder, then checks the guards and the audit log."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--overwrite", action="store_true", help="replace the database and files that are there")

    def handle(self, *, file, overwrite, **options):
        try:
            manifest = backup.read(file, is_overwriting=overwrite)
        except (backup.Refused, DatabaseError, OSError) as problem:
            raise CommandError(str(problem)) from problem
        if wrong := backup.faults(manifest):
            raise CommandError("Restored, but not sound:\n" + "\n".join(wrong))
        self.stdout.write(
            f"Restored to {manifest.made_at:%Y-%m-%d %H:%M} UTC: {backup.event_count()} events stand as they were"
            f" written, {len(manifest.files) - 1} files. Seal of the backup: {manifest.seal}"
        )
