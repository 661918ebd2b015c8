from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from access import throttle
from desk import export
from desk.keyset import paginate
from desk.paper import pdf_response
from orders import actions as orders
from orders.models import MaterialLine, Negotiation, UrgentOrder
from orders.money import may_see
from orders.pages import shell, visible_order
from orders.supply import plain
from orders.views.base import OrderAct
from people.roles import Right
from procurement import actions, papers
from procurement.board import lines_needed, order_rows, work_list
from procurement.forms import (
    AnswerForm,
    ContactForm,
    ExpediteForm,
    MilestoneForm,
    OfferForm,
    OrderLineForm,
    PlaceForm,
    PromiseForm,
    ReasonForm,
    ReceiveForm,
    RefusalForm,
    RemedyForm,
    SupplierForm,
)
from procurement.models import PurchaseLine, Supplier, SupplierMaterial
from procurement.reports import candidates, record_of, supplier_cases
from records.acts import ActView, require


def require_procurement(user):
    if not user.may(Right.SEE_ALL):
        require(user, Right.SUPPLY_BUY)


def board(request):
    require_procurement(request.user)
    page = work_list(request.user, request.GET.get("after"))
    return render(request, "procurement/board.html", {"page": page, "may_buy": request.user.may(Right.SUPPLY_BUY)})


def board_file(request):
    """All that must still be got, for Excel: what a buyer has on the telephone. No prices."""
    require_procurement(request.user)
    throttle.hit("export", request.user.pk)
    header = [_("Needed by"), _("Material"), _("Critical material"), _("Short"), _("Unit"), _("Urgent order"),
              _("Customer"), _("Supplier"), _("Promised for")]  # fmt: skip
    return export.xlsx_response("materials", header, map(_board_row, lines_needed(request.user)), _("Materials to get"))


def _board_row(line) -> list:
    return [line.needed_at, line.material, _("yes") if line.is_key else "", line.short_quantity, line.material.unit,
            line.order, line.order.customer, line.supplier_name, line.promised_at]  # fmt: skip


def order_tab(request, pk):
    order = visible_order(request, pk)
    rows = order_rows(order)
    context = shell(request, order) | {
        "rows": rows,
        "may_sign": not any(row.line.decision == MaterialLine.Decision.OPEN for row in rows),
        "contacts": order.contacts.filter(party="supplier").select_related("contacted_by"),
        "is_ready_signed": order.sign_offs.living().filter(box="materials_ready").exists(),
        "may_buy": request.user.may(Right.SUPPLY_BUY) and not order.is_final and not order.is_cancelled,
        "may_receive": request.user.may(Right.SUPPLY_BUY) and not order.is_final,
        "may_see_prices": may_see(request.user, "purchase"),
        "is_negotiating": order.negotiations.filter(state=Negotiation.State.OPEN).exists(),
    }
    return render(request, "procurement/order_tab.html", context)


def order_pdf(request, pk):
    """The purchase list."""
    order = visible_order(request, pk)
    paper = papers.purchase_list(request.user, order)
    return pdf_response(paper, f"{paper.title} {order}")


class BuyerAct(OrderAct):
    """An act of a buyer about an order; back to the order's tab."""

    right = Right.SUPPLY_BUY
    form_class = forms.Form
    back_to = "procurement:order_tab"
    done = ""

    def perform(self, form):
        url = super().perform(form)
        messages.success(self.request, self.done)
        return url


class MaterialsReady(BuyerAct):
    title = submit_label = _("Materials are ready")
    done = _("Signed: materials ready.")
    submit_tone = "ok"

    consequences = (_("You sign that nothing is missing. Production gets the order."),)

    def act(self, form):
        actions.sign_materials_ready(order_id=self.order.pk, by=self.request.user, version=self.version)


class LogContact(BuyerAct):
    form_class = ContactForm
    title = _("Talked to a supplier")
    submit_label = _("Keep it")
    done = _("Kept with the order.")

    def act(self, form):
        orders.log_contact(order_id=self.order.pk, by=self.request.user, party="supplier", **form.cleaned_data)


class LineAct(BuyerAct):
    def subject(self):
        lines = MaterialLine.objects.select_related("material", "step", "order")
        self.line = get_object_or_404(lines, pk=self.kwargs["pk"])
        self.order = visible_order(self.request, self.line.order_id)

    def about(self):
        return f"{self.order} · {self.line.material}"


class OrderLine(LineAct):
    form_class = OrderLineForm
    template_name = "procurement/line_order.html"
    title = pgettext_lazy("buy", "Order")
    submit_label = pgettext_lazy("buy", "Order")
    done = _("The purchase is recorded.")

    def subject(self):
        super().subject()
        self.candidates = candidates(self.line)

    def form_kwargs(self):
        first = next((row for row in self.candidates if not row.refusal), None)
        return {"candidates": self.candidates, "initial": {
            "supplier": first and first.supplier.pk, "quantity": plain(self.line.short_quantity),
            "unit_price": plain(first.source.price_amount) if first and first.source else None,
        }}

    def context(self):
        return super().context() | {"line": self.line, "candidates": self.candidates}

    def act(self, form):
        actions.order_line(
            material_line_id=self.line.pk, by=self.request.user, version=self.version, **form.cleaned_data
        )


