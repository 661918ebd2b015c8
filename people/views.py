from axes.helpers import get_cool_off, get_failure_limit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from people.forms import OwnPasswordForm, PreferencesForm, ThemeForm
from people.models import Absence, User
from people.roles import Right


class SignIn(LoginView):
    """Axes counts the failures and answers with `locked_out`."""

    template_name = "people/sign_in.html"
    redirect_authenticated_user = True


def locked_out(request, response, credentials):
    """After too many wrong passwords; how long, in plain words."""
    minutes = round(get_cool_off(request).total_seconds() / 60)
    context = {"failure_limit": get_failure_limit(request, credentials), "minutes": minutes}
    return render(request, "people/locked_out.html", context, status=429)


@login_not_required
@require_POST
def language(request):
    """Kept in a cookie and, for who is signed in, in the profile, which counts more."""
    chosen = request.POST.get("language")
    if request.user.is_authenticated and chosen in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=chosen)
    return set_language(request)


@require_POST
def theme(request):
    form = ThemeForm(request.POST, instance=request.user)
    if form.is_valid():
        form.save()
    return HttpResponseRedirect(_safe_next(request))


def _safe_next(request) -> str:
    url = request.POST.get("next", "")
    hosts = {request.get_host()}
    return url if url_has_allowed_host_and_scheme(url, hosts, require_https=request.is_secure()) else "/"


def profile(request):
    form = PreferencesForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("people:profile")
    return _profile_page(request, form, OwnPasswordForm(request.user))


@require_POST
def password(request):
    form = OwnPasswordForm(request.user, request.POST)
    if form.is_valid():
        update_session_auth_hash(request, form.save())
        messages.success(request, _("The password was changed."))
        return redirect("people:profile")
    return _profile_page(request, PreferencesForm(instance=request.user), form)


def _profile_page(request, form, password_form):
    status = 422 if form.errors or password_form.errors else 200
    rights = [right.label for right in Right if request.user.may(right)]
    context = {
        "form": form, "password_form": password_form, "rights": rights, "held": request.user.held_delegations,
        "absence": Absence.objects.current().filter(person=request.user.pk).select_related("delegate").first(),
    }
    return render(request, "people/profile.html", context, status=status)
