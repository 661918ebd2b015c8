from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from desk.refusals import Changed
from orders.pages import visible_order
from records.acts import ActView


class OrderAct(ActView):
    """The page of one act on an order. Subclasses say the words, the form, and `act`."""

    template_name = "ui/act.html"
    title = submit_label = ""
    lead = ""
    submit_tone = "pri"
    back_to = "orders:detail"
    consequences = ()

    def subject(self):
        self.order = visible_order(self.request, self.kwargs["pk"])

    def act(self, form):
        raise NotImplementedError

    def perform(self, form) -> str:
        self.act(form)
        return self.next_url()

    def next_url(self) -> str:
        return reverse(self.back_to, args=[self.order.pk])

    def context(self) -> dict:
        return {
            "order": self.order, "title": self.title, "lead": self.lead or self.about(),
            "submit_label": self.submit_label or self.title, "submit_tone": self.submit_tone,
            "consequences": self.consequences, "back_url": self.next_url(), "back_label": str(self.order),
            "version": self.form_version(),
        }  # fmt: skip

    def about(self) -> str:
        return _("%(order)s, %(customer)s") % {"order": self.order, "customer": self.order.customer or "–"}

    def form_version(self):
        """What the page was made from; once the person was told of the change, what it is now."""
        is_told = isinstance(getattr(self, "refusal", None), Changed)
        return self.order.version if self.version is None or is_told else self.version

    def page(self, form, *, status=200, refusal=None):
        self.refusal = refusal
        return super().page(form, status=status, refusal=refusal)
