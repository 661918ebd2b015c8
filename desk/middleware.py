"""A refusal is an answer, not an accident: its page says what is missing and who can help."""

import re
import time
from uuid import uuid4

import structlog
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db import IntegrityError
from django.http import JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from desk.refusals import Changed, GateShut, Refusal

SQLITE_CHECK = re.compile(r"CHECK constraint failed: (\w+)")
SQLITE_INDEX = re.compile(r"UNIQUE constraint failed: index '(\w+)'")
SQLITE_BUGS = ("FOREIGN KEY constraint", "NOT NULL constraint", "datatype mismatch")
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
log = structlog.get_logger("desk.requests")
CHECK_VIOLATION, UNIQUE_VIOLATION = "23514", "23505"


class ClientAddressMiddleware:
    """Who asked, as the proxy in front says it; only where a proxy of ours is the one door (BEHIND_PROXY)."""

    def __init__(self, get_response):
        if not settings.BEHIND_PROXY:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request):
        request.META["REMOTE_ADDR"] = request.headers.get("X-Real-IP") or request.META["REMOTE_ADDR"]
        return self.get_response(request)


class HeadersMiddleware:
    """What Django does not say: no other site embeds our answers, no page uses the device, no cache keeps them."""

    HEADERS = {
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
        "X-Permitted-Cross-Domain-Policies": "none",
    }

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        for name, value in self.HEADERS.items():
            response.setdefault(name, value)
        if getattr(request, "user", None) is not None and request.user.is_authenticated:
            response.setdefault("Cache-Control", "private, no-store")
        return response


class RequestLogMiddleware:
    """A number for each request, in every line it writes and on the pages that say no; the route, never the address."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        given = request.headers.get("X-Request-ID", "")
        request.id = given if REQUEST_ID.fullmatch(given) else uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request.id)
        start = time.perf_counter()
        response = self.get_response(request)
        response["X-Request-ID"] = request.id
        if request.resolver_match:
            log.info(
                "request", method=request.method, route=request.resolver_match.route, status=response.status_code,
                milliseconds=round((time.perf_counter() - start) * 1000),
            )
        return response


class RefusalMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if isinstance(exception, IntegrityError):
            exception = refusal_of(exception)
        if isinstance(exception, Refusal):
            return answer(request, exception)
        return None


def answer(request, refusal):
    if not request.accepts("text/html"):
        return JsonResponse(_as_json(refusal), status=refusal.status)
    if getattr(request, "htmx", False):
        return render(request, "ui/_refusal.html", {"refusal": refusal}, status=refusal.status)
    is_known = getattr(request, "user", None) is not None and request.user.is_authenticated
    context = {"refusal": refusal, "layout": "base.html" if is_known else "bare.html", "back_url": _origin(request)}
    context["request_id"] = getattr(request, "id", "")
    return render(request, "ui/refusal_page.html", context, status=refusal.status)


def _as_json(refusal) -> dict:
    return {
        "what": str(refusal.what),
        "because": str(refusal.because),
        "missing": [{"text": str(c.text), "is_met": c.is_met} for c in refusal.missing],
        "who": [str(person) for person in refusal.who],
        "field": refusal.field,
    }


def _origin(request) -> str:
    """The page the form stood on: the same address, for a page that answers GET too."""
    referer = request.headers.get("Referer", "")
    return referer if referer.startswith(f"{request.scheme}://{request.get_host()}/") else ""


def refusal_of(error: IntegrityError) -> Refusal | None:
    """What the database itself refused, in plain words; None where the fault is ours."""
    diagnostics = getattr(error.__cause__, "diag", None)
    kind, sentence = _postgresql(error.__cause__, diagnostics) if diagnostics else _sqlite(str(error))
    if kind == "unique":
        return Changed(_("This is recorded already. Yours was not saved a second time."), because=sentence)
    if kind == "rule":
        return GateShut(_("A rule of the records does not allow this."), because=sentence)
    return None


def _postgresql(cause, diagnostics):
    rule = _sentence(diagnostics.constraint_name)
    if cause.pgcode == UNIQUE_VIOLATION:
        return "unique", rule
    if cause.pgcode == CHECK_VIOLATION:
        return "rule", rule or gettext(diagnostics.message_primary)
    return "", ""


def _sqlite(message: str):
    if found := SQLITE_CHECK.match(message):
        return "rule", _sentence(found[1])
    if message.startswith("UNIQUE constraint failed"):
        found = SQLITE_INDEX.match(message)
        return "unique", _sentence(found[1]) if found else ""
    if message.startswith(SQLITE_BUGS):
        return "", ""
    return "rule", gettext(message)


def _sentence(constraint: str | None) -> str:
    """A constraint is named as the sentence it enforces."""
    return gettext((constraint or "").replace("_", " "))
