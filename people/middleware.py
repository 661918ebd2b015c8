import structlog
from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.utils import translation
from django.utils.deprecation import MiddlewareMixin
from django_htmx.http import HttpResponseClientRedirect

from people.models import User


class PreferencesMiddleware(MiddlewareMixin):
    """The person's own language before the cookie's and the browser's, which Django has found already."""

    def process_request(self, request):
        structlog.contextvars.bind_contextvars(user_id=request.user.pk)
        request.theme = getattr(request.user, "theme", User.Theme.AUTO)
        language = getattr(request.user, "language", "")
        if language in dict(settings.LANGUAGES):
            translation.activate(language)
            request.LANGUAGE_CODE = language


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Every view needs a signed-in person, save those marked `login_not_required`."""

    def handle_no_permission(self, request, view_func):
        response = super().handle_no_permission(request, view_func)
        if request.headers.get("HX-Request") == "true":
            return HttpResponseClientRedirect(response.url)
        return response
