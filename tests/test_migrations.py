"""The tests' own tables are made from the models; here the migrations build a database, guards and all.

On PostgreSQL; that they build one on SQLite, tests/test_start.py shows, which starts with an empty file.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def empty_database(db):
    """The address of a database with nothing in it."""
    with connection._nodb_cursor() as cursor:
        cursor.execute("CREATE DATABASE empty_for_migrations")
        yield os.environ["DATABASE_URL"].rpartition("/")[0] + "/empty_for_migrations"
        cursor.execute("DROP DATABASE empty_for_migrations WITH (FORCE)")


@pytest.mark.slow
@pytest.mark.postgres
def test_the_migrations_build_what_the_models_say(empty_database):
    def manage(*command):
        done = subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=os.environ | {"DATABASE_URL": empty_database},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    manage("migrate", "--verbosity", "0")
    manage("check", "--database", "default", "--fail-level", "WARNING")
    manage("seed_defaults")
