from django.conf import settings
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from access import confirm, second_factor, throttle
from desk.middleware import answer
from desk.refusals import NotYours, TooMany

HAS_FACTOR, MUST_CHANGE = "has_factor", "must_change"
ALWAYS_OPEN = {"people:sign_out", "people:language", "people:theme", "sla:healthz"}
BADGE_DOORS = {"access:badge", "access:badge_pin"}
DEVICE_LENGTH = 200


class AccessMiddleware:
    """What stands before every page of a signed-in person: an own password, a second factor where the rank needs
    one, a fresh word for changes of the rules, and a limit to what is sent."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.session.address = request.META.get("REMOTE_ADDR") or None
        request.session.device = request.headers.get("User-Agent", "")[:DEVICE_LENGTH]
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if not request.user.is_authenticated:
            return None
        if not (request.method == "GET" and request.headers.get("HX-Request")):  # a page that refreshes itself
            request.session.note_use()
        request.is_badge = request.session.is_badge
        try:
            if request.is_badge:
                return floor_only(request) or self.limits(request, view)
            return first_things(request) or self.limits(request, view)
        except TooMany as refusal:
            return answer(request, refusal)

    def limits(self, request, view):
        if request.method == "POST" and request.FILES:
            throttle.hit("upload", request.user.pk, times=sum(len(files) for _, files in request.FILES.lists()))
        if confirm.is_asked_of(request, view) and not confirm.is_fresh(request):
            return confirm.ask(request)
        return None


def floor_only(request):
    """A badge and its PIN open the acts at a machine and nothing else."""
    name = request.resolver_match.view_name
    if name in settings.BADGE_PAGES | ALWAYS_OPEN | BADGE_DOORS:
        return None
    if name == "sla:my_work":
        return redirect(settings.BADGE_HOME)
    why = _("Sign in with your password for everything else.")
    return answer(request, NotYours(_("A badge opens the pages of the machines only."), because=why))


def first_things(request):
    """Where somebody is led before anything else."""
    name = request.resolver_match.view_name
    if name in ALWAYS_OPEN:
        return None
    if request.session.get(MUST_CHANGE):
        return None if name == "access:password" else _led(request, "access:password")
    if name == "access:enrol" or request.session.get(HAS_FACTOR) or not second_factor.is_required_of(request.user):
        return None
    if second_factor.is_enrolled(request.user):
        request.session[HAS_FACTOR] = True
        return None
    return _led(request, "access:enrol")


def _led(request, name):
    if request.headers.get("HX-Request") == "true":
        return HttpResponseClientRedirect(reverse(name))
    return redirect(name)
