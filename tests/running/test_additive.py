"""The old release runs on while the new one's tables are made: what a migration may do to it."""

import pytest
from django.core.management import call_command
from django.db import models
from django.db.migrations import operations as op
from django.db.migrations.state import ModelState, ProjectState

from config import additive

pytestmark = pytest.mark.once
TEXT = models.CharField(max_length=20, null=True)


@pytest.fixture
def before():
    state = ProjectState()
    state.add_model(ModelState("orders", "Paper", [("id", models.BigAutoField(primary_key=True)), ("name", TEXT)]))
    return state


@pytest.mark.parametrize("operation", [
    op.RemoveField("paper", "name"), op.DeleteModel("paper"), op.RenameField("paper", "name", "title"),
    op.RenameModel("paper", "sheet"), op.AddField("paper", "copies", models.IntegerField()),
    op.AddField("paper", "copies", models.IntegerField(default=1)),  # the default is Python's, not the table's
    op.AlterField("paper", "name", models.CharField(max_length=20)),
    op.AlterField("paper", "name", models.CharField(max_length=10, null=True)),
    op.AlterField("paper", "name", models.IntegerField(null=True)),
    op.AlterField("paper", "name", models.CharField(max_length=20, null=True, unique=True)),
    op.AddConstraint("paper", models.CheckConstraint(condition=~models.Q(name=""), name="a_paper_has_a_name")),
], ids=lambda operation: operation.describe())  # fmt: skip
def test_what_takes_away_or_narrows_is_refused(operation, before):
    assert additive.fault(operation, "orders", before, set())
    assert not additive.fault(operation, "orders", before, {("orders", "paper")})  # nobody knows it yet


@pytest.mark.parametrize("operation", [
    op.CreateModel("sheet", []), op.AddField("paper", "copies", models.IntegerField(null=True)),
    op.AddField("paper", "copies", models.IntegerField(db_default=1)),
    op.AlterField("paper", "name", models.CharField(max_length=40, null=True)),
    op.AlterField("paper", "name", models.TextField(null=True)),
    op.AddIndex("paper", models.Index(fields=["name"], name="papers_by_name")),
    op.RunPython(op.RunPython.noop),
], ids=lambda operation: operation.describe())  # fmt: skip
def test_what_adds_is_taken(operation, before):
    assert additive.fault(operation, "orders", before, set()) == ""


def test_the_migrations_no_company_has_yet_only_add(settings):
    settings.MIGRATION_MODULES = {}  # the run itself builds its tables without them
    assert additive.released() <= set(additive.MigrationLoader(None).disk_migrations)
    call_command("check_migrations")


def test_a_migration_after_the_release_is_read_and_its_word_is_taken(settings, tmp_path, monkeypatch):
    settings.MIGRATION_MODULES = {}
    first = {("finance", "0001_initial")}
    assert "finance.0002_initial: Create constraint" in additive.faults(["finance"], known=first)[-1]
    assert additive.faults(["finance"], known=set()) == []  # never released: nobody's tables
    monkeypatch.setattr(additive, "MARK", "class Migration")  # as if the file said why
    assert additive.faults(["finance"], known=first) == []