class RecordRefusal(LineAct):
    form_class = RefusalForm
    title = _("A supplier cannot")
    submit_label = _("Record the refusal")
    done = _("The refusal is recorded.")
    consequences = (_("When each existing supplier of a critical material has refused, a new one may be taken."),)

    def form_kwargs(self):
        return {"material": self.line.material}

    def act(self, form):
        actions.record_refusal(material_line_id=self.line.pk, by=self.request.user, **form.cleaned_data)


class DecideGating(LineAct):
    title = _("Comes later")
    submit_label = _("Let production begin without it")
    done = _("The operation waits for this material.")

    consequences = (_("The operation that needs it does not start before it is here; the others may."),)

    def act(self, form):
        actions.decide_gating(material_line_id=self.line.pk, by=self.request.user, version=self.version)


class OfferRemedy(LineAct):
    form_class = RemedyForm
    title = _("Agree a solution")
    submit_label = _("Send to Sales")
    done = _("Sales talks to the customer.")
    consequences = (
        _("Substitute material or another delivery time: Sales asks the customer, nothing changes before."),
    )

    def form_kwargs(self):
        return {"line": self.line, "initial": {"reason": self._reason()}}

    def _reason(self):
        if not self.line.is_promised_late:
            return ""
        return _now("%(material)s comes too late.") % {"material": self.line.material}

    def act(self, form):
        orders.open_negotiation(
            order_id=self.order.pk, by=self.request.user, reason=form.cleaned_data["reason"], options=form.options(),
            version=self.version,
        )


class PurchaseAct(BuyerAct):
    def subject(self):
        purchases = PurchaseLine.objects.with_amounts().select_related("supplier", "expense", "material_line__material")
        self.purchase = get_object_or_404(purchases, pk=self.kwargs["pk"])
        self.order = visible_order(self.request, self.purchase.material_line.order_id)

    def about(self):
        material = self.purchase.material_line.material
        return f"{plain(self.purchase.quantity)} {material.unit} · {material} · {self.purchase.supplier}"

    def named(self):
        return {"purchase_line_id": self.purchase.pk, "by": self.request.user}


class PlaceOrder(PurchaseAct):
    form_class = PlaceForm
    title = pgettext_lazy("buy", "Order")
    submit_label = _("Order now")
    done = _("Ordered.")

    def act(self, form):
        actions.place_order(version=self.version, **self.named(), **form.cleaned_data)


class RecordPromise(PurchaseAct):
    form_class = PromiseForm
    title = _("New promise")
    submit_label = _("Record the promise")
    done = _("The promise is recorded.")

    def act(self, form):
        actions.record_promise(version=self.version, **self.named(), **form.cleaned_data)


class AskExpedite(PurchaseAct):
    form_class = ExpediteForm
    title = _("Expedited service")
    submit_label = _("Ask for it")
    done = _("Expedited service is asked for.")

    def act(self, form):
        actions.ask_expedite(version=self.version, **self.named(), **form.cleaned_data)


class AnswerExpedite(PurchaseAct):
    form_class = AnswerForm
    title = _("Expedited service")
    submit_label = _("Record the answer")
    done = _("The answer is recorded.")

    def act(self, form):
        actions.answer_expedite(version=self.version, **self.named(), **form.cleaned_data)


class AddMilestone(PurchaseAct):
    form_class = MilestoneForm
    title = _("Transport step")
    submit_label = _("Record the step")
    done = _("The step is recorded.")

    def act(self, form):
        actions.add_milestone(**self.named(), **form.cleaned_data)


class Receive(PurchaseAct):
    form_class = ReceiveForm
    title = _("Receive")
    submit_label = _("Receive")
    done = _("Received. Quality inspects it.")

    def form_kwargs(self):
        return {"initial": {"quantity": plain(self.purchase.quantity - self.purchase.received)}}

    def act(self, form):
        actions.receive(**self.named(), **form.cleaned_data)


class CancelPurchase(PurchaseAct):
    form_class = ReasonForm
    title = _("Cancel the purchase")
    submit_label = _("Cancel the purchase")
    done = _("The purchase is cancelled.")
    submit_tone = "dan"

    def act(self, form):
        actions.cancel_purchase(version=self.version, **self.named(), **form.cleaned_data)


# Suppliers


