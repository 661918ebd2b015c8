from django.urls import reverse
from django.utils.translation import gettext as _

from people.roles import Right
from records.acts import ActView
from records.forms import RulesForm
from records.models import CompanySettings, Event
from records.rules import STREAM, VERB, change_rules, version_of_rules


class CompanyRules(ActView):
    """What an administrator may set for the whole company, and the last changes."""

    right = Right.CONFIGURE
    form_class = RulesForm
    template_name = "records/rules.html"

    def form_kwargs(self):
        return {"instance": CompanySettings.current()}

    @property
    def version_now(self):
        return version_of_rules()

    def perform(self, form):
        values = dict(form.cleaned_data)
        change_rules(by=self.request.user, reason=values.pop("reason"), values=values, version=self.version)
        return reverse("records:rules")

    def context(self):
        changes = Event.objects.filter(stream=STREAM, verb=VERB).order_by("-number")[:20]
        return {
            "title": _("Company rules"), "submit_label": _("Save the rules"), "changes": changes,
            "consequences": [_("The rules hold from now on; what was decided before stands.")],
        }
