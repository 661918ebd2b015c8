from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from desk import guards


class Command(migrate.Command):
    """Django's own, with the guards taken off before and put back after, also when it fails.

    With nothing to migrate they stay on: a start beside servers that are at work opens no gap.
    """

    def get_check_kwargs(self, options):
        """Without the database's checks: they would refuse the very guards that are about to be installed."""
        return {key: value for key, value in super().get_check_kwargs(options).items() if key != "databases"}

    def handle(self, *args, **options):
        if options["plan"] or options["check_unapplied"]:
            return super().handle(*args, **options)
        connection = connections[options["database"]]
        if self.has_work(connection):
            guards.drop(connection)
        try:
            super().handle(*args, **options)
        finally:
            guards.install(connection)

    def has_work(self, connection) -> bool:
        executor = MigrationExecutor(connection)
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
