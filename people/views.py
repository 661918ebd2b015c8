from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from people.forms import PreferencesForm, ThemeForm
from people.models import Absence, User
from people.roles import Right


class SignOut(LogoutView):
    def post(self, request, *args, **kwargs):
        response = super().post(request, *args, **kwargs)
        if request.is_secure():  # elsewhere browsers ignore it, and complain
            is_waiting = "kept" in request.POST  # what was pressed without network lies in the storage
            response["Clear-Site-Data"] = '"cache"' if is_waiting else '"cache", "storage"'
        return response


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
    rights = [right.label for right in Right if request.user.may(right)]
    context = {
        "form": form, "rights": rights, "held": request.user.held_delegations,
        "absence": Absence.objects.current().filter(person=request.user.pk).select_related("delegate").first(),
    }
    return render(request, "people/profile.html", context, status=422 if form.errors else 200)
