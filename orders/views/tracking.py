"""The customer's page: no account, one order, in the customer's language, nothing of what goes on inside."""

from contextlib import contextmanager
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy

from desk.refusals import TooMany
from orders import actions
from orders.actions.complaints import may_be_complained_of
from orders.actions.customer import count_post, find_customer_link, may_be_rated
from orders.forms.customer import PublicComplaintForm, RatingForm
from orders.models import Rating
from orders.sheets import company_name
from orders.tracking import face_of
from records.actions import use_link
from records.acts import ActView

HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}


@contextmanager
def _language(request, link):
    """The link's own, or the one chosen on the page; without a cookie."""
    asked = request.GET.get("lang", "")
    with translation.override(asked if asked in dict(settings.LANGUAGES) else link.language):
        yield asked


@method_decorator(login_not_required, name="dispatch")
class CustomerPage(ActView):
    """Looks the link up, speaks its language, counts what is posted; else like every act."""

    find = staticmethod(find_customer_link)
    home = "customer:track"

    def dispatch(self, request, token):
        self.token, self.link = token, self.find(token)
        if self.link is None:
            return self.sealed(render(request, "orders/customer_ended.html", status=404))
        with _language(request, self.link) as self.asked_language:
            if self.link.state != "living":
                return self.sealed(render(request, "orders/customer_ended.html", self.shared(), status=410))
            use_link(self.link.access)
            return self.sealed(super().dispatch(request, token))

    def sealed(self, response):
        for name, value in HEADERS.items():
            response[name] = value
        return response

    def subject(self):
        self.order = self.link.order
        self.refusal = None
        if self.request.method == "POST":
            try:
                count_post(self.link)
            except TooMany as refusal:
                self.refusal = refusal

    def post(self, request, *args, **kwargs):
        if self.refusal:
            form = self.form_class(request.POST, request.FILES, **self.form_kwargs())
            return self.page(form, status=self.refusal.status, refusal=self.refusal)
        return super().post(request, *args, **kwargs)

    def perform_once(self, form):
        """Nobody is signed in: the press's key is kept with what it made."""
        with transaction.atomic():
            self.perform(form)
        return self.address(self.home)

    @property
    def once(self) -> str:
        return self.request.POST.get("once", "")[:64] or uuid4().hex

    def address(self, name) -> str:
        query = f"?lang={translation.get_language()}" if self.asked_language else ""
        return reverse(name, args=[self.token]) + query

    def shared(self) -> dict:
        return {"link": self.link, "company": company_name(), "languages": _languages(), "token": self.token}

    def context(self):
        return self.shared() | {
            "track_url": self.address("customer:track"), "complain_url": self.address("customer:complain"),
            "rate_url": self.address("customer:rate"),
        }


def _languages() -> list[dict]:
    active = translation.get_language()
    marks = {"en": ("EN", "en", "English, EN"), "zh-hans": ("简", "zh-Hans", "简体中文"),
             "zh-hant": ("繁", "zh-Hant", "繁體中文")}  # fmt: skip
    return [{"code": code, "mark": mark, "tag": tag, "name": name, "is_active": code == active}
            for code, (mark, tag, name) in marks.items()]  # fmt: skip


class Track(CustomerPage):
    """What the customer sees first; asks for the rating after delivery."""

    form_class = RatingForm
    template_name = "orders/customer_track.html"
    http_method_names = ("get", "head", "options")

    def context(self):
        rating = Rating.objects.filter(order=self.order).first()
        return super().context() | {
            "face": face_of(self.link),
            "complaints": self.link.complaints.select_related("line__product"),
            "may_complain": may_be_complained_of(self.order),
            "rating": rating, "may_rate": rating is None and may_be_rated(self.order),
        }


class Rate(Track):
    http_method_names = ("get", "head", "options", "post")

    def perform(self, form):
        actions.rate(order_id=self.order.pk, link=self.link, contact=self.link.recipient, **form.cleaned_data)


class Complain(CustomerPage):
    form_class = PublicComplaintForm
    template_name = "orders/customer_complaint.html"
    title = gettext_lazy("Something is wrong with the delivery")

    def form_kwargs(self):
        return {"order": self.order, "initial": {"contact": self.link.recipient}}

    def context(self):
        return super().context() | {"title": self.title, "may_complain": may_be_complained_of(self.order)}

    def perform(self, form):
        given = form.cleaned_data
        actions.raise_complaint(
            order_id=self.order.pk, link=self.link, once=self.once, line_id=given.pop("line").pk, **given
        )
