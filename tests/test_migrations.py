"""The tests' own tables are made from the models; here the migrations build a database, guards and all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def empty_database(tmp_path, db):
    """The address of a database of the run's kind with nothing in it."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.sqlite3"
        return
    with connection._nodb_cursor() as cursor:
        cursor.execute("CREATE DATABASE empty_for_migrations")
        yield os.environ["DATABASE_URL"].rpartition("/")[0] + "/empty_for_migrations"
        cursor.execute("DROP DATABASE empty_for_migrations WITH (FORCE)")


@pytest.mark.slow
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
