"""Who changes the rules says again who they are. What was typed travels along and is not lost."""

from datetime import timedelta

from django.conf import settings
from django.shortcuts import render
from django.utils import timezone

from access import throttle
from access.forms import ConfirmForm

OWN_FIELDS = {"csrfmiddlewaretoken", "confirm_password", "confirm_code"}


def is_asked_of(request, view) -> bool:
    """Of every change in the administration, and of acts that say `asks_again`."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return False
    in_administration = request.resolver_match.app_name == "admin"
    return in_administration or getattr(getattr(view, "view_class", view), "asks_again", False)


def is_fresh(request) -> bool:
    """Signed in, or said again who they are, within the last minutes."""
    return timezone.now() - request.session.begun_at < timedelta(minutes=settings.CONFIRM_MINUTES)


def ask(request):
    """The page that asks, or nothing when the answer is here and right: then the act goes on."""
    is_answer = "confirm_password" in request.POST
    if is_answer:
        throttle.hit("confirm", request.user.pk)
    form = ConfirmForm(request.user, request.POST if is_answer else None)
    if form.is_valid():
        request.session.cycle_key()  # as good as signing in: a new key, begun now
        throttle.forget("confirm", request.user.pk)
        _take_away(request)
        return None
    context = {"form": form, "kept": _kept(request), "back_url": request.get_full_path()}
    return render(request, "access/confirm.html", context, status=422 if is_answer else 403)


def _kept(request) -> list[tuple]:
    return [(name, value) for name, values in request.POST.lists() if name not in OWN_FIELDS for value in values]


def _take_away(request) -> None:
    """The password goes no further than here."""
    rest = request.POST.copy()
    for name in ("confirm_password", "confirm_code"):
        rest.pop(name, None)
    request.POST = rest
