"""While a new release is put in, the old one still runs on the new tables: a migration only adds.

What takes away or narrows waits for the release after the one that stopped using it, and says so in a line
`# not additive: why it is safe now`. config/released.json names the migrations that companies have; an app that
is not in it was never released, and its tables are nobody's yet.
"""

import inspect
import json
from pathlib import Path

from django.apps import apps
from django.db.migrations import operations as op
from django.db.migrations.loader import MigrationLoader

RELEASED = Path(__file__).parent / "released.json"
MARK = "# not additive: "
TAKES_AWAY = (op.RemoveField, op.DeleteModel, op.RenameField, op.RenameModel, op.AlterModelTable)
WIDER = {("CharField", "TextField"), ("PositiveSmallIntegerField", "PositiveIntegerField"),
         ("PositiveSmallIntegerField", "IntegerField"), ("SmallIntegerField", "IntegerField"),
         ("PositiveIntegerField", "PositiveBigIntegerField"), ("IntegerField", "BigIntegerField")}  # fmt: skip


def our_apps() -> list[str]:
    return [app.label for app in apps.get_app_configs() if Path(app.path).parent == RELEASED.parent.parent]


def released() -> set[tuple[str, str]]:
    return {(app, name) for app, names in json.loads(RELEASED.read_text()).items() for name in names}


def faults(labels, known=None) -> list[str]:
    """What the old release would stumble over, in the migrations of our apps that no company has yet."""
    loader = MigrationLoader(None, replace_migrations=False)  # a company's database goes on by the steps
    known = released() if known is None else known
    labels = {app for app, _name in known} & set(labels)
    young, found = set(), []
    for key in ordered(loader):
        if key in known or key[0] not in labels:
            continue
        migration = loader.disk_migrations[key]
        if migration.replaces:
            continue
        is_told = MARK in inspect.getsource(inspect.getmodule(type(migration)))
        before = loader.project_state([key], at_end=False)
        for operation in flat(migration.operations):
            why = "" if is_told else fault(operation, key[0], before, young)
            if why:
                found.append(f"{key[0]}.{key[1]}: {operation.describe()}: {why}")
            young |= born(operation, key[0])
    return found


def ordered(loader) -> list:
    """Every migration after those it rests on."""
    return list(dict.fromkeys(key for leaf in loader.graph.leaf_nodes() for key in loader.graph.forwards_plan(leaf)))


def flat(operations):
    for operation in operations:
        if isinstance(operation, op.SeparateDatabaseAndState):
            yield from flat(operation.database_operations)
        else:
            yield operation


def born(operation, app) -> set:
    """Models and fields that the old release does not know, and so cannot stumble over."""
    if isinstance(operation, op.CreateModel):
        return {(app, operation.name_lower)}
    if isinstance(operation, op.AddField):
        return {(app, operation.model_name_lower, operation.name_lower)}
    return set()


def fault(operation, app, before, young) -> str:
    model = getattr(operation, "model_name_lower", getattr(operation, "name_lower", ""))
    if (app, model) in young or (app, model, getattr(operation, "name_lower", "")) in young:
        return ""
    if isinstance(operation, TAKES_AWAY):
        return "the running release uses it"
    if isinstance(operation, op.AddField):
        return "" if fills_itself(operation.field) else "the running release does not fill it: null=True or db_default"
    if isinstance(operation, op.AlterField):
        return narrowed(before.models[app, model].fields[operation.name], operation.field)
    if isinstance(operation, op.AddConstraint):
        return "it may refuse what the running release writes"
    return ""


def fills_itself(field) -> bool:
    return field.null or field.has_db_default() or field.many_to_many


def narrowed(old, new) -> str:
    kinds = old.get_internal_type(), new.get_internal_type()
    if kinds[0] != kinds[1] and kinds not in WIDER:
        return f"{kinds[0]} becomes {kinds[1]}"
    if old.null and not new.null:
        return "the running release may write NULL"
    if (new.max_length or 10**9) < (old.max_length or 10**9):
        return "the running release may write longer text"
    return "the running release writes the same twice" if new.unique and not old.unique else ""
