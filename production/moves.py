"""What would follow if an operation of a plan in force stood elsewhere: computed, nothing written.

Only what must give way moves: the operations after it on the same product, each no further than it has to.
"""

from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from math import ceil

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from desk.refusals import BadInput, Changed, GateShut, Remedy
from desk.text import when
from orders.models import UrgentOrder
from people.models import Certificate, User
from production import capacity
from production.models import Downtime, Operation, Plan
from production.routing import numbers_before


@dataclass(frozen=True)
class Place:
    starts_at: datetime
    centre: object
    slot: int


@dataclass
class Harm:
    """The order that gives way, and what that costs it."""

    order: UrgentOrder
    before: datetime
    after: datetime
    promised_at: datetime

    @property
    def breaks_promise(self) -> bool:
        return capacity.breaks_promise(self.before, self.after, self.promised_at)

    @property
    def late_seconds(self) -> int:
        return int((self.after - self.promised_at).total_seconds())


@dataclass
class Move:
    """The next version of an order's plan, not written yet."""

    order: UrgentOrder
    plan: Plan
    rows: list
    changes: list = field(default_factory=list)  # (as it is, as it would be); the one that was asked for comes first
    promised_at: datetime | None = None
    finish_before: datetime | None = None
    harm: Harm | None = None

    @property
    def pushed(self) -> list:
        return self.changes[1:]

    @property
    def finish_after(self) -> datetime:
        return max(row.ends_at for row in self.rows)

    @property
    def slack_before(self) -> int:
        return int((self.promised_at - self.finish_before).total_seconds())

    @property
    def slack_after(self) -> int:
        return int((self.promised_at - self.finish_after).total_seconds())

    @property
    def used_seconds(self) -> int:
        return self.slack_before - self.slack_after

    @property
    def seen(self) -> str:
        """Of what was shown: the same consequences have the same word."""
        places = [(row.line_id, row.number, row.starts_at.isoformat(), row.ends_at.isoformat(), row.slot)
                  for row in self.rows]
        harm = (self.harm.order.pk, self.harm.after.isoformat()) if self.harm else ()
        return sha256(repr((self.plan.pk, places, harm)).encode()).hexdigest()[:24]


class Ground:
    """One order's plan in force, or its draft, and what stands around it."""

    def __init__(self, order, *, now, other=None, plan=None, taken=None):
        self.order, self.now, self.other = order, now, other
        self.plan = plan or Plan.objects.filter(order=order, state=Plan.State.RELEASED).first()
        if self.plan is None:
            raise GateShut(_("%(order)s has no plan in force.") % {"order": order})
        rows = self.plan.operations.select_related(
            "work_centre__calendar", "second_work_centre", "step", "owner", "line", "qualification"
        )
        self.rows = list(rows)
        self.means = capacity.Means.read(self.plan.means)
        self.shop = capacity.read_shop(now=now)
        self.demands, _without = capacity.read_demands(order, now=now, means=self.means)
        self.taken = taken
        if taken is None:
            self.taken = capacity.read_bookings(now=now, without=(order,), gives_way=other, shop=self.shop)
        self.down = [each for row in self._downtimes() for each in self._stretches(row)]

    def _downtimes(self):
        return Downtime.objects.living().filter(ends_at__gt=self.now).select_related("work_centre")

    def _stretches(self, row):
        slots = self.slots(row.work_centre) if row.slot is None else (row.slot,)
        return [capacity.Taken(row.work_centre.code, slot, row.starts_at, row.ends_at, row.reason) for slot in slots]

    def calendar(self, centre):
        return self.shop.calendar(centre, self.means)

    def row_of(self, step):
        return next((row for row in self.rows if row.step_id == step.pk), None)

    def demand(self, row):
        return self.demands.get((row.line_id, row.number))

    def centres(self, row) -> dict:
        """{work centre: time in per cent} of those that may do it, the usual one first."""
        routing = self.demand(row).routing
        others = {other.work_centre: other.time_percent for other in routing.candidates.all()
                  if other.work_centre.is_active}
        return {routing.work_centre: 100} | others

    def slots(self, centre) -> range:
        return range(1, centre.slots + (self.means.extra_slot_at == centre.code) + 1)

    def in_the_way(self, row, rows) -> capacity.Taken | None:
        own = [
            taken for other in rows if other is not row and not _is_finished(other)
            for taken in capacity.held_by(self._as_it_runs(other), f"{self.order} · {other}")
        ]
        found = [taken for held in capacity.held_by(row) for taken in (*self.taken, *own) if held.meets(taken)]
        return min(found, key=lambda taken: taken.start, default=None)

    def down_at(self, row) -> capacity.Taken | None:
        held = capacity.held_by(row)
        return next((down for down in self.down if any(each.meets(down) for each in held)), None)

    def _as_it_runs(self, row):
        running = copy(row)
        running.ends_at = self.end_of(row)
        return running

    def end_of(self, row) -> datetime:
        """What runs longer than planned has its slot until it can be done."""
        if _is_finished(row) or row.ends_at > self.now or not is_begun(row) or not self.demand(row):
            return row.ends_at
        return self.calendar(row.work_centre).add(self.now, max(60, self.demand(row).seconds_left))

    def put(self, row, place) -> Operation:
        """A copy of the row at its new place, with the time that it takes there."""
        percents = self.centres(row)
        share = percents.get(place.centre, 100) / percents.get(row.work_centre, 100)
        moved = copy(row)
        moved.work_seconds = max(60, ceil(row.work_seconds * share))
        moved.starts_at = place.starts_at
        moved.ends_at = self.calendar(place.centre).add(place.starts_at, moved.work_seconds)
        moved.work_centre, moved.slot, moved.wait = place.centre, place.slot, {}
        return moved


