"""The environment of every test: the database, the servers, the fixed cast.

`DATABASE=sqlite` (default) or `postgresql` chooses the database of the run; `make test` runs both.
With `CI_FULL=1` a missing server and a skipped test fail the run.
"""

import gc
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import django
import hypothesis
import pytest
from django.utils import translation

from config.demo.cast import CAST
from config.languages import compile_catalogs
from tests import servers

DATABASE = os.environ.get("DATABASE", "sqlite")
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
IS_FULL = os.environ.get("CI_FULL") == "1"

if not IS_WORKER:  # a worker of xdist inherits all of it
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": "only-for-the-tests",
        "VAR_DIR": tempfile.mkdtemp(prefix="desk-tests-"),
        "LOG_LEVEL": "WARNING",
        "REQUIRE_SECOND_FACTOR": "0",  # tests/access turns it on
    }
    Path(os.environ["VAR_DIR"], "static").mkdir()  # collected by `make run`; whitenoise warns where it is missing
    for name in ("DATABASE_URL", "BROKER_URL", "EMAIL_URL", "DEBUG", "HTTPS", "BASE_URL", "COMPANY_TIME_ZONE"):
        os.environ.pop(name, None)

gc.set_threshold(100_000, 50, 100)  # Django makes many objects and few cycles: a tenth less processor

# A busy machine is no fault of the code. The same examples each time: a change is judged by what it changed;
# FAULTS=1 looks for new ones.
hypothesis.settings.register_profile(
    "desk", deadline=None, max_examples=60, database=None, suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=os.environ.get("FAULTS") != "1",
)
hypothesis.settings.load_profile("desk")
MISSING = servers.missing()
IS_LEFT_OUT = DATABASE == "postgresql" and "PostgreSQL" in MISSING
# Which run a marked test belongs to, and the server it needs.
NEEDS = {"postgres": "PostgreSQL", "browser": "Chromium", "redis": "Redis"}
DEPARTMENTS = ("production", "procurement", "quality", "logistics", "finance", "kpi", "coordination")
# Of these and the orders' own tests what every database must hold; the acts around an order run once.
CORE = ("test_machine", "test_gate", "test_races", "test_door", "test_hold", "test_withdrawal", "test_search",
        "test_offers", "test_month_guards", "test_issue_guards", "test_recomputing")
RUN_OF = {"postgres": "postgresql", "browser": "sqlite", "redis": "sqlite", "once": "sqlite"}


def pytest_configure(config):
    if DATABASE == "postgresql" and not IS_WORKER and not IS_LEFT_OUT and not config.option.collectonly:
        config.desk_postgres = servers.Postgres().create()
        os.environ["DATABASE_URL"] = config.desk_postgres.url
    if not IS_WORKER:
        compile_catalogs()
    django.setup()


def pytest_unconfigure(config):
    if hasattr(config, "desk_postgres"):
        config.desk_postgres.remove()
    if not IS_WORKER:
        shutil.rmtree(os.environ["VAR_DIR"], ignore_errors=True)


def belongs_here(item) -> bool:
    """Pages and departments run once, on the stricter database that is there; the browser walks them on SQLite."""
    marks = [mark for mark in RUN_OF if item.get_closest_marker(mark)]
    folder, name = item.path.parent.name, item.path.stem
    is_act = (folder in (*DEPARTMENTS, "orders") and name not in CORE) or name.startswith("test_views")
    if is_act and not marks:
        return ("sqlite" if "PostgreSQL" in MISSING else "postgresql") == DATABASE
    runs = {RUN_OF[mark] for mark in marks}
    run = "postgresql" if "postgresql" in runs else "sqlite"  # what needs both PostgreSQL and Redis goes there
    is_here = not marks or run == DATABASE
    return not IS_LEFT_OUT and is_here and all(NEEDS.get(mark) not in MISSING for mark in marks)


def pytest_collection_modifyitems(config, items):
    chosen = [item for item in items if belongs_here(item)]
    chosen.sort(key=lambda item: item.get_closest_marker("slow") is None)  # the long ones first, the short fill up
    config.hook.pytest_deselected(items=[item for item in items if not belongs_here(item)])
    items[:] = chosen


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    if IS_WORKER:
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    is_incomplete = IS_FULL and (MISSING or reporter.stats.get("skipped"))
    if is_incomplete and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    elif IS_LEFT_OUT and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK


def pytest_terminal_summary(terminalreporter):
    for name, reason in MISSING.items():
        terminalreporter.write_line(f"NOT TESTED: {name} ({reason})", red=True, bold=True)
    if IS_FULL and terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("CI_FULL=1: no test may be skipped", red=True, bold=True)


# The database


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request):
    """SQLite in a file, as in production: threads and processes share it, WAL and IMMEDIATE work."""
    from django.conf import settings

    if DATABASE == "sqlite":
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(Path(os.environ["VAR_DIR"]) / "test.sqlite3")
    else:  # a test may stand still in its transaction while it waits for processes
        settings.DATABASES["default"]["OPTIONS"]["options"] = "-c jit=off"
    request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")


@contextmanager
def guards_aside(connection, guards):
    """PostgreSQL lets a superuser look away, which is fast; on SQLite the triggers are taken off and put back."""
    if connection.vendor == "sqlite":
        guards.drop(connection)
        try:
            yield
        finally:
            guards.install(connection)
        return
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("SET session_replication_role = DEFAULT")


# What `migrate` writes itself.
KEPT = ("django_migrations", "django_content_type", "auth_permission")


