from django.core.management.base import BaseCommand, CommandError

from config import policy


class Command(BaseCommand):
    help = "Writes docs/policy-map.md: every clause, where it is done, the tests that prove it."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--check", action="store_true", help="only say whether the page is up to date")

    def handle(self, *, check, **options):
        if found := policy.problems():
            raise CommandError("\n".join(found))
        page = policy.page()
        if not check:
            policy.MAP.write_text(page, encoding="utf-8")
        elif not policy.MAP.exists() or policy.MAP.read_text(encoding="utf-8") != page:
            raise CommandError("docs/policy-map.md is not up to date: run manage.py policy_map")
