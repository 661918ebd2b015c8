"""The one door: an order's stage changes in `move` (and the walk that follows it), nowhere else."""

from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours, OwnRequest
from desk.text import when, word
from orders import gates
from orders.actions import clocks
from orders.actions.duties import take_duty
from orders.actions.hold import lift, refuse_while_held
from orders.actions.trail import TALK, inform, note, together
from orders.machine import (
    ASSESSMENTS,
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
from orders.models import ContactLog, Hold, SignOff, StageRun, UrgentOrder
from people.duty import hands_of, head_of, next_rank_for, who_may
from people.models import Department
from people.roles import Right, Role
from records.authority import require_second
from records.models import CompanySettings, Event

# After these the stage's clock is cancelled, not finished: its next run goes on with the seconds left.
RETURNS = ("send_back", "renegotiate", "rework", "remake", "cancel", "withdraw")


# Never taken by who entered the order.
DECISIONS = ("approve", "decline", "cancel")


def lock(order_id, *, by=None, version=None) -> UrgentOrder:
    """The order's row, locked for this transaction; refused when the form is stale or the order not visible."""
    orders = UrgentOrder.objects.select_for_update(of=("self",)).select_related("customer", "created_by", "stage_item")
    if by is not None:
        visible = UrgentOrder.objects.visible_to(by).filter(pk=OuterRef("pk"))
        orders = orders.annotate(is_open_to=Exists(visible))
    order = orders.get(pk=order_id)
    if version is not None and version != order.version:
        raise _changed_meanwhile(order)
    if by is not None and not order.is_open_to:
        raise NotYours(_("This order is not open to you."), who=[order.created_by])
    return order


def _changed_meanwhile(order):
    last = Event.objects.filter(stream_id=order.stream).exclude(TALK).order_by("-number").first()
    if last is None:
        return Changed(_("This was changed meanwhile. Yours was not saved."))
    return Changed(
        _("%(who)s changed this order at %(when)s. Yours was not saved.")
        % {"who": last.actor_name or _("The system"), "when": when(last.at)},
        because=_("What you typed is kept below."),
    )


def touch(order) -> None:
    """A change of the order or its papers: forms made before it are stale from now on."""
    order.version += 1
    if order.kept is None:
        UrgentOrder.objects.filter(pk=order.pk).update(version=order.version)
    else:
        order.kept.is_touched = True


@transaction.atomic
def move(*, order_id, step, by, version=None, reason_code="", reason="", to=None, alone_because="") -> UrgentOrder:
    """Take one step of the machine, then walk on while the next gates are already signed.

    Raises NotYours, OwnRequest, GateShut, Changed or BadInput; then nothing has changed.
    """
    order = lock(order_id, by=by, version=version)
    take_step(order, STEPS[step], by, reason_code=reason_code, reason=reason, alone_because=alone_because)
    return order


def take_step(order, step, by, *, reason_code="", reason="", also=(), alone_because="") -> None:
    """The door for an act that holds the order's lock already; `also`: other fields of the order to save with it."""
    _check_right(order, step, by, reason=alone_because or reason)
    _take_and_walk(order, step, by, reason_code=reason_code, reason=reason, also=also)


def require_holder(order, step, by):
    """Who holds the step's right; of a decision the next rank, where everybody who holds it entered the order."""
    if by.use(step.right):
        return
    is_senior = step.name in DECISIONS and by.role in (Role.MANAGER, Role.GENERAL_MANAGER)
    if is_senior and by in next_rank_for(step.right, _creators(order)):
        return
    raise NotYours(
        _("“%(step)s” needs the right to %(right)s.") % {"step": step.label, "right": step.right.label},
        who=who_may(step.right),
    )


def _check_right(order, step, by, reason=""):
    require_holder(order, step, by)
    if step.name in DECISIONS:
        require_second(
            by=by, right=step.right, first=_creators(order), subject=order.stream, act=step.name, reason=reason,
            refusal=_("You entered this order, so somebody else decides."), text=gettext_noop("{step}: {order}"),
            params={"step": word(step.label), "order": str(order)}, url=order.get_absolute_url(),
        )


def _creators(order) -> set[int]:
    return hands_of([(order.created_by, order.created_at)], Right.ORDER_CREATE)


def _take_and_walk(order, step, by, *, reason_code="", reason="", also=()):
    """One step by hand, then those that stand open, then the clock of the stage where the order rests."""
    with together(order, by):
        take_duty(order, by)
        event = _take(order, step, by, reason_code=reason_code, reason=reason, also=also)
        while following := _open_step(order):
            _take(order, following, by, is_carried=True)
        inform(order, event, {order.created_by, order.stage_item.assignee if order.stage_item else None})


def go_on(order) -> None:
    """Once nothing holds the order: the step whose gate was signed meanwhile, by who signed last."""
    step = _open_step(order)
    if step and step.name != "approve":
        signed = order.sign_offs.living().filter(box__in=step.boxes).select_related("signed_by")
        _take_and_walk(order, step, signed.latest("signed_at").signed_by)


def _open_step(order):
    """The step that leads on from here, where everything it asks is signed still."""
    step = FORWARD.get(order.stage)
    return step if step and _is_open(order, step) else None


def _take(order, step, by, *, reason_code="", reason="", is_carried=False, also=()) -> Event:
    _check_step(order, step, reason)
    change_stage = getattr(order, "pass_" if step.name == "pass" else step.name)
    return _pass(
        order, step, by, change_stage, reason_code=reason_code, reason=reason, is_carried=is_carried, also=also
    )


def take_back(order, by, *, to) -> Event:
    """The last step is withdrawn: the order is again where it was, that stage's clock goes on, nobody is told."""
    with together(order, by) as papers:
        papers.runs[-1].is_carried = True
        return _pass(order, WITHDRAW, by, partial(order.withdraw, to=to), walks=False)


def _pass(order, step, by, change_stage, *, reason_code="", reason="", is_carried=False, also=(), walks=True) -> Event:
    """`walks`: where the next gate is signed already the run is carried and starts no clock."""
    source, now = order.stage, timezone.now()
    change_stage()
    closed = clocks.leave(order, source, by, now, is_return=step.name in RETURNS)
    run = _change_run(order, step, by, now, closed)
    run.reason_code, run.reason, run.is_carried = reason_code, reason.strip(), walks and _open_step(order) is not None
    if order.is_final:
        order.closed_at, order.closed_by = run.left_at, run.left_by = now, by
    elif not run.is_carried:
        _start_clock(order, run, by, now)
    run.save(force_insert=True)
    order.kept.runs.append(run)
    order.version, order.kept.is_touched = order.version + 1, False
    order.save(update_fields=["stage", "outcome", "version", "stage_item", "closed_at", "closed_by", *also])
    return _note_move(order, step, source, by, reason, is_carried)


def _start_clock(order, run, by, now):
    run.item = clocks.enter(order, by, now)
    if run.item:
        run.limit_seconds = run.item.budget_seconds - run.item.consumed_seconds


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
    return [Box(box) for box in step.boxes if not gates.are_signed(order, {box})]


def _change_run(order, step, by, now, closed) -> StageRun:
    """The run that ends gets its time; the one that begins is not saved yet."""
    last = order.kept.runs[-1]
    if last.left_at is None:
        last.left_at, last.left_by = now, by
        if closed:
            last.used_seconds = max(0, closed.consumed_seconds - (closed.budget_seconds - last.limit_seconds))
        last.save(update_fields=["left_at", "left_by", "used_seconds", "is_carried"])
    return StageRun(
        order=order, number=last.number + 1, stage=order.stage, entered_at=now, entered_by=by, entered_step=step.name,
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
    if order.is_held or not step.boxes or not gates.are_signed(order, step.boxes):
        return False
    return all(condition.is_met for condition in gates.beside_the_boxes(order, step))


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
    living = next((kept for kept in gates.signatures(order) if (kept.box, kept.department) == (box, department)), None)
    if living:
        raise Changed(
            _("“%(box)s” is signed already: %(who)s, %(when)s.")
            % {"box": box.label, "who": living.signed_by, "when": when(living.signed_at)}
        )
    if box in ASSESSMENTS:
        _check_assessors(order, box, by)
    conditions = gates.conditions(order, box)
    if not all(condition.is_met for condition in conditions):
        raise GateShut(_("“%(box)s” cannot be signed yet.") % {"box": box.label}, missing=conditions)
    signed = SignOff.objects.create(
        order=order, box=box, department=department, note=note_text, evidence=evidence or {},
        signed_at=timezone.now(), signed_by=by, on_behalf_of=by.on_behalf_of,
    )
    if order.kept:
        order.kept.signatures.append(signed)
    touch(order)
    note(order, "signed", gettext_noop("Signed: {box}"), by=by, params={"box": word(box.label), "note": note_text})
    return signed


def _check_assessors(order, box, by):
    """Refused now, not at the head's decision, when too few different people would be left for the assessments."""
    signed = {row.box: row for row in gates.signatures(order) if row.box in ASSESSMENTS}
    people = gates.different_people([*map(gates.hands_behind, signed.values()), by.hands])
    left, wanted = len(ASSESSMENTS) - len(signed) - 1, CompanySettings.current().review_people
    if people + left >= wanted:
        return
    busy = set().union(*map(gates.hands_behind, signed.values()))
    own = [str(Box(code).label) for code, row in signed.items() if by.hands & gates.hands_behind(row)]
    raise OwnRequest(
        _("The assessments come from %(wanted)d different people.") % {"wanted": wanted},
        because=_("You signed already: %(boxes)s.") % {"boxes": ", ".join(own)} if own else "",
        who=[person for person in who_may(BOX_RIGHT[box], limit=None) if person.natural_id not in busy][:4],
    )


@transaction.atomic
def sign_and_move(*, order, box, by, note_text="", evidence=None) -> UrgentOrder:
    """Sign the box; where that was the last one of this stage's gate, take the step and walk on."""
    with together(order, by):
        sign(order=order, box=box, by=by, note_text=note_text, evidence=evidence)
        step = _open_step(order)
        if step and box in step.boxes and step.name != "approve":
            take_step(order, step, by)
    return order


@transaction.atomic
def revoke(*, order, by, facts=(), boxes=(), fact_text="") -> list[str]:
    """Take back the signatures that die with these facts (machine.REVOKES); the caller holds the lock.

    `boxes` are named directly by a return alone. Gives the boxes that were alive.
    """
    dying = {box for fact in facts for box in REVOKES[Fact(fact)]} | set(boxes)
    living = order.sign_offs.living().filter(box__in=dying)
    taken = [Box(box) for box in living.values_list("box", flat=True)]
    if order.kept:
        order.kept.signatures = [kept for kept in order.kept.signatures if kept.box not in taken]
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
    taken = revoke(order=order, by=by, boxes=boxes or exits, fact_text="send_back")
    if exits and order.sign_offs.living().filter(box__in=exits).count() == len(exits):
        raise BadInput(_("Name what is to be done again, or the order would come straight back."), field="boxes")
    department = order.department_code
    _take_and_walk(order, step, by, reason_code=reason_code, reason=reason)
    _tell_heads_of_repeated_return(order, by, taken, (department, order.department_code))
    return order


def _tell_heads_of_repeated_return(order, by, taken, codes):
    """Twice over the same box: the two departments do not understand each other."""
    returned = order.sign_offs.filter(revoked_fact="send_back", box__in=taken).values_list("box", flat=True)
    again = sorted({box for box in returned if list(returned).count(box) > 1})
    if not again:
        return
    event = note(order, "returned_again", gettext_noop("Returned again over the same signature: {box}"), by=by,
                 params={"box": [word(Box(box).label) for box in again]})
    heads = Department.objects.filter(code__in=codes).select_related("head").prefetch_related("deputies")
    inform(order, event, {head_of(department) for department in heads})


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


def check_duplicate(order, reason_code, duplicate_of) -> None:
    if reason_code == "duplicate_of" and (duplicate_of is None or duplicate_of.pk == order.pk):
        raise BadInput(_("Name the order that it is a duplicate of."), field="duplicate_of")


def end_as_duplicate(order, other, by) -> None:
    """A form that was added to another order by its own author: nobody has to decide any more."""
    order.duplicate_of = other
    order.save(update_fields=["duplicate_of"])
    _take_and_walk(order, STEPS["decline"], by, reason_code="duplicate_of", reason=str(other))


@transaction.atomic
def cancel(*, order_id, by, reason, was_customer_told, contact="", how="", version=None) -> UrgentOrder:
    """Cancelled: before the review at once, later through settlement; every department stops and reports cost."""
    check_told(was_customer_told)
    order = lock(order_id, by=by, version=version)
    _check_right(order, STEPS["cancel"], by)
    keep_what_was_told(order, by, contact, how, reason)
    if order.is_held:
        lift(order, by=by, end=Hold.End.CANCELLED)
    _take_and_walk(order, STEPS["cancel"], by, reason_code="cancelled", reason=reason)
    if order.stage == Stage.SETTLEMENT:
        clocks.ask_to_stop(order, by)
    return order


def check_told(was_customer_told) -> None:
    if not was_customer_told:
        raise BadInput(_("Tell the customer first, then tick that it was done."), field="was_customer_told")


def keep_what_was_told(order, by, contact, how, text) -> None:
    """Whom the customer heard it from stands among the talks."""
    if contact:
        ContactLog.objects.create(
            order=order, contact=contact, how=how, text=text, contacted_at=timezone.now(), contacted_by=by
        )


