"""Orders by the million for measuring, made inside the database from the numbers 1 to N.

One temporary table says everything about an order (who, what, when each stage was left); each
real table is filled from it by one statement, the same on PostgreSQL and SQLite. Numbers look
random and are the same for the same seed and moment.
"""

import json
from dataclasses import dataclass, field
from random import Random

from django.db import connection, models

PRIME = 2_147_483_647
DAY, HOUR = 86400, 3600
PREFIX = "LD-"
# Seconds an order stays in a stage, from confirmation to settlement; one in ten takes three times as long.
STAYS = ((1_200, 14_400), (7_200, 72_000), (14_400, 300_000), (43_200, 400_000), (7_200, 86_400),
         (14_400, 130_000), (28_800, 260_000))  # fmt: skip
LARGEST_WEEK, FEWEST_WEEKS, MOST_WEEKS = 4_000, 12, 250
FIRST_ORDER = "(SELECT COALESCE(max(id), 0) FROM orders_urgentorder)"


@dataclass
class Dice:
    """SQL that throws numbers for order n; each throw has its own multiplier."""

    seed: int
    random: Random = field(init=False)

    def __post_init__(self):
        self.random = Random(self.seed)

    def throw(self, low: int, high: int) -> str:
        factor, shift = self.random.randrange(10**8, PRIME), self.random.randrange(PRIME)
        return f"({low} + (n * {factor} + {shift}) % {PRIME} % {high - low})"


def moment(seconds: str) -> str:
    if connection.vendor == "sqlite":
        return f"datetime({seconds}, 'unixepoch')"
    return f"to_timestamp({seconds})"


def padded(number: str) -> str:
    return f"substr(CAST(10000000 + {number} AS text), 2)"


def weeks_of(orders: int) -> int:
    return max(FEWEST_WEEKS, min(MOST_WEEKS, orders // LARGEST_WEEK))


def execute(sql, params=()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)


def insert(model, columns: dict, source: str) -> None:
    """`columns`: SQL by column name; what is not named gets the model's own default."""
    columns = _defaults(model) | columns
    names = ", ".join(f'"{name}"' for name in columns)
    execute(f'INSERT INTO "{model._meta.db_table}" ({names}) SELECT {", ".join(columns.values())} FROM {source}')


def _defaults(model) -> dict:
    return {
        column.column: _literal(column.get_default()) for column in model._meta.concrete_fields
        if not column.null and not column.has_db_default()
        and (column.has_default() or isinstance(column, models.CharField | models.TextField))
    }  # fmt: skip


def _literal(value) -> str:
    if isinstance(value, str):
        return f"'{value}'"
    return f"'{json.dumps(value)}'" if value in ({}, []) else str(value).lower()


def write_orders(*, count: int, seed: int, now: int, base: int, customers: list, products: list) -> None:
    """The temporary table `load_order`, one row an order."""
    dice, span = Dice(seed), weeks_of(count) * 7 * DAY
    stays = [f"{dice.throw(low, high)} * CASE WHEN {dice.throw(0, 10)} = 0 THEN 3 ELSE 1 END" for low, high in STAYS]
    throws = ", ".join(f"{stay} AS d{number}" for number, stay in enumerate(stays, 1))
    left = ", ".join(
        f"t0 + {' + '.join(f'd{number}' for number in range(1, last + 1))} AS t{last}" for last in range(1, 8)
    )
    still = " ".join(f"WHEN t{number} > {now} THEN {number}" for number in range(1, 7))
    execute("DROP TABLE IF EXISTS load_order")
    execute(f"""
        CREATE TEMPORARY TABLE load_order AS
        WITH RECURSIVE numbers(n) AS (
            SELECT CAST(1 AS bigint) UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}
        ), thrown AS (
            SELECT n, {base} + n AS id, {throws},
                {now} - {HOUR} - ({count} - n) * {span} / {count} AS t0,
                {dice.throw(300, 3600)} AS typed, {dice.throw(0, 100)} AS fate, {dice.throw(0, 100)} AS luck,
                {dice.throw(4, 240)} AS quantity, {dice.throw(5, 15)} AS wanted,
                {dice.throw(0, len(customers))} AS buyer, {dice.throw(0, len(products))} AS article,
                {dice.throw(0, 100)} AS promise, {dice.throw(0, 100)} AS pain, {dice.throw(0, PRIME)} AS grain
            FROM numbers
        ), timed AS (SELECT *, {left} FROM thrown)
        SELECT *, t0 + wanted * {DAY} AS required,
            CASE WHEN fate < 9 THEN 1 {still} ELSE 7 END AS last,
            CASE WHEN fate < 6 AND t1 <= {now} THEN 'declined' WHEN fate < 9 AND t1 <= {now} THEN 'cancelled'
                WHEN fate >= 9 AND t7 <= {now} THEN 'closed' ELSE '' END AS ended,
            CASE WHEN wanted < 7 THEN 'A' WHEN wanted < 10 THEN 'B' ELSE 'C' END AS class
        FROM timed""")
    execute("CREATE UNIQUE INDEX load_order_id ON load_order (id)")
    _write_places("load_customer", customers)
    _write_places("load_product", products)
    if connection.vendor == "postgresql":
        execute("ANALYZE load_order")


def _write_places(table, keys) -> None:
    execute(f"DROP TABLE IF EXISTS {table}")
    execute(f"CREATE TEMPORARY TABLE {table} (place integer PRIMARY KEY, key bigint)")
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} VALUES (%s, %s)", list(enumerate(keys)))


def write_stages(rows) -> None:
    """The temporary table `load_stage`: what is the same for all orders in a stage."""
    execute("DROP TABLE IF EXISTS load_stage")
    execute(
        "CREATE TEMPORARY TABLE load_stage (k integer PRIMARY KEY, stage text, step text, limit_seconds integer,"
        " person bigint, box_person bigint)"
    )
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO load_stage VALUES (%s, %s, %s, %s, %s, %s)", rows)
