from django.conf import settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.faces import TaskFace
from desk.paper import pdf_response
from desk.refusals import NotYours
from logistics import actions, papers, reports
from logistics.actions.delivering import delivery_documents
from logistics.actions.dispatching import conditions
from logistics.actions.preparing import listed_quantities
from logistics.forms import (
    BookForm,
    ConfirmForm,
    DispatchForm,
    DocumentsForm,
    ListForm,
    NoForm,
    PackForm,
    PrepareForm,
    ProofForm,
)
from logistics.models import ChecklistItem, DeliveryConfirmation, DeliveryList, Package, Shipment
from orders.actions.door import who_may
from orders.machine import Box
from orders.money import may_see
from orders.offers import part_faces
from orders.pages import shell, visible_order
from people.roles import Right
from records.acts import ActView
from records.files import serve
from records.models import StoredFile

PURPOSES = ("proof", "delivery_note", "loading")
Item = ChecklistItem.Item


QUEUES = {
    "shipments": reports.under_way, "lists": reports.open_lists, "lines": reports.shippable_lines,
    "orders": reports.without_documents,
}  # fmt: skip


def board(request):
    """What can leave, what is prepared, what is under way, which papers finance waits for."""
    user = request.user
    if not (user.may(Right.DELIVERY_RUN) or user.may(Right.SEE_ALL)):
        raise NotYours(_("This board is for Logistics and management."), who=who_may(Right.DELIVERY_RUN))
    pages = {name: queue(user, request.GET.get(f"after_{name}")) for name, queue in QUEUES.items()}
    context = {"now": timezone.now(), "may_run": user.may(Right.DELIVERY_RUN)}
    return render(request, "logistics/board.html", pages | context)


def order_tab(request, pk):
    order = visible_order(request, pk)
    may_run = request.user.may(Right.DELIVERY_RUN) and not (order.is_final or order.is_cancelled)
    listed = listed_quantities(order)
    signed = set(order.sign_offs.living().values_list("box", flat=True))
    context = shell(request, order)
    context |= {
        "faces": reports.list_faces(order, may_run=may_run), "may_run": may_run,
        "manual_items": (Item.LABELLED, Item.DOCUMENTS, Item.INFORMED),
        "confirmations": DeliveryConfirmation.objects.filter(order=order).select_related("confirmed_by"),
        "is_confirmed": Box.DELIVERY_CONFIRMED in signed,
        "can_hand_over": may_run and Box.DELIVERED in signed and Box.DOCUMENTS not in signed,
        "free": sum(max(0, line.shippable - listed.get(line.pk, 0)) for line in context["lines"]),
        "files": delivery_documents(order).select_related("uploaded_by"),
        "parts": part_faces(order),
        "may_see_freight": request.user.may(Right.DELIVERY_RUN) or may_see(request.user, "result"),
    }
    return render(request, "logistics/order_tab.html", context)


def file(request, pk, file_pk):
    order = visible_order(request, pk)
    return serve(get_object_or_404(StoredFile, pk=file_pk, subject=order.stream, purpose__in=PURPOSES))


def print_list(request, pk):
    """產品交付清單 on paper."""
    found = get_object_or_404(DeliveryList.objects.living(), pk=pk)
    order = visible_order(request, found.order_id)
    found = reports.lists_of(order).get(pk=pk)
    packages = found.packages.all()
    context = {
        "list": found, "order": order, "packages": packages, "weight": sum(package.weight_kg for package in packages),
        "confirmation": DeliveryConfirmation.objects.filter(order=order).first(), "now": timezone.now(),
        "qr_text": settings.BASE_URL + reverse("logistics:order_tab", args=[order.pk]),
    }
    return render(request, "logistics/list_print.html", context)


def list_pdf(request, pk):
    found = get_object_or_404(DeliveryList.objects.living(), pk=pk)
    order = visible_order(request, found.order_id)
    paper = papers.delivery_list(request.user, order, reports.lists_of(order).get(pk=pk))
    return pdf_response(paper, f"{paper.title} {found}")


