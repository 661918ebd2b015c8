"""Undo within seconds."""

from django.contrib import messages
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import actions
from orders.forms.issues import NoteForm
from orders.machine import Stage
from orders.views.base import OrderAct


class Withdraw(OrderAct):
    form_class = NoteForm
    title = gettext_lazy("Withdraw the last step")
    submit_label = gettext_lazy("Withdraw")
    consequences = (
        gettext_lazy("The order is where it was before; messages that wait are not sent."),
        gettext_lazy("What you signed with that step is taken back. The timeline keeps both."),
    )

    def perform(self, form):
        order = actions.withdraw(order_id=self.order.pk, by=self.request.user)
        messages.success(self.request, _("Withdrawn. %(order)s is where it was before.") % {"order": order})
        is_form = order.stage == Stage.IDENTIFICATION
        return reverse("orders:edit", args=[order.pk]) if is_form else order.get_absolute_url()
