from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from desk.faces import ItemGroup, TabFace
from desk.keyset import paginate
from desk.refusals import NotYours
from people.roles import Right
from records.acts import ActView, require
from sla import actions, reports
from sla.forms import AcknowledgeForm, LimitForm
from sla.models import Policy, WorkItem

DECIDE, DO, STARTED, DONE = "decide", "do", "started", "done"


def my_work(request):
    """What waits for the person who looks, soonest first."""
    now = timezone.now()
    tab = request.GET.get("tab", "")
    if tab == DONE:
        return _done(request)
    items = reports.started_by(request.user) if tab == STARTED else reports.waiting_for(request.user)
    counts = {}
    if tab != STARTED:
        counts = {DECIDE: sum(item.is_decision for item in items), DO: sum(not item.is_decision for item in items)}
        items = [item for item in items if tab not in (DECIDE, DO) or item.is_decision == (tab == DECIDE)]
    context = {"groups": reports.groups(items, now), "tabs": _tabs(counts), "current_tab": tab,
               "absence": reports.absence_of(request.user, now)}
    return render(request, "sla/my_work.html", context)


def _done(request):
    page = paginate(reports.done_by(request.user), ("-closed_at", "-pk"), request.GET.get("after"))
    found = [ItemGroup(DONE, _("Done"), "check", reports.rows(page.rows))] if page.rows else []
    context = {"groups": found, "tabs": _tabs({}), "current_tab": DONE, "page": page}
    return render(request, "sla/my_work.html", context | {"empty_text": _("You have closed nothing yet.")})


def _tabs(counts) -> list[TabFace]:
    url = reverse("sla:my_work")
    total = sum(counts.values()) if counts else None
    names = {"": (_("All"), total), DECIDE: (_("To decide"), counts.get(DECIDE)), DO: (_("To do"), counts.get(DO)),
             STARTED: (_("Started by me"), None), DONE: (_("Done"), None)}
    return [TabFace(code, label, f"{url}?tab={code}" if code else url, count) for code, (label, count) in names.items()]


def item(request, pk):
    """An item's own address leads to the page where it is done."""
    found = get_object_or_404(WorkItem, pk=pk)
    return HttpResponseRedirect(found.url)


class Acknowledge(ActView):
    form_class = AcknowledgeForm
    template_name = "ui/act.html"

    def subject(self):
        self.item = get_object_or_404(WorkItem.objects.select_related("department"), pk=self.kwargs["pk"])
        user = self.request.user
        if not user.may(Right.SEE_ALL) and not WorkItem.objects.filter(pk=self.item.pk).for_person(user).exists():
            owner = self.item.assignee or self.item.department.head or self.item.department
            raise NotYours(_("This task waits for somebody else."), who=[owner])

    def perform(self, form):
        actions.acknowledge(self.item, by=self.request.user, **form.cleaned_data)
        return self.item.url

    def context(self):
        return {
            "title": _("Acknowledge"), "lead": self.item.subject_text, "submit_label": _("Acknowledge"),
            "back_url": self.item.url,
            "consequences": [_("Reminders of the levels reached so far stop until then."), _("The clock goes on.")],
        }


def limits(request):
    require(request.user, Right.CONFIGURE)
    return render(request, "sla/limits.html", {"policies": reports.limits(), "health": reports.health()})


class EditLimit(ActView):
    right = Right.CONFIGURE
    asks_again = True
    form_class = LimitForm
    template_name = "sla/limit_edit.html"
    shown_version = None

    def subject(self):
        self.policy = get_object_or_404(Policy, pk=self.kwargs["pk"])
        self.current = self.policy.current
        if self.current is None:
            raise Http404

    def form_kwargs(self):
        hours, rest = divmod(self.current.target_seconds, 3600)
        return {"initial": {
            "hours": hours, "minutes": rest // 60, "calendar": self.current.calendar_id,
            "remind_percent": self.current.remind_percent, "escalate_percent": self.current.escalate_percent,
        }}

    def perform(self, form):
        data = form.cleaned_data
        self.shown_version = self.current.number  # who is refused has seen what changed, and may save again
        actions.save_policy(
            self.policy, by=self.request.user, reason=data["reason"], target_seconds=data["target_seconds"],
            calendar=data["calendar"], remind_percent=data["remind_percent"],
            escalate_percent=data["escalate_percent"], based_on=self.version,
        )
        return reverse("sla:limits")

    def context(self):
        versions = self.policy.versions.select_related("made_by", "calendar").order_by("-number")[:20]
        return {
            "title": _("Time limit: %(kind)s") % {"kind": self.policy}, "submit_label": _("Save as a new version"),
            "back_url": reverse("sla:limits"), "back_label": _("Time limits"), "versions": versions,
            "steps": self.current.steps.order_by("level"),
            "version": self.shown_version or self.request.POST.get("version") or self.current.number,
            "consequences": [_("Tasks that are running keep the limit they have; new ones take this one.")],
        }


@login_not_required
@never_cache
def healthz(request):
    """For a watchdog outside: 503 when nobody winds the clock."""
    state = reports.health()
    return JsonResponse(
        {"ok": state.is_ok, "problems": state.problems, "warnings": state.warnings,
         "oldest_due_seconds": state.oldest_due_seconds, "oldest_letter_seconds": state.oldest_letter_seconds},
        status=200 if state.is_ok else 503,
    )