def is_begun(row) -> bool:
    return bool(row.step and (row.step.started_at or row.step.made))


def _is_finished(row) -> bool:
    return bool(row.step and row.step.finished_at)


def before(row, rows) -> list:
    """The operations that come right before it on the same product."""
    numbers = numbers_before(rows)[row.line_id, row.number]
    return [other for other in rows if other.line_id == row.line_id and other.number in numbers]


# Looking


def look(*, step, place, now, other=None) -> Move:
    """The operation at its new place with all that follows. Raises BadInput, GateShut, Changed where it cannot be."""
    now = now.replace(second=0, microsecond=0)
    ground = Ground(step.order, now=now, other=other)
    row = ground.row_of(step)
    if row is None:
        raise Changed(_("“%(step)s” is not in the plan any more.") % {"step": step})
    _check_movable(ground, row, place)
    moved = ground.put(row, place)
    _check_place(ground, moved, _with(moved, ground.rows))
    move = _push_on(ground, row, moved)
    if other is not None:
        move.harm = Harm(other, capacity.forecast(other, now=now).finish, now, capacity.promised_of(other))
    return move


def redraft(*, plan, operation, owner, starts_at, ends_at, taken, now) -> Move:
    """An operation of a draft at other times, with all that waits for it; on its own slot where that is free then.

    `taken`: what other orders hold. Raises BadInput, GateShut where it cannot be.
    """
    ground = Ground(plan.order, now=now.replace(second=0, microsecond=0), plan=plan, taken=taken)
    row = next(row for row in ground.rows if row.pk == operation.pk)
    _check_routed(ground, row)
    slots = sorted(ground.slots(row.work_centre), key=lambda slot: slot != row.slot) if row.slot else [row.slot]
    found = [_at(ground, row, slot, owner, starts_at, ends_at) for slot in slots]
    free = [moved for moved in found if not ground.in_the_way(moved, _without_later(moved, _with(moved, ground.rows)))]
    moved = (free or found)[0]
    _check_place(ground, moved, _with(moved, ground.rows))
    return _push_on(ground, row, moved)


def _with(moved, rows) -> list:
    """The rows with one of them at its new place."""
    return [moved if each.pk == moved.pk else each for each in rows]


def _at(ground, row, slot, owner, starts_at, ends_at) -> Operation:
    moved = ground.put(row, Place(starts_at, row.work_centre, slot))
    moved.owner, moved.ends_at = owner, ends_at
    return moved


def look_back(*, order, version, now) -> Move:
    """The plan with the places of an older version, where they can still be had."""
    now = now.replace(second=0, microsecond=0)
    ground = Ground(order, now=now)
    old = Plan.objects.filter(order=order, version=version).exclude(state=Plan.State.DRAFT).first()
    if old is None or old.pk == ground.plan.pk:
        raise Changed(_("Version %(version)s is in force, or there is none of this number.") % {"version": version})
    places = {(row.line_id, row.number): row for row in old.operations.select_related("work_centre__calendar")}
    if set(places) != {(row.line_id, row.number) for row in ground.rows}:
        raise GateShut(_("Version %(version)s has other operations: it cannot be taken up again.")
                       % {"version": version})
    changes = [(row, ground.put(row, _place_of(places[row.line_id, row.number]))) for row in ground.rows
               if not is_begun(row) and not _is_same(row, places[row.line_id, row.number])]
    new = {id(row): moved for row, moved in changes}
    rows = [new.get(id(row), row) for row in ground.rows]
    _check_all(ground, [moved for _row, moved in changes], rows, version)
    return _move(ground, rows, changes)


