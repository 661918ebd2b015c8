"""Appeals: raised with their effect in sight, decided with it; and a case left out by hand."""

from django.db.models import F
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from kpi.actions import appeals, effect
from kpi.board import value_text
from kpi.forms_months import AppealForm, ConfirmForm, ReasonForm
from kpi.models import Appeal, ScoreCase, ScorePart
from kpi.visibility import mark_open, may_see
from people.roles import Right
from records.acts import ActView

MOST_CASES = 200


def shown(total) -> str:
    return "–" if total is None else str(total)


def _page_of(score) -> str:
    of = "people" if score.person_id else "departments"
    return f"{score.run.get_absolute_url()}?of={of}&row={score.pk}"


class RaiseAppeal(ActView):
    """`look` in the form asks for the effect only; nothing is sent."""

    form_class = AppealForm
    template_name = "kpi/appeal_new.html"

    def subject(self):
        rows = ScorePart.objects.select_related("score__run", "score__person", "score__department")
        self.part = get_object_or_404(rows, pk=self.kwargs["pk"])
        if not may_see(self.request.user, self.part.score):
            raise Http404

    @property
    def rows(self):
        """What counts now, the farthest from the target first."""
        way = F("numerator") / F("denominator")
        order = way.desc() if self.part.target < self.part.floor else way.asc()
        rows = self.part.case_rows.filter(left_out="", denominator__gt=0).select_related("order")
        return rows.order_by(order, "pk")

    @property
    def version_now(self):
        return self.part.score.run.version

    def form_kwargs(self):
        kwargs = {"rows": self.rows, "is_looking": "look" in self.request.POST}
        if self.request.method == "GET" and "case" in self.request.GET:
            kwargs["initial"] = {"cases": self.request.GET.getlist("case")}
        return kwargs

    def post(self, request, *args, **kwargs):
        if "look" not in request.POST:
            return super().post(request, *args, **kwargs)
        form = self.form_class(request.POST, **self.form_kwargs())
        return self.page(form, status=200 if form.is_valid() else 422)

    def context(self):
        chosen = self.request.POST.getlist("cases") or self.request.GET.getlist("case")
        cases = self.rows.filter(pk__in=[key for key in chosen if key.isdecimal()])
        score, listed = self.part.score, list(self.rows[:MOST_CASES])
        mark_open(self.request.user, score, listed)
        return {
            "title": _("Appeal against %(part)s of %(of)s") % {"part": self.part, "of": score},
            "lead": _("%(points)s points, %(value)s, weight %(weight)s %%") % {
                "points": shown(self.part.points), "value": value_text(self.part), "weight": self.part.weight},
            "back_url": _page_of(score), "back_label": _("Scores of %(month)s") % {"month": score.run},
            "submit_label": _("Send the appeal"), "cases": listed, "part": self.part,
            "chosen": {case.pk for case in cases}, "before": shown(score.total),
            "after": shown(effect(self.part, list(cases))) if cases else "",
            "consequences": [_("Human resources decides; until then the month is not published."),
                             _("Accepted, these cases are left out, and the score is computed anew.")],
        }  # fmt: skip

    def perform(self, form):
        data = form.cleaned_data
        appeal = appeals.raise_appeal(part_id=self.part.pk, cases=data["cases"], text=data["text"],
                                      by=self.request.user, version=self.version)  # fmt: skip
        return reverse("kpi:appeal", args=[appeal.pk])


def find_appeal(request, pk) -> Appeal:
    rows = Appeal.objects.select_related(
        "run", "part__score__run", "part__score__person", "part__score__department", "raised_by", "decided_by"
    )
    appeal = get_object_or_404(rows, pk=pk)
    if not may_see(request.user, appeal.part.score):
        raise Http404
    return appeal


def now_after(appeal):
    """What accepting it would make of the total as it is now."""
    rows = list(appeal.cases.filter(left_out=""))
    return effect(appeal.part, rows) if appeal.is_open else appeal.total_after


