"""Ways out of a stage that are nobody's daily work: return, decline, cancel."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import actions
from orders.forms.door import DeclineForm, SendBackForm, ToldForm
from orders.machine import EXIT_BOXES, STEPS, Stage
from orders.views.base import OrderAct
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


class Decline(OrderAct):
    right = Right.ORDER_DECIDE
    form_class = DeclineForm
    title = gettext_lazy("Decline the order")
    submit_label = gettext_lazy("Decline")
    submit_tone = "dan"
    consequences = (
        gettext_lazy("The order ends here; its clocks stop. It cannot be opened again."),
        gettext_lazy("The salesperson is told, with your reason."),
    )

    def act(self, form):
        actions.decline(order_id=self.order.pk, by=self.request.user, version=self.version, **form.cleaned_data)


class Cancel(OrderAct):
    right = Right.ORDER_DECIDE
    form_class = ToldForm
    title = gettext_lazy("Cancel the order")
    submit_tone = "dan"

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
