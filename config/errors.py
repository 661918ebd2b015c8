"""When something breaks: a page that needs nothing that may be broken, in the three languages.

The person's own language comes first as far as it is known without the database: the cookie's, the browser's.
"""

import sys

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext, gettext_noop

from desk import disk

RETRY_SECONDS = 10
MOST_FIELDS = 300

BROKEN = (
    gettext_noop("Something broke on our side"),
    gettext_noop(
        "What you sent was not saved. The desk has written down what happened. Try again in a minute; if it happens"
        " again, tell the administrator the number below."
    ),
)
AWAY = (
    gettext_noop("The database does not answer right now"),
    gettext_noop("What you just did was not saved. Everything saved before is safe. Try again in a few seconds."),
)
DISK_FULL = (
    gettext_noop("The disk of the desk is full"),
    gettext_noop("The file was not kept and nothing else was changed. Tell the administrator; then send it again."),
)


def server_error(request):
    """Django calls this while it handles the exception."""
    problem = sys.exc_info()[1]
    if isinstance(problem, (OperationalError, InterfaceError)):
        return answer(request, AWAY, 503, fields=sent_fields(request))
    if disk.is_full(problem):
        drop_uploads(request)
        return answer(request, DISK_FULL, 507)
    return answer(request, BROKEN, 500)


def drop_uploads(request) -> None:
    """What has arrived of a file takes room that others need."""
    for handler in request.upload_handlers:
        if arrived := getattr(handler, "file", None):
            arrived.close()


def answer(request, texts, status, fields=None):
    if request.accepts("text/html"):
        context = {
            "versions": versions(texts), "fields": fields, "is_form": request.method == "POST",
            "address": request.get_full_path(), "request_id": getattr(request, "id", ""),
        }  # fmt: skip
        response = HttpResponse(render_to_string("500.html", context), status=status)
    else:
        response = JsonResponse({"what": gettext(texts[0]), "because": gettext(texts[1])}, status=status)
    if status == 503:
        response["Retry-After"] = str(RETRY_SECONDS)
    return response


def versions(texts) -> list[dict]:
    """The sentences in every language, the reader's first."""
    codes = sorted(dict(settings.LANGUAGES), key=lambda code: code != translation.get_language())
    return [version(code, texts) for code in codes]


def version(code, texts) -> dict:
    with translation.override(code):
        title, text = map(gettext, texts)
        return {
            "tag": translation.to_locale(code).replace("_", "-"), "title": title, "text": text,
            "again": gettext("Send again"), "open_again": gettext("Try again"), "number": gettext("Number"),
        }  # fmt: skip


def sent_fields(request) -> list[tuple[str, str]]:
    """What was typed, to be sent again with one press; its once-key lets it happen once. No files, no passwords."""
    if request.method != "POST":
        return []
    try:
        fields = [(name, value) for name, values in request.POST.lists() for value in values]
        is_whole = not request.FILES and len(fields) <= MOST_FIELDS
    except Exception:  # the request itself may be what broke; the page comes whatever it was
        return []
    return fields if is_whole and not any("password" in name for name, _value in fields) else []