def appeal_page(request, pk):
    appeal = find_appeal(request, pk)
    user, score = request.user, appeal.part.score
    cases = list(appeal.cases.select_related("order"))
    mark_open(user, score, cases)
    is_own = appeal.raised_by_id in user.accounts
    return render(request, "kpi/appeal.html", {
        "appeal": appeal, "score": score, "cases": cases, "score_url": _page_of(score),
        "before": shown(score.total if appeal.is_open else appeal.total_before), "after": shown(now_after(appeal)),
        "may_decide": appeal.is_open and not is_own and appeals.may_correct(user, score),
        "may_withdraw": appeal.is_open and appeal.raised_by.natural_id == user.natural_id,
        "deciders": appeals.deciders(score, {appeal.raised_by.natural_id})[:4] if appeal.is_open else [],
    })  # fmt: skip


class DecideAppeal(ActView):
    right = Right.SCORE_DECIDE
    form_class = ReasonForm
    is_accepted = True

    def subject(self):
        self.appeal = find_appeal(self.request, self.kwargs["pk"])

    @property
    def version_now(self):
        return self.appeal.run.version

    def context(self):
        score = self.appeal.part.score
        return {
            "back_url": reverse("kpi:appeal", args=[self.appeal.pk]), "back_label": _("Appeal"),
            "lead": self.appeal.text,
        } | self.words(shown(score.total), shown(now_after(self.appeal)))

    def words(self, before, after):
        return {
            "title": _("Accept the appeal and compute anew"), "submit_label": _("Accept and compute anew"),
            "submit_tone": "ok", "consequences": [
                _("The score goes from %(before)s to %(after)s.") % {"before": before, "after": after},
                _("The reason stands in the record and in the notice of the month."),
            ],
        }

    def perform(self, form):
        appeals.decide(appeal_id=self.appeal.pk, is_accepted=self.is_accepted, reason=form.cleaned_data["reason"],
                       by=self.request.user, version=self.version)  # fmt: skip
        return reverse("kpi:appeal", args=[self.appeal.pk])


class RefuseAppeal(DecideAppeal):
    is_accepted = False

    def words(self, before, after):
        return {"title": _("Refuse the appeal"), "submit_label": _("Refuse"), "submit_tone": "dan",
                "consequences": [_("The score stays at %(before)s. %(person)s is told why.")
                                 % {"before": before, "person": self.appeal.raised_by}]}  # fmt: skip


class WithdrawAppeal(ActView):
    form_class = ConfirmForm

    def subject(self):
        self.appeal = find_appeal(self.request, self.kwargs["pk"])

    def context(self):
        return {"title": _("Withdraw the appeal"), "submit_label": _("Withdraw"), "submit_tone": "dan",
                "lead": self.appeal.text, "back_url": reverse("kpi:appeal", args=[self.appeal.pk]),
                "consequences": [_("Nobody decides it any more, and the score stays as it is.")]}  # fmt: skip

    def perform(self, form):
        appeals.withdraw(appeal_id=self.appeal.pk, by=self.request.user)
        return reverse("kpi:appeal", args=[self.appeal.pk])


class LeaveOut(ActView):
    right = Right.SCORE_DECIDE
    form_class = ReasonForm

    def subject(self):
        rows = ScoreCase.objects.select_related(
            "part__score__run", "part__score__person", "part__score__department", "order"
        )
        self.case = get_object_or_404(rows, pk=self.kwargs["pk"])
        if not may_see(self.request.user, self.case.part.score):
            raise Http404

    @property
    def version_now(self):
        return self.case.part.score.run.version

    def context(self):
        part = self.case.part
        score = part.score
        after = shown(effect(part, [self.case]))
        return {
            "title": _("Leave out a case of %(part)s, %(of)s") % {"part": part, "of": score},
            "lead": self.case.order or part, "submit_label": _("Leave out"), "submit_tone": "dan",
            "back_url": _page_of(score), "back_label": _("Scores of %(month)s") % {"month": score.run},
            "consequences": [
                _("The score goes from %(before)s to %(after)s.") % {"before": shown(score.total), "after": after},
                _("Everybody who sees the score reads your name and the reason."),
            ],
        }

    def perform(self, form):
        appeals.leave_out(case_id=self.case.pk, reason=form.cleaned_data["reason"], by=self.request.user,
                          version=self.version)  # fmt: skip
        return _page_of(self.case.part.score)
