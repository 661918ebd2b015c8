"""`make bench`: what the desk costs with 1,000, 100,000 and 1,000,000 orders, beside a bare page on the same server."""

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path

from tests.servers import Postgres

START = time.monotonic()
SIZES = (1_000, 100_000, 1_000_000)
PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"


def say(text) -> None:
    print(f"{time.monotonic() - START:7.1f} s  {text}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, nargs="+", default=SIZES)
    parser.add_argument("--requests", type=int, default=30, help="of each kind")
    parser.add_argument("--due", type=int, default=10_000, help="work items that are escalated")
    parser.add_argument("--database", help="address of one that is loaded already with the orders named")
    given = parser.parse_args()
    if given.database:
        with tempfile.TemporaryDirectory(prefix="desk-bench-") as folder:
            environment(given.database, folder)
            return measure_all(given, is_loaded=True)
    folder = tempfile.mkdtemp(prefix="desk-bench-")
    say("PostgreSQL, with every commit written to the disk")
    server = Postgres(fsync=True).create()
    try:
        environment(server.url, folder)
        measure_all(given)
    finally:
        server.remove()
        shutil.rmtree(folder, ignore_errors=True)


def environment(url, folder) -> None:
    os.environ |= {
        "DATABASE_URL": url, "VAR_DIR": folder, "SECRET_KEY": "only-for-the-bench", "DEBUG": "0",
        "DJANGO_SETTINGS_MODULE": "bench.settings", "LOG_LEVEL": "ERROR", "REQUIRE_SECOND_FACTOR": "0",
    }  # fmt: skip
    (Path(folder) / "static").mkdir()


def measure_all(given, *, is_loaded=False) -> None:
    import django

    django.setup()
    from bench import table, take

    take.prepare(is_loaded=is_loaded)
    results = []
    for size, before in zip(given.orders, [0, *given.orders], strict=False):
        say(f"{size:,} orders")
        if not is_loaded:
            take.load(size - before)
        results.append(take.measure(size, given.requests, given.due, say))
        PAGE.write_text(table.written(PAGE.read_text(encoding="utf-8"), results, given.requests), encoding="utf-8")
        print(table.drawn(results), flush=True)
    say(f"the table stands in {PAGE}")


if __name__ == "__main__":
    main()
