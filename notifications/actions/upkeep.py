"""What administrators do about robots and letters, and a person about their own post."""

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from desk.refusals import BadInput, Changed, GateShut, NotYours, TooMany
from desk.text import word
from notifications import addresses, robots
from notifications.models import Outbox, Preference, Robot
from people.duty import with_role
from people.models import Department
from people.roles import Right, Role
from records.actions import record
from records.rules import STREAM

State = Outbox.State
SWITCHED = {True: gettext_noop("Robot {name} was switched on."), False: gettext_noop("Robot {name} was switched off.")}
NO_ROOMS = Robot.Rooms.NONE
OPEN = (State.DEAD, State.WAITING, State.LEASED)


def _only_administrators(by) -> None:
    if not by.use(Right.CONFIGURE):
        raise NotYours(_("Only an administrator can configure the desk."), who=with_role(Role.ADMINISTRATOR))


# Robots


@transaction.atomic
def add_robot(*, by, name, kind, address, secret="", department=None, language, rooms=NO_ROOMS) -> Robot:
    _only_administrators(by)
    robot = Robot(name=name.strip(), kind=kind, department=department, language=language, rooms=rooms or NO_ROOMS,
                  made_by=by)  # fmt: skip
    _give_address(robot, addresses.read(kind, address, secret))
    _check(robot)
    robot.save()
    text = gettext_noop("Robot {name} ({kind}) was added: address {address}, heard by {department}, from rooms: "
                        "{rooms}.")
    record("robot.add", text, by=by, stream=STREAM, params=_said(robot))
    return robot


@transaction.atomic
def change_robot(
    *, robot_id, by, name, address="", secret="", department=None, language, rooms=None, version=None,
) -> Robot:
    """Without an address the old one stays. The kind stays: another messenger is another robot."""
    _only_administrators(by)
    robot = _locked(robot_id, version)
    robot.name, robot.department, robot.language = name.strip(), department, language
    robot.rooms = rooms or robot.rooms
    if address:
        _give_address(robot, addresses.read(robot.kind, address, secret))
    elif secret:
        raise BadInput(_("The signing secret is stored with the address: enter both."), field="address")
    _check(robot)
    _save(robot)
    text = gettext_noop("Robot {name} ({kind}) was changed: address {address}, heard by {department}, from rooms: "
                        "{rooms}.")
    record("robot.change", text, by=by, stream=STREAM, params=_said(robot))
    return robot


@transaction.atomic
def switch_robot(*, robot_id, by, is_active, version=None) -> Robot:
    """What a robot that falls silent had still to say is withdrawn."""
    _only_administrators(by)
    robot = _locked(robot_id, version)
    if robot.is_active == is_active:
        return robot
    robot.is_active = is_active
    _save(robot)
    if not is_active:
        Outbox.objects.filter(robot=robot).unsent().update(state=State.VOID, lease=None, next_try_at=None)
    record("robot.switch", SWITCHED[is_active], by=by, stream=STREAM, params={"name": robot.name})
    return robot


def try_robot(*, robot_id, by, now=None) -> str:
    """Say something harmless now; what went wrong, or nothing. No transaction is open meanwhile."""
    _only_administrators(by)
    robot = _claimed(robot_id, now or timezone.now())
    with translation.override(robot.language):
        text = _("This is a test. %(person)s sent it.") % {"person": robots.plain(str(by))}
        text = "\n\n".join([_("Urgent Order Desk"), text])
    fault = ""
    try:
        robots.say(robot, text)
    except robots.NotHeard as problem:
        fault = str(problem)
    _note(robot, fault, by, timezone.now())
    return fault


@transaction.atomic
def _claimed(robot_id, now) -> Robot:
    robot = _locked(robot_id)
    if robot.free_from > now:
        raise TooMany(_("This robot has just spoken. Try again in %(seconds)d seconds.")
                      % {"seconds": (robot.free_from - now).total_seconds() + 1})  # fmt: skip
    Robot.objects.filter(pk=robot_id).update(free_from=now + robots.GAP)
    return robot


@transaction.atomic
def _note(robot, fault, by, now) -> None:
    values = {"last_error": fault[:300]} if fault else {"last_error": "", "last_ok_at": now}
    Robot.objects.filter(pk=robot.pk).update(**values)
    text = gettext_noop("Robot {name} was tested: {outcome}")
    record("robot.test", text, by=by, stream=STREAM,
           params={"name": robot.name, "outcome": fault or word(gettext_noop("heard"))})


