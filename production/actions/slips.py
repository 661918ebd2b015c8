"""What happens otherwise than planned: noticed by itself, computed again, told once an order's slack is used up.

Cheap while nothing happens: two queries say whether anything changed since it was looked at.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import CharField, F, Q, Value
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_noop

from desk.text import moment, sentence
from orders import actions as orders
from orders.actions import clocks
from orders.actions.duties import departments, person_on_duty
from orders.actions.trail import inform, note
from orders.models import MaterialLine, Nonconformance, OrderStep, Remake
from production import capacity
from production.actions.planning import LEEWAY
from production.models import Downtime, Operation, Plan, Slip
from sla import actions as sla
from sla.models import WorkItem

KIND = "slip"
AGAIN = timedelta(minutes=15)  # what runs late goes on being late: looked at again after so long
WORSE = timedelta(hours=1)  # told again when it comes so much later than was told
MOST = 50  # orders in one run; the others come with the next
Kind = Slip.Kind


@dataclass(frozen=True)
class Signal:
    """A source of delay, and what it says now."""

    order_id: int
    kind: str
    source: int
    stamp: datetime

    @property
    def key(self):
        return (self.kind, self.source)


def watch(now=None) -> dict:
    """Look where something slipped, or is over. How many orders were computed again."""
    now = now or timezone.now()
    heard, known = defaultdict(dict), defaultdict(dict)
    for signal in read_signals(now):
        heard[signal.order_id][signal.key] = signal.stamp
    old = set()
    for order_id, kind, source, stamp, checked_at in Slip.objects.open().order_by().values_list(
        "order_id", "kind", "source", "stamp", "checked_at"
    ):
        known[order_id][kind, source] = stamp
        if checked_at < now - AGAIN:
            old.add(order_id)
    touched = sorted({pk for pk in heard.keys() | known.keys() if heard.get(pk) != known.get(pk)} | old)
    for order_id in touched[:MOST]:
        check(order_id, now=now)
    return {"checked": min(len(touched), MOST)}


def read_signals(now, order_id=None) -> list[Signal]:
    """One statement: everything that stands in the way of a plan in force."""
    rows = _materials(), _downtimes(now), _overruns(now), _not_started(now), _inspections(), _remakes()
    if order_id is not None:
        paths = ("order", "work_centre__operations__plan__order", "plan__order", "plan__order", "order", "order")
        rows = [found.filter(**{path: order_id}) for found, path in zip(rows, paths, strict=True)]
    first, *others = rows
    return [Signal(*row) for row in first.union(*others)]


def _kind(kind):
    return Value(str(kind), output_field=CharField())


def _living(path):
    """Orders under way that are not on hold, with a plan in force."""
    planned = Plan.objects.filter(state=Plan.State.RELEASED).order_by().values("order")
    return Q(**{f"{path}__outcome": "", f"{path}__hold__isnull": True, f"{path}__in": planned})


def _materials():
    open_lines = MaterialLine.objects.filter(
        _living("order"), decision__in=[MaterialLine.Decision.OPEN, MaterialLine.Decision.GATING],
        promised_at__gt=F("needed_at"),
    )
    return open_lines.order_by().values_list("order_id", _kind(Kind.MATERIAL), "pk", "promised_at")


def _downtimes(now):
    to = "work_centre__operations__"
    met = Downtime.objects.living().filter(
        Q(slot__isnull=True) | Q(slot=F(f"{to}slot")), ends_at__gt=now,
        **{f"{to}plan__state": Plan.State.RELEASED, f"{to}plan__order__outcome": "",
           f"{to}plan__order__hold__isnull": True, f"{to}step__finished_at__isnull": True,
           f"{to}step__is_cancelled": False, f"{to}starts_at__lt": F("ends_at"), f"{to}ends_at__gt": F("starts_at")},
    )
    return met.order_by().values_list(f"{to}plan__order_id", _kind(Kind.DOWNTIME), "pk", "ends_at")


def _planned():
    return Operation.objects.committed().filter(plan__order__hold__isnull=True).order_by()


def _overruns(now):
    return _planned().filter(ends_at__lt=now).values_list("plan__order_id", _kind(Kind.OVERRUN), "step_id", "ends_at")


def _not_started(now):
    late = _planned().filter(
        starts_at__lt=now - LEEWAY, ends_at__gte=now, step__started_at__isnull=True, step__made=0
    )
    return late.values_list("plan__order_id", _kind(Kind.NOT_STARTED), "step_id", "starts_at")


def _inspections():
    undecided = Nonconformance.objects.filter(_living("order"), disposition=Nonconformance.Disposition.OPEN)
    return undecided.order_by().values_list("order_id", _kind(Kind.INSPECTION), "pk", "found_at")


def _remakes():
    unplanned = Remake.objects.filter(_living("order"), planned_at__isnull=True)
    return unplanned.order_by().values_list("order_id", _kind(Kind.REMAKE), "pk", "requested_at")


# One order


@transaction.atomic
def check(order_id, *, now=None) -> None:
    """Compute one order's finish again and keep what made it later; tell where that breaks its promise."""
    now = now or timezone.now()
    order = orders.lock(order_id)
    signals = {signal.key: signal for signal in read_signals(now, order_id)}
    slips = {(slip.kind, slip.source): slip for slip in Slip.objects.open().filter(order=order)}
    if not (signals or slips):
        return
    finish, before = _finish(order, now), _finish_so_far(order, slips)
    _heal([slip for key, slip in slips.items() if key not in signals], now)
    living = [_keep(order, signal, slips.get(key), before, finish, now) for key, signal in signals.items()]
    _judge(order, living, finish, now)