def _place_of(row) -> Place:
    return Place(row.starts_at, row.work_centre, row.slot)


def _is_same(row, other) -> bool:
    return (row.starts_at, row.work_centre_id, row.slot) == (other.starts_at, other.work_centre_id, other.slot)


def _check_all(ground, moved, rows, version):
    if not moved:
        raise GateShut(_("Nothing would change: what differs from version %(version)s has begun.")
                       % {"version": version})
    missing = []
    for row in moved:
        try:
            _check_place(ground, row, rows)
        except BadInput as refusal:
            missing.append(f"{row}: {refusal.what}")
    if missing:
        raise GateShut(_("Version %(version)s is not possible any more.") % {"version": version}, missing=missing)


def _move(ground, rows, changes) -> Move:
    finish = max(row.ends_at for row in ground.rows)
    return Move(ground.order, ground.plan, rows, changes, capacity.promised_of(ground.order), finish)


def _check_movable(ground, row, place):
    if is_begun(row):
        raise GateShut(
            _("“%(operation)s” has begun: it stays where it is.") % {"operation": row},
            because=_("Started %(at)s, %(made)d of %(planned)d made.")
            % {"at": when(row.step.started_at or ground.now), "made": row.step.made, "planned": row.quantity},
        )
    draft = Plan.objects.filter(order=ground.order, state=Plan.State.DRAFT).first()
    if draft:
        raise GateShut(
            _("Version %(version)s of this order's plan is a draft: release or drop it first.")
            % {"version": draft.version},
            because=_("Moving now would make it out of date."),
            remedy=Remedy(_("See the draft"), reverse("production:review", args=[ground.order.pk]) + "#plan"),
            who=[draft.made_by],
        )
    _check_routed(ground, row)
    if not row.slot:
        raise GateShut(_("“%(operation)s” is done outside: its time is the supplier's.") % {"operation": row})
    allowed = ground.centres(row)
    if place.centre not in allowed or place.slot not in ground.slots(place.centre):
        names = ", ".join(centre.code for centre in allowed)
        raise BadInput(_("“%(operation)s” may be done at %(centres)s only.")
                       % {"operation": row, "centres": names}, field="place")
    if _is_same(row, Operation(starts_at=place.starts_at, work_centre=place.centre, slot=place.slot)):
        raise BadInput(_("It stands there already."), field="starts_at")


def _check_routed(ground, row):
    if ground.demand(row) is None:
        raise GateShut(_("“%(operation)s” is not in the routing any more: compute the plan again.")
                       % {"operation": row})


def _check_place(ground, row, rows):
    """Not in the past, in working time, after what comes before it, with material and hands, in a free slot."""
    centre, start = row.work_centre, row.starts_at
    if start < ground.now:
        raise BadInput(_("An operation cannot start in the past."), field="starts_at")
    if row.slot:  # a supplier's hours are not ours
        _check_hours(ground, row, centre, start)
    _check_before(ground, row, rows)
    _check_material(ground, row)
    check_qualified(row)
    if taken := ground.in_the_way(row, _without_later(row, rows)):
        raise BadInput(
            _("%(centre)s is taken then by %(what)s, %(start)s to %(end)s.")
            % {"centre": taken.centre, "what": taken.label, "start": when(taken.start), "end": when(taken.end)},
            field="place",
        )


def _check_hours(ground, row, centre, start):
    calendar = ground.calendar(centre)
    if not calendar.is_open(start):
        opens = calendar.next_change(start)
        raise BadInput(
            _("%(centre)s does not work then; the next shift begins %(at)s.")
            % {"centre": centre.code, "at": when(opens) if opens else "–"}, field="starts_at",
        )
    if down := ground.down_at(row):
        raise BadInput(
            _("%(centre)s is down from %(start)s to %(end)s: %(reason)s")
            % {"centre": down.centre, "start": when(down.start), "end": when(down.end), "reason": down.label},
            field="place",
        )