class LogisticsAct(ActView):
    """An act of logistics; afterwards the order's logistics tab."""

    right = Right.DELIVERY_RUN

    def find_order(self):
        self.order = visible_order(self.request, self.kwargs["pk"])

    def find_list(self):
        lists = DeliveryList.objects.select_related("carrier")
        self.list = get_object_or_404(lists, pk=self.kwargs["pk"])
        self.order = visible_order(self.request, self.list.order_id)

    def tab_url(self):
        return reverse("logistics:order_tab", args=[self.order.pk])

    def perform(self, form):
        self.act(form)
        return self.tab_url()

    def words(self) -> dict:
        """title and submit_label; perhaps lead and consequences."""
        raise NotImplementedError

    def context(self):
        return {
            "submit_tone": self.submit_tone, "back_url": self.tab_url(), "back_label": str(self.order)
        } | self.words()


class Confirm(LogisticsAct):
    form_class = ConfirmForm

    def subject(self):
        self.find_order()

    def form_kwargs(self):
        return {"initial": {"contact": self.order.contact_name, "place": self.order.place}}

    def act(self, form):
        actions.confirm_delivery(order_id=self.order.pk, by=self.request.user, **form.cleaned_data)

    def words(self):
        return {
            "title": _("Confirm delivery time and place"), "submit_label": _("Confirmed with the customer"),
            "lead": _("The customer asked for %(place)s, the order is wanted by %(at)s.") % {
                "place": self.order.place, "at": timezone.localtime(self.order.required_at).strftime("%Y-%m-%d %H:%M"),
            },
            "consequences": [
                _("Signs “Delivery confirmed with the customer” with your name; nothing leaves without it."),
                _("A newer confirmation takes the older one's place, and the customer is informed anew."),
            ],
        }  # fmt: skip


class MakeList(LogisticsAct):
    form_class = ListForm

    def subject(self):
        self.find_order()

    def form_kwargs(self):
        listed = listed_quantities(self.order)
        lines = self.order.lines.select_related("product")
        free = [(line, max(0, line.shippable - listed.get(line.pk, 0))) for line in lines]
        return {"rows": [(line, most, most) for line, most in free]}

    def act(self, form):
        actions.make_list(
            order_id=self.order.pk, by=self.request.user, quantities=form.quantities, note=form.cleaned_data["note"]
        )

    def words(self):
        is_partial = self.order.is_partial_allowed
        return {
            "title": _("New delivery list"), "submit_label": _("Make the delivery list"),
            "lead": _("Partial delivery is allowed.") if is_partial else _("This order is delivered as a whole."),
            "consequences": [_("Only pieces that passed can go on the list; they are kept for it.")],
        }


class CancelList(LogisticsAct):
    form_class = NoForm
    submit_tone = "dan"

    def subject(self):
        self.find_list()

    def act(self, form):
        actions.cancel_list(list_id=self.list.pk, by=self.request.user)

    def words(self):
        return {
            "title": _("Cancel delivery list %(list)s") % {"list": self.list}, "submit_label": _("Cancel the list"),
            "consequences": [_("Its pieces are free for another list. Its packages are no longer valid.")],
        }


class Pack(LogisticsAct):
    form_class = PackForm

    def subject(self):
        self.find_list()

    def form_kwargs(self):
        return {"rows": [(row.line, row.left, row.left) for row in reports.contents_of(self.list)]}

    def act(self, form):
        data = form.cleaned_data
        actions.pack(
            list_id=self.list.pk, by=self.request.user, contents=data["contents"], weight_kg=data["weight_kg"],
            quantities=form.quantities,
        )

    def words(self):
        return {
            "title": _("Pack for %(list)s") % {"list": self.list}, "submit_label": _("Add the package"),
            "consequences": [_("When every piece of the list is in a package, “Everything is packed” ticks itself.")],
        }


class Unpack(LogisticsAct):
    form_class = NoForm

    def subject(self):
        self.package = get_object_or_404(Package.objects.select_related("list"), pk=self.kwargs["pk"])
        self.order = visible_order(self.request, self.package.list.order_id)

    def act(self, form):
        actions.unpack(package_id=self.package.pk, by=self.request.user)

    def words(self):
        return {
            "title": _("Take package %(number)d off %(list)s")
            % {"number": self.package.number, "list": self.package.list},
            "submit_label": _("Take it off"), "lead": self.package.contents,
        }


