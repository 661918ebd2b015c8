from django.core.management.base import BaseCommand

from config import languages


class Command(BaseCommand):
    help = "Compiles the catalogs in locale/ (no gettext needed)."
    requires_system_checks = []

    def handle(self, **options):
        for path in languages.compile_catalogs():
            self.stdout.write(f"compiled {path.relative_to(languages.BASE_DIR)}")
