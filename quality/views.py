from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from desk.paper import pdf_response
from desk.refusals import NotYours
from orders.actions.door import who_may
from orders.models import Nonconformance, OrderLine, OrderStep, Receipt
from orders.pages import shell, visible_order
from orders.supply import plain
from people.roles import Right
from quality import actions, papers, reports
from quality.actions.inspecting import plan_for, sample_for
from quality.forms import ConcessionForm, DecideForm, FirstArticleForm, InspectionForm, ReceiptForm
from quality.models import Concession, Inspection
from records.acts import ActView
from records.files import serve

QUEUES = {
    "nonconformances": reports.undecided, "first_articles": reports.first_articles, "steps": reports.steps_awaiting,
    "lines": reports.lines_awaiting, "receipts": reports.receipts,
}  # fmt: skip


def board(request):
    """Everything that waits for an inspector, the most pressing first."""
    user = request.user
    if not (user.may(Right.QUALITY_INSPECT) or user.may(Right.SEE_ALL)):
        raise NotYours(_("This board is for Quality and management."), who=who_may(Right.QUALITY_INSPECT))
    pages = {name: queue(user, request.GET.get(f"after_{name}")) for name, queue in QUEUES.items()}
    return render(request, "quality/board.html", pages | {"is_inspector": user.may(Right.QUALITY_INSPECT)})


def order_tab(request, pk):
    """Where the pieces of the order are, what was found, and what waits for a decision."""
    order = visible_order(request, pk)
    is_open = not (order.is_final or order.is_cancelled)
    context = {
        "strips": reports.strips(order, _("Final inspection")), "inspections": reports.inspections(order)[:50],
        "nonconformances": reports.nonconformances(order),
        "receipts": reports.receipts_of(order),
        "may_inspect": is_open and request.user.may(Right.QUALITY_INSPECT),
        "may_decide": is_open and request.user.may(Right.QUALITY_DECIDE),
    }
    return render(request, "quality/order_tab.html", shell(request, order) | context)


def order_pdf(request, pk):
    """The inspection report."""
    order = visible_order(request, pk)
    paper = papers.inspection_report(request.user, order)
    return pdf_response(paper, f"{paper.title} {order}")


def photo(request, pk):
    inspection = get_object_or_404(Inspection.objects.select_related("photo"), pk=pk)
    visible_order(request, inspection.order_id)
    if inspection.photo is None:
        raise Http404
    return serve(inspection.photo)


class QualityAct(ActView):
    """An act on something of an order; afterwards the order's quality tab."""

    def find(self, queryset, order_of=lambda found: found.order_id):
        found = get_object_or_404(queryset, pk=self.kwargs["pk"])
        self.order = visible_order(self.request, order_of(found))
        return found

    def back_url(self):
        return reverse("quality:order_tab", args=[self.order.pk])

    def perform(self, form):
        self.act(form)
        return self.back_url()

    def lead(self):
        return ""

    def consequences(self):
        return []

    def context(self):
        return {
            "title": self.title, "submit_label": self.submit_label, "submit_tone": self.submit_tone,
            "back_url": self.back_url(), "back_label": str(self.order), "lead": self.lead(),
            "consequences": self.consequences(),
        }


class Inspect(QualityAct):
    right = Right.QUALITY_INSPECT
    form_class = InspectionForm
    template_name = "quality/inspect.html"

    def form_kwargs(self):
        sample = sample_for(self.line, self.step, max(1, self.target.awaiting))
        plan = plan_for(self.line, self.step)
        initial = {"lot_quantity": self.target.awaiting, "sample_quantity": sample.size, "defective_quantity": 0}
        return {"characteristics": plan.characteristic_list if plan else [], "initial": initial}

    def lead(self):
        sample = sample_for(self.line, self.step, max(1, self.target.awaiting))
        return _("%(place)s: %(awaiting)d pieces await inspection, %(size)d of them are inspected at least, "
                 "%(accepts)d bad ones accepted in the sample.") % {
            "place": self.step or self.line, "awaiting": self.target.awaiting, "size": sample.size,
            "accepts": sample.accepts,
        }  # fmt: skip


class InspectStep(Inspect):
    @property
    def title(self):
        return _("In-process inspection: %(step)s") % {"step": self.step}

    @property
    def submit_label(self):
        return _("Record the result")

    def subject(self):
        steps = OrderStep.objects.living().select_related("line__product")
        self.step = self.target = self.find(steps)
        self.line = self.step.line

    def act(self, form):
        actions.inspect_step(step_id=self.step.pk, by=self.request.user, findings=form.findings, **form.figures)

    def consequences(self):
        return [
            _("What passes can go on to the next operation; nothing else can."),
            _("Bad pieces are held until rework, scrap or concession is decided."),
        ]


