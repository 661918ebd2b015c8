"""Passwords, second factors and sessions, each change of them in the audit log and told to its owner."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from access import second_factor, sessions
from access.models import IssuedPassword, Pin
from desk.refusals import GateShut, NotYours, OwnRequest
from notifications.actions import tell
from people.duty import who_may
from people.models import User
from people.roles import Right
from records.actions import find_link, issue_link, open_link, record, revoke_link
from records.models import AccessLink

STREAM = "configuration"
LINK = "password"
BADGE = "badge"
IN_CHARGE_OF_BADGES = (Right.REVIEW_DECIDE, Right.CONFIGURE)


def _note(verb, text, *, person, by, told=None) -> None:
    """In the log for administrators, and to the owner, who may not have done it."""
    params = {"person": person.get_full_name(), "pk": person.pk, "by": by.get_full_name() if by else ""}
    event = record(f"access.{verb}", text, by=by, stream=STREAM, params=params)
    if told:
        tell(
            key=f"access:{event.number}", recipients=[person], text=told, params=params, by=by, is_urgent=True,
            url="/profile/security/",
        )  # fmt: skip


@transaction.atomic
def change_password(*, by, password, but_session=None) -> None:
    by.set_password(password)
    by.save(update_fields=["password"])
    _own_now(by, but_session)
    _note("password_changed", gettext_noop("{person} changed their password."), person=by, by=by,
          told=gettext_noop("Your password was changed. If that was not you, tell the administrator at once."))


def _own_now(person, but_session=None) -> None:
    IssuedPassword.objects.filter(user=person).delete()
    AccessLink.objects.filter(subject=_subject(person), purpose=LINK).living().update(
        revoked_at=timezone.now(), revoked_by=person
    )
    sessions.end(person, but=but_session)


@transaction.atomic
def mark_issued(*, person, by) -> None:
    """Somebody else chose the password: it ends soon, and is good for choosing one's own only."""
    now = timezone.now()
    until = now + timedelta(hours=settings.ISSUED_PASSWORD_HOURS)
    IssuedPassword.objects.update_or_create(
        user=person, defaults={"issued_by": by, "issued_at": now, "expires_at": until}
    )
    sessions.end(person)


def _subject(person) -> str:
    return f"person:{person.pk}"


def _refuse_unless_above(by, person) -> None:
    if not by.is_superuser and not by.may(Right.CONFIGURE):
        raise NotYours(_("Only an administrator can do this."), who=who_may(Right.CONFIGURE))
    if person.pk == by.pk:
        raise OwnRequest(
            _("Nobody does this for themselves."), because=_("Two people are needed."),
            who=[one for one in who_may(Right.CONFIGURE) if one.pk != by.pk],
        )
    if person.is_superuser and not by.is_superuser:
        above = User.objects.filter(is_superuser=True, is_active=True)[:3]
        raise NotYours(_("This account is above yours."), who=above)


@transaction.atomic
def issue_password_link(*, person, by) -> str:
    """A token for choosing a new password, for a company without mail; shown once. Earlier ones end."""
    _refuse_unless_above(by, person)
    if not person.is_active:
        raise GateShut(_("%(person)s is not active.") % {"person": person}, missing=[_("An active person")])
    for link in AccessLink.objects.filter(subject=_subject(person), purpose=LINK).living():
        revoke_link(link, by=by)
    days = settings.PASSWORD_LINK_HOURS / 24
    token = issue_link(subject=_subject(person), purpose=LINK, by=by, days=days)[1]
    _note("password_link_issued", gettext_noop("{by} issued a link for a new password to {person}."), person=person,
          by=by, told=gettext_noop("{by} issued a link for a new password for you."))
    return token


def person_of_link(token) -> tuple[AccessLink, User]:
    link = open_link(token, purpose=LINK)
    person = User.objects.filter(pk=int(link.subject.removeprefix("person:")), is_active=True).first()
    if person is None:
        raise GateShut(_("This link has ended. Your contact can send a new one."))
    return link, person


@transaction.atomic
def set_password_by_link(*, token, password) -> User:
    """Once: the link ends with it, and so do the sessions of whoever had the old password."""
    AccessLink.objects.select_for_update().filter(token_sha256=open_link(token, purpose=LINK).token_sha256).first()
    link, person = person_of_link(token)
    revoke_link(link, by=person)
    person.set_password(password)
    person.save(update_fields=["password"])
    _own_now(person)
    _note("password_set_by_link", gettext_noop("{person} chose a new password by a link."), person=person, by=person,
          told=gettext_noop("Your password was changed. If that was not you, tell the administrator at once."))
    return person


@transaction.atomic
def enrol(*, by, secret, counter) -> list[str]:
    codes = second_factor.enrol(by, secret, counter)
    _note("factor_enrolled", gettext_noop("{person} set up a second factor."), person=by, by=by,
          told=gettext_noop("A second factor was set up for you. If that was not you, tell the administrator at once."))
    return codes


@transaction.atomic
def renew_recovery_codes(*, by) -> list[str]:
    codes = second_factor.new_recovery_codes(by)
    _note("recovery_codes_renewed", gettext_noop("{person} made new recovery codes."), person=by, by=by,
          told=gettext_noop("New recovery codes were made for you; the earlier ones are void."))
    return codes


