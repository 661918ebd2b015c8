"""The whole desk as separate processes, on a PostgreSQL, a Redis and a mail server of its own."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg2
from aiosmtpd.controller import Controller

from tests.servers import Postgres, Redis, free_port, nginx_binary, postgres_binary, wait_until

ROOT = Path(__file__).resolve().parents[2]
COMPANY_TIME = ZoneInfo("Asia/Shanghai")
GUNICORN = ("gunicorn", "--config", "config/gunicorn.py", "config.wsgi")
WORKER = ("celery", "--app", "config", "worker", "--pool", "threads", "--concurrency", "1", "--without-gossip",
          "--without-mingle")  # fmt: skip
SEED = """
import django, json
django.setup()
from datetime import timedelta
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from config.demo import company, people
from people.models import Department, User
from sla.actions import open_item
call_command("seed_defaults")
people.seed()
company.seed()
now = timezone.now()
for number in range(ITEMS):
    open_item(kind="confirmation", source=f"paper:{number}", subject="Confirm", params={}, url="/", now=now,
              department=Department.objects.get(code="sales"), assignee=User.objects.get(username="lin"), due_at=now)
def session(user):
    client = Client()
    client.force_login(user, backend="people.backends.PersonBackend")
    return client.cookies["sessionid"].value
print(json.dumps({user.username: session(user) for user in User.objects.all()}))
"""


class Post:
    """A mail server that keeps what it took, and can refuse, be away, or stall in the middle of a letter."""

    def __init__(self):
        self.taken, self.moments = [], {}
        self.stall_after, self.is_stalling = None, threading.Event()
        self.port = free_port()
        self.say()
        self.open()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.port}"

    def open(self):
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def close(self):
        self.controller.stop()

    def say(self, data="250 kept", address="250 known"):
        self.answer, self.answer_to_address = data, address

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.answer_to_address.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer_to_address

    async def handle_DATA(self, server, session, envelope):
        if self.stall_after is not None and len(self.taken) >= self.stall_after:
            self.is_stalling.set()
            while self.stall_after is not None:
                await asyncio.sleep(0.05)
        if self.answer.startswith("250"):
            self.keep(re.search(rb"Message-ID: <([^@]+)@", envelope.content)[1].decode())
        return self.answer

    def keep(self, message_id):
        self.taken.append(message_id)
        self.moments.setdefault(message_id.replace("-", ""), datetime.now(UTC))

    def hang(self):
        self.stall_after = 0

    def go_on(self):
        self.stall_after = None

    def stop(self):
        self.go_on()
        self.close()


class House:
    def __init__(self, folder: Path, items: int):
        self.folder, self.processes, self.sessions = folder, {}, {}
        self.postgres, self.redis, self.post = Postgres(), Redis(), Post()
        self.ports = {name: free_port() for name in ("web1", "web2", "stream", "proxy")}
        self.items = items
        (folder / "static").mkdir()

    @property
    def environ(self) -> dict:
        return os.environ | {
            "DATABASE_URL": self.postgres.url, "BROKER_URL": self.redis.url, "EMAIL_URL": self.post.url,
            "VAR_DIR": str(self.folder), "STREAM_URL": "/stream/", "BEHIND_PROXY": "1", "LOG_FORMAT": "json",
            "WEB_WORKERS": "1", "CSRF_TRUSTED_ORIGINS": "", "PYTHONWARNINGS": "ignore", "REQUIRE_SECOND_FACTOR": "0",
        }  # fmt: skip

    # Beginning and end

    def open(self, url_of_tables: str) -> None:
        """Tables and guards come from the run's own database, which has them already."""
        self.postgres.create()
        self.redis.start()
        dump = subprocess.run([postgres_binary("pg_dump"), "--no-owner", url_of_tables],
                              capture_output=True, check=True)  # fmt: skip
        subprocess.run([postgres_binary("psql"), "--quiet", self.postgres.url], input=dump.stdout, check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        seeded = subprocess.run([sys.executable, "-c", SEED.replace("ITEMS", str(self.items))], cwd=ROOT,
                                env=self.environ, capture_output=True, text=True)  # fmt: skip
        assert seeded.returncode == 0, seeded.stderr
        self.sessions = json.loads(seeded.stdout.splitlines()[-1])
        for name in ("web1", "web2"):
            self.start(name, *GUNICORN, BIND=f"127.0.0.1:{self.ports[name]}")
        self.start("stream", "config.stream", "--port", str(self.ports["stream"]))
        if nginx_binary():
            self.start_proxy()
        for name in self.ports:
            wait_until(lambda name=name: name not in self.processes or self.answers(name), seconds=120)

    def start_proxy(self) -> None:
        conf = (ROOT / "deploy" / "nginx.conf").read_text()
        for name, port in (("web1", 8000), ("web2", 8000), ("stream", 8001)):
            conf = conf.replace(f"server {name}:{port}", f"server 127.0.0.1:{self.ports[name]}")
        conf = conf.replace("listen 8080", f"listen 127.0.0.1:{self.ports['proxy']}")
        conf = conf.replace("/tmp/", f"{self.folder}/")
        path = self.folder / "nginx.conf"
        path.write_text(conf)
        self.launch("proxy", [nginx_binary(), "-c", str(path), "-g", "daemon off;", "-e", "stderr"])

    def start(self, name, *command, **environ) -> None:
        self.launch(name, [sys.executable, "-m", *command], **environ)

    def manage(self, name, *command) -> None:
        self.launch(name, [sys.executable, "manage.py", *command])

    def launch(self, name, command, **environ) -> None:
        with self.log(name).open("a") as log:
            self.processes[name] = subprocess.Popen(command, cwd=ROOT, env=self.environ | environ, stdout=log,
                                                    stderr=subprocess.STDOUT, start_new_session=True)  # fmt: skip

    def log(self, name) -> Path:
        return self.folder / f"{name}.log"

    def start_workers(self) -> None:
        for name in ("worker1", "worker2"):
            self.start(name, *WORKER, "--hostname", f"{name}@desk")

    def start_beats(self) -> None:
        for name in ("beat1", "beat2"):
            self.start(name, "celery", "--app", "config", "beat")

    def stop(self, name) -> int:
        process = self.processes.pop(name)
        process.terminate()
        return process.wait(30)

    def kill(self, name) -> None:
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes.pop(name).wait(10)

    def end(self) -> dict:
        """Told to end, all together; what each gave back."""
        for process in self.processes.values():
            process.terminate()
        return {name: self._ended(process) for name, process in self.processes.items()}

    def _ended(self, process) -> int:
        """Asked once more, as a supervisor does: Python drops the exit that Celery raises inside a destructor."""
        try:
            return process.wait(60)
        except subprocess.TimeoutExpired:
            process.terminate()
            return process.wait(60)

    def remove(self) -> None:
        for process in self.processes.values():
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            process.wait(10)
        self.post.stop()
        self.redis.remove()
        self.postgres.remove()

    # Asking

    def sql(self, statement):
        with closing(psycopg2.connect(self.postgres.url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else None

    def one(self, statement):
        return self.sql(statement)[0][0]

    @property
    def door(self) -> str:
        return "proxy" if "proxy" in self.processes else "web1"

    def answers(self, name) -> bool:
        try:
            return self.ask("/livez" if name.startswith("web") else "/stream/", at=name).status < 502
        except OSError:
            return False

    def ask(self, path, *, user=None, data=None, at=None, language="en"):
        session = self.sessions[user] if user else None
        return ask(self.ports[at or self.door], path, session=session, data=data, language=language)


def ask(port, path, *, session=None, data=None, language="en"):
    """As a browser does: the session's cookie, the token of forms, one answer without following it."""
    cookies = {"django_language": language, "csrftoken": "a" * 32}
    if session:
        cookies["sessionid"] = session
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), "Accept": "text/html"}
    body = None
    if data is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode({"csrfmiddlewaretoken": "a" * 32} | data)
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET" if body is None else "POST", path, body, headers)
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        return answer


def new_order() -> dict:
    """What the form of a new order sends."""
    return {
        "once": uuid4().hex, "do": "submit", "customer": "HCP", "contact_name": "沈洁", "contact_phone": "139",
        "reason": "line_down", "ground": "customer_asked", "asked_by": "沈洁", "asked_how": "call",
        "required_at": f"{datetime.now(COMPANY_TIME) + timedelta(days=9):%Y-%m-%dT%H:%M}",
        "place": "无锡市锡士路 18 号",
        "line-TOTAL_FORMS": "1", "line-INITIAL_FORMS": "0", "line-0-product": "HC-IMP-060", "line-0-quantity": "12",
    }  # fmt: skip


class Ear:
    """A page that listens to the stream."""

    def __init__(self, house, user):
        self.connection = HTTPConnection("127.0.0.1", house.ports["proxy" if house.door == "proxy" else "stream"])
        self.connection.request("GET", "/stream/", headers={"Cookie": f"sessionid={house.sessions[user]}"})
        self.answer = self.connection.getresponse()
        self.heard, self.is_over = [], threading.Event()
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        try:
            for line in self.answer:
                self.heard.append((time.monotonic(), line.decode().strip()))
        except OSError:
            pass
        self.is_over.set()

    def has_heard(self, text) -> bool:
        return any(line == text for _at, line in self.heard)

    def close(self):
        self.thread.join(10)
        self.answer.close()
        self.connection.close()
