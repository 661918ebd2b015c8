"""The files a company starts the desk from say what the code says."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands

pytestmark = pytest.mark.once
ROOT = Path(__file__).resolve().parents[2]
READ = re.compile(r"""(?:env(?:\.\w+)?|environ\.get)\(\s*"([A-Z_]+)\"""")
# Read by the compose file itself, not by the desk.
OF_COMPOSE = {"POSTGRES_PASSWORD", "PORT", "BACKUP_DIR"}


def text(name) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load(text("docker-compose.yml"))


@pytest.fixture(scope="module")
def ours(compose):
    return {name: service for name, service in compose["services"].items()
            if service.get("image") == "urgent-order-desk"}  # fmt: skip


def variables() -> set:
    return set(READ.findall(text("config/settings.py") + text("config/gunicorn.py")))


def test_every_part_of_the_desk_runs(compose):
    assert set(compose["services"]) == {
        "proxy", "web1", "web2", "stream", "worker1", "worker2", "beat", "clock", "migrate", "backup", "db", "redis",
    }  # fmt: skip


def test_what_is_set_is_read_and_what_is_asked_for_is_explained(compose, ours):
    for service in ours.values():
        assert set(service["environment"]) <= variables()
    assert set(re.findall(r"\$\{([A-Z_]+)", text("docker-compose.yml"))) <= variables() | OF_COMPOSE


def test_every_command_exists(ours):
    for name, service in ours.items():
        command = " ".join(service.get("command", ["gunicorn", "--config", "config/gunicorn.py", "config.wsgi"]))
        assert all(found in get_commands() for found in re.findall(r"manage\.py (\w+)", command)), name
        assert all(find_spec(found) for found in re.findall(r"(?:-m|--app|\.py) (config[.\w]*)", command)), name
        assert re.match(r"(gunicorn|celery|python|sh) ", command), name


def test_every_service_is_watched_restarted_and_may_write_nothing_but_its_volumes(ours):
    for name, service in ours.items():
        assert service["read_only"] and service["tmpfs"] == ["/tmp"] and service["cap_drop"] == ["ALL"], name
        assert service["restart"] == ("no" if name in ("migrate", "backup") else "unless-stopped"), name
        assert "max-size" in service["logging"]["options"], name


def test_what_is_waited_for_is_there_and_has_a_check(compose):
    services = compose["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in services, name
            if how["condition"] == "service_healthy":
                is_ours = services[other]["image"] == "urgent-order-desk"
                assert is_ours or "healthcheck" in services[other], (name, other)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in compose["volumes"] or source.startswith("$") or (ROOT / source).exists(), (name, source)


def test_the_image_is_small_unprivileged_and_knows_no_demo():
    dockerfile = text("Dockerfile")
    assert "demo.txt" not in dockerfile and "test.txt" not in dockerfile
    assert dockerfile.index("collectstatic") < dockerfile.index("USER desk") < dockerfile.index("CMD [\"gunicorn\"")
    assert "HEALTHCHECK" in dockerfile and dockerfile.count("FROM ") == 2
    ignored = text(".dockerignore").split()
    assert {".git", ".venv", "var", "tests"} <= set(ignored)


def test_the_client_of_the_database_is_as_new_as_the_server(compose):
    client = re.search(r"postgresql-client-(\d+)", text("Dockerfile"))[1]
    assert compose["services"]["db"]["image"] == f"postgres:{client}"


def test_the_proxy_knows_every_web_and_hides_what_is_for_the_inside(compose):
    conf = text("deploy/nginx.conf")
    named = dict(re.findall(r"server (\w+):(\d+)", conf))
    webs = {name for name in compose["services"] if name.startswith("web")}
    assert set(named) == webs | {"stream"}
    assert named["stream"] in compose["services"]["stream"]["command"]
    for path in ("metrics", "readyz", "livez"):
        assert f"location = /{path} {{ return 404; }}" in conf


def test_the_table_of_variables_is_complete():
    rows = re.findall(r"^\| (`[^|]+) \|", text("docs/operations.md"), re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    assert told == variables() | OF_COMPOSE
