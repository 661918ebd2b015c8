"""The plan: compute, change, release; materials waived."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.refusals import GateShut, Remedy
from desk.text import duration, when
from orders.models import MaterialLine, OrderStep, UrgentOrder
from people.roles import Right
from production import actions, capacity, ways
from production.forms import FirstForm, MeansForm, NothingForm, OperationForm, ReasonForm, ReassignForm
from production.models import Operation
from production.views.base import OrderAct


class MakePlan(OrderAct):
    right = Right.PLAN_MAKE
    form_class = MeansForm
    back = "production:review"
    title = gettext_lazy("Compute the production plan")
    submit_label = gettext_lazy("Compute the plan")
    lead = gettext_lazy(
        "Operations in order, after the committed work of other orders, from now on, inside the shifts."
    )

    def subject(self):
        super().subject()
        token = self.request.POST.get("choice") or self.request.GET.get("choice", "")
        self.choice = ways.Choice.read(token, self.order) if token else None

    def form_kwargs(self):
        given = self.choice.means.stored() if self.choice else {}
        return {"proposal": capacity.propose(self.order, now=timezone.now()), "initial": given}

    def perform(self, form):
        actions.make_plan(**self.act(), means=form.means)
        return reverse("production:review", args=[self.order.pk]) + "#plan"


class GoFirst(OrderAct):
    """What it would cost another order, and the question to its salesperson."""

    right = Right.PLAN_MAKE
    form_class = FirstForm
    back = "production:review"
    submit_label = gettext_lazy("Draft the plan and ask")

    def subject(self):
        super().subject()
        orders = UrgentOrder.objects.visible_to(self.request.user).exclude(pk=self.order.pk)
        self.other = get_object_or_404(orders.select_related("customer", "created_by"), pk=self.kwargs["other"])
        try:
            self.found = actions.check_precedence(self.order, self.other, now=timezone.now())
        except GateShut as refusal:
            refusal.remedy = Remedy(_("Back to the order"), reverse(self.back, args=[self.order.pk]))
            raise

    @property
    def title(self):
        return _("%(order)s before %(other)s") % {"order": self.order, "other": self.other}

    @property
    def lead(self):
        found = self.found
        return _("%(order)s would finish %(then)s instead of %(now)s: %(gained)s earlier.") % {
            "order": self.order, "then": when(found.mine.finish), "now": when(found.alone.finish),
            "gained": duration(found.gained_seconds),
        }

    def context(self):
        return super().context() | {"consequences": [self._cost(), *self._what_follows()]}

    def _cost(self):
        found = self.found
        text = _("%(other)s, %(customer)s, would finish %(after)s instead of %(before)s; promised %(promised)s.")
        return text % {
            "other": self.other, "customer": self.other.customer, "after": when(found.theirs.finish),
            "before": when(found.before.finish), "promised": when(found.promised_at),
        }

    def _what_follows(self):
        if not self.found.breaks_promise:
            return [_("Its promise is kept: nobody is asked, its salesperson is told when the plan is released.")]
        return [
            _("That is %(late)s later than promised: %(who)s is asked and answers with a reason.")
            % {"late": duration((self.found.theirs.finish - self.found.promised_at).total_seconds()),
               "who": self.other.created_by},
            _("Until then, and after a no, this plan cannot be released nor the order approved with it."),
        ]

    def perform(self, form):
        actions.go_first(**self.act(), other_id=self.other.pk, reason=form.cleaned_data["reason"])
        return reverse("production:review", args=[self.order.pk]) + "#first"


class ReleasePlan(OrderAct):
    right = Right.PLAN_MAKE
    form_class = NothingForm
    back = "production:review"
    title = gettext_lazy("Release the production plan")
    submit_label = gettext_lazy("Release the plan")

    def context(self):
        return super().context() | {"consequences": [
            _("The slots of the work centres are taken; other orders plan around them."),
            _("The material list is written and netted against the stock."),
            _("Procurement, logistics and the people responsible are told."),
            _("It signs “Production plan”."),
        ]}

    def perform(self, form):
        actions.release_plan(**self.act())
        return reverse("production:review", args=[self.order.pk])


class ChangeOperation(OrderAct):
    right = Right.PLAN_MAKE
    form_class = OperationForm
    back = "production:review"
    submit_label = gettext_lazy("Save")
    lead = gettext_lazy("What follows on the same product moves along by itself.")

    def subject(self):
        super().subject()
        operations = Operation.objects.select_related("owner", "work_centre", "plan")
        self.operation = get_object_or_404(operations, pk=self.kwargs["operation"], plan__order=self.order)

    def form_kwargs(self):
        row = self.operation
        starts, ends = timezone.localtime(row.starts_at), timezone.localtime(row.ends_at)
        return {"initial": {"owner": row.owner_id, "starts_at": starts, "ends_at": ends}}

    def context(self):
        title = _("Operation %(operation)s at %(centre)s") % {
            "operation": self.operation, "centre": self.operation.work_centre.code,
        }
        return super().context() | {"title": title}

    def perform(self, form):
        act = self.act()
        del act["order_id"]
        actions.change_operation(operation_id=self.operation.pk, **act, **form.cleaned_data)
        return reverse("production:review", args=[self.order.pk]) + "#plan"


class Waive(OrderAct):
    right = Right.PLAN_MAKE
    form_class = ReasonForm
    title = gettext_lazy("Make it without this material")
    submit_label = gettext_lazy("Waive the material")

    def subject(self):
        super().subject()
        lines = MaterialLine.objects.select_related("material")
        self.line = get_object_or_404(lines, pk=self.kwargs["line"], order=self.order)

    def context(self):
        return super().context() | {
            "lead": _("%(material)s is taken off the gate; your reason stays with it.")
            % {"material": self.line.material},
        }

    def perform(self, form):
        actions.waive_line(
            material_line_id=self.line.pk, by=self.request.user, reason=form.cleaned_data["reason"],
            version=self.version,
        )
        return reverse("production:order_tab", args=[self.order.pk])


class Reassign(OrderAct):
    right = Right.OPERATION_RUN
    form_class = ReassignForm
    title = gettext_lazy("Another person responsible")
    submit_label = gettext_lazy("Hand over")

    def subject(self):
        super().subject()
        self.step = get_object_or_404(OrderStep, pk=self.kwargs["step"], order=self.order)
        if self.step.is_cancelled:
            raise Http404

    def form_kwargs(self):
        return {"initial": {"owner": self.step.owner_id}}

    def context(self):
        return super().context() | {"lead": str(self.step)}

    def perform(self, form):
        actions.reassign_step(step_id=self.step.pk, by=self.request.user, **form.cleaned_data)
        return reverse("production:order_tab", args=[self.order.pk])


class SignMade(OrderAct):
    right = Right.OPERATION_RUN
    form_class = NothingForm
    title = gettext_lazy("Everything is made")
    submit_label = gettext_lazy("Sign “Made”")

    def context(self):
        return super().context() | {"consequences": [_("The order goes to quality for final inspection.")]}

    def perform(self, form):
        actions.sign_made(**self.act())
        return reverse("production:order_tab", args=[self.order.pk])
