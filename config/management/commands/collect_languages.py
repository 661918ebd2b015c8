from django.core.management.base import BaseCommand

from config import languages


class Command(BaseCommand):
    help = "Brings the catalogs in locale/ up to the source: new messages empty, old ones gone, translations kept."
    requires_system_checks = []

    def handle(self, **options):
        for language in languages.LANGUAGES:
            catalog = languages.collected(language)
            path = languages.catalog_path(language)
            path.parent.mkdir(parents=True, exist_ok=True)
            catalog.save(str(path))
            missing = [entry for entry in catalog if not entry.translated()]
            self.stdout.write(f"{language}: {len(catalog)} messages, {len(missing)} without a translation")
