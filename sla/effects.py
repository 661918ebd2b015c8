"""What another limit or another calendar means for clocks that run: looked at first, then done.

`preview` and `move` turn the same item by the same function, so what was shown is what is applied.
"""

from collections import defaultdict
from copy import copy
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import Changed
from notifications.actions import Message, tell_all
from records.actions import record
from sla.actions.common import OF_ITS_OWN, State, escalation, save_all, turn
from sla.models import CalendarEdition, Escalation, ItemAct, WorkCalendar, WorkItem

NEEDED = ("escalations", "pauses")


@dataclass(frozen=True)
class Effect:
    """One clock before and after. `item` is a copy as it would be (preview) or as it is now (move)."""

    item: WorkItem
    old_due: datetime | None
    new_due: datetime | None
    was_late: bool
    is_late_now: bool  # in time before, late from this moment on
    calls_now: tuple[int, ...]  # levels whose moment has passed by the new rule and of which nobody heard yet
    was_provisional: bool

    @property
    def is_stopped(self) -> bool:
        return self.item.state == State.PAUSED

    @property
    def is_sooner(self) -> bool:
        return bool(self.old_due and self.new_due and self.new_due < self.old_due)


def running_under(policy) -> QuerySet:
    """Living items whose clock is set by that time limit; never those with a moment of their own."""
    return WorkItem.objects.living().filter(policy_version__policy=policy, has_fixed_due=False)


def running_by(calendar) -> QuerySet:
    """Living items whose clock counts by an edition of that calendar."""
    editions = CalendarEdition.objects.filter(body__code=calendar.code)
    return WorkItem.objects.living().filter(edition__in=editions)


def preview(items, *, version=None, steps=None, edition=OF_ITS_OWN, now=None) -> list[Effect]:
    """Nothing is saved. `version` may be unsaved; then `steps` is its ladder."""
    now = now or timezone.now()
    found = items.select_related("policy_version", "department", "assignee").prefetch_related(*NEEDED)
    return [_effect(copy(item), version, steps, edition, now)[0] for item in found.order_by("due_at", "pk")]


@transaction.atomic
def move(items, *, version=None, edition=OF_ITS_OWN, by, reason, now=None, fires_passed=False) -> list[Effect]:
    """Put running clocks under another version or edition; what they used so far is kept.

    Levels that the new rule finds passed are not told afterwards, unless `fires_passed`: then the next sweep does.
    Raises Changed when none of them runs any more.
    """
    now = now or timezone.now()
    keys = list(items.values_list("pk", flat=True))
    rows = WorkItem.objects.living().filter(pk__in=keys).select_for_update(of=("self",)).order_by("pk")
    found = list(rows.select_related("policy_version", "department", "assignee").prefetch_related(*NEEDED))
    if keys and not found:
        raise Changed(_("None of these clocks runs any more."))
    effects, escalations = [], []
    for item in found:
        effect, passed = _effect(item, version, None, edition, now, fires_passed)
        item.version += 1
        effects.append(effect)
        escalations += [escalation(item, call, now, Escalation.Outcome.SUPERSEDED, [], now) for call in passed]
    Escalation.objects.bulk_create(escalations)
    save_all(found, MOVED)
    ItemAct.objects.bulk_create(
        ItemAct(item=item, act=ItemAct.Act.LIMIT, by=by, text=reason[:1000], at=now) for item in found
    )
    if found:
        _tell(effects, version, edition, by, reason, now)
    return effects


MOVED = ("policy_version", "edition", "budget_seconds", "consumed_seconds", "running_since", "state", "due_at",
         "is_provisional", "next_fire_at", "next_level", "next_repeat", "version")  # fmt: skip


def _effect(item, version, steps, edition, now, fires_passed=False):
    """The effect, and the calls of which nobody will hear any more."""
    old_due, was_provisional, was_late = item.due_at, item.is_provisional, _is_late(item, now)
    passed = turn(item, now, version=version, steps=steps, edition=edition, fires_passed=fires_passed)
    effect = Effect(
        item=item, old_due=old_due, new_due=item.due_at, was_late=was_late,
        is_late_now=_is_late(item, now) and not was_late,
        calls_now=tuple(sorted({call.level for call in passed})), was_provisional=was_provisional,
    )
    return effect, [] if fires_passed else passed


def _is_late(item, now) -> bool:
    return item.state == State.BREACHED or bool(item.due_at and item.due_at <= now)


SOONER = gettext_noop("{count} of your tasks are due at another time now. {reason}")


def _tell(effects, version, edition, by, reason, now) -> None:
    """One message for a person, however many of their tasks moved; one event for all."""
    owners = defaultdict(list)
    for effect in effects:
        if effect.item.assignee_id and effect.new_due != effect.old_due:
            owners[effect.item.assignee].append(effect.item)
    stream = f"policy:{version.policy_id}" if version else _stream_of(edition)
    event = record(
        "move_clocks", gettext_noop("{count} running clocks were put under the new rule. {reason}"), by=by, at=now,
        stream=stream, params={"count": len(effects), "reason": reason, "items": [e.item.pk for e in effects][:1000]},
    )
    tell_all(
        [Message(key=f"{stream}:{event.number}", recipients=[owner], text=SOONER, url="/",
                 params={"count": len(items), "reason": reason}) for owner, items in owners.items()],
        by=by, now=now,
    )


def _stream_of(edition) -> str:
    return f"calendar:{WorkCalendar.objects.get(code=edition.body['code']).pk}"
