"""《緊急訂單識別表》: one page for a new form, a draft and a returned order."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from desk.refusals import Changed, NotYours
from desk.text import when
from orders import actions
from orders.actions.door import who_may
from orders.actions.form import class_of, requested_hours
from orders.drafts import page_draft, remember
from orders.forms.identification import IdentificationForm, customer_list, product_list
from orders.forms.issues import NoteForm
from orders.machine import LATER_THAN_REVIEW, Stage
from orders.models import UrgentOrder
from orders.money import may_see
from orders.pages import visible_order
from orders.reports import next_steps
from orders.rush import with_one_more
from orders.similar import like_orders
from orders.views.base import OrderAct
from people.roles import Right
from records.acts import ActView
from records.files import ACCEPT, attach
from records.models import StoredFile


def _check_sales(user):
    if not user.may(Right.ORDER_CREATE):
        raise NotYours(
            _("Only Sales can enter an urgent order."), because=_("Tell one of them what the customer needs."),
            who=who_may(Right.ORDER_CREATE),
        )  # fmt: skip


class Identification(ActView):
    form_class = IdentificationForm
    template_name = "orders/identification.html"

    def subject(self):
        _check_sales(self.request.user)
        self.order = visible_order(self.request, self.kwargs["pk"]) if "pk" in self.kwargs else self._typed_draft()
        if self.order and self.order.stage != Stage.IDENTIFICATION:
            raise Changed(
                _("This form is submitted; the order changes by agreement with the customer only."),
                because=_("It is in %(stage)s now.") % {"stage": self.order.get_stage_display()},
            )

    def _typed_draft(self):
        """The draft that this page has saved of itself while it was filled in."""
        known = page_draft(self.request.user, self.request.POST.get("once", ""))
        pk = known.pk if known else self.request.POST.get("draft", "")
        if not str(pk).isdecimal():
            return None
        return UrgentOrder.objects.visible_to(self.request.user).filter(pk=pk).first()

    def form_kwargs(self):
        rows = self.request.GET.get("rows", "")
        row_count = min(int(rows), 60) if rows.isdecimal() else 3
        return {"order": self.order, "row_count": row_count}

    @property
    def version(self):
        """The page's own autosaves are not somebody else's change."""
        known = page_draft(self.request.user, self.request.POST.get("once", ""))
        return max(filter(None, [super().version, known and known.version]), default=None)

    @transaction.atomic
    def perform(self, form):
        do = self.request.POST.get("do", "submit")
        order = save(form, self.order, self.version, self.request.user)
        if do == "submit":
            order = actions.submit(order_id=order.pk, by=self.request.user)
            messages.success(self.request, _told(order))
            return order.get_absolute_url()
        messages.success(self.request, _("Draft saved"))
        more = f"?rows={len(form.lines.forms) + 1}#lines" if do == "add_row" else ""
        return reverse("orders:edit", args=[order.pk]) + more

    def context(self):
        return hints(self.request, self.order) | {
            "order": self.order, "customers": customer_list(), "products": product_list(), "accept": ACCEPT,
            "files": self.order and files_of(self.order),
            "drafts": self._other_drafts(), "is_draft": self.order is None or self.order.is_draft,
        }  # fmt: skip

    @property
    def version_now(self):
        return self.order and self.order.version

    def _other_drafts(self):
        if self.order is not None or self.request.method == "POST":
            return 0
        return UrgentOrder.objects.filter(created_by=self.request.user, submitted_at=None, closed_at=None).count()

    def page(self, form, *, status=200, refusal=None):
        if form.is_bound and self.order:  # the next page has another once-key, but goes on with this draft
            form.data = form.data.copy()
            form.data["draft"] = self.order.pk
        return super().page(form, status=status, refusal=refusal)


def _told(order) -> str:
    due_at = order.stage_item.due_at if order.stage_item else None
    if due_at:
        return _("%(order)s submitted. Confirmation due %(due)s.") % {"order": order, "due": when(due_at)}
    return _("%(order)s submitted.") % {"order": order}


def save(form, order, version, user) -> UrgentOrder:
    """The form's fields, lines and files."""
    order = actions.save_draft(
        by=user, values=form.values(), lines=form.row_values(), order_id=order and order.pk, version=version
    )
    for upload in form.cleaned_data.get("files") or []:
        attach(upload, subject=order.stream, purpose="form", by=user)
    return order