def empty_tables(connection):
    """As `flush` would; on PostgreSQL TRUNCATE takes half a second, whatever the tables hold."""
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)).difference(KEPT)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(table)})" for table in tables
        ))
        filled = [connection.ops.quote_name(table) for (table,) in cursor.fetchall()]
    connection.ops.execute_sql_flush([f"DELETE FROM {table}" for table in filled])


@pytest.fixture(scope="session", autouse=True)
def guards_step_aside_for_the_flush():
    """A transactional test ends with a flush, which the guards rightly refuse."""
    from django.core.management.commands.flush import Command
    from django.db import connections

    from desk import guards

    flush = Command.handle

    def handle(self, **options):
        connection = connections[options["database"]]
        with guards_aside(connection, guards):
            empty_tables(connection)

    Command.handle = handle
    yield
    Command.handle = flush


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


# Servers


@pytest.fixture
def redis_server():
    """A Redis that the test may freeze, stop and start."""
    server = servers.Redis().start()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    # Playwright's synchronous API keeps an event loop in this thread, which Django would take for async code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=servers.chromium_binary(),
            args=[
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
            ],
        )  # fmt: skip
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def browser_page(browser, live_server, client_of):
    """`browser_page(user, ...)`: a page in a fresh context, signed in; options go to the context."""
    contexts = []

    def open_page(user=None, **options):
        context = browser.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        if user is not None:
            cookie = client_of(user).cookies["sessionid"]
            context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": live_server.url}])
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


# The fixed cast


@pytest.fixture
def client_of():
    """`client_of(user)`: a test client signed in as that person."""
    from django.test import Client

    def signed_in(user):
        client = Client()
        client.force_login(user, backend="people.backends.PersonBackend")
        return client

    return signed_in


def member(key, departments):
    from tests.factories.people import UserFactory  # a factory needs the models, which are not loaded yet above

    person = CAST[key]
    is_admin = person.role == "administrator"
    return UserFactory(
        username=person.username, name=person.name, latin_name=person.latin_name, role=person.role,
        department=departments.get(person.department), is_staff=is_admin, is_superuser=is_admin,
    )  # fmt: skip


@pytest.fixture
def departments(db):
    """All eight by code, each with its head."""
    from people import defaults
    from people.models import Department

    defaults.seed()
    found = {department.code: department for department in Department.objects.all()}
    for key, person in CAST.items():
        if person.is_head:
            found[person.department].head = member(key, found)
            found[person.department].save(update_fields=["head"])
    return found


@pytest.fixture
def sales(departments):
    return member("sales", departments)


@pytest.fixture
def sales_head(departments):
    return departments["sales"].head


@pytest.fixture
def planner(departments):
    return member("planner", departments)


@pytest.fixture
def process_engineer(departments):
    return member("process_engineer", departments)


@pytest.fixture
def material_planner(departments):
    return member("material_planner", departments)


@pytest.fixture
def production_head(departments):
    return departments["production"].head


@pytest.fixture
def operator(departments):
    return member("operator", departments)


@pytest.fixture
def buyer(departments):
    return member("buyer", departments)


@pytest.fixture
def procurement_head(departments):
    return departments["procurement"].head


@pytest.fixture
def inspector(departments):
    return member("inspector", departments)


@pytest.fixture
def quality_head(departments):
    return departments["quality"].head


@pytest.fixture
def logistics(departments):
    return member("logistics", departments)


@pytest.fixture
def logistics_head(departments):
    return departments["logistics"].head


@pytest.fixture
def finance(departments):
    return member("finance", departments)


@pytest.fixture
def finance_head(departments):
    return departments["finance"].head


@pytest.fixture
def hr(departments):
    return member("hr", departments)


@pytest.fixture
def manager(departments):
    return member("manager", departments)


@pytest.fixture
def general_manager(departments):
    return departments["management"].head


@pytest.fixture
def admin(departments):
    """Configures the desk; a superuser in Django's admin only."""
    return member("admin", departments)


@pytest.fixture
def stranger(departments):
    """Signed in, of no department and no role."""
    from tests.factories.people import UserFactory

    return UserFactory(username="stranger", name="路人", latin_name="Stranger")


@pytest.fixture
def people(
    clock_defaults, sales, process_engineer, planner, material_planner, production_head, operator, buyer, inspector,
    logistics, finance, sales_head, quality_head, logistics_head, finance_head, general_manager,
):
    """Everybody an order meets, with the time limits in force."""
    from tests.factories.orders import People

    return People(
        sales=sales, planners=(process_engineer, planner, material_planner), production_head=production_head,
        operator=operator, buyer=buyer, inspector=inspector, logistics=logistics, finance=finance,
    )


@pytest.fixture
def clock_defaults(db):
    """The time limits a company starts with; after the first time copied from memory, which is ten times faster."""
    from sla import defaults

    if not SNAPSHOT:
        defaults.seed()
        SNAPSHOT.extend(rows for rows in map(list, clock_tables()) if rows)
    elif not clock_tables()[0].exists():
        restore(SNAPSHOT)


SNAPSHOT = []


def clock_tables():
    from sla import models

    tables = ("CalendarEdition", "WorkCalendar", "CalendarDay", "Policy", "PolicyVersion", "EscalationStep")
    return [getattr(models, name).objects.all() for name in tables]


def restore(snapshot):
    from django.core.management.color import no_style
    from django.db import connection

    models = [type(rows[0]) for rows in snapshot]
    for model, rows in zip(models, snapshot, strict=True):
        model.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
