import time

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from config.demo import company, life, meetings, months, people
from orders.models import UrgentOrder

SHORTEST_BREATH = 0.5


class Command(BaseCommand):
    help = "Enters the demo company, its sign-ins (var/sign-ins.txt) and its orders; safe to repeat."

    def add_arguments(self, parser):
        parser.add_argument(
            "--history", action="store_true", help="the closed orders of the last six months, which take minutes"
        )

    def handle(self, *, history, **options):
        if history:
            self.told_at = time.monotonic()
            life.remember(life.history(timezone.now()), until=timezone.now(), progress=self.pause)
            months.play(timezone.now())
            meetings.play(timezone.now())
            return
        call_command("seed_defaults")
        people.seed()
        company.seed()
        if not UrgentOrder.objects.exists():  # what people entered is never touched
            now = timezone.now()
            life.play(life.living(now), until=now, progress=self.progress)

    def pause(self, told, of):
        """Whoever works at the desk meanwhile writes between two orders: half of the time is theirs.

        At the full priority: SQLite has one writer, and who holds its lock must not be the one who waits for the
        processor.
        """
        self.progress(told, of)
        time.sleep(max(SHORTEST_BREATH, time.monotonic() - self.told_at))
        self.told_at = time.monotonic()

    def progress(self, told, of):
        if told % 20 == 0 or told == of:
            self.stdout.write(f"  {told} of {of} orders")
            self.stdout.flush()
