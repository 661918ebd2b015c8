"""Imports, migrations and relations point down only (docs/architecture.md)."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.db.migrations.loader import MigrationLoader
from guardian.models import BaseObjectPermission

pytestmark = pytest.mark.once
ROOT = Path(__file__).resolve().parent.parent
LAYERS = (
    ("desk",),
    ("people",),
    ("records",),
    ("notifications",),
    ("access",),
    ("sla",),
    ("catalog",),
    ("orders",),
    ("production", "procurement", "quality", "logistics", "finance"),
    ("kpi",),
    ("coordination",),
    ("config",),
)
LEVEL = {app: level for level, layer in enumerate(LAYERS) for app in layer}
TRACKED = [
    path
    for name in subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    if (path := ROOT / name).is_file()
]


def may_use(app, other):
    return app == other or LEVEL[other] < LEVEL[app]


def imported_apps(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            names = [node.module]
        yield from ((name.split(".")[0], node.lineno) for name in names if name.split(".")[0] in LEVEL)


@pytest.mark.parametrize("app", LEVEL)
def test_imports_point_down(app):
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {other}"
        for path in (ROOT / app).rglob("*.py")
        for other, line in imported_apps(path)
        if not may_use(app, other)
    ]
    assert not wrong


def test_migrations_point_down(settings):
    settings.MIGRATION_MODULES = {}  # the run itself builds its tables without them
    loader = MigrationLoader(None)
    edges = [(key[0], parent[0]) for key, migration in loader.disk_migrations.items()
             for parent in migration.dependencies if key[0] in LEVEL and parent[0] in LEVEL]  # fmt: skip
    assert edges
    assert not [edge for edge in edges if not may_use(*edge)]


def relations():
    """(relation, app, the other's app) between two apps of ours."""
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if field.is_relation and not field.auto_created and field.related_model:
                app, other = model._meta.app_label, field.related_model._meta.app_label
                if app != other and {app, other} <= LEVEL.keys():
                    yield field, app, other


def test_relations_point_down():
    assert not [str(field) for field, app, other in relations() if not may_use(app, other)]


def test_relations_leave_no_name_below():
    # guardian's own rows are found from the user's side
    named = [field for field, app, other in relations() if not field.remote_field.hidden]
    assert not [str(field) for field in named if not issubclass(field.model, BaseObjectPermission)]


BOOT = """
import sys
from django.conf import settings as django_settings
from config import settings
names = sys.argv[1].split(",")
values = {name: getattr(settings, name) for name in dir(settings) if name.isupper()}
values["INSTALLED_APPS"] = [app for app in settings.INSTALLED_APPS if app not in sys.argv[2].split(",")]
values["DATABASE_GUARDS"] = [path for path in settings.DATABASE_GUARDS if path.split(".")[0] in names]
django_settings.configure(**values)
import django
django.setup()
from importlib import import_module
from importlib.util import find_spec
from django.db.migrations.loader import MigrationLoader
for name in names:
    for part in ("models", "actions", "forms", "views", "tasks", "guards", "defaults"):
        if find_spec(f"{name}.{part}"):
            import_module(f"{name}.{part}")
MigrationLoader(None).project_state().apps
above = {name.split(".")[0] for name in sys.modules} & set(sys.argv[2].split(",")) - {"config"}
assert not above, above
"""


@pytest.mark.slow
@pytest.mark.parametrize("level", range(1, len(LAYERS) - 1), ids=lambda level: LAYERS[level][0])
def test_a_layer_boots_with_only_what_lies_below(level):
    below = ",".join(app for app, other in LEVEL.items() if other <= level)
    above = ",".join(app for app, other in LEVEL.items() if other > level)
    done = subprocess.run([sys.executable, "-c", BOOT, below, above], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_no_file_is_named_for_a_pattern_instead_of_a_thing():
    forbidden = {f"{name}.py" for name in
                 ("signals", "services", "selectors", "managers", "helpers", "utils", "constants")}  # fmt: skip
    assert not [path for path in TRACKED if path.name in forbidden]


def test_the_database_is_the_only_timer():
    timer = re.compile(r"\b(eta|countdown)=")
    sources = [path for path in TRACKED if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in LEVEL]
    assert sources
    assert not [path for path in sources if timer.search(path.read_text(encoding="utf-8"))]


def test_no_file_names_a_registry():
    hosts = re.compile(rb"p[y]pi\.org|python[h]osted\.org|npm[j]s\.|gh[c]r\.io")
    assert not [path for path in TRACKED if hosts.search(path.read_bytes())]
