"""The panes of "My work" for the review: the three assessments and the head's decision."""

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.text import duration, when
from orders.machine import Stage
from orders.panes import entered, found, name_of, next_stage, required
from people.roles import Right
from production import capacity
from production.models import Assessment, Plan
from production.reports import living_assessments
from production.views.review import Approve, full_hour, held_by, verdict_of
from sla.panes import Button, Check, Fact, Pane, Step, Verdict, show

TONES = {"bad": "warn", "good": "ok", "": ""}


def review_decision(request, pk):
    item, order = found(request, pk, ("review_decision",))
    plan = Plan.objects.filter(order=order, state=Plan.State.RELEASED).first()
    proposal = capacity.propose(order, now=timezone.now())
    signed = {row.box: row for row in order.sign_offs.living().select_related("signed_by__department")}
    judged = living_assessments(order)
    may = item.is_living and order.stage == Stage.REVIEW and request.user.may(Right.REVIEW_DECIDE)
    promised_at = _promise(order, plan)
    return show(request, Pane(
        item, name_of(order), entered(order), _verdict(order, plan, proposal),
        facts=[required(order), _finish(order, plan, proposal), _held(proposal),
               Fact(_("Promise"), when(promised_at), "", "" if promised_at > order.required_at else "good")],
        checks_title=_("Review"),
        checks=[_point(kind, judged.get(kind.value), kind.value in signed) for kind in Assessment.Kind]
        + [Check(_("The production plan is released"), "done" if plan else "missing")],
        before=[_signature(row) for row in signed.values()], after=next_stage(order),
        decisions=_decisions(order, promised_at) if may else [],
        consequences=Approve.consequences if may else [], version=order.version,
    ))  # fmt: skip


def _promise(order, plan):
    """As the page of the approval proposes it."""
    is_late = plan and plan.finish_at and plan.finish_at > order.required_at
    return full_hour(plan.finish_at) if is_late else order.required_at


def _verdict(order, plan, proposal) -> Verdict:
    if plan and plan.finish_at:
        return _against(order, plan.finish_at, _("The plan finishes in time."), _("Late with the plan as it is."))
    computed = verdict_of(order, proposal)
    return Verdict(computed["text"], _("No plan is released yet."), TONES[computed["tone"]])


def _against(order, finish, in_time, late) -> Verdict:
    spare = (order.required_at - finish).total_seconds()
    values = {"finish": when(finish), "time": duration(spare), "required": when(order.required_at)}
    if spare < 0:
        text = _("Finish %(finish)s is %(time)s after the required %(required)s.")
        return Verdict(late, text % values, "warn")
    text = _("Finish %(finish)s is %(time)s before the required %(required)s.")
    return Verdict(in_time, text % values, "ok")


def _finish(order, plan, proposal) -> Fact:
    finish = plan.finish_at if plan else proposal.finish
    label = _("With the plan") if plan else _("Earliest finish")
    if finish is None:
        return Fact(label, _("Cannot say"))
    return Fact(label, when(finish), "", "good" if finish <= order.required_at else "bad")


def _held(proposal) -> Fact:
    row = held_by(proposal)
    return Fact(_("Held up by"), row["centre"] if row else "–", row["text"] if row else "")


def _point(kind, assessment, is_signed) -> Check:
    if assessment is None:
        return Check(kind.label, "done" if is_signed else "missing")
    text = _("%(point)s: %(verdict)s %(note)s") % {
        "point": kind.label, "verdict": assessment.get_verdict_display(), "note": assessment.note,
    }  # fmt: skip
    return Check(text, "done" if assessment.is_possible else "missing")


def _signature(row) -> Step:
    note = _("Approved %(when)s") % {"when": when(row.signed_at)}
    return Step(row.signed_by.department_code, row.signed_by, row.get_box_display(), note, "ok", is_done=True)


def _decisions(order, promised_at) -> list[Button]:
    local = timezone.localtime(promised_at)
    approve = reverse("production:approve", args=[order.pk])
    return [
        Button(_("Approve"), approve, "A", "pri", fields={"promised_at": f"{local:%Y-%m-%dT%H:%M}", "reason": ""}),
        Button(_("Compare"), reverse("production:review", args=[order.pk]), icon="split"),
    ]


def assessment(request, pk):
    item, order = found(request, pk, ("review_process", "review_capacity", "review_materials"))
    kind = Assessment.Kind(item.kind.removeprefix("review_"))
    proposal = capacity.propose(order, now=timezone.now())
    may = item.is_living and order.stage == Stage.REVIEW and request.user.may(Right.REVIEW_ASSESS)
    computed = verdict_of(order, proposal)
    return show(request, Pane(
        item, name_of(order), entered(order),
        Verdict(computed["text"], _no_routing(proposal), TONES[computed["tone"]]),
        facts=[required(order), _finish(order, None, proposal), _held(proposal),
               Fact(_("Operations"), len(proposal.rows))],
        checks_title=kind.label, checks=_evidence(kind, proposal), after=_head(item),
        decisions=_assess(order, kind) if may else [], version=order.version,
        consequences=[_("“It can be done” signs this point of the review with your name.")] if may else [],
    ))  # fmt: skip


def _no_routing(proposal) -> str:
    names = _(", ").join(str(product) for product in proposal.without_routing)
    return _("No routing: %(products)s. Write your own estimate.") % {"products": names} if names else ""


def _evidence(kind, proposal) -> list[Check]:
    if proposal.without_routing:
        return []
    if kind == Assessment.Kind.MATERIALS:
        needs = capacity.read_needs(proposal.demands)
        return [Check(_("%(material)s: %(needed)s %(unit)s, %(free)s free") % {
            "material": need.material, "needed": need.quantity.normalize(), "unit": need.material.unit,
            "free": need.material.free.normalize(),
        }, "done" if need.material.free >= need.quantity else "missing") for need in needs[:8]]  # fmt: skip
    if kind == Assessment.Kind.CAPACITY:
        return [Check(_("%(centre)s: %(start)s to %(end)s") % {
            "centre": row.centre, "start": when(row.start), "end": when(row.end),
        }, "missing" if row.waited else "done") for row in proposal.rows[:8]]  # fmt: skip
    return [Check(_("%(number)s %(name)s, %(centre)s, %(time)s") % {
        "number": demand.routing.number, "name": demand.routing.name, "centre": demand.routing.work_centre,
        "time": duration(demand.work_seconds),
    }) for demand in list(proposal.demands.values())[:8]]  # fmt: skip


def _head(item) -> list[Step]:
    head = item.department.head
    return [Step(item.department.code, head, _("decides the review"), _("then"))] if head else []


def _assess(order, kind) -> list[Button]:
    url = reverse("production:assess", args=[order.pk, kind.value])
    return [
        Button(_("It can be done"), url, "A", "pri", fields={"verdict": "can", "note": ""}),
        Button(_("It cannot"), url, "D", "dan", "cross"),
    ]