@require_POST
@transaction.atomic
def draft(request, pk=None):
    """Called by the page while it is filled in: keeps what can be read, says which draft it is."""
    _check_sales(request.user)
    known = page_draft(request.user, request.POST.get("once", ""), is_locked=True)
    order = _draft_of(request, known, pk)
    form = IdentificationForm(request.POST, order=order)
    form.is_valid()
    version = known.version if known else request.POST.get("version", "")
    order = actions.save_draft(
        by=request.user, values=form.values(), lines=form.row_values(), order_id=order and order.pk,
        version=int(version) if order and str(version).isdecimal() else None,
    )  # fmt: skip
    remember(request.user, request.POST.get("once", ""), order)
    return JsonResponse({"id": order.pk, "version": order.version, "saved_at": timezone.now().isoformat()})


def _draft_of(request, known, pk):
    pk = known.pk if known else pk or request.POST.get("draft") or None
    if pk is None:
        return None
    if not str(pk).isdecimal():
        raise Http404
    order = visible_order(request, int(pk))
    if not order.is_draft:
        raise Changed(_("This form is submitted; the order changes by agreement with the customer only."))
    return order


@require_POST
def form_hints(request):
    """The rail of the form for what is typed so far."""
    _check_sales(request.user)
    return render(request, "orders/_form_hints.html", hints(request, None) | {"is_fragment": True})


def hints(request, order) -> dict:
    """Lead time, class, like orders, the proposed case, and what happens next."""
    given = _given(request, order)
    now = timezone.now()
    products = [row["product"] for row in given["rows"]]
    normal = max((product.family.normal_lead_time_hours for product in products), default=None)
    share, urgency = class_of(normal, given["required_at"], now)
    like = like_orders(user=request.user, customer=given["customer"], products=products, besides=given["besides"])
    for row in like:
        row.may_grow = row.stage in (Stage.REVIEW, *LATER_THAN_REVIEW)
    is_future = bool(given["required_at"] and given["required_at"] > now)
    return {
        "normal_hours": normal,
        "wanted_hours": round(requested_hours(given["required_at"], now), 1) if is_future else None,
        "is_past": bool(given["required_at"]) and not is_future,
        "share_percent": None if share is None else round(share * 100),
        "urgency": UrgentOrder.UrgencyClass(urgency) if share is not None else None,
        "customer": given["customer"],
        "project": given["project"],
        "proposed": given["proposed"],
        "like": like,
        "rush": with_one_more(given["customer"], request.user, now) if order is None or order.is_draft else [],
        "sees_extra_cost": may_see(request.user, "resource"),
        "steps": next_steps(urgency if share is not None else ""),
    }


def _given(request, order) -> dict:
    """What the form says, typed or kept."""
    if request.method == "POST":
        form = IdentificationForm(request.POST, order=order)
        was_chosen = bool(request.POST.get("ground"))
        form.is_valid()
        given = form.cleaned_data
        return {
            "required_at": given.get("required_at"), "customer": given.get("customer"), "project": given.get("project"),
            "proposed": "" if was_chosen else given.get("ground", ""), "rows": form.row_values(),
            "besides": order.pk if order else given.get("draft"),
        }  # fmt: skip
    if order is None:
        return {"required_at": None, "customer": None, "project": None, "proposed": "", "rows": [], "besides": None}
    lines = order.lines.select_related("product__family")
    return {
        "required_at": order.required_at, "customer": order.customer, "project": order.project, "proposed": "",
        "rows": [{"product": line.product} for line in lines], "besides": order.pk,
    }  # fmt: skip


class DeleteDraft(OrderAct):
    form_class = NoteForm
    title = gettext_lazy("Delete this draft")
    submit_label = gettext_lazy("Delete")
    submit_tone = "dan"
    consequences = (gettext_lazy("What was typed and its files are gone; nobody was told of it yet."),)

    def subject(self):
        super().subject()
        if not self.order.is_draft:
            raise Http404

    def act(self, form):
        actions.delete_draft(order_id=self.order.pk, by=self.request.user)

    def next_url(self):
        return reverse("orders:drafts")


def files_of(order):
    return StoredFile.objects.filter(subject=order.stream).select_related("uploaded_by")
