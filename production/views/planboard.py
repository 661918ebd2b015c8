"""The planner's board by work centre, an operation moved on it, and the versions of a plan."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.refusals import Refusal
from desk.text import duration, when
from orders.models import OrderStep
from orders.pages import visible_order
from people.roles import Right
from production import actions, capacity, lanes, moves, versions
from production.forms import BackForm, MoveForm, NothingForm
from production.models import Operation, Plan, WorkCentre
from production.views.base import OrderAct, tab_context
from records.acts import ActView, require


def planning_board(request):
    if not request.user.may(Right.SEE_ALL):
        require(request.user, Right.PLAN_MAKE)
    now = timezone.now()
    window = lanes.window(request.GET, now)
    codes = list(WorkCentre.objects.active().values_list("code", flat=True))
    centre = request.GET.get("centre", "")
    board = lanes.board(request.user, window=window, now=now, centre=centre if centre in codes else "")
    return render(request, "production/planning_board.html", {
        "board": board, "window": window, "spans": lanes.SPANS.items(), "centre": centre, "codes": codes, "now": now,
        "may_plan": request.user.may(Right.PLAN_MAKE), "moved": _moved(request),
    })


def _moved(request):
    """The plan that a move has just put in force, and the version that may be taken up again."""
    pk = request.GET.get("moved", "")
    if not pk.isdecimal() or not request.user.may(Right.PLAN_MAKE):
        return None
    plan = Plan.objects.filter(pk=pk, state=Plan.State.RELEASED, released_by=request.user).select_related("order")
    plan = plan.first()
    before = plan and Plan.objects.filter(order=plan.order, state=Plan.State.SUPERSEDED).first()
    return {"plan": plan, "before": before} if before else None


class MoveOperation(ActView):
    """First what would follow, then the move itself. The form is the way without a mouse, and without JavaScript."""

    right = Right.PLAN_MAKE
    form_class = MoveForm
    template_name = "production/move.html"
    move = None

    def subject(self):
        steps = OrderStep.objects.filter(is_cancelled=False).select_related("order__customer")
        self.step = get_object_or_404(steps, pk=self.kwargs["pk"])
        self.order = visible_order(self.request, self.step.order_id)
        self.step.order = self.order
        rows = Operation.objects.in_force().filter(step=self.step).select_related("plan", "work_centre", "line")
        self.operation = rows.first()
        if self.operation is None:
            raise Http404
        self.ground = moves.Ground(self.order, now=timezone.now())

    def form_kwargs(self):
        row = next(row for row in self.ground.rows if row.pk == self.operation.pk)
        centres = self.ground.centres(row) if self.ground.demand(row) else {row.work_centre: 100}
        start, place = row.starts_at, f"{row.work_centre.code}/{row.slot}"
        return {
            "centres": list(centres), "slots": self.ground.slots, "initial": {
                "starts_at": self.request.GET.get("start") or timezone.localtime(start),
                "place": self.request.GET.get("place") or place, "plan": self.operation.plan.version,
            },
        }

    def post(self, request, *args, **kwargs):
        form = self.form_class(request.POST, **self.form_kwargs())
        if form.is_valid() and not form.cleaned_data["seen"]:
            return self.preview(form)
        return super().post(request, *args, **kwargs)

    def preview(self, form):
        try:
            self.move = actions.look_at_move(**self._asked(form))
        except Refusal as refusal:
            if refusal.field in form.fields:
                form.add_error(refusal.field, refusal.what)
            return self.page(form, status=refusal.status, refusal=refusal)
        form.data = form.data.copy()
        form.data["seen"] = self.move.seen
        return self.page(form)

    def _asked(self, form) -> dict:
        data = form.cleaned_data
        return {"step_id": self.step.pk, "by": self.request.user, "plan_version": data["plan"], "place": form.target,
                "gives_way": data["gives_way"]}

    def page(self, form, *, status=200, refusal=None):
        if refusal and "seen" in form.data:  # look again before it is applied
            form.data = form.data.copy()
            form.data["seen"] = ""
        return super().page(form, status=status, refusal=refusal)

    def context(self):
        row = self.operation
        return {
            "order": self.order, "operation": row, "move": self.move, "version": "",
            "title": _("Move %(operation)s of %(order)s") % {"operation": row, "order": self.order},
            "lead": _("Now %(centre)s / %(slot)s, %(start)s to %(end)s.") % {
                "centre": row.work_centre.code, "slot": row.slot, "start": when(row.starts_at),
                "end": when(row.ends_at)},
            "back_url": reverse("production:planning_board"), "back_label": _("Planning board"),
            "submit_label": _("Move it") if self.move else _("See what follows"),
            "consequences": _follows(self.move) if self.move else [],
        }

    def perform(self, form):
        plan = actions.move_operation(
            **self._asked(form), reason=form.cleaned_data["reason"], seen=form.cleaned_data["seen"]
        )
        if plan.is_draft:
            return reverse("production:review", args=[self.order.pk]) + "#first"
        return f"{reverse('production:planning_board')}?moved={plan.pk}"


def _follows(move) -> list[str]:
    """The consequences, in words, before the click."""
    return [*_finish(move), *_harmed(move), _("A new version of the plan is put in force; the one before it stays.")]


def _finish(move):
    finish = {"order": move.order, "before": when(move.finish_before), "after": when(move.finish_after)}
    yield (_("%(order)s finishes %(after)s instead of %(before)s.") if move.used_seconds else
           _("%(order)s still finishes %(after)s.")) % finish
    slack = {"after": duration(move.slack_after), "used": duration(move.used_seconds)}
    if move.slack_after < 0:
        yield _("That is %(after)s later than promised: this order becomes late.") % slack
    elif move.used_seconds > 0:
        yield _("It uses %(used)s of its spare time; %(after)s are left.") % slack
    else:
        yield _("%(after)s are left to the promise.") % slack


def _harmed(move):
    if move.harm is None:
        return
    harm = move.harm
    said = {"other": harm.order, "before": when(harm.before), "after": when(harm.after),
            "promised": when(harm.promised_at), "who": harm.order.created_by, "late": duration(harm.late_seconds)}
    yield _("%(other)s gives way: finish %(after)s instead of %(before)s; promised %(promised)s.") % said
    if harm.breaks_promise:
        yield _("That is %(late)s later than promised: %(who)s is asked first, until then this stays a draft.") % said


# Versions


def plan_versions(request, pk):
    context = tab_context(request, pk)
    order = context["order"]
    plans = list(Plan.objects.filter(order=order).select_related("made_by", "released_by", "goes_before",
                                                                 "gave_way_to").order_by("-version"))
    pair = _pair(request.GET, plans)
    found = versions.differences(*pair) if pair else []
    promised_at = capacity.promised_of(order)
    context |= {
        "plans": plans, "pair": pair, "differences": found, "promised_at": promised_at,
        "chart": versions.chart(found, promised_at=promised_at, label=_("Two versions of the plan")) if found else None,
        "figures": [_figures(pair, found, promised_at)] if pair else [],
        "in_force": next((plan for plan in plans if plan.state == Plan.State.RELEASED), None),
    }
    return render(request, "production/plan_versions.html", context)


def _pair(query, plans) -> tuple | None:
    """The two versions asked for, the older one first; else the last two."""
    known = {str(plan.version): plan for plan in plans}
    chosen = [known[query[name]] for name in ("old", "new") if query.get(name) in known]
    if len(chosen) < 2:
        chosen = plans[1::-1]
    return tuple(chosen) if len(chosen) == 2 else None


def _figures(pair, found, promised_at) -> dict:
    old, new = (versions.finish([getattr(each, side) for each in found]) for side in ("old", "new"))
    return {
        "old": old, "new": new, "shift": int((new - old).total_seconds()) if old and new else None,
        "old_slack": int((promised_at - old).total_seconds()) if old else None,
        "new_slack": int((promised_at - new).total_seconds()) if new else None,
    }


class GoBack(OrderAct):
    right = Right.PLAN_MAKE
    form_class = BackForm
    back = "production:plan_versions"

    def subject(self):
        super().subject()
        self.in_force = Plan.objects.filter(order=self.order, state=Plan.State.RELEASED).first()
        if self.in_force is None:
            raise Http404

    def form_kwargs(self):
        return {"initial": {"plan": self.in_force.version}}

    def get(self, request, *args, **kwargs):
        self.move = actions.look_back(order_id=self.order.pk, by=request.user, version=self.kwargs["version"])
        return super().get(request, *args, **kwargs)

    def context(self):
        label = _("Go back to version %(version)s") % {"version": self.kwargs["version"]}
        move = getattr(self, "move", None)
        moved = [_("%(operation)s: %(centre)s, %(start)s") % {
            "operation": new, "centre": new.work_centre.code, "start": when(new.starts_at),
        } for _old, new in move.changes] if move else []
        return super().context() | {
            "title": label, "submit_label": label,
            "consequences": [*moved, *_follows(move)] if move else [],
        }

    def perform(self, form):
        plan = actions.go_back(
            order_id=self.order.pk, by=self.request.user, version=self.kwargs["version"],
            plan_version=form.cleaned_data["plan"],
        )
        return f"{reverse('production:planning_board')}?moved={plan.pk}"


class DropDraft(OrderAct):
    right = Right.PLAN_MAKE
    form_class = NothingForm
    back = "production:review"
    title = gettext_lazy("Drop the draft")
    submit_label = gettext_lazy("Drop the draft")
    consequences = (
        gettext_lazy("The plan in force stays as it is."),
        gettext_lazy("Questions to other orders' salespeople lapse."),
    )

    def context(self):
        return super().context() | {"consequences": self.consequences, "submit_tone": "dan"}

    def perform(self, form):
        actions.drop_draft(**self.act())
        return reverse("production:review", args=[self.order.pk])
