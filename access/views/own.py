"""What everybody sees to for themselves: password, second factor, sessions."""

from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from access import actions, second_factor, sessions, throttle
from access.forms import EnrolForm, NothingForm, OwnPasswordForm
from access.middleware import HAS_FACTOR, MUST_CHANGE
from access.models import Pin
from people.roles import Right
from records.acts import ActView

SECRET = "factor_secret"  # encrypted


def security(request):
    is_enrolled = second_factor.is_enrolled(request.user)
    return render(request, "access/security.html", {
        "sessions": sessions.of(request.user)[:50], "current_key": request.session.session_key,
        "is_enrolled": is_enrolled, "is_required": second_factor.is_required_of(request.user),
        "may_have_badge": request.user.may(Right.OPERATION_RUN),
        "pin_set_at": Pin.objects.filter(user=request.user).values_list("set_at", flat=True).first(),
        "codes_left": second_factor.recovery_codes_left(request.user) if is_enrolled else 0,
    })  # fmt: skip


class ChangePassword(ActView):
    form_class = OwnPasswordForm
    template_name = "access/password.html"

    def form_kwargs(self):
        return {"user": self.request.user}

    def post(self, request, *args, **kwargs):
        throttle.hit("password", request.user.pk)
        return super().post(request, *args, **kwargs)

    def perform(self, form):
        request = self.request
        actions.change_password(
            by=request.user, password=form.cleaned_data["new_password1"], but_session=request.session.session_key
        )
        request.session.pop(MUST_CHANGE, None)
        update_session_auth_hash(request, request.user)
        messages.success(request, _("The password was changed. Everywhere else you were signed out."))
        return reverse("access:security")

    def context(self):
        must = self.request.session.get(MUST_CHANGE)
        return {
            "title": _("Choose your own password") if must else _("Change the password"),
            "lead": _("Somebody else chose the present one, so it is good for this only.") if must else "",
            "submit_label": _("Change the password"), "back_url": "" if must else reverse("access:security"),
            "back_label": _("Sign-in and security"),
        }


@never_cache
def enrol(request):
    """The secret waits encrypted in the session until a code proves that the phone has it."""
    if second_factor.is_enrolled(request.user):
        return redirect("access:security")
    adapter = second_factor.Adapter()
    if SECRET not in request.session:
        request.session[SECRET] = adapter.encrypt(generate_totp_secret())
    secret = adapter.decrypt(request.session[SECRET])
    form = EnrolForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        throttle.hit("code", request.user.pk)
        if counter := second_factor.counter_of(secret, form.cleaned_data["code"]):
            return _enrolled(request, secret, counter)
        form.add_error("code", _("This is not the code the app shows now. Is the clock of the phone right?"))
    context = {
        "form": form, "secret": secret, "address": second_factor.address(request.user, secret),
        "is_required": second_factor.is_required_of(request.user),
    }  # fmt: skip
    return render(request, "access/enrol.html", context, status=422 if form.errors else 200)


enrol.asks_again = True


def _enrolled(request, secret, counter):
    codes = actions.enrol(by=request.user, secret=secret, counter=counter)
    throttle.forget("code", request.user.pk)
    del request.session[SECRET]
    request.session[HAS_FACTOR] = True
    sessions.end(request.user, but=request.session.session_key)
    return render(request, "access/recovery_codes.html", {"codes": codes})


class RenewRecoveryCodes(ActView):
    asks_again = True
    form_class = NothingForm

    def post(self, request, *args, **kwargs):
        if not second_factor.is_enrolled(request.user):
            return redirect("access:enrol")
        response = render(request, "access/recovery_codes.html", {
            "codes": actions.renew_recovery_codes(by=request.user)
        })  # fmt: skip
        response["Cache-Control"] = "no-store"
        return response

    def context(self):
        return {
            "title": _("New recovery codes"), "submit_label": _("Make new codes"),
            "back_url": reverse("access:security"), "back_label": _("Sign-in and security"),
            "consequences": [_("The earlier codes are void at once.")],
        }


class RemoveFactor(ActView):
    asks_again = True
    form_class = NothingForm

    def perform(self, form):
        actions.remove_factor(by=self.request.user)
        self.request.session.pop(HAS_FACTOR, None)
        return reverse("access:security")

    def context(self):
        return {
            "title": _("Take the second factor off"), "submit_label": _("Take it off"), "submit_tone": "dan",
            "back_url": reverse("access:security"), "back_label": _("Sign-in and security"),
            "consequences": [_("From then on the password alone opens your account.")],
        }


@require_POST
def end_session(request, public_id):
    actions.end_session(by=request.user, public_id=public_id)
    messages.success(request, _("That session was ended."))
    return redirect("access:security")


@require_POST
def sign_out_everywhere(request):
    sessions.end(request.user, but=request.session.session_key)
    logout(request)
    return redirect("access:sign_in")


end_session.asks_again = sign_out_everywhere.asks_again = True
