"""An order on hold, and off it."""

from datetime import timedelta

from django.contrib import messages
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.text import when
from orders import actions
from orders.actions.holding import check_may_hold
from orders.forms.hold import HoldForm
from orders.forms.issues import NoteForm
from orders.views.base import OrderAct


class HoldAct(OrderAct):
    def subject(self):
        super().subject()
        check_may_hold(self.order, self.request.user)


class PutOnHold(HoldAct):
    form_class = HoldForm
    title = gettext_lazy("Put the order on hold")
    submit_label = gettext_lazy("Put on hold")
    submit_tone = "dan"
    consequences = (
        gettext_lazy("All clocks of the order stand until the hold ends."),
        gettext_lazy("Nothing is started, bought or dispatched; it can only be returned or cancelled."),
        gettext_lazy("Receipts, inspection and what runs already go on."),
        gettext_lazy("Everybody concerned is told, with your reason."),
    )

    def form_kwargs(self):
        return {"initial": {"until": timezone.localtime(timezone.now() + timedelta(days=1)).replace(second=0)}}

    def act(self, form):
        hold = actions.hold_order(
            order_id=self.order.pk, by=self.request.user, version=self.version, **form.cleaned_data
        )
        said = {"order": self.order, "until": when(hold.until)}
        messages.success(self.request, _("%(order)s is on hold until %(until)s.") % said)


class EndHold(HoldAct):
    form_class = NoteForm
    title = gettext_lazy("End the hold")
    submit_tone = "ok"
    consequences = (
        gettext_lazy("All clocks of the order go on from where they stood."),
        gettext_lazy("A gate that was signed meanwhile opens at once."),
        gettext_lazy("Everybody concerned is told."),
    )

    def about(self):
        return self.order.hold.reason if self.order.is_held else super().about()

    def act(self, form):
        actions.end_hold(order_id=self.order.pk, by=self.request.user, version=self.version)
