"""立即評審: process, capacity and materials, each judged by its own person; then the head decides."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours
from desk.text import word
from orders import actions as orders
from orders.actions import clocks
from orders.actions.consents import lock_all
from orders.actions.door import touch, who_may
from orders.actions.trail import note
from orders.machine import Stage
from orders.models import UrgentOrder
from people.roles import Right
from production import capacity
from production.actions.planning import check_planner, write_draft
from production.actions.release import release_plan
from production.actions.steps import open_first_steps
from production.actions.supply import ask_for_materials
from production.change_over import book_change_over
from production.confidence import band
from production.models import Assessment, Plan
from production.ways import check_choice

Kind, Verdict = Assessment.Kind, Assessment.Verdict


@transaction.atomic
def assess(*, order_id, by, kind, verdict, note_text="", version=None, now=None) -> Assessment:
    """One point of the review. "Can" signs its box; "cannot" says why and leaves the way to a negotiation.

    Raises GateShut outside the review or without a routing, BadInput where a reason is missing.
    """
    now = now or timezone.now()
    order = orders.lock(order_id, by=by, version=version)
    kind, verdict = Kind(kind), Verdict(verdict)
    _check_assessor(order, by, kind)
    proposal = capacity.propose(order, now=now)
    evidence = evidence_of(kind, order, proposal)
    _check_verdict(order, kind, verdict, note_text, proposal)
    run = order.runs.get(left_at__isnull=True)
    Assessment.objects.filter(run=run, kind=kind, replaced_at__isnull=True).update(replaced_at=now)
    assessment = Assessment.objects.create(
        order=order, run=run, kind=kind, verdict=verdict, note=note_text.strip(), evidence=evidence,
        earliest_finish_at=proposal.finish, assessed_at=now, assessed_by=by,
    )
    _write(order, assessment, by)
    if verdict == Verdict.CAN:
        orders.sign(order=order, box=kind, by=by, note_text=assessment.note, evidence=evidence)
    clocks.finish_items(order, kinds=[f"review_{kind}"], by=by, now=now)
    touch(order)
    return assessment


def _check_assessor(order, by, kind):
    if not by.use(Right.REVIEW_ASSESS):
        raise NotYours(_("Production's planners assess an order."), who=who_may(Right.REVIEW_ASSESS))
    if order.stage != Stage.REVIEW:
        raise GateShut(
            _("This order is not in review: it is in %(stage)s.") % {"stage": order.get_stage_display()}
        )
    signed = order.sign_offs.living().filter(box=kind).select_related("signed_by").first()
    if signed:
        raise Changed(
            _("“%(point)s” is signed already by %(who)s.") % {"point": kind.label, "who": signed.signed_by}
        )


def _check_verdict(order, kind, verdict, note_text, proposal):
    is_reasoned = bool(note_text.strip())
    if verdict == Verdict.CANNOT and not is_reasoned:
        raise BadInput(_("Say what stands in the way, so that sales can talk to the customer."), field="note")
    if verdict == Verdict.CANNOT or is_reasoned:
        return
    if proposal.without_routing:
        raise BadInput(
            _("%(product)s has no routing, so nothing can be computed: write your own estimate.")
            % {"product": proposal.without_routing[0]}, field="note",
        )
    if kind == Kind.CAPACITY and proposal.finish and proposal.finish > order.required_at:
        raise BadInput(
            _("The computed finish is later than required: say how it can be done all the same."), field="note"
        )


def evidence_of(kind, order, proposal) -> dict:
    """What the judgement rests on, kept as it was at that moment."""
    if proposal.without_routing:
        return {"is_manual": True, "without_routing": [str(product) for product in proposal.without_routing]}
    if kind == Kind.PROCESS:
        return {"operations": [_operation(demand) for demand in proposal.demands.values()]}
    if kind == Kind.MATERIALS:
        return {"materials": [_material(need) for need in capacity.read_needs(proposal.demands)]}
    held_by = proposal.bottleneck
    return {
        "required_at": order.required_at.isoformat(), "finish_at": proposal.finish.isoformat(),
        "late_seconds": int((proposal.finish - order.required_at).total_seconds()),
        "held_by": {"wait": held_by.wait, "label": held_by.wait_label, "centre": held_by.centre,
                    "seconds": int(held_by.waited.total_seconds())} if held_by else None,
        "rows": [
            {"number": row.number, "centre": row.centre, "slot": row.slot, "start": row.start.isoformat(),
             "end": row.end.isoformat(), "wait": row.wait, "wait_label": row.wait_label}
            for row in proposal.rows
        ],
    }


def _operation(demand):
    return {"line": demand.line.position, "number": demand.routing.number, "name": demand.routing.name,
            "centre": demand.routing.work_centre.code, "minutes": demand.work_seconds // 60}


def _material(need):
    return {"material": str(need.material), "needed": str(need.quantity), "free": str(need.material.free),
            "unit": need.material.unit, "is_key": need.material.is_key, "before": need.demand.routing.number}


def _write(order, assessment, by):
    text = gettext_noop("{point}: {verdict}")
    if assessment.note:
        text = gettext_noop("{point}: {verdict}. {note}")
    note(order, "assessed", text, by=by, params={
        "point": word(assessment.get_kind_display()), "verdict": word(assessment.get_verdict_display()),
        "note": assessment.note,
    })


@transaction.atomic
def negotiate(*, order_id, by, reason, options, version=None, now=None):
    """無法完成: the chosen ways out go to sales. Each option: kind, description, finish_at, extra_cost_amount…"""
    if not by.use(Right.REVIEW_ASSESS):
        raise NotYours(_("Production's planners offer the ways out."), who=who_may(Right.REVIEW_ASSESS))
    return orders.open_negotiation(
        order_id=order_id, by=by, reason=reason, options=options, version=version, now=now
    )


@transaction.atomic
def approve(*, order_id, by, promised_at, reason="", version=None, now=None):
    """The head's decision: the promise is recorded, the order goes to procurement, the sheet carries the operations.

    Raises BadInput for a promise earlier than the plan's finish without a reason.
    """
    now = now or timezone.now()
    order = orders.lock(order_id, by=by, version=version)
    _check_promise(order, promised_at, reason, now)
    orders.promise(
        order=order, promised_at=promised_at, by=by, reason=reason.strip() or gettext_noop("As planned"),
        confidence=_confidence(order, now),
    )
    book_change_over(order, by=by)
    order = orders.move(order_id=order.pk, step="approve", by=by, alone_because=reason)
    orders.issue_sheet(order=order, by=by, reason=gettext_noop("Reviewed and planned"))
    ask_for_materials(order, by=by)
    open_first_steps(order, by=by, now=now)
    return order


@transaction.atomic
def approve_way(*, order_id, by, choice, promised_at, reason="", version=None, now=None):
    """Approve a way as it was computed: planned, released with whoever gives way, promised, all or nothing.

    Raises GateShut for figures that are too old, Changed where the same means give another plan now.
    """
    now = now or timezone.now()
    givers = capacity.propose(UrgentOrder.objects.get(pk=order_id), now=choice.at, means=choice.means).moved
    order = lock_all(order_id, [*givers], by=by, version=version)[0]
    check_planner(order, by)
    proposal = capacity.propose(order, now=choice.at, means=choice.means)
    check_choice(choice, order, proposal, now)
    write_draft(order, proposal, by=by, now=now)
    release_plan(order_id=order.pk, by=by, now=now)
    return approve(order_id=order.pk, by=by, promised_at=promised_at, reason=reason, now=now)


def _confidence(order, now) -> dict | None:
    """What our past says of the plan in force, kept beside the promise that rests on it."""
    plan = Plan.objects.filter(order=order, state=Plan.State.RELEASED).first()
    known = band(order, plan.finish_at, now) if plan else None
    return known.snapshot() if known else None


def _check_promise(order, promised_at, reason, now):
    plan = Plan.objects.filter(order=order, state=Plan.State.RELEASED).first()
    if promised_at <= now:
        raise BadInput(_("A promise lies in the future."), field="promised_at")
    if plan and plan.finish_at and promised_at < plan.finish_at and not reason.strip():
        raise BadInput(
            _("The plan finishes later than this promise: promise a later time, or say why it will do."),
            field="promised_at",
        )