def _finish(order, now) -> datetime | None:
    return None if order.is_cancelled or order.is_final else capacity.forecast(order, now=now).finish


def _finish_so_far(order, slips) -> datetime | None:
    """As it was last computed; at first as planned."""
    last = max(slips.values(), key=lambda slip: (slip.checked_at, slip.pk), default=None)
    if last and last.finish_after_at:
        return last.finish_after_at
    plan = Plan.objects.filter(order=order, state=Plan.State.RELEASED).first()
    return plan.finish_at if plan else None


def _heal(slips, now):
    for slip in slips:
        slip.healed_at = max(now, slip.noticed_at)
        slip.save(update_fields=["healed_at"])


def _keep(order, signal, slip, before, finish, now) -> Slip:
    if slip is None:
        slip = Slip(order=order, kind=signal.kind, source=signal.source, noticed_at=now, finish_before_at=before,
                    cause=cause_of(signal))
    elif slip.stamp != signal.stamp:
        slip.cause = cause_of(signal)
    slip.stamp, slip.finish_after_at, slip.checked_at = signal.stamp, finish, now
    slip.save()
    return slip


def _judge(order, slips, finish, now):
    """Told when it comes later than promised, and again when much later; over when it fits again."""
    item = WorkItem.objects.living().filter(kind=KIND, source=order.stream).first()
    late = finish - capacity.promised_of(order) if finish else timedelta()
    if late <= timedelta() or not slips:
        _over(order, slips, item, now)
        return
    told = max(slip.told_late_seconds for slip in slips)
    if not told or late >= timedelta(seconds=told) + WORSE:
        _tell(order, slips, item, finish, late, now)


def _over(order, slips, item, now):
    for slip in slips:
        if slip.told_at:
            slip.told_at, slip.told_late_seconds = None, 0
            slip.save(update_fields=["told_at", "told_late_seconds"])
    if item:
        sla.cancel(item, reason="in time again", now=now)
        note(order, "in_time_again", gettext_noop("The plan keeps the promise again"), by=None)


LATE = gettext_noop("Finish {finish}, {hours} h after the promise: {cause}")
TASK = gettext_noop("Find a way out: {hours} h after the promise. {cause}")


def _tell(order, slips, item, finish, late, now):
    cause = max(slips, key=lambda slip: (slip.lost_seconds, slip.noticed_at, -slip.pk))
    params = {
        "finish": moment(finish), "hours": round(late.total_seconds() / 3600, 1), "cause": cause.cause,
        "lost": round(cause.lost_seconds / 3600, 1), "slip": cause.pk,
    }
    review = reverse("production:review", args=[order.pk])
    if item is None:
        production = departments()["production"]
        item = clocks.open_item(
            order, kind=KIND, subject=TASK, params=params, url=review, department=production,
            assignee=person_on_duty(order, production), now=now,
        )
    event = note(order, "slipped", LATE, by=None, params=params)
    inform(order, event, {order.created_by, item.assignee}, url=review)
    for slip in slips:
        slip.told_at, slip.told_late_seconds, slip.item = now, max(1, int(late.total_seconds())), item
        slip.save(update_fields=["told_at", "told_late_seconds", "item"])


# Causes, in words


def cause_of(signal) -> dict:
    """A stored sentence: what slipped, and until when."""
    return CAUSES[signal.kind](signal)


def _material(signal):
    line = MaterialLine.objects.select_related("material").get(pk=signal.source)
    return sentence(
        gettext_noop("{material} from {supplier} comes {at}, needed {needed}") if line.supplier_name else
        gettext_noop("{material} comes {at}, needed {needed}"),
        {"material": str(line.material), "supplier": line.supplier_name, "at": moment(line.promised_at),
         "needed": moment(line.needed_at)},
    )


def _downtime(signal):
    row = Downtime.objects.select_related("work_centre").get(pk=signal.source)
    return sentence(gettext_noop("{centre} is down until {until}: {reason}"), {
        "centre": row.work_centre.code, "until": moment(row.ends_at), "reason": row.reason,
    })


def _step_late(text):
    def said(signal):
        step = OrderStep.objects.get(pk=signal.source)
        return sentence(text, {"operation": str(step), "centre": step.work_centre, "at": moment(signal.stamp)})
    return said


def _failed(signal):
    found = Nonconformance.objects.get(pk=signal.source)
    return sentence(gettext_noop("{count} pieces failed the inspection: {defect}"), {
        "count": found.quantity, "defect": found.defect,
    })


def _remake(signal):
    remake = Remake.objects.get(pk=signal.source)
    return sentence(gettext_noop("{count} pieces are to be made again"), {"count": remake.quantity})


CAUSES = {
    Kind.MATERIAL: _material, Kind.DOWNTIME: _downtime, Kind.INSPECTION: _failed, Kind.REMAKE: _remake,
    Kind.OVERRUN: _step_late(gettext_noop("“{operation}” at {centre} is not finished; its time node was {at}")),
    Kind.NOT_STARTED: _step_late(gettext_noop("“{operation}” at {centre} has not started; planned {at}")),
}

