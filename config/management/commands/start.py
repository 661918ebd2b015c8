"""One machine, one command: the web server, the stream and the worker, started, watched and ended together."""

import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config.demo.people import sign_ins_file

GRACE_SECONDS = 15
START_SECONDS = 120
# The demo company's past months fill in while one looks around already, behind everything else.
HISTORY = {"DJANGO_SETTINGS_MODULE": "config.settings"}
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


class Stop(Exception):
    pass


def die_with_parent():
    """Linux ends the child when this process is killed outright."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGTERM)


class Parent:
    """Who started us: a shell, `make`, a service manager.

    `make` catches an interrupt sent to it alone, resets its handler and waits for us without passing it on.
    """

    def __init__(self):
        self.pid = os.getppid()
        self.is_make = self.read("comm").strip() in ("make", "gmake")
        self.caught_interrupts = self.catches_interrupts

    @property
    def is_ending(self) -> bool:
        is_gone = os.getppid() != self.pid
        return self.is_make and (is_gone or (self.caught_interrupts and not self.catches_interrupts))

    def read(self, name: str) -> str:
        try:
            return Path(f"/proc/{self.pid}/{name}").read_text()
        except OSError:
            return ""

    @property
    def catches_interrupts(self) -> bool:
        caught = re.search(r"^SigCgt:\s*(\w+)", self.read("status"), re.MULTILINE)
        return bool(caught and int(caught[1], 16) >> (signal.SIGINT - 1) & 1)


class Server:
    """A program with its children in a process group of their own, so that all of it can be ended."""

    def __init__(self, name: str, *command: str, may_end=False, **environment: str):
        self.name, self.may_end = name, may_end
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command], env=os.environ | environment,
            cwd=settings.BASE_DIR, process_group=0, preexec_fn=die_with_parent, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    @property
    def is_gone(self) -> bool:
        """Nobody of the group is left, the leader included."""
        return not self.is_running and not self.signal_group(0)

    def terminate(self) -> None:
        """The leader ends its children in good order; where it is dead, they are told one by one."""
        if self.is_running:
            self.process.terminate()
        else:
            self.signal_group(signal.SIGTERM)

    def kill(self) -> None:
        self.signal_group(signal.SIGKILL)

    def signal_group(self, number: int) -> bool:
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return False
        return True


class Command(BaseCommand):
    help = "Prepares the database and runs the desk on this machine until Ctrl-C."

    def add_arguments(self, parser):
        parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"))
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument("--no-demo", action="store_true", help="do not enter the demo company")

    def handle(self, *, host, port, no_demo, **options):
        self.parent = Parent()
        self.servers = []
        self.is_stopping = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.stop)
        try:
            refuse_taken(host, port)
            self.prepare(no_demo)
            self.serve(host, port, no_demo)
        except Stop:
            self.say("stopping")
        finally:
            self.is_stopping = True
            self.end()

    def stop(self, *signal_and_frame):
        """Heard once: a second Ctrl-C must not disturb the orderly end."""
        if not self.is_stopping:
            self.is_stopping = True
            raise Stop

    def say(self, text):
        self.stdout.write(f"» {text}")
        self.stdout.flush()

    def prepare(self, no_demo):
        for folder in ("broker", "broker-control", "files", "mail", "static"):
            (settings.VAR_DIR / folder).mkdir(parents=True, exist_ok=True)
        self.say("database: bringing the tables up to date (the first time takes a while)")
        call_command("migrate", verbosity=0)
        self.say("languages")
        call_command("compile_languages")
        if not no_demo:  # whoever tries the desk has its sign-ins in a file; every page says so
            os.environ.setdefault("REQUIRE_SECOND_FACTOR", "0")
        self.say("departments, calendar, time limits" if no_demo else "the demo company")
        call_command("seed_defaults" if no_demo else "seed_demo")

    def serve(self, host, port, no_demo):
        address = f"http://{host}:{port}"
        os.environ.setdefault("BASE_URL", address)
        os.environ.setdefault("STREAM_URL", "/stream/")
        self.say("web server, stream and worker")
        web, stream = free_ports(2)
        self.servers.append(Server(
            "web server", "gunicorn", "--config", "config/gunicorn.py", "config.wsgi", "--bind", f"127.0.0.1:{web}",
            "--workers", "2", "--threads", "4", "--keep-alive", "0", "--proxy-protocol",
        ))  # fmt: skip
        self.servers.append(Server("stream", "config.stream", "--port", str(stream)))
        self.servers.append(Server(
            "front", "config.front", "--host", host, "--port", str(port), "--web", str(web), "--stream", str(stream),
        ))  # fmt: skip
        self.servers.append(Server(
            "worker", "celery", "--app", "config", "--quiet", "worker", "--beat",
            "--pool", "threads", "--concurrency", "2", "--loglevel", "warning", "--without-gossip", "--without-mingle",
            PYTHONWARNINGS="ignore:You're running the worker with superuser privileges",
        ))  # fmt: skip
        self.wait_for_answer(host, port)
        self.announce(address)
        if not no_demo:
            self.servers.append(Server("history", "django", "seed_demo", "--history", may_end=True, **HISTORY))
        self.watch()

    def wait_for_answer(self, host, port):
        end = time.monotonic() + START_SECONDS
        while not answers(host, port):
            self.refuse_dead()
            if time.monotonic() > end:
                raise CommandError(f"The web server did not answer within {START_SECONDS} seconds.")
            time.sleep(0.2)

    def announce(self, address):
        path = sign_ins_file()
        if path.exists():
            self.stdout.write(f"\nSign-ins of the demo company (kept in {path}):\n\n{path.read_text(encoding='utf-8')}")
        self.stdout.write(f"\nThe Urgent Order Desk is at {address}   (Ctrl-C ends it)\n")
        self.stdout.flush()

    def watch(self):
        while not (self.is_stopping or self.parent.is_ending):  # Python drops what is raised inside a destructor
            self.refuse_dead()
            time.sleep(0.5)
        raise Stop

    def refuse_dead(self):
        for server in self.servers:
            if not server.is_running and not server.may_end:
                raise CommandError(f"The {server.name} ended by itself (exit {server.process.returncode}).")

    def end(self):
        """Told first, killed when still there after the grace period."""
        for way in (Server.terminate, Server.kill):
            for server in self.servers:
                way(server)
            end = time.monotonic() + GRACE_SECONDS
            while not all(server.is_gone for server in self.servers) and time.monotonic() < end:
                time.sleep(0.05)


def refuse_taken(host, port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(f"Cannot serve at {host}:{port}: {error.strerror}. Try PORT={port + 1}") from error


def free_ports(number) -> list[int]:
    """For the servers behind the one address; this machine alone sees them."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def answers(host, port) -> bool:
    connection = HTTPConnection(host, port, timeout=5)
    try:
        connection.request("HEAD", f"{settings.STATIC_URL}desk/desk.css")
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
