"""The customer's side of an order, for those who work on it: links, complaints, rating, consents."""

from django.conf import settings
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.text import duration, when
from orders import actions
from orders.actions.complaints import check_receiver, may_be_complained_of
from orders.actions.consents import may_answer
from orders.actions.customer import is_rating_asked, may_be_rated
from orders.forms.customer import (
    CalledRatingForm,
    ChangeLinkForm,
    ComplaintForm,
    ConsentForm,
    DecideComplaintForm,
    LinkForm,
    ReturnedForm,
    ReturnForm,
    TellForm,
    UnratedForm,
)
from orders.forms.issues import NoteForm
from orders.models import Complaint, Consent, CustomerLink, Rating, UrgentOrder
from orders.money import may_see
from orders.pages import shell, visible_order
from orders.views.base import OrderAct
from people.roles import Right
from records.files import serve
from records.models import StoredFile


def customer(request, pk):
    """The tab: what the customer may look at, what was complained of, how content the customer is."""
    order = visible_order(request, pk)
    is_sales = request.user.may(Right.ORDER_CONFIRM)
    complaints = order.complaints.select_related("line__product", "following", "decided_by", "raised_by")
    context = shell(request, order) | {
        "links": order.customer_links.select_related("access", "access__issued_by", "contact"),
        "complaints": complaints,
        "consents": Consent.objects.filter(harmed=order).select_related("order", "asked_by", "decided_by"),
        "rating": Rating.objects.filter(order=order).select_related("recorded_by").first(),
        "is_sales": is_sales,
        "may_issue": is_sales and not order.is_draft,
        "may_complain": is_sales and may_be_complained_of(order),
        "may_rate": is_sales and may_be_rated(order),
        "may_leave_unrated": is_sales and may_be_rated(order) and is_rating_asked(order),
    }
    return render(request, "orders/order_customer.html", context)


class CustomerAct(OrderAct):
    right = Right.ORDER_CONFIRM
    back_to = "orders:customer"


# The link


class IssueLink(CustomerAct):
    """The token stands on the answer to this press, and nowhere else."""

    form_class = LinkForm
    title = gettext_lazy("Give the customer a link")
    submit_label = gettext_lazy("Make the link")
    consequences = (
        gettext_lazy("Whoever has the link sees this order's arrival, state and milestones; no price, no other order."),
        gettext_lazy("It is shown once. Send it yourself; you can end it at any time."),
    )
    token = ""

    def form_kwargs(self):
        last = CustomerLink.objects.filter(contact=self.request.user).first()
        return {"initial": {
            "recipient": self.order.contact_name, "contact_phone": last.contact_phone if last else "",
            "language": CustomerLink.Language.HANS,
        }}  # fmt: skip

    def act(self, form):
        self.link, self.token = actions.issue_customer_link(
            order_id=self.order.pk, by=self.request.user, **form.cleaned_data
        )

    def post(self, request, *args, **kwargs):
        answer = super().post(request, *args, **kwargs)
        if not (self.token and isinstance(answer, HttpResponseRedirect)):
            return answer
        url = settings.BASE_URL + reverse("customer:track", args=[self.token])
        shown = render(request, "orders/link_shown.html", self.context() | {"link": self.link, "url": url})
        shown["Cache-Control"] = "no-store"
        return shown


class LinkAct(CustomerAct):
    def subject(self):
        super().subject()
        links = CustomerLink.objects.select_related("access")
        self.link = get_object_or_404(links, pk=self.kwargs["link"], order=self.order)

    def about(self):
        return str(self.link)


class ChangeLink(LinkAct):
    form_class = ChangeLinkForm
    title = gettext_lazy("What the customer sees")
    submit_label = gettext_lazy("Save")

    def form_kwargs(self):
        return {"initial": {"late_text": self.link.late_text, "shows_pieces": self.link.shows_pieces}}

    def act(self, form):
        actions.change_customer_link(link_id=self.link.pk, by=self.request.user, **form.cleaned_data)


class RevokeLink(LinkAct):
    form_class = NoteForm
    title = gettext_lazy("End the link")
    submit_tone = "dan"
    consequences = (gettext_lazy("The page says that the link has ended, and whom to call. A new link can be made."),)

    def act(self, form):
        actions.revoke_customer_link(link_id=self.link.pk, by=self.request.user)


# The complaint


def complaint(request, pk, complaint):
    order = visible_order(request, pk)
    found = _complaint(order, complaint)
    user = request.user
    following = found.following
    sees_following = bool(following) and UrgentOrder.objects.visible_to(user).filter(pk=following.pk).exists()
    is_done = not found.is_open
    context = shell(request, order) | {
        "complaint": found, "photos": StoredFile.objects.filter(subject=found.stream), "sees_following": sees_following,
        "sees_amount": may_see(user, "sales"), "order_tab": "customer",
        "may_decide": found.is_open and user.may(Right.QUALITY_DECIDE),
        "may_tell": is_done and not found.told_at and user.may(Right.ORDER_CONFIRM),
        "may_credit": found.answer == Complaint.Answer.CREDIT and not found.credit_id and user.may(Right.COST_RECORD),
        "may_decide_returned": found.undecided_returned and user.may(Right.QUALITY_DECIDE),
        "may_take_back": found.outstanding and (user.may(Right.QUALITY_INSPECT) or user.may(Right.DELIVERY_RUN)),
    }
    return render(request, "orders/order_complaint.html", context)


def _complaint(order, pk) -> Complaint:
    found = Complaint.objects.select_related(
        "line__product", "following", "credit", "decided_by", "raised_by", "told_by", "link"
    )
    return get_object_or_404(found, pk=pk, order=order)


def complaint_photo(request, pk, complaint, file):
    found = _complaint(visible_order(request, pk), complaint)
    return serve(get_object_or_404(StoredFile, pk=file, subject=found.stream))


