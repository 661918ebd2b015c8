"""What an administrator does for somebody else's account."""

from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from access import actions
from access.forms import NothingForm
from desk.refusals import Refusal
from people.models import User
from people.roles import Right
from records.acts import ActView


class ForSomebody(ActView):
    right = Right.CONFIGURE
    asks_again = True
    form_class = NothingForm

    def subject(self):
        self.person = get_object_or_404(User, pk=self.kwargs["pk"])

    @property
    def back(self):
        return {"back_url": reverse("admin:people_user_change", args=[self.person.pk]), "back_label": str(self.person)}


class ResetFactor(ForSomebody):
    def perform(self, form):
        actions.reset_factor(person=self.person, by=self.request.user)
        return self.back["back_url"]

    def context(self):
        return self.back | {
            "title": _("Reset the second factor of %(person)s") % {"person": self.person},
            "submit_label": _("Reset"), "submit_tone": "dan",
            "consequences": [
                _("For a lost phone. Make sure by voice or face that it is really this person who asks."),
                _("Every session of this person ends; the next sign-in leads to a new second factor."),
            ],
        }


class IssuePasswordLink(ForSomebody):
    def post(self, request, *args, **kwargs):
        try:
            token = actions.issue_password_link(person=self.person, by=request.user)
        except Refusal as refusal:
            return self.page(NothingForm(), status=refusal.status, refusal=refusal)
        url = request.build_absolute_uri(reverse("access:set_password", args=[token]))
        response = render(request, "access/link_issued.html", self.back | {"person": self.person, "url": url})
        response["Cache-Control"] = "no-store"
        return response

    def context(self):
        return self.back | {
            "title": _("A link for a new password for %(person)s") % {"person": self.person},
            "submit_label": _("Issue the link"),
            "consequences": [
                _("The link is shown once. Hand it over yourself: whoever holds it chooses the password."),
                _("It opens once, for a day; earlier links end now."),
            ],
        }
