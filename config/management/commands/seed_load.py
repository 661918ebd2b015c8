import time

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.core.management.color import no_style
from django.db import connection
from django.utils import timezone

from config.demo import people
from config.load.aside import guards_aside
from config.load.fill import STEPS, TABLES, Filling, drop_temporary
from config.load.living import fill_living_items
from config.load.rows import PREFIX
from orders.models import UrgentOrder
from people.models import Department

MOST = 1_000_000


class Command(BaseCommand):
    help = (
        "Enters orders by the thousand, with their stages, promises and clocks, to measure with; they are numbered "
        f"{PREFIX}… and have no audit log."
    )

    def add_arguments(self, parser):
        parser.add_argument("--orders", type=int, required=True, help=f"1 to {MOST}")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--yes-add", action="store_true", help="even where orders of the company are")

    def handle(self, *, orders, seed, yes_add, **options):
        if not 1 <= orders <= MOST:
            raise CommandError(f"--orders is from 1 to {MOST}.")
        self.refuse_real_orders(yes_add)
        self.started = time.monotonic()
        self.cast()
        with guards_aside(TABLES):
            self.load(orders, seed)
        self.say("statistics")
        if connection.vendor == "postgresql" and not connection.in_atomic_block:
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")
        self.say(f"{orders} orders are in, the guards are on")

    def refuse_real_orders(self, yes_add):
        real = UrgentOrder.objects.exclude(number__startswith=PREFIX).exists()
        drafts = UrgentOrder.objects.filter(number__isnull=True).exists()
        if (real or drafts) and not yes_add:
            raise CommandError(
                f"Nothing was added: {settings.DATABASES['default']['NAME']} holds orders of the company. "
                "Take an empty database, or say --yes-add."
            )

    def cast(self):
        """Departments, time limits and calendar, and people where there are none."""
        call_command("seed_defaults")
        if Department.objects.filter(code="sales", head__isnull=True).exists():
            people.seed()

    def load(self, orders, seed):
        load = Filling(count=orders, seed=seed, now=timezone.now())
        load.prepare()
        for name, fill in STEPS:
            self.say(name)
            fill(load)
        self.reset_sequences()
        self.say("clocks of living orders")
        fill_living_items(load)
        drop_temporary()
        self.say("indexes, keys and guards back on" if connection.vendor == "postgresql" else "guards back on")

    def reset_sequences(self):
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), TABLES):
                cursor.execute(statement)

    def say(self, text):
        self.stdout.write(f"{time.monotonic() - self.started:7.1f} s  {text}")
        self.stdout.flush()
