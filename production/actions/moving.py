"""The planner's board: an operation moved, an older version taken up again. Each is a new version of the plan."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut
from desk.text import moment, render, sentence, when
from notifications.actions import void_messages
from orders import actions as orders
from orders.actions.consents import ask_consent, lapse_consents, lock_both
from orders.actions.door import touch
from orders.actions.trail import UNDO_SECONDS, key_of, note
from orders.models import OrderStep
from production import capacity, moves
from production.actions.planning import check_planner, write_version
from production.actions.precedence import PLAN
from production.actions.release import give_way, lock_centres, put_in_force
from production.models import Operation, Plan
from production.versions import differences
from records.models import Event

MOVED = gettext_noop("“{operation}” moved to {centre}/{slot}, {start}; before: {old_centre}/{old_slot}, {old_start}")
BACK = gettext_noop("Back to version {version}")


@transaction.atomic
def look_at_move(*, step_id, by, plan_version, place, gives_way=False, now=None) -> moves.Move:
    """What a move would do. Everything is computed as it would be applied, and nothing stays."""
    now = now or timezone.now()
    move = _looked(step_id, by, plan_version, place, gives_way, now)
    if move.harm:
        _try_out(move, by, now)
    return move


@transaction.atomic
def move_operation(
    *, step_id, by, plan_version, place, gives_way=False, reason="", seen="", now=None
) -> Plan:
    """Put an operation elsewhere: a new version of its order's plan, in force at once.

    Where another order gives way and would come later than promised, the version stays a draft until that order's
    salesperson has agreed. Raises Changed where the plan, or what follows from the move, is another one than was seen.
    """
    now = now or timezone.now()
    move = _looked(step_id, by, plan_version, place, gives_way, now)
    if move.harm:
        _try_out(move, by, now)
    if seen and seen != move.seen:
        raise Changed(_("What follows from this move has changed meanwhile. Nothing was moved: look again."))
    if move.harm and not reason.strip():
        raise BadInput(_("Say why it must go first, so that the other salesperson can judge."), field="reason")
    old, new = move.changes[0]
    plan = _write(move, by, now, why=sentence(MOVED, _said(old, new)))
    note(move.order, "operation_moved", MOVED, by=by, params=_said(old, new))
    if move.harm and move.harm.breaks_promise:
        _ask(move, plan, reason, by, now)
        return plan
    _put_in_force(move, plan, by, now)
    return plan


def _said(old, new) -> dict:
    return {
        "operation": str(new), "centre": new.work_centre.code, "slot": new.slot, "start": moment(new.starts_at),
        "old_centre": old.work_centre.code, "old_slot": old.slot, "old_start": moment(old.starts_at),
    }


def _looked(step_id, by, plan_version, place, gives_way, now):
    """The order, locked with the one that gives way, and the move computed under the locks."""
    step = OrderStep.objects.select_related("order").get(pk=step_id)
    other = _giver(step, place, now) if gives_way else None
    if other:
        step.order, other = lock_both(step.order_id, other.pk, by=by)
    else:
        step.order = orders.lock(step.order_id, by=by)
    check_planner(step.order, by)
    _check_version(step.order, plan_version)
    lock_centres(step.order, [other], [*_in_force(step.order), Operation(work_centre=place.centre)])
    return moves.look(step=step, place=place, now=now, other=other)


def _in_force(order):
    return Operation.objects.in_force().filter(plan__order=order)


def _giver(step, place, now):
    found = moves.givers(step=step, place=place, now=now)
    if len(found) > 1:
        names = ", ".join(map(str, found))
        raise BadInput(_("Only one order can give way at a time; here stand %(orders)s.") % {"orders": names},
                       field="gives_way")
    return found[0] if found else None


def _check_version(order, version):
    """Raises Changed, with what is different now, where the form was made from an older version."""
    plan = Plan.objects.filter(order=order, state=Plan.State.RELEASED).select_related("released_by").first()
    if plan is None or version is None or plan.version == version:
        return
    old = Plan.objects.filter(order=order, version=version).first()
    changed = [difference.text for difference in differences(old, plan) if difference.is_changed] if old else []
    raise Changed(
        _("%(who)s has put version %(version)s of this plan in force. Nothing was moved.")
        % {"who": plan.released_by, "version": plan.version}, because="; ".join(changed), who=[plan.released_by],
    )


def _try_out(move, by, now):
    """Apply it in a savepoint to see how the other order fares, and take it back."""
    with transaction.atomic():
        mark = transaction.savepoint()
        plan = _write(move, by, now, why={})
        Plan.objects.filter(pk=move.plan.pk).update(state=Plan.State.SUPERSEDED)
        Plan.objects.filter(pk=plan.pk).update(state=Plan.State.RELEASED, released_at=now, released_by=by)
        move.harm.after = capacity.forecast(move.harm.order, now=now).finish
        transaction.savepoint_rollback(mark)


def _write(move, by, now, *, why) -> Plan:
    return write_version(
        move.order, move.rows, by=by, now=now, means=move.plan.means, why=why,
        goes_before=move.harm.order if move.harm else None,
    )


def _ask(move, plan, reason, by, now):
    harm = move.harm
    ask_consent(
        order=move.order, harmed=harm.order, plan_version=plan.version, reason=reason, by=by, now=now,
        finish_before_at=harm.before, finish_after_at=harm.after, promised_at=harm.promised_at,
        plan_text=render(PLAN, {"version": plan.version, "finish": when(plan.finish_at)}),
    )
    touch(move.order)


def _put_in_force(move, plan, by, now):
    lapse_consents(move.order, by=by, now=now)
    put_in_force(move.order, plan, by=by, now=now)
    if move.harm:
        give_way(move.order, move.harm.order, plan, move.harm.before, by, now)


# Back


@transaction.atomic
def look_back(*, order_id, by, version, now=None) -> moves.Move:
    order = orders.lock(order_id, by=by)
    check_planner(order, by)
    return moves.look_back(order=order, version=version, now=now or timezone.now())


@transaction.atomic
def go_back(*, order_id, by, version, plan_version=None, now=None) -> Plan:
    """A new version with the places of an older one. Within the seconds of an undo the messages of the move lapse.

    Raises GateShut, naming each operation that cannot stand there any more.
    """
    now = now or timezone.now()
    order = orders.lock(order_id, by=by)
    check_planner(order, by)
    _check_version(order, plan_version)
    lock_centres(order, [], [*_in_force(order), *Operation.objects.filter(plan__order=order, plan__version=version)])
    _check_no_draft(order)
    move = moves.look_back(order=order, version=version, now=now)
    _void(move.plan, by, now)
    plan = _write(move, by, now, why=sentence(BACK, {"version": version}))
    note(order, "plan_back", BACK, by=by, params={"version": version})
    _put_in_force(move, plan, by, now)
    return plan


def _check_no_draft(order):
    draft = Plan.objects.filter(order=order, state=Plan.State.DRAFT).first()
    if draft:
        raise GateShut(_("Version %(version)s of this order's plan is a draft: release or drop it first.")
                       % {"version": draft.version})


def _void(plan, by, now):
    """Nobody hears of a move that its planner takes back at once."""
    if plan.released_by_id != by.pk or (now - plan.released_at).total_seconds() > UNDO_SECONDS:
        return
    said = Event.objects.filter(
        stream_id=plan.order.stream, at__gte=plan.released_at, actor=by,
        verb__in=("order.operation_moved", "order.plan_released"),
    )
    void_messages(*map(key_of, said), now=now)


@transaction.atomic
def drop_draft(*, order_id, by, version=None, now=None) -> None:
    """A draft nobody wants: what was asked for it lapses, the plan in force stays."""
    order = orders.lock(order_id, by=by, version=version)
    check_planner(order, by)
    draft = Plan.objects.filter(order=order, state=Plan.State.DRAFT).first()
    if draft is None:
        raise Changed(_("There is no draft any more."))
    lapse_consents(order, by=by, now=now)
    draft.delete()
    touch(order)
    note(order, "draft_dropped", gettext_noop("Draft of plan version {version} dropped"), by=by,
         params={"version": draft.version})
