"""Real servers for the tests, started from what is installed, each on a free port in a folder of its own."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from glob import glob
from pathlib import Path

import redis

RUNUSER = shutil.which("runuser") or shutil.which("runuser", path="/usr/sbin:/sbin")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def postgres_binary(name: str) -> str | None:
    """The newest server under Debian's own folder, else the one in PATH."""
    folders = sorted(glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]), reverse=True)
    return shutil.which(name, path=os.pathsep.join([*folders, os.environ.get("PATH", "")]))


def nginx_binary() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")


def chromium_binary() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


def postgres_is_missing() -> str | None:
    if not (postgres_binary("postgres") and postgres_binary("initdb")):
        return "no postgres binary"
    if os.geteuid() == 0 and not RUNUSER:
        return "no runuser, and initdb refuses root"
    return None


def missing() -> dict:
    """What this machine lacks, and why that part was not tested."""
    reasons = {
        "PostgreSQL": postgres_is_missing(),
        "Redis": None if shutil.which("redis-server") else "no redis-server binary",
        "Chromium": None if chromium_binary() else "no chromium binary",
        "nginx": None if nginx_binary() else "no nginx binary: the proxy is left out",
    }
    if not reasons["Chromium"] and not has_playwright():
        reasons["Chromium"] = "playwright is not installed: requirements/browser.txt"
    return {name: reason for name, reason in reasons.items() if reason}


def has_playwright() -> bool:
    try:
        import playwright  # noqa: F401
    except ImportError:
        return False
    return True


class Postgres:
    """A cluster that lives as long as the test run. `initdb` refuses root, so root runs it as `postgres`."""

    def __init__(self, *, fsync=False):
        self.folder = Path(tempfile.mkdtemp(prefix="desk-postgres-"))
        self.port = free_port()
        self.fsync = "on" if fsync else "off"
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *args) -> None:
        command = [postgres_binary(program), "-D", str(self.folder / "data"), *args]
        if os.geteuid() == 0:
            command = [RUNUSER, "-u", "postgres", "--", *command]
        done = subprocess.run(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            log = self.folder / "log"
            raise RuntimeError(f"{program}: {done.stderr}\n{log.read_text() if log.exists() else ''}")

    def create(self) -> "Postgres":
        try:
            self.run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
            return self.start()
        except BaseException:
            shutil.rmtree(self.folder)
            raise

    def start(self) -> "Postgres":
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
            f" -c fsync={self.fsync} -c synchronous_commit={self.fsync} -c full_page_writes={self.fsync}"
            " -c max_connections=200 -c shared_buffers=128MB"
        )
        self.run("pg_ctl", "-w", "-t", "60", "-l", str(self.folder / "log"), "-o", options, "start")
        return self

    def stop(self, mode="fast") -> None:
        self.run("pg_ctl", "-w", "-m", mode, "stop")

    def remove(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis:
    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="desk-redis-"))
        self.port = free_port()
        self.process = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> "Redis":
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL)
        wait_until(self.answers, seconds=10)
        return self

    def answers(self) -> bool:
        with redis.Redis(port=self.port) as client:
            try:
                return client.ping()
            except redis.ConnectionError:
                return False

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def flush(self) -> None:
        with redis.Redis(port=self.port) as client:
            client.flushall()

    def stop(self) -> None:
        self.thaw()
        self.process.terminate()
        self.process.wait(10)

    def remove(self) -> None:
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def wait_until(condition, *, seconds: float):
    """Poll a real process outside our own; the value of the condition, or a failure."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {condition}")
