"""Putting an order on hold, and letting it go on."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours
from desk.text import moment, when
from orders.actions import clocks, door
from orders.actions.hold import absent_head, concerned, lift, may_hold
from orders.actions.trail import inform, note
from orders.models import Hold
from people.duty import who_may
from people.roles import Right
from sla.models import WorkItem

LONGEST_HOLD = timedelta(days=31)


def check_may_hold(order, by) -> None:
    if order.is_draft or order.is_final or order.is_cancelled:
        raise GateShut(_("Only an order that is under way is put on hold."), because=order.get_stage_display())
    if not may_hold(by, order):
        raise NotYours(
            _("The head of the department that has the order puts it on hold, or the head of Sales."),
            who=who_may(Right.ORDER_DECIDE, 2),
        )
    if not by.use(Right.ORDER_DECIDE):
        by.on_behalf_of = absent_head(by, order)


@transaction.atomic
def hold_order(*, order_id, by, reason, until, version=None, now=None) -> Hold:
    """Stop everything but returns, cancellation, receipts, inspection and what runs already; all clocks stand."""
    now = now or timezone.now()
    order = door.lock(order_id, by=by, version=version)
    check_may_hold(order, by)
    if order.is_held:
        raise Changed(
            _("This order is on hold already, until %(until)s.") % {"until": when(order.hold.until)},
            because=order.hold.reason, who=[order.hold.held_by],
        )
    if not reason.strip():
        raise BadInput(_("Say why in a few words, so that the others can act."), field="reason")
    if not now < until <= now + LONGEST_HOLD:
        raise BadInput(_("Name a moment within the next 31 days."), field="until")
    hold = Hold.objects.create(order=order, reason=reason.strip()[:500], until=until, held_at=now, held_by=by)
    order.hold = hold
    order.save(update_fields=["hold"])
    clocks.stand_still(order, by, now)
    door.touch(order)
    event = note(order, "held", gettext_noop("On hold until {until}: {reason}"), by=by,
                 params={"until": moment(until), "reason": hold.reason})
    inform(order, event, concerned(order))
    return hold


@transaction.atomic
def end_hold(*, order_id, by, version=None, now=None):
    """Let the order go on before the time is over; what was signed meanwhile opens its gate now."""
    order = door.lock(order_id, by=by, version=version)
    check_may_hold(order, by)
    if not order.is_held:
        raise Changed(_("This order is not on hold any more."))
    _let_go(order, by, Hold.End.RELEASED, now)
    return order


def _let_go(order, by, end, now):
    lift(order, by=by, end=end, now=now)
    door.touch(order)
    door.go_on(order)


def end_due_holds(now=None) -> int:
    """Holds whose time is over end by themselves; a clock that came to life under one stands again."""
    now = now or timezone.now()
    due = list(Hold.objects.due(now).values_list("order_id", flat=True)[:200])
    _keep_still(now)
    return sum(_end_due(order_id, now) for order_id in due)


@transaction.atomic
def _keep_still(now):
    standing = Hold.objects.standing().filter(until__gt=now).values_list("order_id", flat=True)
    held = {f"order:{pk}": pk for pk in standing}
    running = WorkItem.objects.living().filter(source__in=held).exclude(state=WorkItem.State.PAUSED)
    for source in sorted(set(running.values_list("source", flat=True))):
        clocks.stand_still(door.lock(held[source]), None, now)


@transaction.atomic
def _end_due(order_id, now) -> bool:
    order = door.lock(order_id)
    if not order.is_held or order.hold.until > now:
        return False
    _let_go(order, None, Hold.End.TIME, now)
    return True
