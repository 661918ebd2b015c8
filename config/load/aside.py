"""Guards, foreign keys and indexes off while many rows come in, and on again with every row checked."""

from contextlib import contextmanager

from django.db import connection, transaction

from desk import guards

FOREIGN_KEYS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])"""
INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = ANY(%s::regclass[])
      AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)"""


@contextmanager
def guards_aside(models):
    """One transaction: what fails leaves the database, its guards included, as it was."""
    with transaction.atomic():
        guards.drop(connection)
        restore = _take_off([f'"{model._meta.db_table}"' for model in models])
        yield
        with connection.cursor() as cursor:
            for statement in restore:
                cursor.execute(statement)
        guards.install(connection)
        if missing := guards.missing(connection):
            raise RuntimeError(f"guards did not come back: {', '.join(sorted(missing))}")


def _take_off(tables) -> list[str]:
    """Statements that put everything back; SQLite checks its foreign keys at the commit and keeps its indexes."""
    if connection.vendor == "sqlite":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        cursor.execute("SET LOCAL work_mem = '128MB'")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # this process may think for a while
        keys, indexes = _query(cursor, FOREIGN_KEYS, tables), _query(cursor, INDEXES, tables)
        for table, name, _definition in keys:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
    return [definition for _name, definition in indexes] + [
        f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}' for table, name, definition in keys
    ]


def _query(cursor, sql, tables) -> list[tuple]:
    cursor.execute(sql, [tables])
    return cursor.fetchall()
