"""Somebody goes away: what waits for them moves to who stands in, and what comes meanwhile goes there at once."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, NotYours
from desk.text import moment, when
from notifications.actions import tell
from people.duty import next_rank
from people.models import Absence
from records.actions import record
from sla.actions import reassign
from sla.models import WorkItem


def may_enter_for(by, person) -> bool:
    """Oneself, or a member of the department that one heads."""
    return by.pk == person.pk or (by.is_head and by.department_id == person.department_id)


@transaction.atomic
def enter_absence(*, person, by, starts_at, ends_at, delegate=None, note="", now=None) -> Absence:
    """Open work moves to the delegate as soon as the absence has begun; without one to the next rank."""
    now = now or timezone.now()
    _check_enterer(person, by)
    if ends_at <= max(starts_at, now):
        raise BadInput(_("An absence ends in the future, after it starts."), field="until")
    _check_free(person, starts_at, ends_at)
    if delegate:
        _check_delegate(delegate, person, starts_at, ends_at)
    absence = Absence.objects.create(
        person=person, delegate=delegate, starts_at=starts_at, ends_at=ends_at, note=note.strip()
    )
    text = gettext_noop("{person} is away from {start} until {end}; {delegate} stands in.")
    if delegate is None:
        text = gettext_noop("{person} is away from {start} until {end}; the next rank stands in.")
    _note(absence, "absence_entered", text, by)
    if starts_at <= now:
        hand_over(absence, by=by, now=now)
    return absence


def _check_enterer(person, by):
    if not may_enter_for(by, person):
        raise NotYours(
            _("An absence is entered by oneself or by the head of the department."),
            who=[person, *([person.department.head] if person.department and person.department.head else [])],
        )


def _check_free(person, starts_at, ends_at):
    known = Absence.objects.filter(person=person, cancelled_at__isnull=True, starts_at__lt=ends_at)
    other = known.filter(ends_at__gt=starts_at).first()
    if other:
        raise Changed(
            _("%(person)s is away then already.") % {"person": person},
            because=_("From %(start)s until %(end)s.") % {"start": when(other.starts_at), "end": when(other.ends_at)},
            remedy=_("End that absence first."),
        )


def _check_delegate(delegate, person, starts_at, ends_at):
    if delegate.natural_id == person.natural_id:
        raise BadInput(_("Somebody else stands in."), field="delegate")
    if not delegate.may_stand_in_for(person):
        raise BadInput(_("A delegate is active, of the same department or of higher rank."), field="delegate")
    away = Absence.objects.filter(
        person=delegate, cancelled_at__isnull=True, starts_at__lt=ends_at, ends_at__gt=starts_at
    ).first()
    if away:
        raise BadInput(
            _("%(person)s is away then, and a delegate delegates no further.") % {"person": delegate}, field="delegate",
            because=_("From %(start)s until %(end)s.") % {"start": when(away.starts_at), "end": when(away.ends_at)},
        )


@transaction.atomic
def hand_over(absence, *, by=None, now=None) -> int:
    """All that waits for the absent person; how many items moved."""
    now = now or timezone.now()
    items = WorkItem.objects.living().filter(assignee=absence.person).select_related("opened_by").order_by("pk")
    moved = [item for item in items.select_for_update(of=("self",)) if _give(item, absence, by, now)]
    Absence.objects.filter(pk=absence.pk).update(handed_over_at=now)
    return len(moved)


def _give(item, absence, by, now) -> bool:
    """To the delegate, who never decides what they asked for themselves; then it is for the next rank."""
    taker, asker = absence.delegate, item.opened_by
    is_own = taker and asker and item.is_decision and asker.natural_id == taker.natural_id
    if taker is None or not taker.is_active or is_own:
        taker = next_rank(absence.person, now, without={asker.pk} if asker else ())
    if taker:
        reassign(item, taker, by, now)
    return taker is not None


def begin_due(now=None) -> int:
    """Absences that were planned and have begun since."""
    now = now or timezone.now()
    begun = Absence.objects.current(now).filter(handed_over_at__isnull=True).values_list("pk", flat=True)
    return sum(_begin(pk, now) for pk in list(begun))


@transaction.atomic
def _begin(pk, now) -> int:
    rows = Absence.objects.current(now).filter(pk=pk, handed_over_at__isnull=True)
    absence = rows.select_for_update(skip_locked=True, of=("self",)).first()
    return hand_over(absence, now=now) if absence else 0


@transaction.atomic
def end_absence(*, absence_id, by, now=None) -> Absence:
    """Back early, or not gone at all. What moved stays where it is; new work comes to the person again."""
    now = now or timezone.now()
    absence = Absence.objects.select_for_update(of=("self",)).select_related("person__department", "delegate").get(
        pk=absence_id
    )
    _check_enterer(absence.person, by)
    if absence.cancelled_at or absence.ends_at <= now:
        raise Changed(_("This absence has ended already."))
    absence.cancelled_at, absence.cancelled_by = now, by
    absence.save(update_fields=["cancelled_at", "cancelled_by"])
    _note(absence, "absence_ended", gettext_noop("The absence of {person} from {start} until {end} was ended."), by)
    return absence


def _note(absence, verb, text, by):
    params = {"person": str(absence.person), "start": moment(absence.starts_at), "end": moment(absence.ends_at),
              "delegate": str(absence.delegate or "")}
    event = record(verb, text, by=by, stream=f"person:{absence.person_id}", params=params)
    others = [person for person in (absence.person, absence.delegate) if person and person.pk != by.pk]
    if others:
        tell(key=f"{event.stream_id}:{event.number}", recipients=others, text=text, params=params, by=by,
             url="/absences/")
