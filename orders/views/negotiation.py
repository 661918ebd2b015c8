"""與銷售溝通，協商解決方案: options, and the customer's answer."""

from django.conf import settings
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.refusals import GateShut
from desk.text import when
from orders import actions
from orders.forms.issues import NoteForm
from orders.forms.negotiation import AnswerForm, OfferForm, OpenForm, RefusalForm
from orders.machine import LATER_THAN_REVIEW, STEPS, Stage
from orders.models import Negotiation, OfferLink
from orders.money import may_see
from orders.pages import shell, visible_order
from orders.views.base import OrderAct
from people.roles import Right

OPENERS = (Right.REVIEW_ASSESS, Right.SUPPLY_BUY, Right.ORDER_NEGOTIATE)


def negotiation(request, pk):
    order = visible_order(request, pk)
    rows = list(
        order.negotiations.select_related("opened_by", "answered_by", "item", "offer_answer__option")
        .prefetch_related("options__material_line__material", "options__substitute", "options__parts",
                          "links__access", "links__contact")
    )  # fmt: skip
    is_open = any(row.state == Negotiation.State.OPEN for row in rows)
    user = request.user
    is_refused = bool(rows) and rows[0].state == Negotiation.State.REFUSED
    context = {
        "negotiations": rows, "now": timezone.now(), "may_answer": user.may(Right.ORDER_NEGOTIATE),
        "may_open": not is_open and order.stage in (Stage.REVIEW, *LATER_THAN_REVIEW) and any(map(user.may, OPENERS)),
        "sees_extra_cost": may_see(user, "resource"), "sees_surcharge": may_see(user, "sales"),
        "may_cancel": is_refused and user.may(Right.ORDER_DECIDE) and STEPS["cancel"].target_from(order.stage),
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


IF_ACCEPTED = (
    gettext_lazy("The order changes as the option says, and the processing sheet is issued in a new version."),
    gettext_lazy("What was signed on the old facts is taken back, and the order is reviewed again."),
)


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

    consequences = IF_ACCEPTED

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


class SendOffer(NegotiationAct):
    """The options on a page of the customer's own; the token stands on the answer to this press, and nowhere else."""

    right = Right.ORDER_NEGOTIATE
    form_class = OfferForm
    title = gettext_lazy("Send the options to the customer")
    submit_label = gettext_lazy("Make the link")
    consequences = (
        gettext_lazy("Whoever has the link sees the new delivery times, the parts and the charges, and answers once."),
        gettext_lazy("The answer is recorded and you are told; the order changes when you confirm it."),
        gettext_lazy("The link ends when the first option ends. It is shown once: send it yourself."),
    )
    token = ""

    def form_kwargs(self):
        last = OfferLink.objects.filter(contact=self.request.user).first()
        may_charge = may_see(self.request.user, "sales") and not self.negotiation.links.exists()
        options = self.negotiation.options.all() if may_charge else []
        return {"options": options, "initial": {
            "recipient": self.order.contact_name, "contact_phone": last.contact_phone if last else "",
            "language": OfferLink.Language.HANS,
        }}  # fmt: skip

    def act(self, form):
        self.link, self.token = actions.issue_offer_link(
            negotiation_id=self.negotiation.pk, by=self.request.user, **form.given()
        )

    def post(self, request, *args, **kwargs):
        answer = super().post(request, *args, **kwargs)
        if not (self.token and isinstance(answer, HttpResponseRedirect)):
            return answer
        url = settings.BASE_URL + reverse("customer:offer", args=[self.token])
        shown = render(request, "orders/link_shown.html", self.context() | {"link": self.link, "url": url})
        shown["Cache-Control"] = "no-store"
        return shown


class EndOffer(NegotiationAct):
    right = Right.ORDER_NEGOTIATE
    form_class = NoteForm
    title = gettext_lazy("End the link")
    submit_tone = "dan"
    consequences = (gettext_lazy("The page says that the link has ended, and whom to call. A new link can be made."),)

    def subject(self):
        super().subject()
        self.link = get_object_or_404(OfferLink, pk=self.kwargs["link"], negotiation=self.negotiation)

    def about(self):
        return str(self.link)

    def form_kwargs(self):
        return {}

    def act(self, form):
        actions.revoke_offer_link(link_id=self.link.pk, by=self.request.user)


class ConfirmAnswer(NegotiationAct):
    """One click: what the customer answered on the link becomes the step."""

    right = Right.ORDER_NEGOTIATE
    form_class = NoteForm
    title = gettext_lazy("Confirm what the customer answered")
    submit_label = gettext_lazy("Confirm the answer")
    submit_tone = "ok"

    def subject(self):
        super().subject()
        self.said = actions.said_on_link(self.negotiation)
        if self.said is None:
            raise GateShut(_("The customer has not answered on the link yet."))

    def about(self):
        chosen = self.said.option.description if self.said.option else _("none of the options")
        about = _("%(who)s chose on the link, %(when)s: %(option)s.") % {
            "who": self.said.contact, "when": when(self.said.answered_at), "option": chosen,
        }
        return f"{about} {self.said.comment}".strip()

    @property
    def consequences(self):
        return IF_ACCEPTED if self.said.option else Refuse.consequences

    def form_kwargs(self):
        return {}

    def act(self, form):
        actions.confirm_answer(negotiation_id=self.negotiation.pk, by=self.request.user)


class Withdraw(NegotiationAct):
    form_class = NoteForm
    title = gettext_lazy("Withdraw the options")
    submit_label = gettext_lazy("Withdraw")
    consequences = (gettext_lazy("The customer is not asked any more; the review's clock goes on."),)

    def form_kwargs(self):
        return {}

    def act(self, form):
        actions.withdraw_negotiation(negotiation_id=self.negotiation.pk, by=self.request.user)
