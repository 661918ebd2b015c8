"""The order's papers: files, the processing sheet in its versions, the identification form."""

from contextlib import nullcontext

from django.conf import settings
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from desk.paper import pdf_response
from desk.refusals import GateShut, NotYours
from orders import actions, papers
from orders.actions import door, trail
from orders.actions.form import normal_hours
from orders.actions.sheet import RECEIVERS
from orders.forms.documents import FilesForm
from orders.forms.issues import NoteForm
from orders.machine import CONCERNED_DEPARTMENTS
from orders.models import ProcessingSheet, UrgentOrder
from orders.money import may_see
from orders.pages import amount_of, shell, visible_order
from orders.sheets import company_name, order_url, sheet_context
from orders.views.base import OrderAct
from people.models import Department
from people.roles import Right
from records.files import ACCEPT, TAKEN_BACK, attach, serve
from records.models import StoredFile
from sla.bulk import BulkRow, BulkView

# Papers with prices in them are for those who may see these prices.
MONEY_OF_PURPOSE = {"quote": "purchase", "purchase": "purchase", "supplier_invoice": "purchase", "invoice": "sales",
                    "statement": "sales", "settlement": "sales"}  # fmt: skip
MOST_SHEETS = 50
LANGUAGES = [("en", "EN"), ("zh-hans", "简"), ("zh-hant", "繁")]


def visible_files(user, order):
    hidden = [purpose for purpose, money in MONEY_OF_PURPOSE.items() if not may_see(user, money)]
    return StoredFile.objects.filter(subject=order.stream).exclude(purpose__in=[*hidden, TAKEN_BACK])


class Documents(OrderAct):
    """The tab, and the upload in it."""

    form_class = FilesForm
    template_name = "orders/order_documents.html"
    back_to = "orders:documents"

    def subject(self):
        super().subject()
        self.shown = shell(self.request, self.order)

    def context(self):
        sheets = self.order.sheets.select_related("issued_by").prefetch_related("receipts__department")
        return self.shown | {
            "files": visible_files(self.request.user, self.order).select_related("uploaded_by"), "sheets": sheets,
            "hand_overs": self.order.external_refs.all(), "has_order_system": bool(settings.ORDER_SYSTEM_URL),
            "may_hand_over": self.request.user.may(Right.ORDER_CONFIRM), "receiver_count": len(RECEIVERS),
            "accept": ACCEPT, "may_attach": self.request.user.may(Right.ISSUE_RAISE),
        }  # fmt: skip

    def perform(self, form):
        user = self.request.user
        if not user.may(Right.ISSUE_RAISE):
            raise NotYours(_("You only look at this order."), who=[self.order.created_by])
        order = door.lock(self.order.pk, by=user)
        for upload in form.cleaned_data["files"]:
            stored = attach(upload, subject=order.stream, purpose="document", by=user)
            trail.note(order, "file_added", trail.FILE_ADDED, by=user, params={"name": stored.name})
        return self.next_url()


def file(request, pk, file):
    order = visible_order(request, pk)
    stored = get_object_or_404(visible_files(request.user, order), pk=file)
    return serve(stored)


def _sheet(order, version) -> ProcessingSheet | None:
    sheets = order.sheets.select_related("issued_by")
    return get_object_or_404(sheets, version=version) if version else sheets.first()


def sheet(request, pk, version=None):
    """On the screen: this version, who has received it, and the others."""
    order = visible_order(request, pk)
    shown = shell(request, order)
    found = _sheet(order, version)
    context = sheet_context(order, found) if found else {"sheet": None}
    user = request.user
    received = {row["code"] for row in context.get("receipts", []) if row["receipt"]}
    context["may_receive"] = bool(
        found and context["is_newest"] and not found.withdrawn_at
        and user.department_code in RECEIVERS and user.department_code not in received
    )
    context["order_tab"] = "documents"
    context["versions"] = order.sheets.values_list("version", flat=True)
    context["may_issue"] = found and user.may(Right.ORDER_CONFIRM) and not order.is_final
    return render(request, "orders/order_sheet.html", shown | context)


class Receive(OrderAct):
    form_class = NoteForm
    title = _("Receive the processing sheet")
    submit_label = _("Received")
    submit_tone = "ok"
    consequences = (_("Your name, your department and the time stand on the sheet."),)

    def act(self, form):
        actions.receive_sheet(order_id=self.order.pk, by=self.request.user, version=self.kwargs["version"])

    def next_url(self):
        return reverse("orders:sheet", args=[self.order.pk])


