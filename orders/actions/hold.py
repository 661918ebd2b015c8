"""What a hold does to an order; the door and the departments ask here before anything starts."""

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import GateShut
from desk.text import when
from orders.actions import clocks
from orders.actions.trail import inform, note
from orders.models import Hold
from people.models import Department, User
from people.roles import Right
from sla.models import WorkItem

ENDED = {
    Hold.End.TIME: gettext_noop("The hold has ended, its time is over: {reason}"),
    Hold.End.RELEASED: gettext_noop("The hold was ended early: {reason}"),
    Hold.End.CANCELLED: gettext_noop("The hold ends with the cancellation: {reason}"),
    Hold.End.WITHDRAWN: gettext_noop("The hold was withdrawn: {reason}"),
}


def refuse_while_held(order) -> None:
    """While a hold stands no step is taken and nothing is started, bought or dispatched."""
    if not order.is_held:
        return
    raise GateShut(
        _("This order is on hold until %(until)s.") % {"until": when(order.hold.until)},
        because=_("%(who)s: %(reason)s") % {"who": order.hold.held_by, "reason": order.hold.reason},
        who=[order.hold.held_by],
    )


def may_hold(user, order) -> bool:
    """The head whose stage it is, who stands in for that head while away, or the head of sales."""
    if order.is_draft or order.is_final or order.is_cancelled:
        return False
    is_theirs = user.is_head and user.department_code == order.department_code
    return is_theirs or user.may(Right.ORDER_DECIDE) or absent_head(user, order) is not None


def absent_head(user, order):
    """The head of the department that has the order, where the person stands in for them."""
    if not user.absent_people:
        return None
    head = Department.objects.filter(code=order.department_code).values("head")
    return User.objects.filter(pk__in=user.absent_people).filter(pk__in=head).first()


def concerned(order) -> set:
    """Who waits for something of this order, or answers for it."""
    items = WorkItem.objects.living().filter(source=order.stream, assignee__isnull=False).select_related("assignee")
    return {order.created_by, *(item.assignee for item in items),
            *(duty.person for duty in order.duties.select_related("person"))}


def lift(order, *, by, end, now=None):
    """The hold ends and its clocks go on; the caller holds the lock. Of a withdrawn one nobody heard."""
    now, hold = now or timezone.now(), order.hold
    hold.ended_at, hold.ended_by, hold.end = now, by, end
    hold.save(update_fields=["ended_at", "ended_by", "end"])
    order.hold = None
    order.save(update_fields=["hold"])
    clocks.go_on(order, by, now)
    event = note(order, "hold_ended", ENDED[end], by=by, params={"reason": hold.reason})
    if end != Hold.End.WITHDRAWN:
        inform(order, event, concerned(order) | {hold.held_by})
    return event