class RaiseComplaint(CustomerAct):
    form_class = ComplaintForm
    title = gettext_lazy("Record a complaint")
    submit_label = gettext_lazy("Send to Quality")
    consequences = (
        gettext_lazy("Quality gets a clock to decide it; you tell the customer the answer."),
        gettext_lazy("The order stays in its stage, a closed one too."),
    )

    def form_kwargs(self):
        return {"order": self.order, "initial": {"contact": self.order.contact_name}}

    def act(self, form):
        given = form.cleaned_data
        actions.raise_complaint(
            order_id=self.order.pk, by=self.request.user, line_id=given.pop("line").pk, **given
        )


class ComplaintAct(OrderAct):
    def subject(self):
        super().subject()
        self.complaint = _complaint(self.order, self.kwargs["complaint"])

    def about(self):
        return _("%(number)s, %(quantity)d × %(product)s: %(text)s") % {
            "number": self.complaint.number, "quantity": self.complaint.quantity,
            "product": self.complaint.line.product, "text": self.complaint.text,
        }

    def next_url(self):
        return self.complaint.get_absolute_url()


class DecideComplaint(ComplaintAct):
    right = Right.QUALITY_DECIDE
    form_class = DecideComplaintForm
    title = gettext_lazy("Decide the complaint")
    submit_label = gettext_lazy("Decide")
    consequences = (
        gettext_lazy("Sales is asked to tell the customer."),
        gettext_lazy("Credit: Finance writes it. Replacement or repair: Sales gets a new urgent order, free of charge,"
                     " that follows this one; its cost counts as this order's quality cost."),
    )  # fmt: skip

    def act(self, form):
        actions.decide_complaint(complaint_id=self.complaint.pk, by=self.request.user, **form.cleaned_data)


class TellCustomer(ComplaintAct):
    right = Right.ORDER_CONFIRM
    form_class = TellForm
    title = gettext_lazy("Tell the customer the answer")
    submit_label = gettext_lazy("The customer was told")
    submit_tone = "ok"

    def form_kwargs(self):
        return {"initial": {"contact": self.complaint.contact}}

    def act(self, form):
        actions.tell_customer(complaint_id=self.complaint.pk, by=self.request.user, **form.cleaned_data)


class TakeInReturn(ComplaintAct):
    form_class = ReturnForm
    title = gettext_lazy("Take returned pieces in")
    submit_label = gettext_lazy("They are here")
    consequences = (gettext_lazy("The pieces are held; they count as shipped no more."),)

    def subject(self):
        super().subject()
        check_receiver(self.request.user)

    def form_kwargs(self):
        return {"initial": {"quantity": self.complaint.outstanding}}

    def act(self, form):
        actions.take_in_return(complaint_id=self.complaint.pk, by=self.request.user, **form.cleaned_data)


class DecideReturned(ComplaintAct):
    right = Right.QUALITY_DECIDE
    form_class = ReturnedForm
    title = gettext_lazy("Decide the returned pieces")
    submit_label = gettext_lazy("Decide")
    consequences = (gettext_lazy("They stay held or are scrapped; they are never shipped as good ones again."),)

    def form_kwargs(self):
        return {"initial": {"quantity": self.complaint.undecided_returned}}

    def act(self, form):
        actions.decide_returned(complaint_id=self.complaint.pk, by=self.request.user, **form.cleaned_data)


# The rating


class RecordRating(CustomerAct):
    form_class = CalledRatingForm
    title = gettext_lazy("Record how content the customer is")
    submit_label = gettext_lazy("Record")
    consequences = (gettext_lazy("Asked once for an order; it stays as it was said and counts in the figures."),)

    def form_kwargs(self):
        return {"initial": {"contact": self.order.contact_name}}

    def act(self, form):
        actions.rate(order_id=self.order.pk, by=self.request.user, **form.cleaned_data)


class LeaveUnrated(CustomerAct):
    form_class = UnratedForm
    title = gettext_lazy("The customer gives no rating")
    submit_label = gettext_lazy("Ask no more")
    consequences = (gettext_lazy("Your task ends. On the link the customer can still rate the delivery."),)

    def act(self, form):
        actions.leave_unrated(order_id=self.order.pk, by=self.request.user, **form.cleaned_data)


# Another order wants to go first


class AnswerConsent(OrderAct):
    """Under the order that would come late."""

    form_class = ConsentForm
    template_name = "orders/consent.html"
    back_to = "orders:customer"
    title = gettext_lazy("May another order go first?")
    submit_label = gettext_lazy("Answer")

    def subject(self):
        super().subject()
        consents = Consent.objects.select_related("order__customer", "harmed__created_by", "asked_by", "decided_by",
                                                  "item")  # fmt: skip
        self.consent = get_object_or_404(consents, pk=self.kwargs["consent"], harmed=self.order)

    @property
    def consequences(self):
        return [
            _("Yes: when the plan of %(order)s is released, %(harmed)s is moved. Tell your customer the new time.")
            % {"order": self.consent.order, "harmed": self.order},
            _("No: %(order)s cannot be approved with this plan; production looks for another way.")
            % {"order": self.consent.order},
        ]

    def about(self):
        row = self.consent
        return _("%(harmed)s would finish %(after)s instead of %(before)s: %(late)s later than promised.") % {
            "harmed": self.order, "after": when(row.finish_after_at), "before": when(row.finish_before_at),
            "late": duration(row.late_seconds),
        }

    def context(self):
        may = self.consent.is_open and may_answer(self.request.user, self.consent)
        return super().context() | {"consent": self.consent, "may_answer": may}

    def act(self, form):
        actions.answer_consent(consent_id=self.consent.pk, by=self.request.user, **form.cleaned_data)
