"""The one door: an order's stage changes in `move` (and the walk that follows it), nowhere else."""

from functools import partial

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours, OwnRequest
from desk.text import when, word
from orders import gates
from orders.actions import clocks
from orders.actions.duties import take_duty
from orders.actions.hold import lift, refuse_while_held
from orders.actions.trail import inform, note
from orders.machine import (
    BOX_RIGHT,
    EXIT_BOXES,
    FORWARD,
    PASSING_A_HOLD,
    REVOKES,
    STEPS,
    WITHDRAW,
    Box,
    Fact,
    Stage,
    stage_word,
)
from orders.models import Hold, SignOff, StageRun, UrgentOrder
from people.duty import hands_of, who_may
from people.roles import Right
from records.models import Event

# After these the stage's clock is cancelled, not finished: its next run goes on with the seconds left.
RETURNS = ("send_back", "renegotiate", "rework", "remake", "cancel", "withdraw")


def lock(order_id, *, by=None, version=None) -> UrgentOrder:
    """The order's row, locked for this transaction; refused when the form is stale or the order not visible."""
    orders = UrgentOrder.objects.select_for_update(of=("self",)).select_related("customer", "created_by")
    order = orders.get(pk=order_id)
    if version is not None and version != order.version:
        raise _changed_meanwhile(order)
    if by is not None and not UrgentOrder.objects.visible_to(by).filter(pk=order_id).exists():
        raise NotYours(_("This order is not open to you."), who=[order.created_by])
    return order


def _changed_meanwhile(order):
    last = Event.objects.filter(stream_id=order.stream).order_by("-number").first()
    if last is None:
        return Changed(_("This was changed meanwhile. Yours was not saved."))
    return Changed(
        _("%(who)s changed this order at %(when)s. Yours was not saved.")
        % {"who": last.actor_name or _("The system"), "when": when(last.at)},
        because=_("What you typed is kept below."),
    )


def touch(order) -> None:
    """A change of the order or its papers: forms made before it are stale from now on."""
    UrgentOrder.objects.filter(pk=order.pk).update(version=F("version") + 1)
    order.version += 1


@transaction.atomic
def move(*, order_id, step, by, version=None, reason_code="", reason="", to=None) -> UrgentOrder:
    """Take one step of the machine, then walk on while the next gates are already signed.

    Raises NotYours, OwnRequest, GateShut, Changed or BadInput; then nothing has changed.
    """
    order = lock(order_id, by=by, version=version)
    _check_right(order, STEPS[step], by)
    _take_and_walk(order, STEPS[step], by, reason_code=reason_code, reason=reason)
    return order


def _check_right(order, step, by):
    if not by.use(step.right):
        raise NotYours(
            _("“%(step)s” needs the right to %(right)s.") % {"step": step.label, "right": step.right.label},
            who=who_may(step.right),
        )
    if step.name not in ("approve", "decline", "cancel"):
        return
    creators = hands_of([(order.created_by, order.created_at)], Right.ORDER_CREATE)
    if by.hands & creators:
        raise OwnRequest(
            _("You entered this order, so somebody else decides."),
            who=[person for person in who_may(step.right) if person.natural_id not in creators],
        )


def _take_and_walk(order, step, by, *, reason_code="", reason=""):
    """One step by hand, then those that stand open, then the clock of the stage where the order rests."""
    event = _take(order, step, by, reason_code=reason_code, reason=reason)
    while (following := FORWARD.get(order.stage)) and _is_open(order, following):
        order.runs.filter(left_at__isnull=True).update(is_carried=True)
        _take(order, following, by, is_carried=True)
    _rest(order, by, event)


def go_on(order) -> None:
    """Once nothing holds the order: the step whose gate was signed meanwhile, by who signed last."""
    step = FORWARD.get(order.stage)
    if step and step.name != "approve" and _is_open(order, step):
        signed = order.sign_offs.living().filter(box__in=step.boxes).select_related("signed_by")
        _take_and_walk(order, step, signed.latest("signed_at").signed_by)


def _take(order, step, by, *, reason_code="", reason="", is_carried=False) -> Event:
    _check_step(order, step, reason)
    return _pass(order, step, by, getattr(order, "pass_" if step.name == "pass" else step.name), reason_code, reason,
                 is_carried)


def take_back(order, by, *, to) -> Event:
    """The last step is withdrawn: the order is again where it was, that stage's clock goes on, nobody is told."""
    order.runs.filter(left_at__isnull=True).update(is_carried=True)
    event = _pass(order, WITHDRAW, by, partial(order.withdraw, to=to))
    clocks.enter(order, order.runs.get(left_at__isnull=True), by, timezone.now())
    order.save(update_fields=["stage_item"])
    return event


