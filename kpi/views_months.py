"""The monthly scores: their list, the page of a month, and the steps of its run."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.keyset import paginate
from desk.text import when
from kpi import board, month_papers
from kpi.actions import appeals, incentives, runs
from kpi.forms_months import CheckForm, ConfirmForm
from kpi.heads import is_head_of
from kpi.models import Appeal, MonthRun
from kpi.months import Month
from kpi.visibility import sees_everything
from people.models import Department
from people.roles import Right
from records.acts import ActView

PROPOSALS_SHOWN = 5


def find_run(text) -> MonthRun:
    month = Month.read(text)
    if month is None:
        raise Http404
    return get_object_or_404(MonthRun.objects.select_related("rule_set", "published_by"), month=month.first)


def months_page(request):
    page = paginate(MonthRun.objects.select_related("rule_set"), ("-month", "-pk"), request.GET.get("after"), size=24)
    waiting = Month.now() - 1
    may_begin = request.user.may(Right.SCORE_RUN) and not MonthRun.objects.filter(month=waiting.first).exists()
    return render(request, "kpi/months.html", {
        "page": page, "own": runs.own_latest(request.user), "waiting": waiting if may_begin else None,
    })  # fmt: skip


def month_page(request, month):
    """`?of=people`, `?row=` the score that is explained below."""
    run, now, user = find_run(month), timezone.now(), request.user
    shown = board.Board(user, run, request.GET.get("of"), request.GET.get("after"), request.GET.get("row"))
    proposals = incentives.visible(user).filter(run=run).select_related("person", "department")
    raised = board.appeals_of(shown)
    for appeal in raised:
        appeal.may_decide = appeal.is_open and _may_decide(user, appeal)
    selected = shown.selected
    return render(request, "kpi/month.html", {
        "run": run, "board": shown, "now": now, "steps": board.steps(run, now), "selected": selected,
        "cards": board.cards(user, selected) if selected else [], "sees_all": run.is_published or sees_everything(user),
        "appeals": raised, "open_count": sum(appeal.is_open for appeal in raised),
        "adjustments": board.adjustments_of(shown), "checks": _checks(user, run),
        "may_appeal": selected and appeals.may_appeal_now(user, run, selected.score, now),
        "proposals": proposals.order_by("-kind", "-proposed_at", "-pk")[:PROPOSALS_SHOWN] if run.is_published else [],
        "may_propose": run.is_published and selected and selected.score.person_id not in user.accounts
        and incentives.may_propose(user, selected.score.department),
        "may_publish": not run.is_published and user.may(Right.SCORE_PUBLISH),
        "may_count": run.state == MonthRun.State.COMPUTED and user.may(Right.SCORE_RUN) and not run.checks.exists(),
        "earlier": MonthRun.objects.filter(month__lt=run.month).first(),
        "later": MonthRun.objects.filter(month__gt=run.month).order_by("month").first(),
    })  # fmt: skip


def _may_decide(user, appeal) -> bool:
    return appeal.raised_by_id not in user.accounts and appeals.may_correct(user, appeal.part.score)


def _checks(user, run) -> list:
    if run.is_published or not (user.is_head or sees_everything(user)):
        return []
    found = board.checks_of(run)
    if run.state == MonthRun.State.APPEALS:  # who had not checked in time
        return [(department, None, False) for department, check in found if check is None]
    return [(department, check, is_head_of(user, department)) for department, check in found]


def month_sheet(request, month):
    run = find_run(month)
    return month_papers.sheet(request.user, run)


def month_notice(request, month):
    """The notice of a published month; before that what is to be published, for who prepares it."""
    run = find_run(month)
    if not run.is_published and not sees_everything(request.user):
        raise Http404
    return month_papers.notice(request.user, run)


class RunAct(ActView):
    """An act about a month's run, from the page as it was seen."""

    def subject(self):
        self.run = find_run(self.kwargs["month"])

    @property
    def version_now(self):
        return self.run.version

    def context(self):
        return {
            "back_url": self.run.get_absolute_url(), "back_label": _("Scores of %(month)s") % {"month": self.run},
        } | self.words()

    def words(self) -> dict:
        raise NotImplementedError


class BeginMonth(ActView):
    right = Right.SCORE_RUN
    form_class = ConfirmForm

    def subject(self):
        self.month = Month.read(self.kwargs["month"])
        if self.month is None:
            raise Http404

    def context(self):
        return {
            "title": _("Compute the scores of %(month)s") % {"month": self.month}, "submit_label": _("Compute"),
            "back_url": reverse("kpi:months"), "back_label": _("Monthly scores"),
            "consequences": [_("The scores come from the records alone. The heads are asked to check them.")],
        }

    def perform(self, form):
        return runs.begin(month=self.month.first, by=self.request.user).get_absolute_url()


class CheckDepartment(RunAct):
    form_class = CheckForm

    def subject(self):
        super().subject()
        self.department = get_object_or_404(Department.objects.select_related("head"), code=self.kwargs["code"])
        if not (is_head_of(self.request.user, self.department) or sees_everything(self.request.user)):
            raise Http404

    def words(self):
        return {
            "title": _("Check the scores of %(department)s") % {"department": self.department},
            "lead": self.run, "submit_label": _("Checked"), "submit_tone": "ok",
            "consequences": [
                _("You say that the figures of your department and its people were looked at."),
                _("It can be taken back until the appeals begin: when all heads have checked, or on %(when)s.")
                % {"when": when(self.run.checks_until) if self.run.checks_until else "–"},
            ],
        }

    def perform(self, form):
        runs.check(run_id=self.run.pk, department=self.department, by=self.request.user, version=self.version,
                   note=form.cleaned_data["note"])  # fmt: skip
        return self.run.get_absolute_url()


class UncheckDepartment(CheckDepartment):
    form_class = ConfirmForm

    def words(self):
        return {"title": _("Take back the check of %(department)s") % {"department": self.department}, "lead": self.run,
                "submit_label": _("Take back"), "submit_tone": "dan",
                "consequences": [_("The task to check comes back to you.")]}  # fmt: skip

    def perform(self, form):
        runs.uncheck(run_id=self.run.pk, department=self.department, by=self.request.user, version=self.version)
        return self.run.get_absolute_url()


class PublishMonth(RunAct):
    right = Right.SCORE_PUBLISH
    form_class = ConfirmForm
    asks_again = True

    def words(self):
        waiting = self.run.appeals.filter(state=Appeal.State.OPEN).count()
        lines = [
            _("Everybody sees every score, and gets one message with their own."),
            _("Nothing of it can be changed afterwards, and publishing cannot be undone."),
            _("Rewards and penalties are then proposed from these scores; you decide each of them."),
        ]
        if waiting:
            lines.insert(0, _("Open appeals: %(count)d. They are decided first.") % {"count": waiting})
        return {"title": _("Publish the scores of %(month)s") % {"month": self.run}, "submit_label": _("Publish"),
                "consequences": lines}  # fmt: skip

    def perform(self, form):
        runs.publish(run_id=self.run.pk, by=self.request.user, version=self.version)
        return self.run.get_absolute_url()
