"""Is this process alive, can it serve, and what should an administrator know about the machine.

/healthz (sla) says whether the clock is wound and the post goes out; these say whether a proxy should send
anybody here. The broker and the disk are warnings: the desk goes on without Redis, and reads with a full disk.
"""

import shutil
import time
from functools import cache

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from desk import guards

LEAST_FREE_MB = 500
BROKER_SECONDS = 1
KEEP_SECONDS = 15
_kept = {}


@login_not_required
@never_cache
def livez(request):
    """Without the database: a restart would not bring that back."""
    return HttpResponse("alive\n", content_type="text/plain")


@login_not_required
@never_cache
def readyz(request):
    problems = serving_problems()
    body = {"ready": not problems, "problems": problems, "warnings": machine_problems()}
    return JsonResponse(body, status=503 if problems else 200)


def serving_problems() -> list[str]:
    """Why nobody should be sent here: no database, tables of another release, rules off."""
    try:
        if missing := unapplied():
            return [_("Migrations are missing: %(names)s") % {"names": ", ".join(sorted(missing)[:5])}]
        if missing := kept("guards", lambda: guards.missing(connection)):
            return [_("Database guards are missing: %(names)s") % {"names": ", ".join(sorted(missing)[:5])}]
    except (OperationalError, InterfaceError):
        return [_("The database does not answer.")]
    return []


def unapplied() -> set[str]:
    applied = MigrationRecorder(connection).applied_migrations()
    return {f"{app}.{name}" for app, name in on_disk() if (app, name) not in applied}


@cache
def on_disk() -> frozenset:
    return frozenset(MigrationLoader(None).disk_migrations)


def machine_problems() -> list[str]:
    return [problem for problem in (kept("broker", broker_problem), disk_problem()) if problem]


def broker_problem() -> str:
    if not settings.CELERY_BROKER_URL.startswith("redis"):
        return ""
    limits = {"socket_timeout": BROKER_SECONDS, "socket_connect_timeout": BROKER_SECONDS}
    try:
        with redis.Redis.from_url(settings.CELERY_BROKER_URL, **limits) as client:
            client.ping()
    except (redis.RedisError, OSError):
        return _("Redis does not answer. Work goes on; reminders come from `manage.py run_sla` alone.")
    return ""


def disk_problem() -> str:
    free = shutil.disk_usage(settings.VAR_DIR).free // 1024**2
    return _("The disk is nearly full: %(free)d MB are left.") % {"free": free} if free < LEAST_FREE_MB else ""


def kept(name, ask):
    """The answer of the last seconds: what every page or probe asks must not cost a round trip each time."""
    at, answer = _kept.get(name, (0, None))
    if not at or time.monotonic() - at > KEEP_SECONDS:
        answer = ask()
        _kept[name] = time.monotonic(), answer
    return answer