def _locked(robot_id, version=None) -> Robot:
    robot = Robot.objects.select_for_update(of=("self",)).select_related("department").get(pk=robot_id)
    if version is not None and robot.version != version:
        raise Changed(_("Somebody changed this robot meanwhile. Yours was not saved."))
    return robot


def _save(robot) -> None:
    """Not what the dispatcher writes meanwhile."""
    robot.version += 1
    robot.save(update_fields=["name", "department", "language", "rooms", "is_active", "version", "encrypted_address",
                              "address_digest", "address_end"])  # fmt: skip


def _give_address(robot, address) -> None:
    robot.encrypted_address = robots.encrypted(address)
    robot.address_digest, robot.address_end = robots.digest(robot.kind, address), address.end


def _check(robot) -> None:
    if not robot.name:
        raise BadInput(_("Name the robot as its group is called."), field="name")
    others = Robot.objects.exclude(pk=robot.pk)
    if others.filter(name=robot.name).exists():
        raise BadInput(_("Another robot has this name."), field="name")
    if same := others.filter(address_digest=robot.address_digest).first():
        raise BadInput(_("The robot “%(name)s” speaks to this group already.") % {"name": same}, field="address")


def _said(robot) -> dict:
    return {
        "name": robot.name, "kind": word(Robot.Kind(robot.kind).label), "address": robot.masked_address,
        "department": word(_heard_by(robot)), "rooms": word(Robot.Rooms(robot.rooms).label),
    }


def _heard_by(robot):
    return Department.Code(robot.department.code).label if robot.department else gettext_noop("the whole company")


# Letters


@transaction.atomic
def send_again(*, letters, by, now=None) -> int:
    """A new row of tries, each under the letter's own Message-ID."""
    _only_administrators(by)
    chosen = _chosen(letters)
    for letter in chosen:
        if letter.robot and not letter.robot.is_active:
            raise GateShut(_("The robot “%(name)s” is switched off.") % {"name": letter.robot})
    _rows(chosen).update(state=State.WAITING, next_try_at=now or timezone.now(), attempts=0, is_digest=False,
                         bundle=None)  # fmt: skip
    record("letter.again", gettext_noop("{count} letters were sent again."), by=by, stream=STREAM,
           params={"count": len(chosen)})
    return len(chosen)


@transaction.atomic
def give_up(*, letters, by, reason) -> int:
    _only_administrators(by)
    chosen = _chosen(letters)
    if not reason.strip():
        raise BadInput(_("Say why in a few words, so that others understand it."), field="reason")
    _rows(chosen).update(state=State.GIVEN_UP, next_try_at=None, lease=None, given_up_by=by, reason=reason.strip())
    record("letter.give_up", gettext_noop("{count} letters were given up. Reason: {reason}"), by=by, stream=STREAM,
           params={"count": len(chosen), "reason": reason.strip()})
    return len(chosen)


def _chosen(letters) -> list[Outbox]:
    """Locked; all of them or none: what was sent or withdrawn meanwhile is said."""
    found = list(Outbox.objects.filter(pk__in=letters).select_for_update(of=("self",)).select_related("robot"))
    if not found:
        raise BadInput(_("Choose at least one letter."), field="letters")
    if gone := [letter for letter in found if letter.state not in OPEN]:
        states = ngettext("%(count)d letter is past this: %(state)s.", "%(count)d letters are past this: %(state)s.",
                          len(gone)) % {"count": len(gone), "state": gone[0].get_state_display()}  # fmt: skip
        raise Changed(_("Somebody or something was faster. Nothing was done."), because=states)
    if any(letter.state == State.LEASED for letter in found):
        raise Changed(_("A letter is being sent at this moment. Try again in a minute."))
    return found


def _rows(letters):
    return Outbox.objects.filter(pk__in=[letter.pk for letter in letters])


# One's own post


@transaction.atomic
def set_preferences(*, by, by_email, quiet_from=None, quiet_until=None, digest_at=None) -> Preference:
    """From the next message on; what is written already goes out as it was to."""
    values = {"by_email": by_email, "quiet_from": quiet_from, "quiet_until": quiet_until, "digest_at": digest_at}
    return Preference.objects.update_or_create(person=by, defaults=values)[0]
