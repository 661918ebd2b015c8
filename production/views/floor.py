"""The phone at the machine: scan, start, pause, report, finish, report a problem. Works without JavaScript."""

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.faces import ClockFace
from desk.refusals import NotYours
from orders.models import OrderStep, UrgentOrder
from people.roles import Right
from production import actions, phone, reports
from production.actions.floor import planned_operation, work_centre_of
from production.actions.obstacles import find_obstacle
from production.actions.steps import item_of
from production.capacity import calendar_with
from production.forms import NothingForm, PauseForm, PiecesForm, ProblemForm, StartForm, TokenForm
from records.acts import ActView, require

FirstArticle = OrderStep.FirstArticle


def floor(request):
    """Type or scan a code; one's own operations."""
    require(request.user, Right.OPERATION_RUN)
    form = TokenForm(request.GET if "token" in request.GET else None)
    if form.is_bound and form.is_valid():
        token = form.cleaned_data["token"]
        if OrderStep.objects.filter(token=token).exists():
            return HttpResponseRedirect(reverse("production:scan", args=[token]))
        form.add_error("token", _("No operation has this code."))
    rows = reports.my_steps(request.user, timezone.now())
    return render(request, "production/floor.html", {"form": form, "rows": rows})


def connection(request):
    """What a phone asks before it sends what it kept: whose desk is open, and a fresh token for the forms."""
    require(request.user, Right.OPERATION_RUN)
    return JsonResponse({"person": request.user.pk, "token": get_token(request)})


def read_step(request, token) -> OrderStep:
    """The operation of a code, for whom its order is open; a colleague learns whose it is."""
    steps = OrderStep.objects.select_related("order__customer", "line__product", "owner", "reworks__line")
    step = steps.filter(token=token.upper()).first()
    if step is None:
        raise Http404
    if not UrgentOrder.objects.visible_to(request.user).filter(pk=step.order_id).exists():
        if not request.user.may(Right.OPERATION_RUN):
            raise Http404
        raise NotYours(
            _("“%(step)s” is not your operation.") % {"step": step}, who=[step.owner] if step.owner else (),
            because=_("A planner or foreman can hand it to you."),
        )
    return step


@login_not_required
def worker(request):
    """The service worker; its address says which pages it may keep."""
    return render(request, "production/worker.js", content_type="text/javascript")


def scan(request, token):
    step = read_step(request, token)
    response = render(request, "production/scan.html", scan_context(request, step))
    if not request.is_badge:  # on one's own phone it may be read without network, so long
        response["X-Keep-Hours"] = settings.SESSION_HOURS
    return response


def scan_context(request, step) -> dict:
    now = timezone.now()
    row = reports.step_rows([step], now)[0]
    before, following = step.get_predecessors(), step.get_successors()
    sheet = step.order.sheets.order_by("-version").first()
    asked = request.GET.get("v", "") or request.POST.get("sheet", "")
    item, left = item_of(step), most_pieces(step, before)
    usual = min(left, 1) if step.first_article == FirstArticle.OPEN else left
    is_mine = bool(row.running and row.running.person_id == request.user.pk)
    may_run = request.user.may(Right.OPERATION_RUN) and not step.finished_at
    obstacle = find_obstacle(step.order, step, request.user, now) if may_run and not is_mine else None
    return {
        "step": step, "row": row, "order": step.order, "before": before, "following": following,
        "is_mine": is_mine, "may_run": may_run, "sheet": sheet,
        "sheet_asked": int(asked) if asked.isdecimal() else None,
        "is_old_sheet": bool(sheet and asked.isdecimal() and int(asked) != sheet.version),
        "left": left, "clock": item.face(now) if item else node_clock(step, now),
        "pace": pace(row, now), "pieces": PiecesForm(most=left, initial={"good": usual}),
        "pause": PauseForm(auto_id="pause_%s"), "problem": ProblemForm(auto_id="problem_%s"),
        "materials": list(step.material_lines.living().select_related("material")),
        "needs_take_over": _needs_take_over(request.user, step, row), "obstacle": obstacle,
        "first_article_at": _first_pass(step), "also_held": _also_held(step),
        "is_first_article": step.first_article == FirstArticle.OPEN and step.made,
        "reminded": [] if obstacle is None else actions.awaited(obstacle, request.user),
    }


def _first_pass(step):
    """When the first article passed."""
    if step.first_article != FirstArticle.PASSED:
        return None
    return step.ledger.filter(kind="pass").order_by("pk").values_list("posted_at", flat=True).first()


def _also_held(step):
    """A crane or a fixture that is held the whole time."""
    operation = planned_operation(step)
    return operation.second_work_centre if operation else None


def most_pieces(step, before) -> int:
    left = step.quantity - step.made
    return max(0, min([left, *(operation.passed - step.made for operation in before)]))


def _needs_take_over(user, step, row) -> bool:
    is_somebodys = step.owner_id not in (None, user.pk) and user.role == "operator" and not user.is_head
    return bool(row.running and row.running.person_id != user.pk) or is_somebodys