class ReceiveMany(BulkView):
    """The same act on each: that this department has seen the sheet."""

    kinds = ("sheet_receipt",)
    title = _("Receive processing sheets")
    submit_label = _("Received")
    note = _("Your name, your department and the time stand on each sheet.")

    def row(self, item):
        sheet = ProcessingSheet.objects.filter(order=item.source_number).first()
        if sheet is None:
            return BulkRow(item, hindrance=_("There is no sheet."))
        return BulkRow(item, _("Version %(number)d of the processing sheet is in force.") % {"number": sheet.version})

    def decide(self, item, form):
        sheet = ProcessingSheet.objects.filter(order=item.source_number).first()
        actions.receive_sheet(order_id=item.source_number, by=self.request.user, version=sheet.version)


class IssueAgain(OrderAct):
    right = Right.ORDER_CONFIRM
    form_class = NoteForm
    title = _("Issue the sheet again")
    consequences = (
        _("A new version comes into force with what the order says now; this one is kept, marked as old."),
        _("Every receiving department is asked to read the new one."),
    )

    @transaction.atomic
    def act(self, form):
        order = actions.lock(self.order.pk, by=self.request.user, version=self.version)
        actions.issue_sheet(order=order, by=self.request.user, reason=trail.ISSUED_AGAIN)

    def next_url(self):
        return reverse("orders:sheet", args=[self.order.pk])


class HandOverAgain(OrderAct):
    right = Right.ORDER_CONFIRM
    form_class = NoteForm
    back_to = "orders:documents"
    title = _("Hand the order over again")
    submit_label = _("Hand over")
    consequences = (_("The order is posted to the company's order system once more, within a minute."),)

    def act(self, form):
        actions.hand_over_again(order_id=self.order.pk, by=self.request.user)


def _in_language(request):
    """A paper may be wanted in another language than the reader's own."""
    language = request.GET.get("lang", "")
    return translation.override(language) if language in dict(settings.LANGUAGES) else nullcontext()


def sheet_print(request, pk, version=None):
    order = visible_order(request, pk)
    found = _sheet(order, version)
    if found is None:
        raise Http404
    with _in_language(request):
        context = sheet_context(order, found) | _paper(order)
        return render(request, "orders/sheet_print.html", context)


def sheets_print(request):
    """The sheets in force of the chosen orders, one after the other; an order without one is left out."""
    keys = [key for key in request.GET.getlist("order")[:MOST_SHEETS] if key.isdecimal()]
    orders = UrgentOrder.objects.visible_to(request.user).filter(pk__in=keys).select_related("customer")
    with _in_language(request):
        sheets = [sheet_context(order, found) | _paper(order) for order in orders if (found := _sheet(order, None))]
        return render(request, "orders/sheets_print.html", {"sheets": sheets})


def sheet_pdf(request, pk, version=None):
    order = visible_order(request, pk)
    found = _sheet(order, version)
    if found is None:
        raise Http404
    with _in_language(request):
        paper = papers.processing_sheet(request.user, order, found)
        return pdf_response(paper, f"{paper.title} {found.number}-{found.version}")


def sheets_pdf(request):
    """The same choice as one file; a PDF of nothing is refused."""
    keys = [key for key in request.GET.getlist("order")[:MOST_SHEETS] if key.isdecimal()]
    orders = UrgentOrder.objects.visible_to(request.user).filter(pk__in=keys).select_related("customer")
    with _in_language(request):
        found = [(order, sheet) for order in orders if (sheet := _sheet(order, None))]
        if not found:
            raise GateShut(_("There is no sheet to print."), because=_("None of the chosen orders has one yet."),
                           remedy=_("Choose orders that are confirmed with the customer."))  # fmt: skip
        sheets = [papers.processing_sheet(request.user, order, sheet) for order, sheet in found]
        return pdf_response(sheets, sheets[0].title)


def form_pdf(request, pk):
    order = visible_order(request, pk)
    if order.is_draft:
        raise Http404
    with _in_language(request):
        paper = papers.identification_form(request.user, order)
        return pdf_response(paper, f"{paper.title} {order.form_number}")


def _paper(order) -> dict:
    return {"url": order_url(order), "printed_at": timezone.now(), "languages": LANGUAGES}


def form_print(request, pk):
    order = visible_order(request, pk)
    if order.is_draft:
        raise Http404
    with _in_language(request):
        lines = list(order.lines.select_related("product"))
        context = _paper(order) | {
            "order": order, "lines": lines, "amount": amount_of(request.user, order, lines),
            "normal_hours": normal_hours(order), "grounds": UrgentOrder.Ground, "reasons": UrgentOrder.Reason,
            "share_percent": None if order.urgency_share is None else round(order.urgency_share * 100),
            "receivers": [Department.Code(code).label for code in CONCERNED_DEPARTMENTS if code != "sales"],
            "company": company_name(), "check_code": papers.check_code(order),
            "sales_head": order.created_by.department.head,
        }  # fmt: skip
        return render(request, "orders/form_print.html", context)
