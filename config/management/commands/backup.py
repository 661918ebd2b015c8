from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from config import backup


class Command(BaseCommand):
    help = "Writes the whole desk (database, files, manifest) into one file of a folder; beside servers at work, too."

    def add_arguments(self, parser):
        parser.add_argument("folder", type=Path)
        parser.add_argument("--keep", type=int, help="delete all but that many of the newest backups there")

    def handle(self, *, folder, keep, **options):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            made = backup.write(folder)
        except (backup.Refused, DatabaseError, OSError) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(str(made))
        if keep:
            for old in sorted(folder.glob("desk-*.tar"))[:-keep]:
                old.unlink()
