"""Rights in another person's hands for named days. The giver keeps them, and nobody hands them further."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Changed, NotYours
from desk.text import moment, word
from notifications.actions import tell
from people.models import Delegation, User
from people.roles import Right
from records.actions import record


@transaction.atomic
def delegate(*, by, to, rights, starts_at, ends_at, note="", now=None) -> Delegation:
    """In force at once, or from its first day on. Raises BadInput where it may not be given, or not to this person."""
    now, rights = now or timezone.now(), [Right(right) for right in rights]
    User.objects.select_for_update(of=("self",)).get(pk=by.pk)
    if ends_at <= max(starts_at, now):
        raise BadInput(_("A delegation ends in the future, after it starts."), field="until")
    _check_rights(by, rights)
    _check_receiver(by, to, rights)
    given = Delegation.objects.create(
        from_person=by, to_person=to, rights=sorted(rights), starts_at=starts_at, ends_at=ends_at, note=note.strip()
    )
    _note(given, "delegated", gettext_noop("{giver} delegates to {receiver} from {start} until {end}: {rights}"), by)
    return given


def _check_rights(by, rights):
    if not rights:
        raise BadInput(_("Choose one right at least."), field="rights")
    foreign = [right for right in rights if right not in by.own_rights or right in Delegation.NEVER]
    if foreign:
        raise BadInput(
            _("You cannot hand on the right to %(right)s.") % {"right": foreign[0].label}, field="rights",
            because=_("A right that one holds for somebody else goes no further.") if by.may(foreign[0]) else "",
        )


def _check_receiver(by, to, rights):
    if to.natural_id == by.natural_id:
        raise BadInput(_("A delegation goes to another person."), field="to")
    if not to.may_stand_in_for(by):
        raise BadInput(_("A delegate is active, of the same department or of higher rank."), field="to")
    known = [right for right in rights if right in to.own_rights]
    if known:
        raise BadInput(
            _("%(person)s may %(right)s already.") % {"person": to, "right": known[0].label}, field="rights"
        )


@transaction.atomic
def revoke(*, delegation_id, by, now=None) -> Delegation:
    """By the giver or the head of the giver's department; what was done meanwhile stands."""
    now = now or timezone.now()
    given = Delegation.objects.select_for_update(of=("self",)).select_related(
        "from_person__department", "to_person"
    ).get(pk=delegation_id)
    if not may_revoke(by, given):
        raise NotYours(_("The giver or the head of the department takes a delegation back."), who=[given.from_person])
    if given.revoked_at or given.ends_at <= now:
        raise Changed(_("This delegation has ended already."))
    given.revoked_at, given.revoked_by = now, by
    given.save(update_fields=["revoked_at", "revoked_by"])
    _note(given, "delegation_revoked", gettext_noop("The delegation of {giver} to {receiver} was taken back: {rights}"),
          by)
    return given


def may_revoke(by, given) -> bool:
    giver = given.from_person
    return by.pk == giver.pk or (by.is_head and by.department_id == giver.department_id)


def _note(given, verb, text, by):
    params = {
        "giver": str(given.from_person), "receiver": str(given.to_person), "start": moment(given.starts_at),
        "end": moment(given.ends_at), "rights": [word(label) for label in given.right_labels],
    }
    event = record(verb, text, by=by, stream=f"person:{given.from_person_id}", params=params)
    others = [person for person in (given.from_person, given.to_person) if person.pk != by.pk]
    tell(key=f"{event.stream_id}:{event.number}", recipients=others, text=text, params=params, url="/delegations/",
         by=by)
