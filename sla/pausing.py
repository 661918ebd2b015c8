"""A clock that a person stops, for as long as another running task about the same thing names who is awaited."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, GateShut, NotYours
from desk.text import moment, sentence, when
from notifications.actions import tell
from people.roles import Role
from sla import actions
from sla.item_acts import owner_of, stood_in
from sla.kinds import Kind
from sla.models import Pause, PolicyVersion, WorkItem

LENGTHS = tuple(timedelta(hours=hours) for hours in (1, 2, 4, 8, 24, 48, 72))
RANKS = (Role.MANAGER, Role.GENERAL_MANAGER)
AWAITED = gettext_noop("{who} stopped a clock and waits for you until {until}: {what}. Your task: {yours}")


def may_stop(user, item) -> bool:
    """Whose task it is, who stands in for them, their head, and higher ranks."""
    is_head = user.is_head and user.department_id == item.department_id
    is_own = item.assignee_id == user.pk or stood_in(user, item) is not None
    return is_own or is_head or user.role in RANKS


def reasons_of(item) -> list[str]:
    """Those the version of the time limit allows; the confirmation with the customer is never paused."""
    return [] if item.kind == Kind.CONFIRMATION else list(item.policy_version.pause_reasons)


def labels_of(item) -> list[tuple]:
    return [(code, PolicyVersion.PauseReason(code).label) for code in reasons_of(item)]


def awaited_for(item):
    """The running tasks about the same thing that somebody else is at work on."""
    others = WorkItem.objects.of(item.source).filter(state__in=WorkItem.TICKING, assignee__isnull=False)
    mine = Q(pk=item.pk) | Q(kind=Kind.ORDER) | Q(assignee=item.assignee_id)
    return others.exclude(mine).order_by("due_at", "pk")


def due_after(item, until, now=None):
    """When it would be due, did the pause last until then."""
    return item.calendar.add(until, max(0, item.left_seconds(now)))


def standing(item) -> Pause | None:
    found = item.pauses.filter(ended_at__isnull=True)
    return found.select_related("started_by", "awaits__assignee", "awaits__department").first()


def check_pausable(item, by) -> None:
    _check_person(item, by)
    if item.state == WorkItem.State.PAUSED:
        raise Changed(_("This clock is paused already."))
    if not reasons_of(item):
        raise GateShut(
            _("This clock is not paused."),
            because=_("The time limit “%(limit)s” knows no reason for it.") % {"limit": item.policy_version.policy},
        )
    if not awaited_for(item).exists():
        about = item.detail_text or item.source
        raise GateShut(
            _("A clock stands only while somebody else is awaited."),
            because=_("No other running task about %(what)s names anybody.") % {"what": about}, who=[owner_of(item)],
        )


def check_resumable(item, by) -> Pause:
    _check_person(item, by)
    pause = standing(item)
    if pause is None:
        raise Changed(_("This clock is running already."))
    if pause.awaits is None:
        raise GateShut(
            _("This clock is not started by hand."),
            because=_("%(reason)s: it goes on with that, at the latest %(when)s.")
            % {"reason": pause.get_reason_display(), "when": when(pause.until)},
        )
    return pause


def _check_person(item, by) -> None:
    if not may_stop(by, item):
        raise NotYours(_("Who has the task stops its clock, or their head."), who=[owner_of(item)])


@transaction.atomic
def pause(*, item, by, reason, awaits, length, now=None) -> WorkItem:
    """At most three days; it ends by itself then, or as soon as the other task is done. Who is awaited is told."""
    now = now or timezone.now()
    _lock(item, awaits)
    item = actions.living(item, now)
    check_pausable(item, by)
    awaited = awaited_for(item).filter(pk=awaits.pk).select_related("assignee").first()
    if awaited is None:
        raise Changed(_("Nobody is awaited there any more: %(task)s.") % {"task": awaits.subject_text})
    if reason == PolicyVersion.PauseReason.NEGOTIATION and awaited.kind != Kind.NEGOTIATION:
        raise BadInput(_("That task is no negotiation with the customer."), field="awaits")
    if not timedelta(0) < length <= actions.LONGEST_PAUSE:
        raise BadInput(_("A pause lasts three days at most."), field="length")
    by.on_behalf_of = stood_in(by, item)
    item = actions.pause(item, reason, by, until=now + length, now=now, awaits=awaited)
    tell(
        key=f"{item.message_source}:awaited:{item.version}", recipients=[awaited.assignee], by=by, now=now,
        text=AWAITED, url=awaited.url, source=awaited.message_source, params={
            "who": str(by), "until": moment(now + length), "what": sentence(item.subject, item.params),
            "yours": sentence(awaited.subject, awaited.params),
        },
    )
    return item


@transaction.atomic
def resume(*, item, by, now=None) -> WorkItem:
    item = actions.living(item, now)
    check_resumable(item, by)
    by.on_behalf_of = stood_in(by, item)
    return actions.resume(item, by=by, now=now)


def _lock(*items) -> None:
    """Both rows in one sequence, so that two who wait for each other meet here."""
    keys = [item.pk for item in items]
    list(WorkItem.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk"))
