"""Undo: for some seconds the person who took a step withdraws it. Nothing is deleted; new events say it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from desk.refusals import Changed, GateShut, NotYours, Remedy
from desk.text import word
from notifications.actions import void_messages
from orders import kept
from orders.actions import door
from orders.actions.hand_over import keep_back
from orders.actions.hold import lift
from orders.actions.trail import TALK, UNDO_SECONDS, key_of, note
from orders.machine import STEPS, WITHDRAWABLE, Fact, Stage
from orders.models import Hold, Promise, SignOff
from records.models import Event
from sla import actions as sla
from sla.models import WorkItem

HOLD = "held"
# Events that an act writes before and after its own one; any other stands against a withdrawal.
BEFORE = {
    "confirm": ("order.signed", "order.sheet_issued"), "approve": ("order.promised",),
    "materials_ready": ("order.signed",), "send_back": ("order.revoked",), HOLD: ("pause",),
}
AFTER = {
    "submit": ("order.handed_over", "order.no_duplicate", "order.rush_budget_passed"),
    "approve": ("order.sheet_issued",), "send_back": ("pause",),
}
# The way that is left once the seconds are over.
LATER = {
    HOLD: ("orders:hold_end", gettext_lazy("End the hold")),
    "send_back": ("orders:detail", gettext_lazy("See the order")),
}
RETURN = ("orders:send_back", gettext_lazy("Return the order"))


@dataclass(frozen=True)
class Act:
    """The last step that may be withdrawn at all, whether or not it still may."""

    step: str
    by_id: int
    at: datetime
    back_to: str = ""

    @property
    def until(self) -> datetime:
        return self.at + timedelta(seconds=UNDO_SECONDS)

    @property
    def label(self):
        return _("Hold") if self.step == HOLD else STEPS[self.step].label


def last_act(order) -> Act | None:
    """From the runs and the hold alone, which a page has anyway."""
    runs = kept.of(order).runs
    found = [_run_act(runs)] if runs else []
    if order.is_held:
        found.append(Act(HOLD, order.hold.held_by_id, order.hold.held_at))
    return max(filter(None, found), key=lambda act: act.at, default=None)


def _run_act(runs) -> Act | None:
    """Not where the order walked on through gates that still held: then it is returned."""
    here, before = runs[-1], runs[-2] if len(runs) > 1 else None
    if before is None or before.is_carried or here.left_at or here.entered_step not in WITHDRAWABLE:
        return None
    if Stage.SETTLEMENT in (here.stage, before.stage):
        return None
    return Act(here.entered_step, here.entered_by_id, here.entered_at, before.stage)


def open_act(order, user, now=None) -> Act | None:
    """What this person may still withdraw: for the bar on the page."""
    act = last_act(order)
    if act is None or act.by_id != user.pk or (now or timezone.now()) >= act.until:
        return None
    events = _events_since(order, act)
    return act if events and not _later(events, act) else None


def _events_since(order, act) -> list[Event]:
    """The act's own event and all after it; before it what the act wrote first."""
    events = list(Event.objects.filter(stream_id=order.stream).exclude(TALK).order_by("-number")[:40])[::-1]
    own = [index for index, event in enumerate(events) if event.verb == f"order.{act.step}"]
    if not own:
        return []
    first = own[-1]
    while first and events[first - 1].verb in BEFORE.get(act.step, ()) and events[first - 1].actor_id == act.by_id:
        first -= 1
    return events[first:]


def _start(order, events) -> datetime:
    """All that was written after the event before the act belongs to the act."""
    before = Event.objects.filter(stream_id=order.stream, number=events[0].number - 1).first()
    return before.at if before else events[0].at - timedelta(seconds=UNDO_SECONDS)


def _later(events, act) -> list[Event]:
    own = max(index for index, event in enumerate(events) if event.verb == f"order.{act.step}")
    follows = AFTER.get(act.step, ())
    return [event for event in events[own + 1:] if event.actor_id != act.by_id or event.verb not in follows]


@transaction.atomic
def withdraw(*, order_id, by, now=None):
    """Take the last step back. Raises NotYours, GateShut when it is too late, Changed when somebody went on."""
    now = now or timezone.now()
    order = door.lock(order_id, by=by)
    act = last_act(order)
    events = _check(order, act, by, now)
    if act.step == HOLD:
        lift(order, by=by, end=Hold.End.WITHDRAWN, now=now)
        door.touch(order)
        door.go_on(order)
    else:
        _take_back(order, act, events, by, now)
    void_messages(*map(key_of, events), now=now)
    return order


def _check(order, act, by, now) -> list[Event]:
    if act is None:
        raise GateShut(
            _("There is no step here that can be withdrawn."),
            because=_("Counted pieces, papers handed over, money and endings stay; they are put right by a new act."),
        )
    if act.by_id != by.pk:
        raise NotYours(_("Only who took the step withdraws it."), who=[_person(order, act)])
    events = _events_since(order, act)
    if later := _later(events, act):
        raise Changed(
            _("%(who)s has gone on with this order: “%(step)s” cannot be withdrawn any more.")
            % {"who": later[0].actor_name or _("The system"), "step": act.label}, remedy=_later_way(order, act),
        )
    if now >= act.until:
        raise GateShut(
            _("The %(seconds)d seconds to withdraw “%(step)s” are over.")
            % {"seconds": UNDO_SECONDS, "step": act.label}, remedy=_later_way(order, act),
        )
    return events


def _person(order, act):
    return order.hold.held_by if act.step == HOLD else order.runs.select_related("entered_by").last().entered_by


def _later_way(order, act):
    name, label = LATER.get(act.step, RETURN)
    return Remedy(label, reverse(name, args=[order.pk]))


def _take_back(order, act, events, by, now):
    start = _start(order, events)
    if act.step == "confirm":
        keep_back(order)
    for item in WorkItem.objects.living().filter(source=order.stream, opened_by=by, opened_at__gt=start):
        if item.pk not in (order.whole_item_id, order.stage_item_id):
            sla.cancel(item, reason="withdrawn", by=by, now=now)
    order.sheets.filter(issued_at__gt=start, issued_by=by).update(withdrawn_at=now)
    Promise.objects.filter(order=order, recorded_at__gt=start, recorded_by=by).update(withdrawn_at=now)
    signed = order.sign_offs.living().filter(box__in=WITHDRAWABLE[act.step], signed_by=by)
    door.revoke(order=order, by=by, facts=[Fact.WITHDRAWN], boxes=list(signed.values_list("box", flat=True)))
    if act.step == "send_back":
        _sign_again(order, start, by)
    door.take_back(order, by, to=act.back_to)


def _sign_again(order, start, by):
    """What the withdrawn return had taken back is alive again, under the name and time of who signed it."""
    lost = order.sign_offs.filter(revoked_at__gt=start, revoked_by=by, revoked_fact="send_back")
    for signature in list(lost):
        evidence = signature.evidence | {"signed_again_for": signature.pk}
        SignOff.objects.create(
            order=order, box=signature.box, department=signature.department, note=signature.note, evidence=evidence,
            signed_at=signature.signed_at, signed_by_id=signature.signed_by_id,
            on_behalf_of_id=signature.on_behalf_of_id,
        )
        note(order, "signed_again", gettext_noop("Signature stands again, its return was withdrawn: {box}"), by=by,
             params={"box": word(signature.get_box_display())})
