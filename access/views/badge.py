"""A phone that several people share: scan the badge, type the PIN. Who issues badges, and one's own PIN."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from access import actions, throttle
from access.forms import BadgeForm, NothingForm, OwnPinForm, PinForm
from access.models import Pin
from access.sessions import BADGE
from desk.keyset import paginate
from desk.refusals import NotYours, Refusal
from people.duty import who_may
from people.models import User
from people.roles import Right
from records.actions import use_link
from records.acts import ActView
from records.models import AccessLink

BACKEND = "people.backends.PersonBackend"


@login_not_required
@never_cache
def gate(request):
    """Scan a badge, with the phone's camera or a hand scanner."""
    form = BadgeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return redirect("access:badge_pin", form.cleaned_data["badge"])
    return render(request, "access/badge.html", {"form": form}, status=422 if form.errors else 200)


@login_not_required
@never_cache
@sensitive_post_parameters()
def pin(request, token):
    """Whoever was signed in on this phone is signed out by it."""
    throttle.hit("badge", request.META["REMOTE_ADDR"])
    link, person = actions.person_of_badge(token)
    form = PinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        left = throttle.hit("pin", person.pk)
        if actions.is_pin(person, form.cleaned_data["pin"]):
            return _enter(request, link, person)
        if left == 0:
            actions.warn_of_pins(person=person)
        form.add_error("pin", _("This is not your PIN."))
    context = {"form": form, "person": person, "has_pin": Pin.objects.filter(user=person).exists()}
    response = render(request, "access/badge_pin.html", context, status=422 if form.errors else 200)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _enter(request, link, person):
    throttle.forget("pin", person.pk)
    request.session.flush()
    login(request, person, backend=BACKEND)
    request.session[BADGE] = link.pk
    use_link(link)
    return redirect(settings.BADGE_HOME)


def _refuse_others(user):
    if not any(user.may(right) for right in actions.IN_CHARGE_OF_BADGES):
        raise NotYours(_("The head of production or an administrator issues badges."),
                       who=who_may(Right.REVIEW_DECIDE, limit=5))


def badges(request):
    """Who of production has a badge and a PIN."""
    _refuse_others(request.user)
    people = User.objects.filter(is_active=True, department__code="production").select_related("department")
    page = paginate(people, ("username", "pk"), request.GET.get("after"), size=50)
    subjects = [f"person:{person.pk}" for person in page.rows]
    links = AccessLink.objects.living().filter(purpose=actions.BADGE, subject__in=subjects)
    held = {link.subject: link for link in links}
    pins = set(Pin.objects.filter(user__in=page.rows).values_list("user", flat=True))
    rows = [(person, held.get(f"person:{person.pk}"), person.pk in pins) for person in page.rows]
    return render(request, "access/badges.html", {"page": page, "rows": rows})


class ForHolder(ActView):
    asks_again = True
    form_class = NothingForm

    def subject(self):
        _refuse_others(self.request.user)
        self.person = get_object_or_404(User.objects.select_related("department"), pk=self.kwargs["pk"])

    def context(self):
        return {"back_url": reverse("access:badges"), "back_label": _("Badges")} | self.words()


class IssueBadge(ForHolder):
    def post(self, request, *args, **kwargs):
        try:
            token = actions.issue_badge(person=self.person, by=request.user)
        except Refusal as refusal:
            return self.page(NothingForm(), status=refusal.status, refusal=refusal)
        url = settings.BASE_URL + reverse("access:badge_pin", args=[token])
        context = {"person": self.person, "url": url, "days": settings.BADGE_DAYS}
        response = render(request, "access/badge_issued.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def words(self):
        return {
            "title": _("A badge for %(person)s") % {"person": self.person}, "submit_label": _("Issue the badge"),
            "consequences": [
                _("The code is shown once, to be printed. Hand the badge over yourself."),
                _("With it and a PIN of their own they sign in on a shared phone, for acts at machines only."),
                _("An earlier badge of this person ends now."),
            ],
        }


class RevokeBadge(ForHolder):
    def perform(self, form):
        actions.revoke_badge(person=self.person, by=self.request.user)
        messages.success(self.request, _("The badge was revoked."))
        return reverse("access:badges")

    def words(self):
        return {
            "title": _("Revoke the badge of %(person)s") % {"person": self.person}, "submit_label": _("Revoke"),
            "submit_tone": "dan", "consequences": [_("It opens nothing from now on; who is signed in with it is out.")],
        }


class SetPin(ActView):
    right = Right.OPERATION_RUN
    asks_again = True
    form_class = OwnPinForm

    def perform(self, form):
        actions.set_pin(by=self.request.user, pin=form.cleaned_data["pin"])
        messages.success(self.request, _("The PIN is chosen."))
        return reverse("access:security")

    def context(self):
        return {
            "title": _("PIN of the badge"), "submit_label": _("Choose the PIN"), "back_url": reverse("access:security"),
            "back_label": _("Sign-in and security"),
            "lead": _("You type it after your badge was scanned on a shared phone."),
        }
