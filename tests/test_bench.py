"""The bench's counting half: statements and commits, never times."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.urls import clear_url_caches

from bench import table, work
from bench.floor.models import Note
from bench.server import Cost
from bench.take import Result

pytestmark = pytest.mark.django_db


@pytest.fixture
def floor(people, general_manager):
    call_command("seed_load", orders=80, stdout=StringIO())
    with connection.schema_editor() as editor:
        editor.create_model(Note)
    with override_settings(ROOT_URLCONF="bench.urls"):
        yield
    clear_url_caches()


@pytest.mark.postgres
def test_bench_counts_statements_and_commits(floor, client_of):
    counts = work.counts(client_of)
    assert counts["floor insert"].statements == 3
    assert counts["floor list"].statements == 3
    assert counts["list, top"].statements == counts["list, deep"].statements
    assert counts["submit"].statements > 1 < counts["confirm"].statements
    result = Result(80, counts, {name: Cost(10, 10) for name in counts})
    text = table.written(f"before\n{table.BEGIN}\nold\n{table.END}\nafter", [result], 1)
    assert text.startswith("before") and text.endswith("after") and "old" not in text
    assert text.count("| 80 |") == len(counts) + 4