def _check_before(ground, row, rows):
    for other in before(row, rows):
        if start := _too_early(ground, row, other):
            raise BadInput(
                _("“%(before)s” comes first: not before %(end)s.") % {"before": other, "end": when(start)},
                field="starts_at",
            )


def _too_early(ground, row, other) -> datetime | None:
    """When it could start at the earliest, where that is later than it stands."""
    if _is_finished(other):
        return None
    end = ground.end_of(other)
    if other.transfer_lot is None:
        return end if row.starts_at < end else None
    if row.starts_at < other.starts_at or row.ends_at < end:
        return other.starts_at if row.starts_at < other.starts_at else end
    return None


def _check_material(ground, row):
    gate = max(ground.demand(row).gates, key=lambda gate: gate.at, default=None)
    if gate and gate.at > row.starts_at:
        raise BadInput(
            _("%(material)s is not here before %(at)s.") % {"material": gate.label, "at": when(gate.at)},
            field="starts_at",
        )


def check_qualified(row) -> None:
    """Raises BadInput where the person responsible may not do it on that day."""
    qualification = row.qualification
    if qualification is None:
        return
    valid = Certificate.objects.valid(on=timezone.localdate(row.starts_at)).filter(qualification=qualification)
    if row.owner_id and valid.filter(person=row.owner_id).exists():
        return
    raise BadInput(
        _("“%(operation)s” needs %(qualification)s, which %(who)s does not have on that day.")
        % {"operation": row, "qualification": qualification, "who": row.owner or _("nobody yet")}, field="place",
        who=list(User.objects.filter(certificates__in=valid, is_active=True).distinct().order_by("pk")[:4]),
    )


# What it pushes


def _without_later(row, rows) -> list:
    """What comes after it moves along and is not in its way."""
    later = followers(row, rows)
    return [other for other in rows if other not in later or is_begun(other)]


def followers(row, rows) -> list:
    """All that waits for it, directly or not, in the order of the routing."""
    found = [row]
    for other in sorted(rows, key=lambda each: each.number):
        if other is not row and any(each in found for each in before(other, rows)):
            found.append(other)
    return found[1:]


def _push_on(ground, row, moved) -> Move:
    rows = _with(moved, ground.rows)
    changes = [(row, moved)]
    for later in followers(moved, rows):
        if is_begun(later) or _is_finished(later):
            continue
        new = _pushed(ground, later, rows)
        if new is not later:
            rows[rows.index(later)] = new
            changes.append((later, new))
    return _move(ground, rows, changes)


def _pushed(ground, row, rows) -> Operation:
    """Where it stands if it can stay; else the next free place on the same slot, or on the one that is free first."""
    starts = [start for other in before(row, rows) if (start := _too_early(ground, row, other))]
    if not starts and not _is_blocked(ground, row, rows):
        return row
    earliest = max([row.starts_at, *starts])
    slots = ground.slots(row.work_centre) if row.slot else (row.slot,)  # outside the house it holds none
    found = [_first_free(ground, row, slot, earliest, rows) for slot in slots]
    return min(found, key=lambda moved: (moved.starts_at, moved.slot != row.slot, moved.slot))


def _is_blocked(ground, row, rows) -> capacity.Taken | None:
    return ground.in_the_way(row, rows) or ground.down_at(row)


def _first_free(ground, row, slot, earliest, rows) -> Operation:
    calendar = ground.calendar(row.work_centre)
    rest = [other for other in rows if other is not row]
    moved = ground.put(row, Place(calendar.open_from(earliest), row.work_centre, slot))
    while blocked := _is_blocked(ground, moved, rest):
        moved = ground.put(row, Place(calendar.open_from(blocked.end), row.work_centre, slot))
    return moved


# Who could give way


def givers(*, step, place, now) -> list[UrgentOrder]:
    """Other orders whose operations, not begun, stand where this one would go."""
    ground = Ground(step.order, now=now)
    row = ground.row_of(step)
    if row is None or ground.demand(row) is None:
        return []
    moved = ground.put(row, place)
    there = Operation.objects.committed().filter(
        work_centre=place.centre, slot=place.slot, starts_at__lt=moved.ends_at, ends_at__gt=moved.starts_at,
        step__started_at__isnull=True, step__made=0,
    ).exclude(plan__order=step.order)
    found = there.select_related("plan__order__customer", "plan__order__created_by")
    return list({operation.plan.order.pk: operation.plan.order for operation in found}.values())
