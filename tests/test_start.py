"""`manage.py start`, what `make run` ends in, for real: its own folder, database, port and processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from tests.servers import free_port, wait_until

ROOT = Path(__file__).resolve().parent.parent
pytestmark = [pytest.mark.slow, pytest.mark.once]


def processes_of(folder) -> list[int]:
    """Everybody whose environment names the folder: the command, its servers, and their children."""
    mark = f"VAR_DIR={folder}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and mark in environment(entry):
            found.append(int(entry.name))
    return found


def environment(entry) -> list[bytes]:
    try:
        return (entry / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def environ_of(folder) -> dict:
    return os.environ | {"VAR_DIR": str(folder), "DATABASE_URL": f"sqlite:///{folder}/desk.sqlite3"}


def page(url) -> str | None:
    try:
        with urlopen(url, timeout=10) as response:
            return response.read().decode()
    except HTTPError:
        raise
    except (URLError, OSError):
        return None


class Desk:
    def __init__(self, folder, *arguments):
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"log-{self.port}"
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "start", "--port", str(self.port), *arguments],
                cwd=ROOT, env=environ_of(folder), stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def said(self, text) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return text in self.log.read_text()

    def is_up(self):
        return self.said(f"is at {self.url}")

    def manage(self, *command) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=environ_of(self.folder),
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One for all tests here: only the first start is a first start."""
    return tmp_path_factory.mktemp("desk")


@pytest.fixture
def desk(folder):
    started = []

    def start(*arguments):
        started.append(Desk(folder, *arguments))
        wait_until(started[-1].is_up, seconds=600)
        return started[-1]

    yield start
    for pid in processes_of(folder):
        os.kill(pid, signal.SIGKILL)
    for one in started:
        one.process.wait(10)


HEARTBEATS = "from sla.models import Heartbeat; print([beat.name for beat in Heartbeat.objects.all()])"


def test_the_desk_starts_serves_beats_and_leaves_no_process(desk, folder):
    first = desk()
    assert "<form" in page(first.url)
    with pytest.raises(HTTPError, match="401"):  # through the front, from the stream: nobody is signed in
        page(f"{first.url}/stream/")
    assert '"ready": true' in page(f"{first.url}/readyz")
    assert "lin " in first.log.read_text()
    assert (folder / "sign-ins.txt").stat().st_mode & 0o777 == 0o600
    wait_until(lambda: "sweep" in first.manage("shell", "--no-imports", "-c", HEARTBEATS), seconds=60)
    assert len(processes_of(folder)) >= 5
    other = subprocess.run(
        [sys.executable, "manage.py", "start", "--port", str(first.port)], cwd=ROOT, env=environ_of(folder),
        capture_output=True, text=True,
    )  # fmt: skip
    assert other.returncode == 1
    assert "Address already in use" in other.stderr, "a taken port is said plainly"
    assert page(first.url)

    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(120) == 0
    assert processes_of(folder) == []

    sign_ins = (folder / "sign-ins.txt").read_text()
    second = desk()
    assert (folder / "sign-ins.txt").read_text() == sign_ins
    os.killpg(second.process.pid, signal.SIGTERM)
    assert second.process.wait(120) == 0
    wait_until(lambda: processes_of(folder) == [], seconds=60)  # each got the signal by itself


def test_the_end_of_one_server_ends_the_other(desk, folder):
    started = desk("--no-demo")
    worker = next(pid for pid in processes_of(folder)
                  if b"celery" in Path(f"/proc/{pid}/cmdline").read_bytes())  # fmt: skip
    os.kill(worker, signal.SIGKILL)
    assert started.process.wait(120) != 0
    assert "ended by itself" in started.log.read_text()
    assert processes_of(folder) == []


def test_its_own_violent_end_leaves_no_process(desk, folder):
    desk("--no-demo").process.kill()
    wait_until(lambda: processes_of(folder) == [], seconds=90)