class Book(LogisticsAct):
    form_class = BookForm

    def subject(self):
        self.find_list()

    def form_kwargs(self):
        is_booked = self.list.carrier_id is not None
        return {"initial": {"carrier": self.list.carrier_id, "pickup_at": self.list.pickup_at}} if is_booked else {}

    def act(self, form):
        actions.book_carrier(list_id=self.list.pk, by=self.request.user, **form.cleaned_data)

    def words(self):
        return {
            "title": _("Book a carrier for %(list)s") % {"list": self.list}, "submit_label": _("Carrier is booked"),
            "lead": _("Priority transport stands first, then the better record."),
        }


class Prepare(LogisticsAct):
    form_class = PrepareForm

    def subject(self):
        self.find_list()

    def act(self, form):
        actions.prepare(list_id=self.list.pk, by=self.request.user, **form.cleaned_data)

    def words(self):
        return {"title": _("Preparation of %(list)s") % {"list": self.list}, "submit_label": _("Save")}


class Dispatch(LogisticsAct):
    form_class = DispatchForm
    template_name = "logistics/list_dispatch.html"

    def subject(self):
        self.find_list()

    def form_kwargs(self):
        confirmed = DeliveryConfirmation.objects.filter(order=self.order).first()
        eta_at = timezone.localtime(confirmed.slot_from) if confirmed else None
        return {"initial": {"eta_at": eta_at}}

    def act(self, form):
        actions.dispatch(list_id=self.list.pk, by=self.request.user, version=self.version, **form.cleaned_data)

    def words(self):
        rows = conditions(self.order, self.list)
        return {
            "title": _("Dispatch %(list)s") % {"list": self.list}, "submit_label": _("The vehicle leaves"),
            "version": self.list.version, "is_ready": all(row.is_met for row in rows),
            "tasks": [TaskFace(label=row.text, state="done" if row.is_met else "now") for row in rows],
            "rows": reports.contents_of(self.list),
            "consequences": [
                _("The pieces count as shipped, the freight as a cost of the order."),
                _("Sales is told when the goods left and when they are expected."),
            ],
        }


class RecordProof(LogisticsAct):
    form_class = ProofForm

    def subject(self):
        shipments = Shipment.objects.select_related("list", "carrier", "confirmation")
        self.shipment = get_object_or_404(shipments, pk=self.kwargs["pk"])
        self.order = visible_order(self.request, self.shipment.list.order_id)

    def form_kwargs(self):
        lines = self.shipment.list.lines.select_related("line__product")
        return {
            "rows": [(row.line, row.quantity, 0) for row in lines],
            "initial": {"delivered_at": timezone.localtime(), "condition": "ok"},
        }

    def act(self, form):
        data = form.cleaned_data
        actions.record_proof(
            shipment_id=self.shipment.pk, by=self.request.user, signed_by_name=data["signed_by_name"],
            delivered_at=data["delivered_at"], files=data["files"], condition=data["condition"],
            shortfalls=form.quantities, note=data["note"],
        )
        messages.success(self.request, _("Sales is told of the delivery."))

    def words(self):
        return {
            "title": _("Proof of delivery: %(list)s") % {"list": self.shipment.list},
            "submit_label": _("Record the proof"),
            "lead": _("%(carrier)s, %(vehicle)s, to %(place)s.") % {
                "carrier": self.shipment.carrier, "vehicle": self.shipment.vehicle,
                "place": self.shipment.confirmation.place,
            },
            "consequences": [
                _("Sales is told at once."),
                _("Damaged or missing pieces go back to Quality, and a major problem is reported."),
                _("The last proof of the order signs “Delivered with proof” with your name."),
            ],
        }  # fmt: skip


class HandOver(LogisticsAct):
    form_class = DocumentsForm
    template_name = "logistics/documents_hand_over.html"

    def subject(self):
        self.find_order()

    def act(self, form):
        data = form.cleaned_data
        actions.hand_over_documents(
            order_id=self.order.pk, by=self.request.user, files=data["files"], note=data["note"]
        )

    def words(self):
        return {
            "title": _("Hand the documents to Finance"), "submit_label": _("Hand over"), "order": self.order,
            "files": delivery_documents(self.order),
            "consequences": [
                _("Delivery notes and proofs go to Finance as one set; the settlement opens."),
                _("Signs “Documents handed over” with your name."),
            ],
        }
