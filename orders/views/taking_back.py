"""Pages where the sender of a request withdraws it, while nobody has done anything about it."""

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from orders import actions
from orders.models import Consent, DeclineProposal
from orders.panes import found, paper_of
from records.acts import ActView
from sla import item_acts
from sla.kinds import Kind


class TakeBack(ActView):
    """Subclasses say the kind of task, the paper behind it, who asked, and `act`."""

    form_class = forms.Form
    kind = model = None
    asker = ""
    consequences = ()

    def subject(self):
        self.item, self.order = found(self.request, self.kwargs["pk"], (self.kind,))
        if not item_acts.withdrawal_url(self.item, self.request.user):
            raise item_acts.too_late(self.item, self.request.user)
        self.paper = paper_of(self.model, self.item, self.asker)

    def act(self, paper):
        raise NotImplementedError

    def perform(self, form):
        self.act(self.paper)
        return f"{reverse('sla:my_work')}?tab=started"

    def context(self):
        return {
            "title": _("Withdraw"), "submit_label": _("Withdraw"), "lead": self.item.subject_text,
            "back_url": self.item.pane_url, "back_label": _("My work"),
            "consequences": [*self.consequences, _("Who had it to decide is told; its clock stops.")],
        }


class WithdrawProposal(TakeBack):
    kind, model, asker = Kind.DECLINE_PROPOSAL, DeclineProposal, "proposed_by"
    consequences = (_("The order goes on as if nobody had proposed to decline it."),)

    def act(self, paper):
        actions.withdraw_proposal(proposal_id=paper.pk, by=self.request.user)


class WithdrawConsent(TakeBack):
    kind, model, asker = Kind.CONSENT, Consent, "asked_by"
    consequences = (_("The plan that asked cannot go before the other order: draft another one."),)

    def act(self, paper):
        actions.withdraw_consent(consent_id=paper.pk, by=self.request.user)
