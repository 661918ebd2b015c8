from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from desk.keyset import paginate
from notifications import actions, letters
from notifications.forms import PreferenceForm
from notifications.models import Notification, Preference
from notifications.reports import unread_count
from people.roles import Right
from records.acts import ActView, require

FILES_A_PAGE = 50


def inbox(request):
    """One's own messages, newest first."""
    mine = Notification.objects.inbox_of(request.user, timezone.now())
    page = paginate(mine, ("-created_at", "-pk"), request.GET.get("after"))
    return render(request, "notifications/inbox.html", {"page": page, "unread": unread_count(request.user)})


@require_POST
def follow(request, pk):
    """Open a message: it counts as read, and its link is followed."""
    message = get_object_or_404(Notification.objects.inbox_of(request.user), pk=pk)
    actions.mark_read(by=request.user, notifications=[message])
    return HttpResponseRedirect(message.url)


@require_POST
def mark_read(request):
    chosen = request.POST.get("message", "")
    mine = Notification.objects.filter(pk=chosen, recipient=request.user) if chosen.isdecimal() else None
    actions.mark_read(by=request.user, notifications=mine)
    return HttpResponseRedirect(reverse("notifications:inbox"))


class Preferences(ActView):
    """How one wants to be told; the inbox has everything at once in any case."""

    form_class = PreferenceForm
    template_name = "notifications/preferences.html"

    def form_kwargs(self):
        mine = Preference.objects.filter(person=self.request.user).first()
        return {"instance": mine or Preference(person=self.request.user)}

    def perform(self, form):
        actions.set_preferences(by=self.request.user, **form.cleaned_data)
        messages.success(self.request, _("Saved."))
        return reverse("notifications:preferences")

    def context(self):
        return {
            "title": _("How you are told"), "submit_label": _("Save"), "back_url": reverse("people:profile"),
            "back_label": _("My settings"),
            "consequences": [
                _("Everything stands in the desk at once, whatever is set here."),
                _("Escalations and reminders never wait: neither for quiet hours nor for the daily letter."),
                _("Times are those of the company."),
            ],
        }


def mail(request):
    """Where no mail server is named: what would have been sent."""
    _letters_only(request)
    names = letters.files(before=request.GET.get("after", ""), limit=FILES_A_PAGE)
    found = [letter for name in names for letter in letters.read(name)]
    context = {"letters": found, "next": names[-1] if len(names) == FILES_A_PAGE else ""}
    return render(request, "notifications/mail.html", context)


def letter(request, file, number):
    _letters_only(request)
    found = letters.read(file)
    if number >= len(found):
        raise Http404
    return render(request, "notifications/letter.html", {"letter": found[number]})


def _letters_only(request):
    require(request.user, Right.CONFIGURE)
    if not letters.is_in_use():
        raise Http404
