"""Letters that did not arrive: for administrators."""

from django.contrib import messages
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from desk.keyset import paginate
from notifications import actions, reports
from notifications.forms import LettersForm
from notifications.models import Channel
from people.roles import Right
from records.acts import ActView

STATES = {
    "open": _("What needs a look"), "dead": _("Not delivered"), "late": _("Waiting long"), "given_up": _("Given up"),
}
CHANNELS = {"": _("All channels"), Channel.EMAIL: Channel.EMAIL.label, Channel.ROBOT: Channel.ROBOT.label}


class Letters(ActView):
    right = Right.CONFIGURE
    form_class = LettersForm
    template_name = "notifications/outbox.html"

    def perform(self, form):
        data, by = form.cleaned_data, self.request.user
        if data["act"] == "give_up":
            number = actions.give_up(letters=data["letters"], by=by, reason=data["reason"])
            said = ngettext("%(count)d letter was given up.", "%(count)d letters were given up.", number)
        else:
            number = actions.send_again(letters=data["letters"], by=by)
            said = ngettext("%(count)d letter goes out again.", "%(count)d letters go out again.", number)
        messages.success(self.request, said % {"count": number})
        return f"{reverse('notifications:outbox')}?{self.request.GET.urlencode()}"

    def context(self):
        asked, now = self.request.GET, timezone.now()
        state = asked.get("state") if asked.get("state") in STATES else "open"
        channel = asked.get("channel") if asked.get("channel") in CHANNELS else ""
        letters = reports.letters(state, channel, now)
        return {
            "page": paginate(letters, ("-created_at", "-pk"), asked.get("after"), size=20),
            "states": STATES, "state": state, "channels": CHANNELS, "channel": channel, "days": reports.days(now),
            "loads": reports.loads(now), "chosen": set(self.request.POST.getlist("letters")),
        }
