"""Rules that the database keeps by itself, whoever writes: triggers, outside migrations.

On SQLite a migration that rebuilds a table drops its triggers in silence and fails where
another table's trigger names it. So `migrate` takes the guards off, migrates, and puts
them back. Every trigger and function of ours starts with `guard_`, which is how all
guards this product ever installed are found again.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module

from django.conf import settings
from django.db import transaction

PREFIX = "guard_"
CREATED = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?(TRIGGER|FUNCTION)\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)", re.IGNORECASE
)

Sql = str | tuple[str, ...] | Callable[[list[str]], str]


@dataclass(frozen=True)
class Guard:
    """SQL per vendor: a statement, several, or a callable that makes one from the table's columns."""

    name: str
    table: str
    postgresql: Sql
    sqlite: Sql

    def statements(self, vendor: str, columns: list[str]) -> tuple[str, ...]:
        sql = getattr(self, vendor)
        sql = sql(columns) if callable(sql) else sql
        statements = (sql,) if isinstance(sql, str) else tuple(sql)
        for kind, name in CREATED.findall(" ".join(statements)):
            if not name.startswith(PREFIX):
                raise ValueError(f"Guard {self.name}: {kind.lower()} {name} must start with {PREFIX}")
        return statements

    def triggers(self, vendor: str, columns: list[str]) -> set[str]:
        created = CREATED.findall(" ".join(self.statements(vendor, columns)))
        return {name for kind, name in created if kind.upper() == "TRIGGER"}


def refuse(table: str, name: str, *, on: str, says: str, when: str = "", sqlite_when: str = "") -> Guard:
    """A guard that refuses INSERT, UPDATE or DELETE of a row `when` a condition on OLD and NEW holds."""
    name = f"{PREFIX}{table}_{name}"
    return Guard(
        name, table,
        postgresql=_postgresql(name, table, on, says, when),
        sqlite=_sqlite(name, table, on, says, sqlite_when or when),
    )


def append_only(table: str, may_update: Iterable[str] = ()) -> list[Guard]:
    """Rows are written once: no DELETE, no TRUNCATE, no UPDATE save of the columns named."""
    says = f"{table} is append-only"
    return [
        _only_columns(table, sorted(may_update), says),
        refuse(table, "delete", on="DELETE", says=says),
        no_truncate(table, says),
    ]


def no_truncate(table: str, says: str) -> Guard:
    name = f"{PREFIX}{table}_truncate"
    return Guard(name, table, postgresql=_postgresql(name, table, "TRUNCATE", says, ""), sqlite=())


def _only_columns(table: str, may_update: list[str], says: str) -> Guard:
    if not may_update:
        return refuse(table, "update", on="UPDATE", says=says)
    name = f"{PREFIX}{table}_update"
    says = f"{says}, save {', '.join(may_update)}"
    free = "ARRAY[" + ", ".join(f"'{column}'" for column in may_update) + "]"

    def sqlite(columns: list[str]) -> str:
        changed = " OR ".join(f'NEW."{column}" IS NOT OLD."{column}"' for column in columns if column not in may_update)
        return _sqlite(name, table, "UPDATE", says, changed)

    changed = f"(to_jsonb(NEW) - {free}) IS DISTINCT FROM (to_jsonb(OLD) - {free})"
    return Guard(name, table, postgresql=_postgresql(name, table, "UPDATE", says, changed), sqlite=sqlite)


def _postgresql(name: str, table: str, on: str, says: str, when: str) -> tuple[str, str]:
    """The result of a BEFORE trigger is the row that goes on; on DELETE that is OLD."""
    text = says.replace("'", "''").replace("%", "%%")
    row = {"DELETE": "OLD", "TRUNCATE": "NULL"}.get(on, "NEW")
    each = "STATEMENT" if on == "TRUNCATE" else "ROW"
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $guard$ BEGIN "
        f"IF {when or 'true'} THEN RAISE EXCEPTION '{text}' USING ERRCODE = 'check_violation'; END IF; "
        f"RETURN {row}; END $guard$",
        f'CREATE TRIGGER {name} BEFORE {on} ON "{table}" FOR EACH {each} EXECUTE FUNCTION {name}()',
    )


def _sqlite(name: str, table: str, on: str, says: str, when: str) -> str:
    text = says.replace("'", "''")
    condition = f"WHEN {when} " if when else ""
    return f"CREATE TRIGGER {name} BEFORE {on} ON \"{table}\" {condition}BEGIN SELECT RAISE(ABORT, '{text}'); END"


def declared() -> list[Guard]:
    return [guard for module in settings.DATABASE_GUARDS for guard in import_module(module).GUARDS]


def install(connection) -> None:
    """Put every guard on whose table exists; what was there before is taken off first."""
    with transaction.atomic(using=connection.alias):
        drop(connection)
        with connection.cursor() as cursor:
            for guard, columns in _due(connection, cursor):
                for statement in guard.statements(connection.vendor, columns):
                    cursor.execute(statement)


def drop(connection) -> None:
    """Take off every guard this product ever installed."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in _installed(connection, cursor):
                cursor.execute(f'DROP TRIGGER "{name}"')
            return
        cursor.execute(
            "SELECT oid::regprocedure::text FROM pg_proc"
            " WHERE proname LIKE 'guard\\_%' AND pronamespace = current_schema()::regnamespace"
        )
        for (function,) in cursor.fetchall():
            cursor.execute(f"DROP FUNCTION {function} CASCADE")


def missing(connection) -> set[str]:
    """Names of the triggers that should stand and do not, or that somebody disabled."""
    with connection.cursor() as cursor:
        return _expected(connection, cursor) - _installed(connection, cursor)


def unknown(connection) -> set[str]:
    """Names of the guards in the database that no list names."""
    with connection.cursor() as cursor:
        return _installed(connection, cursor) - _expected(connection, cursor)


def _expected(connection, cursor) -> set[str]:
    return {name for guard, columns in _due(connection, cursor) for name in guard.triggers(connection.vendor, columns)}


def _due(connection, cursor) -> list[tuple[Guard, list[str]]]:
    """The declared guards of tables that exist, which after a partial migrate are not all, with their columns."""
    guards = declared()
    tables = {guard.table for guard in guards} & set(connection.introspection.table_names(cursor))
    columns = {table: _columns(cursor, table) for table in tables}
    return [(guard, columns[guard.table]) for guard in guards if guard.table in tables]


def _columns(cursor, table) -> list[str]:
    """Django's own introspection parses the table's SQL, which a hundred tables make slow."""
    cursor.execute(f'SELECT * FROM "{table}" LIMIT 0')
    return [column[0] for column in cursor.description]


def _installed(connection, cursor) -> set[str]:
    if connection.vendor == "sqlite":
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'guard\\_%' ESCAPE '\\'")
    else:
        cursor.execute(
            "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE tgname LIKE 'guard\\_%' AND tgenabled <> 'D' AND relnamespace = current_schema()::regnamespace"
        )
    return {name for (name,) in cursor.fetchall()}
