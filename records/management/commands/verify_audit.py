from django.core.management.base import BaseCommand, CommandError

from records import audit
from records.models import Event


class Command(BaseCommand):
    help = "Read the audit log's hash chains again; name the first broken event of each stream."

    def handle(self, **options):
        broken = [str(found) for found in audit.breaks()]
        if broken:
            raise CommandError("The audit log is broken at\n" + "\n".join(broken), returncode=1)
        self.stdout.write(f"{Event.objects.count()} events stand as they were written. Seal: {audit.seal()}")
