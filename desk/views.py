from datetime import timedelta

from django import forms
from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.charts import Bar, Gantt, GanttRow, Mark
from desk.faces import ClockFace, StageFace, TabFace, TaskFace
from desk.keyset import Page
from desk.refusals import Changed, Condition, GateShut, NotYours, Remedy


class SampleForm(forms.Form):
    place = forms.CharField(label="Delivery place", help_text="Street number or berth, as the driver needs it.")
    customer = forms.ChoiceField(label="Customer", choices=[("1", "启明风电 Qiming Wind"), ("2", "海川泵业 Pumps")])
    required_at = forms.DateTimeField(label="Required delivery time")
    quantity = forms.IntegerField(label="Quantity", required=False)
    reason = forms.ChoiceField(
        label="Reason for urgency", widget=forms.RadioSelect,
        choices=[("a", "Customer line stopped"), ("b", "Project brought forward"), ("c", "Quality replacement")],
    )
    risks = forms.MultipleChoiceField(
        label="Known risks", widget=forms.CheckboxSelectMultiple, required=False,
        choices=[("m", "Material"), ("t", "Transport"), ("e", "Equipment")],
    )
    note = forms.CharField(label="Note to all departments", widget=forms.Textarea, required=False)
    photo = forms.FileField(label="Photo of the label", required=False)
    is_partial = forms.BooleanField(label="Partial delivery is allowed", required=False)


def clocks():
    now = timezone.now()
    samples = [("ok", 13800, 31), ("warn", 7500, 58), ("crit", 2580, 84), ("over", -4320, 100), ("pause", 6000, 42)]
    until = now + timedelta(hours=6)
    faces = [
        ClockFace(state, left, share, now + timedelta(seconds=left), state != "pause", until, 14400, _("Confirmation"))
        for state, left, share in samples
    ]
    return [*faces, ClockFace("done", label=_("Confirmation"))]


def stages():
    names = [_("Identification"), _("Confirmation"), _("Review"), _("Procurement"), _("Production"),
             _("Quality check"), _("Delivery"), _("Settlement")]
    states = ["done", "late", "now", *["todo"] * 5]
    notes = ["08:06 · 0:08", "09:23 · +0:06", "0:43", "13:00", "11-24 08:00", "11-25 12:00", "11-25 18:00", "11-28"]
    rows = zip(names, states, notes, strict=True)
    return [StageFace(name, name, state, note, 64 if state == "now" else 0) for name, state, note in rows]


def refusals():
    return [
        GateShut(
            "This lot cannot go to Delivery yet.", because="8 of 200 pieces have no decision.",
            missing=[Condition("Final inspection finished", True), Condition("Decide rework or scrap for 8 pieces")],
            who=["孙莉"], remedy=Remedy("Decide on 8 pieces", "#"),
        ),
        NotYours("Only the Head of Production can approve a review.", because="You are a planner.", who=["赵明华"]),
        Changed("李娜 approved this 20 seconds ago.", because="Your decision was not saved. Nothing else changed."),
    ]


def schedule():
    start = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)

    def bar(first, last, label="", kind="op"):
        return Bar(start + timedelta(hours=first), start + timedelta(hours=last), label, kind)

    rows = [
        GanttRow("10 Material 6061-T6 plate", [bar(4, 22, "Foshan stock, truck overnight", "material")], "procurement"),
        GanttRow("20 Sawing · SAW-1", [bar(22, 25, "06:00–09:00"), bar(24, 28, "", "base")], "production"),
        GanttRow("30 Finish milling · CNC-3", [bar(26, 44, "Night shift"), bar(50, 68, "", "base")], "production"),
        GanttRow("40 Final inspection", [bar(46, 48, "12:10–14:10", "quality")], "quality"),
        GanttRow("50 Pack and load", [bar(49, 50, "Leaves 15:40", "logistics")], "logistics"),
    ]
    marks = [Mark(start + timedelta(hours=3), _("Now"), "now"), Mark(start + timedelta(hours=54), _("Required"))]
    closed = [(start + timedelta(hours=12), start + timedelta(hours=24))]
    return Gantt(rows, start, start + timedelta(hours=72), marks, closed, _("Schedule with option B"))


def styles(request):
    """Every part in every state: what the screenshots and the accessibility test look at."""
    if not request.user.may("desk.configure"):
        raise Http404
    wrong = SampleForm({"place": "", "required_at": "x", "customer": "1", "risks": ["m"]})
    wrong.is_valid()
    return render(request, "ui/styles.html", {
        "clocks": clocks(), "stages": stages(), "refusals": refusals(), "sample": SampleForm(prefix="fresh"),
        "wrong": wrong, "now": timezone.now(), "page": Page([], "x"),
        "schedule": schedule(), "line": [79, 82, 80, 86, 84, 90, 86],
        "tabs": [TabFace("room", _("Room"), "#room", 14), TabFace("production", _("Production"), "#p", None, True),
                 TabFace("procurement", _("Procurement"), "#b", 3)],
        "tasks": [TaskFace(_("Assess process"), "done", note="周建国"),
                  TaskFace(_("Confirm materials"), "now", "#", "王芳 0:20"),
                  TaskFace(_("Approve review"), note=_("after the one before"))],
        "departments": ["sales", "production", "procurement", "logistics", "quality", "finance", "hr", "management"],
        "tones": ["ok", "warn", "crit", "over", "info", "violet", "line"],
    })