@transaction.atomic
def remove_factor(*, by) -> None:
    if second_factor.is_required_of(by):
        raise GateShut(
            _("The second factor stays on."), because=_("Your rank needs one."),
            missing=[_("Another administrator can reset it, for a new phone")],
        )
    if second_factor.remove(by):
        _note("factor_removed", gettext_noop("{person} took their second factor off."), person=by, by=by,
              told=gettext_noop("Your second factor was taken off. If that was not you, tell the administrator."))


@transaction.atomic
def reset_factor(*, person, by) -> None:
    """For a lost phone: another person does it, and every session of theirs ends."""
    _refuse_unless_above(by, person)
    if not second_factor.remove(person):
        raise GateShut(_("%(person)s has no second factor.") % {"person": person})
    sessions.end(person)
    _note("factor_reset", gettext_noop("{by} reset the second factor of {person}."), person=person, by=by,
          told=gettext_noop("{by} reset your second factor. Set it up again when you sign in."))


def warn_of_codes(*, person) -> None:
    """Whoever fails at the code had the right password."""
    _note("codes_failed", gettext_noop("Wrong codes after the right password of {person}."), person=person, by=None,
          told=gettext_noop("Somebody with your password failed at the code. If that was not you, change it."))


@transaction.atomic
def end_session(*, by, public_id) -> None:
    sessions.of(by).filter(public_id=public_id).delete()


@transaction.atomic
def sign_out(*, person, by) -> None:
    sessions.end(person)
    _note("sessions_ended", gettext_noop("{by} ended every session of {person}."), person=person, by=by)


# Badges: a code to scan and a PIN, for a phone that several people share


def _refuse_unless_in_charge(by, person) -> None:
    if not any(by.may(right) for right in IN_CHARGE_OF_BADGES):
        raise NotYours(_("The head of production or an administrator issues badges."),
                       who=who_may(Right.REVIEW_DECIDE) or who_may(Right.CONFIGURE))
    if by.natural_id == person.natural_id:
        raise OwnRequest(_("Nobody does this for themselves."), because=_("Two people are needed."),
                         who=[one for one in who_may(Right.CONFIGURE) if one.pk != by.pk])


@transaction.atomic
def issue_badge(*, person, by) -> str:
    """The token for the badge's code, shown once. Earlier badges of the person end."""
    _refuse_unless_in_charge(by, person)
    if not (person.is_active and person.may(Right.OPERATION_RUN)):
        raise GateShut(_("%(person)s cannot run operations.") % {"person": person},
                       because=_("A badge opens the pages of the machines only."))
    if person.is_superuser or person.rights & second_factor.RIGHTS:
        raise GateShut(_("%(person)s signs in with a second factor only.") % {"person": person},
                       because=_("Their rank decides rules or money."))
    User.objects.select_for_update().get(pk=person.pk)
    _end_badges(person, by)
    token = issue_link(subject=_subject(person), purpose=BADGE, by=by, days=settings.BADGE_DAYS)[1]
    _note("badge_issued", gettext_noop("{by} issued a badge to {person}."), person=person, by=by,
          told=gettext_noop("{by} issued a badge for you. Choose its PIN under “Sign-in and security”."))
    return token


@transaction.atomic
def revoke_badge(*, person, by) -> None:
    _refuse_unless_in_charge(by, person)
    if not _end_badges(person, by):
        raise GateShut(_("%(person)s has no badge.") % {"person": person})
    _note("badge_revoked", gettext_noop("{by} revoked the badge of {person}."), person=person, by=by,
          told=gettext_noop("{by} revoked your badge."))


def _end_badges(person, by) -> int:
    sessions.end_badge(person)
    living = AccessLink.objects.filter(subject=_subject(person), purpose=BADGE, revoked_at__isnull=True)
    return living.update(revoked_at=timezone.now(), revoked_by=by)


def person_of_badge(token) -> tuple[AccessLink, User]:
    link = AccessLink.objects.living().filter(pk=getattr(find_link(token, purpose=BADGE), "pk", None)).first()
    person = link and User.objects.filter(pk=int(link.subject.removeprefix("person:")), is_active=True).first()
    if not person:
        raise GateShut(_("This badge is not good any more."),
                       because=_("It was revoked, or it has ended. The head of production issues a new one."))
    return link, person


@transaction.atomic
def set_pin(*, by, pin) -> None:
    Pin.objects.update_or_create(user=by, defaults={"digest": make_password(pin), "set_at": timezone.now()})
    sessions.end_badge(by)
    _note("pin_set", gettext_noop("{person} chose a PIN for the badge."), person=by, by=by,
          told=gettext_noop("A PIN was chosen for your badge. If that was not you, tell the administrator at once."))


def is_pin(person, pin) -> bool:
    row = Pin.objects.filter(user=person).first()
    return bool(row) and check_password(pin, row.digest)


def warn_of_pins(*, person) -> None:
    _note("pins_failed", gettext_noop("Wrong PINs after the right badge of {person}."), person=person, by=None,
          told=gettext_noop("Somebody with your badge failed at the PIN. If you miss the badge, have it revoked."))
