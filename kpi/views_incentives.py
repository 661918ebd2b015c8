"""Rewards and penalties: their list, a proposal with its evidence, the reply, the decision, the certificate."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from desk.keyset import paginate
from desk.text import render as said
from desk.text import when
from kpi import incentive_papers
from kpi.actions import incentives
from kpi.board import value_text
from kpi.clauses import SENTENCES, clause_of
from kpi.forms_months import ApproveForm, ConfirmForm, ProposeForm, ReasonForm, ReplyForm
from kpi.models import Evidence, Incentive, Score
from kpi.visibility import mark_open, may_see
from people.roles import Right
from records.acts import ActView

STATES = Incentive.State.values
MOST_CASES = 60


def _listed(request):
    rows = incentives.visible(request.user).select_related("run", "person", "department", "proposed_by", "decided_by")
    state, kind = request.GET.get("state"), request.GET.get("kind")
    rows = rows.filter(state=state) if state in STATES else rows
    return rows.filter(kind=kind) if kind in Incentive.Kind.values else rows


def incentives_page(request):
    page = paginate(_listed(request), ("-proposed_at", "-pk"), request.GET.get("after"), size=50)
    return render(request, "kpi/incentives.html", {
        "page": page, "states": Incentive.State.choices, "state": request.GET.get("state", ""),
    })  # fmt: skip


def incentives_sheet(request):
    return incentive_papers.sheet(_listed(request))


def find_incentive(request, pk) -> Incentive:
    rows = incentives.visible(request.user).select_related(
        "run", "person", "department__head", "proposed_by", "decided_by", "replied_by"
    )
    return get_object_or_404(rows, pk=pk)


def incentive_page(request, pk):
    found = find_incentive(request, pk)
    user = request.user
    can_decide = found.is_open and user.pk in {person.pk for person in incentives.deciders(found)}
    return render(request, "kpi/incentive.html", {
        "incentive": found, "sentence": SENTENCES.get(found.clause, ""), "evidence": evidence_of(user, found),
        "may_decide": can_decide, "may_approve": can_decide and found.is_heard(timezone.now()),
        "may_reply": found.is_open and found.is_penalty and not found.replied_at and incentives.may_reply(user, found),
        "may_withdraw": found.is_open and found.proposed_by and found.proposed_by.natural_id == user.natural_id,
        "has_certificate": found.certificate_number,
    })  # fmt: skip


def evidence_of(user, incentive) -> list:
    """Rows with what this person may read of them: `about`, `what`, `value`, and whether the order opens."""
    rows = list(incentive.evidence.select_related(
        "part__score__run", "part__score__person", "part__score__department", "case__order", "case__part", "order"))
    for row in rows:
        row.order = row.order or (row.case and row.case.order)
    mark_open(user, incentive, rows)
    for row in rows:
        row.about = row.order if row.is_open else None
        row.shown_part = row.part or (row.case and row.case.part)
        row.value = value_text(row.shown_part) if row.shown_part and not row.case else ""
        row.what = said(row.case.text, row.case.params) if row.case and row.is_open else ""
    return rows


class ProposeIncentive(ActView):
    """About one published score, whose parts, cases and orders are the evidence."""

    form_class = ProposeForm
    template_name = "kpi/propose.html"

    def subject(self):
        rows = Score.objects.select_related("run", "person", "department__head")
        self.score = get_object_or_404(rows, pk=self.kwargs["pk"])
        self.kind = self.kwargs["kind"]
        if self.kind not in Incentive.Kind.values or not may_see(self.request.user, self.score):
            raise Http404
        if not incentives.may_propose(self.request.user, self.score.department):
            raise incentives.not_the_proposer(self.score.department)

    @cached_property
    def rows(self) -> dict:
        parts = list(self.score.parts.all())
        found = {}
        for part in parts:
            part.shown = value_text(part)
            found[f"part:{part.pk}"] = Evidence(part=part)
            cases = part.case_rows.filter(left_out="").select_related("order").order_by("-at")[:MOST_CASES]
            found |= {f"case:{case.pk}": Evidence(part=part, case=case) for case in cases}
        return found

    def form_kwargs(self):
        return {"kind": self.kind, "choices": [(key, key) for key in self.rows]}

    def context(self):
        is_penalty = self.kind == Incentive.Kind.PENALTY
        rows = self.rows
        mark_open(self.request.user, self.score, [row.case for row in rows.values() if row.case])
        title = _("Propose a penalty for %(of)s") if is_penalty else _("Propose a reward for %(of)s")
        return {
            "title": title % {"of": self.score}, "submit_label": _("Propose"), "rows": rows,
            "chosen": set(self.request.POST.getlist("evidence")), "clause": clause_of(self.kind),
            "sentence": SENTENCES[clause_of(self.kind)], "back_url": self.score.run.get_absolute_url(),
            "back_label": _("Scores of %(month)s") % {"month": self.score.run},
            "consequences": [
                _("They are told, and may reply before anything is decided.") if is_penalty
                else _("The general manager decides it."),
                _("An amount is written down as people agreed; nothing is computed or deducted here."),
            ],
        }  # fmt: skip

    def perform(self, form):
        data, rows = form.cleaned_data, self.rows
        found = incentives.propose(
            run=self.score.run, kind=self.kind, form=data["form"], department=self.score.department,
            person=self.score.person, reason=data["reason"], amount=data["amount"], by=self.request.user,
            evidence=[rows[key] for key in data["evidence"]],
        )
        return found.get_absolute_url()


class IncentiveAct(ActView):
    template_name = "kpi/incentive_act.html"

    def subject(self):
        self.incentive = find_incentive(self.request, self.kwargs["pk"])

    @property
    def version_now(self):
        return int(bool(self.incentive.replied_at))

    def context(self):
        found = self.incentive
        return {
            "incentive": found, "sentence": SENTENCES.get(found.clause, ""),
            "back_url": found.get_absolute_url(), "back_label": found.number,
        } | self.words()

    def words(self) -> dict:
        raise NotImplementedError


class ReplyToPenalty(IncentiveAct):
    form_class = ReplyForm

    def words(self):
        return {"title": _("Reply to %(number)s") % {"number": self.incentive.number},
                "submit_label": _("Send the reply"),
                "consequences": [_("It is kept as you typed it; the general manager reads it before deciding.")]}

    def perform(self, form):
        incentives.reply(incentive_id=self.incentive.pk, text=form.cleaned_data["text"], by=self.request.user)
        return self.incentive.get_absolute_url()


class ApproveIncentive(IncentiveAct):
    right = Right.INCENTIVE_DECIDE
    form_class = ApproveForm
    asks_again = True

    def form_kwargs(self):
        found = self.incentive
        return {"has_amount": found.has_amount, "initial": {"amount": found.amount}}

    def words(self):
        found = self.incentive
        lines = [_("It is recorded. The desk computes and deducts nothing.")]
        if found.is_penalty and not found.replied_at:
            lines.insert(0, _("No reply was given. The time for it ends %(when)s.") % {"when": when(found.reply_until)})
        return {"title": _("Approve %(number)s") % {"number": found.number}, "submit_label": _("Approve"),
                "submit_tone": "ok", "consequences": lines}  # fmt: skip

    def perform(self, form):
        data = form.cleaned_data
        incentives.approve(incentive_id=self.incentive.pk, by=self.request.user, reason=data["reason"],
                           amount=data.get("amount"), version=self.version)  # fmt: skip
        return self.incentive.get_absolute_url()


class RefuseIncentive(IncentiveAct):
    right = Right.INCENTIVE_DECIDE
    form_class = ReasonForm
    asks_again = True

    def words(self):
        return {"title": _("Refuse %(number)s") % {"number": self.incentive.number}, "submit_label": _("Refuse"),
                "submit_tone": "dan", "consequences": [_("Nothing follows from it. The reason stands in the record.")]}

    def perform(self, form):
        incentives.refuse(incentive_id=self.incentive.pk, by=self.request.user, reason=form.cleaned_data["reason"],
                          version=self.version)  # fmt: skip
        return self.incentive.get_absolute_url()


class WithdrawIncentive(IncentiveAct):
    form_class = ConfirmForm

    def words(self):
        return {"title": _("Withdraw %(number)s") % {"number": self.incentive.number}, "submit_label": _("Withdraw"),
                "submit_tone": "dan", "consequences": [_("Nobody decides it any more.")]}  # fmt: skip

    def perform(self, form):
        incentives.withdraw(incentive_id=self.incentive.pk, by=self.request.user)
        return self.incentive.get_absolute_url()


def certificate(request, pk):
    found = find_incentive(request, pk)
    if not found.certificate_number:
        raise Http404
    return incentive_papers.certificate(found)
