"""The silent customer: acknowledged by Sales, then cancelled or renewed by its head."""

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.text import when
from orders import actions
from orders.actions.silence import ATTEMPTS, attempts_of, proposed_until, standing
from orders.forms.silence import SilenceForm
from orders.views.base import OrderAct
from people.roles import Right


class Silence(OrderAct):
    right = Right.ORDER_CONFIRM
    form_class = SilenceForm
    template_name = "orders/silence.html"
    back_to = "orders:confirmation"

    def subject(self):
        super().subject()
        self.silence = standing(self.order)
        self.is_over = bool(self.silence and self.silence.item_id)

    @property
    def title(self):
        return _("Cancel or renew") if self.is_over else _("The customer does not answer")

    @property
    def submit_label(self):
        return _("Renew") if self.is_over else _("Acknowledge")

    def form_kwargs(self):
        until = timezone.localtime(proposed_until()).replace(second=0, microsecond=0)
        return {"initial": {"until": until}}

    @property
    def consequences(self):
        return [
            _("The repeated reminders are quiet until then. The clock goes on: the duty is ours."),
            _("When the time is over without an answer, the head of Sales cancels the order or renews."),
        ]

    def about(self):
        if self.silence:
            said = {"who": self.silence.acknowledged_by, "until": when(self.silence.until)}
            return _("%(who)s waits until %(until)s.") % said
        return super().about()

    def context(self):
        return super().context() | {
            "attempts": attempts_of(self.order).select_related("contacted_by")[:20], "wanted": ATTEMPTS,
            "contact_url": reverse("orders:contact", args=[self.order.pk]),
            "cancel_url": reverse("orders:cancel", args=[self.order.pk]) if self.is_over else "",
        }  # fmt: skip

    def act(self, form):
        deed = actions.renew_silence if self.is_over else actions.acknowledge_silence
        deed(order_id=self.order.pk, by=self.request.user, version=self.version, **form.cleaned_data)