def _pass(order, step, by, change_stage, reason_code="", reason="", is_carried=False) -> Event:
    source, now = order.stage, timezone.now()
    change_stage()
    _change_run(order, step, by, now, reason_code, reason)
    clocks.leave(order, by, now, is_return=step.name in RETURNS)
    if order.is_final:
        order.closed_at, order.closed_by = now, by
    order.version += 1
    order.save(update_fields=["stage", "outcome", "version", "stage_item", "closed_at", "closed_by"])
    return _note_move(order, step, source, by, reason, is_carried)


def _rest(order, by, event):
    take_duty(order, by)
    if not order.is_final:
        clocks.enter(order, order.runs.get(left_at__isnull=True), by, timezone.now())
        order.save(update_fields=["stage_item"])
    receiver = order.stage_item.assignee if order.stage_item else None
    inform(order, event, {order.created_by, receiver})


def _check_step(order, step, reason):
    if step.target_from(order.stage) is None:
        raise GateShut(
            _("“%(step)s” is not possible now: the order is in %(stage)s.")
            % {"step": step.label, "stage": order.get_stage_display()}
        )
    if step.name not in PASSING_A_HOLD:
        refuse_while_held(order)
    if step.needs_reason and not reason.strip():
        raise BadInput(_("Say why in a few words, so that the others can act."), field="reason")
    if step.outcome is not None and step.name.startswith("settle") and order.outcome != step.outcome:
        raise GateShut(_("“%(step)s” does not fit the outcome of this order.") % {"step": step.label})
    conditions = gates.step_conditions(order, step)
    if not all(condition.is_met for condition in conditions):
        raise GateShut(
            _("“%(step)s” is not possible yet.") % {"step": step.label},
            because=_("%(count)d conditions are missing.")
            % {"count": sum(not condition.is_met for condition in conditions)},
            missing=conditions,
            who=sorted({person for box in _open_boxes(order, step) for person in who_may(BOX_RIGHT[box], 2)}, key=str),
        )


def _open_boxes(order, step):
    living = set(order.sign_offs.living().values_list("box", flat=True))
    return [Box(box) for box in step.boxes if box not in living]


def _change_run(order, step, by, now, reason_code, reason):
    last = order.runs.order_by("-number").first()
    if last.left_at is None:
        last.left_at, last.left_by = now, by
        last.save(update_fields=["left_at", "left_by"])
    StageRun.objects.create(
        order=order, number=last.number + 1, stage=order.stage, entered_at=now, entered_by=by,
        entered_step=step.name, reason_code=reason_code, reason=reason.strip(),
        left_at=now if order.is_final else None, left_by=by if order.is_final else None,
    )


MOVED = gettext_noop("{step}: {from} → {to}")
MOVED_WITH_REASON = gettext_noop("{step}: {from} → {to}. Reason: {reason}")
CARRIED = gettext_noop("Walked on: {from} → {to}, everything still signed")


def _note_move(order, step, source, by, reason, is_carried) -> Event:
    text = CARRIED if is_carried else MOVED_WITH_REASON if reason.strip() else MOVED
    return note(order, step.name, text, by=by, params={
        "step": word(step.label), "from": stage_word(source), "to": stage_word(order.stage),
        "reason": reason.strip(),
    })


def _is_open(order, step) -> bool:
    if order.is_held or not step.boxes:
        return False
    return all(condition.is_met for condition in gates.step_conditions(order, step))


@transaction.atomic
def sign(*, order, box, by, department="", note_text="", evidence=None) -> SignOff:
    """A department's signature in a box. The caller holds the order's lock.

    Raises GateShut when its conditions do not hold or it is signed already.
    """
    box = Box(box)
    if not by.use(BOX_RIGHT[box]):
        raise NotYours(
            _("Only %(right)s can sign “%(box)s”.") % {"right": BOX_RIGHT[box].label, "box": box.label},
            who=who_may(BOX_RIGHT[box]),
        )
    living = order.sign_offs.living().filter(box=box, department=department).select_related("signed_by").first()
    if living:
        raise Changed(
            _("“%(box)s” is signed already: %(who)s, %(when)s.")
            % {"box": box.label, "who": living.signed_by, "when": when(living.signed_at)}
        )
    conditions = gates.conditions(order, box)
    if not all(condition.is_met for condition in conditions):
        raise GateShut(_("“%(box)s” cannot be signed yet.") % {"box": box.label}, missing=conditions)
    signed = SignOff.objects.create(
        order=order, box=box, department=department, note=note_text, evidence=evidence or {},
        signed_at=timezone.now(), signed_by=by, on_behalf_of=by.on_behalf_of,
    )
    touch(order)
    note(order, "signed", gettext_noop("Signed: {box}"), by=by, params={"box": word(box.label), "note": note_text})
    return signed


