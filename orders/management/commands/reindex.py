from django.core.management.base import BaseCommand

from orders import search


class Command(BaseCommand):
    help = "Write anew what every order can be found by."

    def handle(self, **options):
        self.stdout.write(f"{search.reindex()} orders can be found.")
