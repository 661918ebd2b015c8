"""The customer chooses one of the options on a page of their own; sales confirms it."""

from django.shortcuts import render
from django.utils.functional import cached_property

from orders import actions
from orders.actions.offers import find_offer_link
from orders.forms.negotiation import OfferAnswerForm
from orders.models import Negotiation
from orders.offers import option_faces
from orders.views.tracking import CustomerPage


class Offer(CustomerPage):
    """Opening the page changes nothing; the first answer counts."""

    form_class = OfferAnswerForm
    template_name = "orders/customer_offer.html"
    find = staticmethod(find_offer_link)
    home = "customer:offer"

    @cached_property
    def said(self):
        return actions.said_on_link(self.link.negotiation)

    @cached_property
    def options(self) -> list:
        options = self.link.negotiation.options.select_related("substitute")
        return list(options.prefetch_related("parts__line__product"))

    @property
    def has_ended(self) -> bool:
        """Answered some other way, or not offered any more."""
        return self.said is None and self.link.negotiation.state != Negotiation.State.OPEN

    def get(self, request, *args, **kwargs):
        if self.has_ended:
            return render(request, "orders/customer_ended.html", self.context(), status=410)
        return super().get(request, *args, **kwargs)

    def form_kwargs(self):
        return {"options": self.options, "initial": {"contact": self.link.recipient}}

    def context(self):
        faces = option_faces(self.order, self.options)
        chosen = self.said.option_id if self.said else None
        return self.shared() | {
            "order": self.order, "lines": self.order.lines.select_related("product"), "faces": faces,
            "said": self.said, "chosen": next((face for face in faces if face.pk == chosen), None),
            "picked": self.request.POST.get("option", ""), "has_ended": self.has_ended,
        }

    def perform(self, form):
        actions.answer_offer(link_id=self.link.pk, once=self.once, **form.given())
