"""The way in: password, code, and a link for who has neither."""

from datetime import datetime, timedelta

from axes.helpers import get_cool_off, get_failure_limit
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.views import LoginView
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from access import actions, second_factor, throttle
from access.forms import CodeForm, SignInForm
from access.middleware import HAS_FACTOR, MUST_CHANGE
from access.models import IssuedPassword, Session
from access.sessions import BADGE
from people.models import User

PENDING = "pending_sign_in"
PENDING_MINUTES = 5


def locked_out(request, response, credentials):
    """After too many wrong passwords; how long, in plain words."""
    minutes = round(get_cool_off(request).total_seconds() / 60)
    context = {"failure_limit": get_failure_limit(request, credentials), "minutes": minutes}
    return render(request, "people/locked_out.html", context, status=429)


class SignIn(LoginView):
    """Axes counts failures of a name from an address and answers with `locked_out`; counted here are those of
    an address with many names, and of a name from many addresses."""

    template_name = "people/sign_in.html"
    form_class = SignInForm
    redirect_authenticated_user = True

    def post(self, request, *args, **kwargs):
        address, name = request.META["REMOTE_ADDR"], request.POST.get("username", "")
        throttle.refuse_more("sign_in_address", address)
        if not Session.objects.filter(user__username=name, address=address or None).exists():
            throttle.refuse_more("sign_in_name", name.casefold())  # nobody keeps a colleague out of their own place
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form):
        throttle.note("sign_in_address", self.request.META["REMOTE_ADDR"])
        throttle.note("sign_in_name", self.request.POST.get("username", "").casefold())
        return super().form_invalid(form)

    def form_valid(self, form):
        user = form.get_user()
        if not second_factor.is_enrolled(user):
            return enter(self.request, user, self.get_success_url())
        self.request.session[PENDING] = {
            "user": user.pk, "backend": user.backend, "url": self.get_success_url(),
            "until": (timezone.now() + timedelta(minutes=PENDING_MINUTES)).isoformat(),
        }
        return redirect("access:code")


def enter(request, user, url, *, has_factor=False, backend=None):
    request.session.pop(PENDING, None)
    request.session.pop(BADGE, None)
    login(request, user, backend=backend or user.backend)
    if IssuedPassword.objects.filter(user=user).exists():
        request.session[MUST_CHANGE] = True
    if has_factor:
        request.session[HAS_FACTOR] = True
    return HttpResponseRedirect(url)


def _pending(request) -> tuple:
    found = request.session.get(PENDING)
    if not found or datetime.fromisoformat(found["until"]) < timezone.now():
        return None, None
    return User.objects.filter(pk=found["user"], is_active=True).first(), found


@login_not_required
@never_cache
@sensitive_post_parameters()
def code(request):
    person, pending = _pending(request)
    if person is None:
        return redirect("access:sign_in")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        left = throttle.hit("code", person.pk)
        if second_factor.verify(person, form.cleaned_data["code"]):
            throttle.forget("code", person.pk)
            return enter(request, person, pending["url"], has_factor=True, backend=pending["backend"])
        if left == 0:
            actions.warn_of_codes(person=person)
        form.add_error("code", _("This code is not right, or was used already."))
    return render(request, "access/code.html", {"form": form}, status=422 if form.errors else 200)


@login_not_required
@never_cache
@sensitive_post_parameters()
def set_password(request, token):
    """A link from the administrator: opens for whoever holds it, so it is short-lived and good once."""
    throttle.hit("link", request.META["REMOTE_ADDR"])
    _link, person = actions.person_of_link(token)
    form = SetPasswordForm(person, request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.set_password_by_link(token=token, password=form.cleaned_data["new_password1"])
        return render(request, "access/password_set.html")
    response = render(
        request, "access/set_password.html", {"form": form, "person": person}, status=422 if form.errors else 200
    )
    response["Referrer-Policy"] = "no-referrer"
    return response
