"""The clock itself, for administrators: is it wound, what did it mend, and does an escalation arrive."""

from django import forms
from django.conf import settings
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.keyset import paginate
from people.models import Department
from people.roles import Right
from records.actions import CLOCK
from records.acts import ActView, require
from records.models import Event
from sla import drills, reports
from sla.actions import watching
from sla.kinds import Kind
from sla.models import Policy, WorkItem

MOST_FAULTS = 50
JOBS = {
    "sweep": gettext_lazy("Escalate what is due"),
    "reconcile": gettext_lazy("Check every clock"),
    "begin_absences": gettext_lazy("Hand over the work of absent people"),
    "warn_of_unknown_years": gettext_lazy("Warn of holidays not entered yet"),
    "ping": gettext_lazy("Call the watch outside"),
    "end_drills": gettext_lazy("End drills"),
    "notifications.dispatch": gettext_lazy("Send letters"),
    "notifications.reconcile": gettext_lazy("Give letters of dead senders back"),
    "orders.reconcile": gettext_lazy("Check that every stage has its clock"),
    "orders.hand_over": gettext_lazy("Hand orders to the order system"),
    "orders.end_holds": gettext_lazy("End holds"),
    "orders.ask_about_silences": gettext_lazy("Ask about silent customers"),
    "orders.repair_search": gettext_lazy("Check what orders are found by"),
    "production.hand_over_made": gettext_lazy("Hand over what was made"),
    "records.remove_orphan_files": gettext_lazy("Remove files of nobody"),
    "records.forget_once_keys": gettext_lazy("Forget old keys against double clicks"),
    "kpi.score_ended_month": gettext_lazy("Score the month that ended"),
    "access.forget_ended": gettext_lazy("Forget ended sessions"),
}


def clock(request):
    require(request.user, Right.CONFIGURE)
    page = paginate(Event.objects.filter(stream=CLOCK), ("-number",), request.GET.get("after"), size=20)
    faults = WorkItem.objects.living().filter(failures__gt=0).select_related("department").order_by("pk")
    return render(request, "sla/clock.html", {
        "health": reports.health(), "jobs": _jobs(), "faults": faults[:MOST_FAULTS], "page": page,
        "drill": drills.living().first(), "ended": drills.ended()[:5],
    })


def _jobs() -> list[dict]:
    hearts = [heart for heart in reports.heartbeats() if heart.name != "ping" or settings.HEARTBEAT_URL]
    return [{"heart": heart, "label": JOBS.get(heart.name, heart.name), "is_late": heart.is_late()} for heart in hearts]


class DrillForm(forms.Form):
    policy = forms.ModelChoiceField(
        Policy.objects.exclude(kind=Kind.DRILL), label=gettext_lazy("Ladder of"), empty_label=None
    )
    department = forms.ModelChoiceField(
        Department.objects.order_by("pk"), label=gettext_lazy("Department"), empty_label=None
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes for the whole ladder"), min_value=1, max_value=drills.MOST_MINUTES, initial=2
    )


class StartDrill(ActView):
    right = Right.CONFIGURE
    form_class = DrillForm

    def perform(self, form):
        return drills.start(by=self.request.user, **form.cleaned_data).url

    def context(self):
        return {
            "title": _("Send a test escalation"), "submit_label": _("Start the drill"),
            "back_url": reverse("sla:clock"), "back_label": _("The clock"),
            "consequences": [
                _("A real task travels the whole ladder in these minutes. Every level is told to you alone, and says"
                  " whom it would have reached."),
                _("It counts in no figure, ends by itself, and can be stopped."),
                _("Group robots are left out."),
            ],
        }


def drill(request, pk):
    require(request.user, Right.CONFIGURE)
    item = _drill(pk)
    return render(request, "sla/drill.html", {"item": item, "levels": drills.levels(item)})


def _drill(pk) -> WorkItem:
    found = WorkItem.objects.select_related("policy_version", "opened_by", "closed_by", "department")
    return get_object_or_404(found, pk=pk, kind=Kind.DRILL)


class StopDrill(ActView):
    right = Right.CONFIGURE
    form_class = forms.Form

    def subject(self):
        self.item = _drill(self.kwargs["pk"])

    def perform(self, form):
        drills.stop(self.item, by=self.request.user)
        return self.item.url

    def context(self):
        return {
            "title": _("Stop the drill"), "lead": self.item.subject_text, "submit_label": _("Stop the drill"),
            "submit_tone": "dan", "back_url": self.item.url, "back_label": _("Drill"),
        }


class TryAgain(ActView):
    right = Right.CONFIGURE
    form_class = forms.Form

    def subject(self):
        self.item = get_object_or_404(WorkItem, pk=self.kwargs["pk"])
        if not self.item.failures:
            raise Http404

    def perform(self, form):
        watching.try_again(self.item, by=self.request.user)
        return reverse("sla:clock")

    def context(self):
        return {
            "title": _("Try again"), "lead": self.item.subject_text, "submit_label": _("Try again"),
            "back_url": reverse("sla:clock"), "back_label": _("The clock"),
            "consequences": [_("The next sweep takes it. If it fails again, it stands here again.")],
        }
