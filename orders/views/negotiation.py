"""與銷售溝通，協商解決方案: options, and the customer's answer."""

from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders import actions
from orders.forms.issues import NoteForm
from orders.forms.negotiation import AnswerForm, OpenForm, RefusalForm
from orders.machine import LATER_THAN_REVIEW, Stage
from orders.models import Negotiation
from orders.money import may_see
from orders.pages import shell, visible_order
from orders.views.base import OrderAct
from people.roles import Right

OPENERS = (Right.REVIEW_ASSESS, Right.SUPPLY_BUY, Right.ORDER_NEGOTIATE)


def negotiation(request, pk):
    order = visible_order(request, pk)
    rows = list(
        order.negotiations.select_related("opened_by", "answered_by", "item")
        .prefetch_related("options__material_line__material", "options__substitute")
    )  # fmt: skip
    is_open = any(row.state == Negotiation.State.OPEN for row in rows)
    user = request.user
    context = {
        "negotiations": rows, "now": timezone.now(), "may_answer": user.may(Right.ORDER_NEGOTIATE),
        "may_open": not is_open and order.stage in (Stage.REVIEW, *LATER_THAN_REVIEW) and any(map(user.may, OPENERS)),
        "sees_extra_cost": may_see(user, "resource"), "sees_surcharge": may_see(user, "sales"),
    }  # fmt: skip
    return render(request, "orders/order_negotiation.html", shell(request, order) | context)


class Open(OrderAct):
    form_class = OpenForm
    template_name = "orders/negotiation_open.html"
    back_to = "orders:negotiation"
    title = gettext_lazy("Offer the customer solutions")
    submit_label = gettext_lazy("Send the options to Sales")
    consequences = (
        gettext_lazy("Sales gets a clock to agree a solution with the customer."),
        gettext_lazy("The review's clock stands until the customer has answered."),
        gettext_lazy("An option ends when its time is over; the answer then needs a new one."),
    )

    def form_kwargs(self):
        return {"order": self.order, "user": self.request.user}

    def act(self, form):
        actions.open_negotiation(
            order_id=self.order.pk, by=self.request.user, reason=form.cleaned_data["reason"], options=form.rows(),
            version=self.version,
        )  # fmt: skip


class NegotiationAct(OrderAct):
    back_to = "orders:negotiation"

    def subject(self):
        super().subject()
        self.negotiation = get_object_or_404(Negotiation, pk=self.kwargs["negotiation"], order=self.order)

    def form_kwargs(self):
        return {"initial": {"contact": self.order.contact_name, "how": "call"}}


class Accept(NegotiationAct):
    right = Right.ORDER_NEGOTIATE
    form_class = AnswerForm
    title = gettext_lazy("The customer accepts")
    submit_label = gettext_lazy("Record the answer")
    submit_tone = "ok"

    def subject(self):
        super().subject()
        self.option = get_object_or_404(self.negotiation.options, pk=self.kwargs["option"])

    def about(self):
        return self.option.description

    @property
    def consequences(self):
        return [
            _("The order changes as the option says, and the processing sheet is issued in a new version."),
            _("What was signed on the old facts is taken back, and the order is reviewed again."),
        ]

    def act(self, form):
        actions.accept_option(
            negotiation_id=self.negotiation.pk, option_id=self.option.pk, by=self.request.user, **form.cleaned_data
        )


class Refuse(NegotiationAct):
    right = Right.ORDER_NEGOTIATE
    form_class = RefusalForm
    title = gettext_lazy("The customer accepts none")
    submit_label = gettext_lazy("Record the answer")
    consequences = (
        gettext_lazy("The head of Sales and who opened the negotiation are told."),
        gettext_lazy("Production may offer again; or the head of Sales cancels the order with a reason."),
    )

    def act(self, form):
        actions.refuse_options(negotiation_id=self.negotiation.pk, by=self.request.user, **form.cleaned_data)


class Withdraw(NegotiationAct):
    form_class = NoteForm
    title = gettext_lazy("Withdraw the options")
    submit_label = gettext_lazy("Withdraw")
    consequences = (gettext_lazy("The customer is not asked any more; the review's clock goes on."),)

    def form_kwargs(self):
        return {}

    def act(self, form):
        actions.withdraw_negotiation(negotiation_id=self.negotiation.pk, by=self.request.user)
