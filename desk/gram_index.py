"""An index of grams (desk.folding) over a table's column `grams`, made and kept by each database in its own way."""

from django.db.models import BooleanField, Func

from desk.guards import PREFIX, Guard


class Holds(Func):
    """Whether the column holds every gram of the value. `index` and `key`: as given to `gram_index`."""

    output_field = BooleanField()

    def as_postgresql(self, compiler, connection, **context):
        template = "string_to_array(%(expressions)s, ' ')"
        return self.as_sql(compiler, connection, template=template, arg_joiner=", ' ') @> string_to_array(", **context)

    def as_sqlite(self, compiler, connection, **context):
        column, pieces = self.source_expressions
        index, key = self.extra["index"], self.extra["key"]
        sql, params = compiler.compile(pieces)
        match = f"SELECT rowid FROM {index} WHERE {index} MATCH {sql}"
        return f"{connection.ops.quote_name(column.alias)}.{key} IN ({match})", params


def gram_index(table: str, *, index: str, key: str) -> Guard:
    """`index` names SQLite's full text table, whose rows are those of `table` by its whole number `key`."""
    kept = f"{index}(rowid, grams) VALUES (NEW.{key}, NEW.grams)"
    gone = f"{index}({index}, rowid, grams) VALUES ('delete', OLD.{key}, OLD.grams)"
    trigger = f"CREATE TRIGGER {PREFIX}{table}_grams_{{}} AFTER {{}} ON {table} BEGIN {{}}; END"
    return Guard(
        f"{table}_grams", table,
        postgresql=f"CREATE INDEX IF NOT EXISTS {table}_grams ON {table}"
                   " USING gin (string_to_array(grams, ' ')) WITH (fastupdate = off)",
        sqlite=(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS {index} USING fts5("
            f"grams, content='{table}', content_rowid='{key}', detail='none', columnsize=0,"
            " tokenize='unicode61 remove_diacritics 0')",
            f"INSERT INTO {index}({index}) VALUES ('rebuild')",
            trigger.format("insert", "INSERT", f"INSERT INTO {kept}"),
            trigger.format("update", "UPDATE", f"INSERT INTO {gone}; INSERT INTO {kept}"),
            trigger.format("delete", "DELETE", f"INSERT INTO {gone}"),
        ),
    )