@transaction.atomic
def sign_and_move(*, order, box, by, note_text="", evidence=None) -> UrgentOrder:
    """Sign the box; where that was the last one of this stage's gate, take the step and walk on."""
    sign(order=order, box=box, by=by, note_text=note_text, evidence=evidence)
    step = FORWARD.get(order.stage)
    if step and box in step.boxes and step.name != "approve" and _is_open(order, step):
        _check_right(order, step, by)
        _take_and_walk(order, step, by)
    return order


@transaction.atomic
def revoke(*, order, by, facts=(), boxes=(), fact_text="") -> list[str]:
    """Take back the signatures that die with these facts (machine.REVOKES); the caller holds the lock.

    `boxes` are named directly by a return alone. Gives the boxes that were alive.
    """
    dying = {box for fact in facts for box in REVOKES[Fact(fact)]} | set(boxes)
    living = order.sign_offs.living().filter(box__in=dying)
    taken = [Box(box) for box in living.values_list("box", flat=True)]
    living.update(revoked_at=timezone.now(), revoked_by=by, revoked_fact=(fact_text or ",".join(facts))[:30])
    if taken:
        touch(order)
        note(
            order, "revoked", gettext_noop("Signature taken back: {box} ({fact})"), by=by,
            params={
                "box": [word(box.label) for box in taken],
                "fact": word(Fact(facts[0]).label) if facts else word(STEPS["send_back"].label),
            },
        )
    return taken


@transaction.atomic
def send_back(*, order_id, by, reason_code, reason, boxes=(), version=None) -> UrgentOrder:
    """Return to the stage before: the head's, or a member's while nothing was signed in this run.

    Names the boxes it takes back; without one the order would walk straight on again.
    """
    order = lock(order_id, by=by, version=version)
    step = STEPS["send_back"]
    _check_sender(order, by)
    _check_step(order, step, reason)
    if not reason_code:
        raise BadInput(_("Choose a reason for the return."), field="reason_code")
    exits = EXIT_BOXES.get(step.target_from(order.stage), ())
    revoke(order=order, by=by, boxes=boxes or exits, fact_text="send_back")
    if exits and order.sign_offs.living().filter(box__in=exits).count() == len(exits):
        raise BadInput(_("Name what is to be done again, or the order would come straight back."), field="boxes")
    _take_and_walk(order, step, by, reason_code=reason_code, reason=reason)
    return order


def _check_sender(order, by):
    if order.department_code not in {person.department_code for person in (by, *by.authorities(Right.SEND_BACK))}:
        raise NotYours(
            _("Only the department that has the order can return it."), who=[_holder(order)]
        )
    run = order.runs.get(left_at__isnull=True)
    is_fresh = not order.sign_offs.filter(signed_at__gte=run.entered_at).exists()
    if not by.use(Right.SEND_BACK) and not is_fresh:
        raise NotYours(
            _("Something was signed in this stage, so the head of the department returns it."),
            who=[by.department.head],
        )


def _holder(order):
    return order.stage_item.assignee or order.stage_item.department if order.stage_item else order.created_by


@transaction.atomic
def decline(*, order_id, by, reason_code, reason, was_customer_told, version=None) -> UrgentOrder:
    """Not an urgent order of ours: final."""
    _check_told(was_customer_told)
    return move(order_id=order_id, step="decline", by=by, version=version, reason_code=reason_code, reason=reason)


@transaction.atomic
def cancel(*, order_id, by, reason, was_customer_told, version=None) -> UrgentOrder:
    """Cancelled: before the review at once, later through settlement; every department stops and reports cost."""
    _check_told(was_customer_told)
    order = lock(order_id, by=by, version=version)
    _check_right(order, STEPS["cancel"], by)
    if order.is_held:
        lift(order, by=by, end=Hold.End.CANCELLED)
    _take_and_walk(order, STEPS["cancel"], by, reason_code="cancelled", reason=reason)
    if order.stage == Stage.SETTLEMENT:
        clocks.ask_to_stop(order, by)
    return order


def _check_told(was_customer_told):
    if not was_customer_told:
        raise BadInput(_("Tell the customer first, then tick that it was done."), field="was_customer_told")