def suppliers(request):
    require_procurement(request.user)
    page = paginate(Supplier.objects.all(), ordering=("name", "pk"), cursor=request.GET.get("after"))
    cases = supplier_cases([supplier.pk for supplier in page])
    for supplier in page:
        supplier.record = record_of(supplier.pk, cases.get(supplier.pk, []))
    return render(request, "procurement/suppliers.html", {"page": page, "may_buy": request.user.may(Right.SUPPLY_BUY)})


def suppliers_file(request):
    """The suppliers with their record of the last year, for Excel. No prices."""
    require_procurement(request.user)
    throttle.hit("export", request.user.pk)
    found = list(Supplier.objects.order_by("name", "pk"))
    cases = supplier_cases([supplier.pk for supplier in found])
    rows = [_supplier_row(supplier, record_of(supplier.pk, cases.get(supplier.pk, []))) for supplier in found]
    header = [_("Supplier"), pgettext_lazy("supplier", "Approved"), _("in use"), _("Deliveries"), _("In time, %"),
              _("Accepted, %"), _("Contact person"), _("Telephone"), _("E-mail")]  # fmt: skip
    return export.xlsx_response("suppliers", header, rows, _("Suppliers"))


def _supplier_row(supplier, record) -> list:
    """Too few deliveries say nothing: no share then."""
    shares = [None, None]
    if not record.is_new:
        shares = [round(100 * record.on_time_share, 1), round(100 * record.accepted_share, 1)]
    return [supplier, supplier.approved_at, _("yes") if supplier.is_active else _("no"), record.cases, *shares,
            supplier.contact_name, supplier.contact_phone, supplier.contact_email]  # fmt: skip


def supplier_detail(request, pk):
    require_procurement(request.user)
    supplier = get_object_or_404(Supplier.objects.select_related("proposed_by", "approved_by"), pk=pk)
    sources = supplier.sources.select_related("material", "proposed_by", "approved_by")
    visible = UrgentOrder.objects.visible_to(request.user)
    purchases = supplier.purchases.filter(material_line__order__in=visible).with_amounts().select_related(
        "material_line__material", "material_line__order").order_by("-pk")[:20]
    return render(request, "procurement/supplier_detail.html", {
        "supplier": supplier, "sources": sources, "purchases": purchases,
        "record": record_of(pk, supplier_cases([pk]).get(pk, [])),
        "may_buy": request.user.may(Right.SUPPLY_BUY), "may_approve": request.user.may(Right.SUPPLIER_APPROVE),
        "may_see_prices": may_see(request.user, "purchase"),
    })


class SupplierAct(ActView):
    """An act about a supplier; back to its page."""

    right = Right.SUPPLY_BUY
    form_class = forms.Form
    title = submit_label = done = ""
    supplier = None

    def subject(self):
        self.supplier = get_object_or_404(Supplier, pk=self.kwargs["pk"])

    def about(self):
        return self.supplier or ""

    def back_url(self):
        return reverse("procurement:supplier_detail", args=[self.supplier.pk])

    def context(self):
        return {
            "title": self.title, "lead": self.about(), "submit_label": self.submit_label,
            "back_url": self.back_url(), "back_label": str(self.supplier or _("Suppliers")),
        }

    def perform(self, form):
        self.act(form)
        messages.success(self.request, self.done)
        return self.back_url()


class ProposeSupplier(SupplierAct):
    form_class = SupplierForm
    title = _("Propose a supplier")
    submit_label = _("Propose")
    done = _("Proposed. Somebody else approves it.")

    def subject(self):
        pass

    def back_url(self):
        return super().back_url() if self.supplier else reverse("procurement:suppliers")

    def act(self, form):
        self.supplier = actions.propose_supplier(by=self.request.user, **form.cleaned_data)


class ApproveSupplier(SupplierAct):
    right = None  # the head or general management: the action says so
    title = _("Approve the supplier")
    submit_label = _("Approve")
    done = _("The supplier is approved.")

    def subject(self):
        if not any(map(self.request.user.may, (Right.SUPPLIER_APPROVE, Right.SUPPLY_BUY))):
            raise Http404
        super().subject()

    def act(self, form):
        actions.approve_supplier(supplier_id=self.supplier.pk, by=self.request.user)


class OfferMaterial(SupplierAct):
    form_class = OfferForm
    title = _("What they offer")
    submit_label = _("Record the offer")
    done = _("The offer is recorded.")

    def act(self, form):
        actions.offer_material(supplier_id=self.supplier.pk, by=self.request.user, **form.cleaned_data)


class ApproveSource(ApproveSupplier):
    title = _("Approve as a source")
    done = _("The source is approved.")

    def subject(self):
        self.source = get_object_or_404(SupplierMaterial.objects.select_related("supplier", "material"),
                                        pk=self.kwargs["pk"])
        self.kwargs["pk"] = self.source.supplier_id
        super().subject()

    def about(self):
        return self.source

    def act(self, form):
        actions.approve_source(source_id=self.source.pk, by=self.request.user)
