from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from orders.pages import visible_order
from records.acts import ActView


class OrderAct(ActView):
    """The page of one act on an order. Subclasses say the words, the form, and `act`."""

    back_to = "orders:detail"

    def subject(self):
        self.order = visible_order(self.request, self.kwargs["pk"])

    @property
    def version_now(self):
        return self.order.version

    def act(self, form):
        raise NotImplementedError

    def perform(self, form) -> str:
        self.act(form)
        return self.next_url()

    def next_url(self) -> str:
        return reverse(self.back_to, args=[self.order.pk])

    def context(self) -> dict:
        return {
            "order": self.order, "lead": self.lead or self.about(), "back_url": self.next_url(),
            "back_label": str(self.order),
        }

    def about(self) -> str:
        return _("%(order)s, %(customer)s") % {"order": self.order, "customer": self.order.customer or "–"}
