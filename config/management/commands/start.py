"""One machine, one command: the web server and the worker, started, watched and ended together."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config.demo.people import sign_ins_file

GRACE_SECONDS = 10
START_SECONDS = 60
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


class Stop(Exception):
    pass


def die_with_parent():
    """Linux ends the child when this process is killed outright."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGTERM)


class Server:
    """A program with its children in a process group of their own, so that all of it can be ended."""

    def __init__(self, name: str, *command: str):
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=settings.BASE_DIR, process_group=0, preexec_fn=die_with_parent, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    @property
    def is_gone(self) -> bool:
        """Nobody of the group is left, the leader included."""
        return not self.is_running and not self.signal(0)

    def signal(self, number: int) -> bool:
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
        self.parent = os.getppid()
        self.servers = []
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.stop)
        try:
            refuse_taken(host, port)
            self.prepare(no_demo)
            self.serve(host, port)
        except Stop:
            self.say("stopping")
        finally:
            self.end()

    def stop(self, number, frame):
        for caught in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(caught, signal.SIG_IGN)
        raise Stop

    def say(self, text):
        self.stdout.write(f"» {text}")
        self.stdout.flush()

    def prepare(self, no_demo):
        for folder in ("broker", "broker-control", "files", "mail"):
            (settings.VAR_DIR / folder).mkdir(parents=True, exist_ok=True)
        self.say("database: bringing the tables up to date")
        call_command("migrate", verbosity=0)
        self.say("languages")
        call_command("compile_languages")
        self.say("departments, calendar, time limits" if no_demo else "the demo company")
        call_command("seed_defaults" if no_demo else "seed_demo")

    def serve(self, host, port):
        address = f"http://{host}:{port}"
        os.environ.setdefault("BASE_URL", address)
        self.say("web server and worker")
        self.servers.append(Server(
            "web server", "gunicorn", "config.wsgi", "--bind", f"{host}:{port}",
            "--workers", "2", "--threads", "4", "--log-level", "warning",
        ))  # fmt: skip
        self.servers.append(Server(
            "worker", "celery", "--app", "config", "--quiet", "worker", "--beat",
            "--concurrency", "1", "--loglevel", "warning", "--without-gossip", "--without-mingle",
        ))  # fmt: skip
        self.wait_for_answer(host, port)
        self.announce(address)
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
        while os.getppid() == self.parent:
            self.refuse_dead()
            time.sleep(0.5)
        raise Stop

    def refuse_dead(self):
        for server in self.servers:
            if not server.is_running:
                raise CommandError(f"The {server.name} ended by itself (exit {server.process.returncode}).")

    def end(self):
        """TERM to every group, then KILL to whoever is still there after the grace period."""
        self.signal_all(signal.SIGTERM, GRACE_SECONDS)
        self.signal_all(signal.SIGKILL, GRACE_SECONDS)

    def signal_all(self, number, seconds):
        for server in self.servers:
            server.signal(number)
        end = time.monotonic() + seconds
        while not all(server.is_gone for server in self.servers) and time.monotonic() < end:
            time.sleep(0.05)


def refuse_taken(host, port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(f"Cannot serve at {host}:{port}: {error.strerror}. Try PORT={port + 1}") from error


def answers(host, port) -> bool:
    connection = HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", settings.STATIC_URL)
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
