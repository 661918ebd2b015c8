"""The environment of every test: the database, the servers, the fixed cast.

`DATABASE=sqlite` (default) or `postgresql` chooses the database of the run; `make test` runs both.
With `CI_FULL=1` a missing server and a skipped test fail the run.
"""

import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

import django
import pytest
from django.utils import translation

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
    }
    for name in ("DATABASE_URL", "BROKER_URL", "EMAIL_URL", "DEBUG", "HTTPS", "BASE_URL", "COMPANY_TIME_ZONE"):
        os.environ.pop(name, None)

MISSING = servers.missing()
IS_LEFT_OUT = DATABASE == "postgresql" and "PostgreSQL" in MISSING
# Which run a marked test belongs to, and the server it needs.
NEEDS = {"postgres": "PostgreSQL", "browser": "Chromium", "redis": "Redis"}
RUN_OF = {"postgres": "postgresql", "browser": "sqlite", "redis": "sqlite"}


def pytest_configure(config):
    if DATABASE == "postgresql" and not IS_WORKER and not IS_LEFT_OUT and not config.option.collectonly:
        config.desk_postgres = servers.Postgres().create()
        os.environ["DATABASE_URL"] = config.desk_postgres.url
    django.setup()


def pytest_unconfigure(config):
    if hasattr(config, "desk_postgres"):
        config.desk_postgres.remove()
    if not IS_WORKER:
        shutil.rmtree(os.environ["VAR_DIR"], ignore_errors=True)


def belongs_here(item) -> bool:
    marks = [mark for mark in NEEDS if item.get_closest_marker(mark)]
    return not IS_LEFT_OUT and all(RUN_OF[mark] == DATABASE and NEEDS[mark] not in MISSING for mark in marks)


def pytest_collection_modifyitems(config, items):
    chosen = [item for item in items if belongs_here(item)]
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
    request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")


@pytest.fixture(scope="session", autouse=True)
def guards_step_aside_for_the_flush():
    """A transactional test ends with a flush, which the guards rightly refuse."""
    from django.core.management.commands.flush import Command
    from django.db import connections

    if find_spec("desk.guards") is None:
        yield
        return
    from desk import guards

    flush = Command.handle

    def handle(self, **options):
        connection = connections[options["database"]]
        guards.drop(connection)
        try:
            return flush(self, **options)
        finally:
            guards.install(connection)

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
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in


HEADS = {
    "sales": ("chen", "陈立群", "Chen Liqun", "sales"),
    "production": ("zhao", "赵明华", "Zhao Minghua", "planner"),
    "procurement": ("sun", "孙丽", "Sun Li", "buyer"),
    "logistics": ("ma", "马超", "Ma Chao", "dispatcher"),
    "quality": ("li", "李娜", "Li Na", "inspector"),
    "finance": ("qian", "钱敏", "Qian Min", "accountant"),
    "hr": ("he", "何静", "He Jing", "hr"),
    "management": ("gao", "高建军", "Gao Jianjun", "general_manager"),
}


def person(username, name, latin_name, role, department=None, **fields):
    from tests.factories.people import UserFactory  # a factory needs the models, which are not loaded yet above

    names = {"username": username, "name": name, "latin_name": latin_name}
    return UserFactory(**names, role=role, department=department, **fields)


@pytest.fixture
def departments(db):
    """All eight by code, each with its head."""
    from people import defaults
    from people.models import Department

    defaults.seed()
    found = {department.code: department for department in Department.objects.all()}
    for code, department in found.items():
        department.head = person(*HEADS[code], department)
        department.save(update_fields=["head"])
    return found


@pytest.fixture
def sales(departments):
    return person("lin", "林晓雯", "Lin Xiaowen", "sales", departments["sales"])


@pytest.fixture
def sales_head(departments):
    return departments["sales"].head


@pytest.fixture
def planner(departments):
    return person("zhou", "周建国", "Zhou Jianguo", "planner", departments["production"])


@pytest.fixture
def production_head(departments):
    return departments["production"].head


@pytest.fixture
def operator(departments):
    return person("chenwei", "陈伟", "Chen Wei", "operator", departments["production"])


@pytest.fixture
def buyer(departments):
    return person("wang", "王芳", "Wang Fang", "buyer", departments["procurement"])


@pytest.fixture
def procurement_head(departments):
    return departments["procurement"].head


@pytest.fixture
def inspector(departments):
    return person("wu", "吴磊", "Wu Lei", "inspector", departments["quality"])


@pytest.fixture
def quality_head(departments):
    return departments["quality"].head


@pytest.fixture
def logistics(departments):
    return person("xu", "徐航", "Xu Hang", "dispatcher", departments["logistics"])


@pytest.fixture
def logistics_head(departments):
    return departments["logistics"].head


@pytest.fixture
def finance(departments):
    return person("tang", "唐莉", "Tang Li", "accountant", departments["finance"])


@pytest.fixture
def finance_head(departments):
    return departments["finance"].head


@pytest.fixture
def hr(departments):
    return person("deng", "邓洁", "Deng Jie", "hr", departments["hr"])


@pytest.fixture
def manager(departments):
    return person("guo", "郭强", "Guo Qiang", "manager", departments["management"])


@pytest.fixture
def general_manager(departments):
    return departments["management"].head


@pytest.fixture
def admin(departments):
    """Configures the desk; a superuser in Django's admin only."""
    return person("root", "管理员", "Administrator", "administrator", is_staff=True, is_superuser=True)


@pytest.fixture
def stranger(departments):
    """Signed in, of no department and no role."""
    return person("stranger", "路人", "Stranger", "")
