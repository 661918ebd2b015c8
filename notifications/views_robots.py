"""Group robots: for administrators."""

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from desk.refusals import Refusal
from notifications import actions
from notifications.forms import ChangeRobotForm, RobotForm, SwitchForm
from notifications.models import Robot
from people.roles import Right
from records.acts import ActView, require


def robots(request):
    require(request.user, Right.CONFIGURE)
    found = Robot.objects.select_related("department", "made_by").order_by("-is_active", "name")
    return render(request, "notifications/robots.html", {"robots": found})


class RobotAct(ActView):
    right = Right.CONFIGURE
    asks_again = True

    def subject(self):
        self.robot = get_object_or_404(Robot.objects.select_related("department"), pk=self.kwargs["pk"])

    @property
    def version_now(self):
        return self.robot.version

    def context(self):
        return {"back_url": reverse("notifications:robots"), "back_label": _("Group robots")}


class AddRobot(RobotAct):
    form_class = RobotForm

    def subject(self):
        self.robot = Robot()

    def form_kwargs(self):
        return {"initial": {"kind": Robot.Kind.WECOM, "language": self.request.user.language or "zh-hans"}}

    def perform(self, form):
        robot = actions.add_robot(by=self.request.user, **form.cleaned_data)
        messages.success(self.request, _("%(name)s is added. Send a test.") % {"name": robot})
        return reverse("notifications:robots")

    def context(self):
        return super().context() | {
            "title": _("Add a robot"), "submit_label": _("Add the robot"),
            "consequences": [
                _("Reminders and escalations whose channels name robots are said in the group, ten at a time."),
                _("Amounts of money are never said there."),
            ],
        }


class ChangeRobot(RobotAct):
    form_class = ChangeRobotForm

    def form_kwargs(self):
        return {"initial": {
            "name": self.robot.name, "department": self.robot.department_id, "language": self.robot.language,
            "rooms": self.robot.rooms,
        }}

    def perform(self, form):
        actions.change_robot(robot_id=self.robot.pk, by=self.request.user, version=self.version, **form.cleaned_data)
        messages.success(self.request, _("Saved."))
        return reverse("notifications:robots")

    def context(self):
        return super().context() | {
            "title": _("Change %(name)s") % {"name": self.robot}, "submit_label": _("Save"),
            "lead": f"{self.robot.get_kind_display()} {self.robot.masked_address}",
        }


class SwitchRobot(RobotAct):
    form_class = SwitchForm

    def perform(self, form):
        actions.switch_robot(robot_id=self.robot.pk, by=self.request.user, is_active=not self.robot.is_active,
                             version=self.version)  # fmt: skip
        return reverse("notifications:robots")

    def context(self):
        if self.robot.is_active:
            words = {
                "title": _("Switch %(name)s off"), "submit_label": _("Switch it off"), "submit_tone": "dan",
                "consequences": [_("What it had still to say is withdrawn."), _("It can be switched on again.")],
            }
        else:
            words = {"title": _("Switch %(name)s on"), "submit_label": _("Switch it on")}
        return super().context() | words | {"title": words["title"] % {"name": self.robot}}


@require_POST
def try_out(request, pk):
    """Said now, outside any transaction; the page tells what became of it."""
    require(request.user, Right.CONFIGURE)
    robot = get_object_or_404(Robot, pk=pk)
    try:
        fault = actions.try_robot(robot_id=robot.pk, by=request.user)
    except Refusal as refusal:
        fault = str(refusal.what)
    if fault:
        messages.error(request, _("%(name)s was not heard: %(fault)s") % {"name": robot, "fault": _(fault)})
    else:
        messages.success(request, _("%(name)s was heard. Look into the group.") % {"name": robot})
    return HttpResponseRedirect(reverse("notifications:robots"))