def node_clock(step, now) -> ClockFace | None:
    """The time node as a clock, where no task is open."""
    if step.finished_at or not step.planned_end_at:
        return None
    start = step.planned_start_at or now
    total = max(60, int((step.planned_end_at - start).total_seconds()))
    left = int((step.planned_end_at - now).total_seconds())
    percent = max(0, min(100, 100 * (total - left) // total))
    state = "over" if left < 0 else "crit" if left < 3600 else "warn" if percent >= 50 else "ok"
    return ClockFace(state=state, seconds_left=left, percent=percent, due_at=step.planned_end_at, is_running=True,
                     limit_seconds=total, label=step.name)


def pace(row, now) -> dict | None:
    """At this speed: when it is finished, and how late."""
    if not row.step.made or not row.worked_seconds or row.step.finished_at or not row.left:
        return None
    finish = _after(row.step, now, row.worked_seconds / row.step.made * row.left)
    late = int((finish - row.step.planned_end_at).total_seconds()) if row.step.planned_end_at else 0
    return {"finish": finish, "late_seconds": max(0, late)}


def _after(step, now, seconds):
    """In the shifts of the work centre; by the wall clock for who works outside them."""
    centre = work_centre_of(step)
    calendar = calendar_with(centre) if centre else None
    return calendar.add(now, seconds) if calendar and calendar.is_open(now) else now + timedelta(seconds=seconds)


class FloorAct(ActView):
    """An act at an operation; refused, it shows the same page with the refusal on top."""

    right = Right.OPERATION_RUN
    template_name = "production/scan.html"
    done = ""

    def subject(self):
        self.step = read_step(self.request, self.kwargs["token"])

    def get(self, request, *args, **kwargs):
        return HttpResponseRedirect(self.back)

    @property
    def back(self):
        return reverse("production:scan", args=[self.step.token])

    def act(self):
        return {"step_id": self.step.pk, "by": self.request.user}

    @property
    def times(self):
        return {"phone": phone.read(self.request.POST)}

    def context(self):
        self.step = read_step(self.request, self.kwargs["token"])
        return scan_context(self.request, self.step)

    def post(self, request, *args, **kwargs):
        """A phone that kept the act asks for JSON: it goes on only when it knows that the act was judged."""
        response = super().post(request, *args, **kwargs)
        if response.status_code == 302 and not request.accepts("text/html"):
            return JsonResponse({"url": response.url})
        return response

    def page(self, form, *, status=200, refusal=None):
        if self.request.accepts("text/html"):
            return super().page(form, status=status, refusal=refusal)
        said = [message for messages in form.errors.values() for message in messages]
        what = str(refusal.what) if refusal else " ".join(said)
        return JsonResponse({"what": what, "because": str(refusal.because) if refusal else ""}, status=status)

    def perform(self, form):
        kept_by = self.request.POST.get("person", "")
        if kept_by and kept_by != str(self.request.user.pk):
            raise NotYours(_("Somebody else pressed this on the phone."), because=_("They send it when they sign in."))
        self.carry_out(form.cleaned_data)
        messages.success(self.request, self.said())
        return self.back

    def said(self):
        return _("Saved.")


class Start(FloorAct):
    form_class = StartForm

    def carry_out(self, data):
        actions.start_step(**self.act(), **self.times, sheet_version=data["sheet"],
                           take_over_reason=data["take_over_reason"])

    def said(self):
        return _("Started. The time counts from now.")


class FormAct(FloorAct):
    """An act with a page of its own, for a phone without scripts."""

    def get(self, request, *args, **kwargs):
        return ActView.get(self, request, *args, **kwargs)


class PauseStep(FormAct):
    form_class = PauseForm
    template_name = "production/pause.html"

    def carry_out(self, data):
        actions.pause_step(**self.act(), **self.times, reason=data["reason"], note_text=data["note"])

    def said(self):
        return _("Paused. The time stands.")


class Report(FloorAct):
    form_class = PiecesForm

    def context(self):
        context = super().context()
        return context | {"pieces": PiecesForm(self.request.POST, most=context["left"])}

    def carry_out(self, data):
        actions.report_pieces(**self.act(), **self.times, **data)


class Finish(Report):
    def carry_out(self, data):
        actions.finish_step(**self.act(), **self.times, **data)

    def said(self):
        return _("Finished.")


class Problem(FormAct):
    form_class = ProblemForm
    template_name = "production/problem.html"

    def carry_out(self, data):
        actions.report_problem(**self.act(), **self.times, kind=data["kind"], text=data["text"],
                               can_go_on=data["can_go_on"], photos=data["files"], back_at=data["back_at"])

    def said(self):
        return _("Reported. The right people are told.")


class Remind(FloorAct):
    form_class = NothingForm

    def carry_out(self, data):
        actions.remind(**self.act())

    def said(self):
        return _("Reminded.")