class InspectFinal(Inspect):
    step = None

    @property
    def title(self):
        return _("Final inspection: %(line)s") % {"line": self.line}

    @property
    def submit_label(self):
        return _("Record and sign the result")

    def subject(self):
        self.line = self.target = self.find(OrderLine.objects.select_related("product"))

    def act(self, form):
        actions.inspect_final(line_id=self.line.pk, by=self.request.user, findings=form.findings, **form.figures)

    def consequences(self):
        return [
            _("Bad pieces are held until rework, scrap or concession is decided."),
            _("The result that completes the order signs “Passed inspection” with your name "
              "and hands the order to Logistics."),
        ]


class FirstArticle(QualityAct):
    right = Right.QUALITY_INSPECT
    form_class = FirstArticleForm

    @property
    def title(self):
        return _("First-article inspection: %(step)s") % {"step": self.step}

    @property
    def submit_label(self):
        return _("Record the result")

    def subject(self):
        self.step = self.find(OrderStep.objects.living().select_related("line__product", "owner"))

    def form_kwargs(self):
        plan = plan_for(self.step.line, self.step)
        return {"characteristics": plan.characteristic_list if plan else []}

    def lead(self):
        return _("%(product)s, %(owner)s") % {"product": self.step.line, "owner": self.step.owner or ""}

    def act(self, form):
        data = form.cleaned_data
        actions.first_article(
            step_id=self.step.pk, by=self.request.user, is_passed=data["is_passed"], defect=data["defect"],
            photo=data["photo"], findings=form.findings,
        )

    def consequences(self):
        return [_("Until the first article has passed, the operation makes no further piece.")]


class InspectReceipt(QualityAct):
    right = Right.QUALITY_INSPECT
    form_class = ReceiptForm

    @property
    def title(self):
        return _("Incoming inspection: %(material)s") % {"material": self.receipt.material_line.material}

    @property
    def submit_label(self):
        return _("Record the result")

    def subject(self):
        receipts = Receipt.objects.select_related("material_line__material")
        self.receipt = self.find(receipts, lambda receipt: receipt.material_line.order_id)

    def form_kwargs(self):
        return {"initial": {"accepted": plain(self.receipt.quantity), "rejected": 0}}

    def lead(self):
        return _("%(quantity)s %(unit)s came in, delivery note %(note)s.") % {
            "quantity": plain(self.receipt.quantity), "unit": self.receipt.material_line.material.unit,
            "note": self.receipt.delivery_note or "–",
        }

    def act(self, form):
        data = form.cleaned_data
        actions.inspect_receipt(
            receipt_id=self.receipt.pk, by=self.request.user, accepted=data["accepted"], rejected=data["rejected"],
            defect=data["defect"], photo=data["photo"], findings=form.findings,
        )

    def consequences(self):
        return [
            _("What is accepted counts for the material line at once."),
            _("What is rejected goes back to the supplier; Procurement is told, and the line is short again."),
        ]


class Decide(QualityAct):
    right = Right.QUALITY_DECIDE
    form_class = DecideForm

    @property
    def title(self):
        count = self.found.quantity
        return ngettext("Decide %(count)d nonconforming piece", "Decide %(count)d nonconforming pieces", count) % {
            "count": count,
        }

    @property
    def submit_label(self):
        return _("Decide")

    def subject(self):
        self.found = self.find(Nonconformance.objects.select_related("line__product", "step__owner", "found_by"))

    def form_kwargs(self):
        return {"found": self.found, "initial": {"disposition": self.request.GET.get("disposition")}}

    def lead(self):
        return _("%(place)s: %(defect)s. Found by %(person)s.") % {
            "place": self.found.step or self.found.line, "defect": self.found.defect, "person": self.found.found_by,
        }

    def act(self, form):
        actions.decide_nonconformance(nonconformance_id=self.found.pk, by=self.request.user, **form.cleaned_data)

    def consequences(self):
        return [
            _("Rework: the pieces get an operation of their own and are inspected again."),
            _("Scrap: what the order still needs is planned and made again, materials included."),
            _("Concession: the pieces stay held until another person has signed too."),
        ]


class AnswerConcession(QualityAct):
    right = Right.QUALITY_DECIDE
    form_class = ConcessionForm

    @property
    def title(self):
        count = self.concession.nonconformance.quantity
        return ngettext("Concession for %(count)d piece", "Concession for %(count)d pieces", count) % {"count": count}

    @property
    def submit_label(self):
        return _("Sign")

    def subject(self):
        concessions = Concession.objects.select_related("nonconformance__line__product", "nonconformance__step",
                                                        "proposed_by")
        self.concession = self.find(concessions, lambda found: found.nonconformance.order_id)

    def lead(self):
        return _("%(defect)s. %(person)s proposes: %(reason)s") % {
            "defect": self.concession.nonconformance.defect, "person": self.concession.proposed_by,
            "reason": self.concession.reason,
        }

    def act(self, form):
        data, who = form.cleaned_data, {"concession_id": self.concession.pk, "by": self.request.user}
        if data["answer"] == "confirm":
            actions.confirm_concession(**who)
        else:
            actions.refuse_concession(reason=data["reason"], **who)

    def consequences(self):
        return [_("Confirmed, the pieces pass with the mark “accepted by concession” and both names.")]
