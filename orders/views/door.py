"""Ways out of a stage that are nobody's daily work: return, decline, cancel."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import actions
from orders.actions.proposals import check_proposable, open_proposal
from orders.forms.door import DeclineForm, KeepForm, SendBackForm, ToldForm, WhyDeclineForm
from orders.machine import EXIT_BOXES, STEPS, Stage
from orders.views.base import OrderAct
from orders.views.decision import Decision
from people.roles import Right


class SendBack(OrderAct):
    right = Right.ISSUE_RAISE
    form_class = SendBackForm
    title = gettext_lazy("Return the order")
    submit_label = gettext_lazy("Return")
    submit_tone = "dan"

    def subject(self):
        super().subject()
        self.target = STEPS["send_back"].target_from(self.order.stage)
        self.signed = list(self.order.sign_offs.living().values_list("box", flat=True).order_by("signed_at"))

    def form_kwargs(self):
        needed = [box for box in EXIT_BOXES.get(self.target, ()) if box in self.signed]
        return {"signed": self.signed, "initial": {"boxes": needed}}

    @property
    def consequences(self):
        if self.target is None:
            return [_("From this stage nothing can be returned.")]
        return [
            _("The order goes back to %(stage)s; that clock goes on with the time it has left, a quarter at least.")
            % {"stage": Stage(self.target).label},
            _("The salesperson and who has that stage are told, with your reason."),
        ]

    def act(self, form):
        given = form.cleaned_data
        actions.send_back(
            order_id=self.order.pk, by=self.request.user, reason_code=given["reason_code"], reason=given["reason"],
            boxes=given.get("boxes", ()), version=self.version,
        )  # fmt: skip


class WhyDecline(OrderAct):
    """Reason and, for a duplicate, the other order: perhaps named by the page one comes from."""

    def form_kwargs(self):
        named = self.request.GET.get("duplicate_of", "")[:20]
        code = "duplicate_of" if named else None
        return {"user": self.request.user, "initial": {"reason_code": code, "duplicate_of": named} | self.known()}

    def known(self) -> dict:
        return {}


class Propose(WhyDecline):
    right = Right.ISSUE_RAISE
    form_class = WhyDeclineForm
    title = gettext_lazy("Propose to decline")
    submit_label = gettext_lazy("Propose")
    consequences = (
        gettext_lazy("The head of Sales declines the order or answers no, with a reason."),
        gettext_lazy("Until then everything goes on."),
    )

    def subject(self):
        super().subject()
        check_proposable(self.order, self.request.user)

    def act(self, form):
        actions.propose_decline(
            order_id=self.order.pk, by=self.request.user, version=self.version, **form.cleaned_data
        )


class Proposal(OrderAct):
    """Where the head of Sales answers: the no is here, the yes is the page of declining."""

    right = Right.ORDER_DECIDE
    form_class = KeepForm
    template_name = "orders/proposal.html"
    title = gettext_lazy("Answer the proposal")
    submit_label = gettext_lazy("No, the order goes on")
    consequences = (gettext_lazy("Who proposed it and the salesperson are told, with your reason."),)

    def subject(self):
        super().subject()
        self.proposal = open_proposal(self.order)

    def context(self):
        return super().context() | {"proposal": self.proposal}

    def act(self, form):
        actions.keep_order(order_id=self.order.pk, by=self.request.user, version=self.version, **form.cleaned_data)


class Decline(Decision, WhyDecline):
    step = "decline"
    form_class = DeclineForm
    title = gettext_lazy("Decline the order")
    submit_label = gettext_lazy("Decline")
    submit_tone = "dan"
    consequences = (
        gettext_lazy("The order ends here; its clocks stop. It cannot be opened again."),
        gettext_lazy("The salesperson is told, with your reason."),
    )

    def known(self):
        """What was proposed, to be taken over."""
        known = {"contact": self.order.contact_name, "how": "call"}
        if proposal := open_proposal(self.order):
            known |= {"reason_code": proposal.reason_code, "reason": proposal.reason,
                      "duplicate_of": str(proposal.duplicate_of or "")}
        return known

    def act(self, form):
        actions.decline(order_id=self.order.pk, by=self.request.user, version=self.version, **form.cleaned_data)


class Cancel(Decision, OrderAct):
    step = "cancel"
    form_class = ToldForm
    title = gettext_lazy("Cancel the order")
    submit_tone = "dan"

    def form_kwargs(self):
        known = {"contact": self.order.contact_name, "how": "call"}
        last = self.order.negotiations.first()
        if last and last.state == last.State.REFUSED:  # the customer's own words are the reason
            known = {"contact": last.contact, "how": last.how, "reason": last.answer}
        return {"initial": known}

    @property
    def consequences(self):
        if self.order.stage in (Stage.IDENTIFICATION, Stage.CONFIRMATION):
            return [_("The order ends here; its clocks stop. It cannot be opened again.")]
        return [
            _("Every department that signed or holds open work stops and reports its costs."),
            _("The order goes to Settlement; it cannot be opened again."),
        ]

    def act(self, form):
        actions.cancel(order_id=self.order.pk, by=self.request.user, version=self.version, **form.cleaned_data)
