"""The panes of "My work" for the monthly scores, rewards and penalties."""

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.text import when
from kpi.actions import incentives
from kpi.clauses import SENTENCES
from kpi.models import Appeal, MonthRun
from kpi.views_appeals import find_appeal, now_after, shown
from kpi.views_incentives import evidence_of, find_incentive
from kpi.views_months import find_run
from kpi.visibility import sees_everything, visible_scores
from people.roles import Right
from sla.kinds import Kind
from sla.panes import Button, Check, Fact, Pane, Verdict, find, show


def _run_of(item) -> MonthRun:
    return find_run(item.source.partition(":")[2])


def check(request, pk):
    """The scores of a department, for its head."""
    item = find(pk, (Kind.SCORE_CHECK,))
    run = _run_of(item)
    scores = visible_scores(request.user, run).filter(department=item.department)
    if not (sees_everything(request.user) or scores.filter(person=None).exists()):
        raise Http404
    rows = scores.select_related("department", "person").order_by("person_id", "-total")
    url = reverse("kpi:month_check", args=[str(run), item.department.code])
    return show(request, Pane(
        item,
        verdict=Verdict(_("Figures as of %(when)s") % {"when": when(run.figures_at)},
                        _("Look at them, then say that they were checked.")),
        checks_title=_("Scores"),
        checks=[Check(f"{score}: {shown(score.total)} {score.grade}", "later") for score in rows],
        decisions=[Button(_("Checked"), url, "A", "pri"),
                   Button(_("Open the month"), run.get_absolute_url(), "O", "", "chevron")],
        version=run.version,
    ))  # fmt: skip


def appeal(request, pk):
    item = find(pk, (Kind.SCORE_APPEAL,))
    found = find_appeal(request, item.source_number)
    before, after = shown(found.part.score.total), shown(now_after(found))
    accept, refuse = (reverse(f"kpi:appeal_{name}", args=[found.pk]) for name in ("accept", "refuse"))
    may = found.is_open and request.user.may(Right.SCORE_DECIDE)
    return show(request, Pane(
        item, verdict=Verdict(found.text, _("%(person)s appeals.") % {"person": found.raised_by}),
        facts=[Fact(_("Score"), found.part.score), Fact(_("Indicator"), found.part),
               Fact(_("Cases"), found.cases.count()), Fact(_("If accepted"), f"{before} → {after}")],
        decisions=[Button(_("Accept and compute anew"), accept, "A", "pri"),
                   Button(_("Refuse"), refuse, "D", "dan", "cross")] if may else [
                   Button(_("Open"), reverse("kpi:appeal", args=[found.pk]), "A", "pri", "chevron")],
        version=found.run.version,
    ))  # fmt: skip


def publish(request, pk):
    item = find(pk, (Kind.SCORE_PUBLISH,))
    run = _run_of(item)
    if not sees_everything(request.user):
        raise Http404
    waiting = run.appeals.filter(state=Appeal.State.OPEN).count()
    may, url = request.user.may(Right.SCORE_PUBLISH), reverse("kpi:month_publish", args=[str(run)])
    return show(request, Pane(
        item, verdict=Verdict(_("Open appeals: %(count)d") % {"count": waiting}, tone="warn" if waiting else "ok"),
        facts=[Fact(_("Orders finished"), run.finished_orders), Fact(_("Orders late"), run.late_orders),
               Fact(_("Appeals until"), when(run.appeals_until) if run.appeals_until else "–"),
               Fact(_("Scoring rules"), run.rule_set)],
        decisions=[Button(_("Publish"), url, "A", "pri", "send")] if may else [],
        consequences=[_("Nothing of it can be changed afterwards, and publishing cannot be undone.")] if may else [],
    ))  # fmt: skip


def reply(request, pk):
    item = find(pk, (Kind.PENALTY_REPLY,))
    found = find_incentive(request, item.source_number)
    may = found.is_open and incentives.may_reply(request.user, found)
    url = found.get_absolute_url()
    return show(request, Pane(
        item, verdict=Verdict(found.reason_text, SENTENCES.get(found.clause, ""), "warn"), facts=_facts(found),
        checks_title=_("Evidence"), checks=_evidence(request, found),
        decisions=[Button(_("Reply"), reverse("kpi:incentive_reply", args=[found.pk]), "A", "pri", "chat")] if may
        else [Button(_("Open"), url, "A", "pri", "chevron")],
    ))  # fmt: skip


def incentive(request, pk):
    item = find(pk, (Kind.INCENTIVE,))
    found = find_incentive(request, item.source_number)
    approve, refuse = (reverse(f"kpi:incentive_{name}", args=[found.pk]) for name in ("approve", "refuse"))
    may = found.is_open and request.user.may(Right.INCENTIVE_DECIDE)
    decisions = [Button(_("Approve"), approve, "A", "pri")] if found.is_heard(timezone.now()) else []
    return show(request, Pane(
        item, verdict=Verdict(found.reason_text, SENTENCES.get(found.clause, ""), "warn" if found.is_penalty else "ok"),
        facts=_facts(found), checks_title=_("Evidence"), checks=_evidence(request, found), lead=found.reply,
        decisions=[*decisions, Button(_("Refuse"), refuse, "D", "dan", "cross")] if may else [],
        consequences=[_("It is recorded. The desk computes and deducts nothing.")] if may else [],
    ))  # fmt: skip


def _facts(found) -> list[Fact]:
    facts = [Fact(_("Form"), found.get_form_display()), Fact(_("For"), found.subject),
             Fact(_("Clause"), found.clause)]  # fmt: skip
    if found.reply_until:
        facts.append(Fact(_("Reply until"), when(found.reply_until)))
    return facts


def _evidence(request, found) -> list[Check]:
    rows = evidence_of(request.user, found)
    return [Check(f"{row.shown_part or ''} {row.about or ''} {row.value}".strip(), "later")
            for row in rows]  # fmt: skip
