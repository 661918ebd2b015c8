"""Sending: leased, outside any transaction, marked with the lease's token."""

import logging
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from notifications import mail, robots
from notifications.models import Channel, Notification, Outbox, Robot
from people.duty import general_managers, head_of
from people.models import User

log = logging.getLogger(__name__)

RETRY_MINUTES = (1, 5, 15, 60)
LEASE = timedelta(seconds=90)
MOST_IN_A_DIGEST = 200


@dataclass
class DispatchResult:
    taken: int = 0
    sent: int = 0
    failed: int = 0
    dead: int = 0


def dispatch(limit=50, now=None, ends_at=float("inf")) -> DispatchResult:
    """Send what is due, until the monotonic clock shows `ends_at`. What goes out as one is marked by that sending."""
    result = DispatchResult()
    with closing(mail.Postman()) as postman:
        for letters in _parcels(limit, now or timezone.now()):
            if time.monotonic() >= ends_at:
                _mark(letters, state=Outbox.State.WAITING, next_try_at=now or timezone.now())
                continue
            result.taken += len(letters)
            if held := _hold(letters, now or timezone.now()):
                _send(held, postman, now, result)
    return result


def _parcels(limit, now):
    """What goes out as one: the lines of a robot, the letters of a person's day, a single letter."""
    for robot in Outbox.objects.due(now).filter(robot__isnull=False).order_by().values_list("robot").distinct():
        yield _take_lines(*robot, now)
    for person in Outbox.objects.due(now).filter(is_digest=True).order_by().values_list("recipient").distinct():
        yield _take_digest(*person, now)
    for letter in _take(limit, now):
        yield [letter]


@transaction.atomic
def _take(limit, now) -> list[Outbox]:
    letters = Outbox.objects.due(now).filter(robot__isnull=True, is_digest=False)
    return _lease(letters.select_related("recipient")[:limit], now)


@transaction.atomic
def _take_digest(person_id, now) -> list[Outbox]:
    """A letter that was begun is sent again as it was, so that its Message-ID stands for the same content."""
    person = User.objects.select_for_update(skip_locked=True, no_key=True, of=("self",)).filter(pk=person_id).first()
    mine = Outbox.objects.due(now).filter(recipient=person_id, is_digest=True)
    first = mine.first() if person else None
    if first is None:
        return []
    letters = mine.filter(bundle=first.bundle).select_related("recipient")[:MOST_IN_A_DIGEST]
    return _lease(letters, now, bundle=first.bundle or uuid4())


@transaction.atomic
def _take_lines(robot_id, now) -> list[Outbox]:
    """As many as one message holds. The others wait until the robot may speak again."""
    free = Robot.objects.filter(pk=robot_id, free_from__lte=now)
    robot = free.select_for_update(skip_locked=True, no_key=True, of=("self",)).first()
    if robot is None:
        return []
    Robot.objects.filter(pk=robot_id).update(free_from=now + robots.GAP)
    due = list(Outbox.objects.due(now).filter(robot=robot).select_related("robot")[: robots.LINES])
    _text, number = robots.compose(robot, due)
    return _lease(Outbox.objects.due(now).filter(pk__in=[letter.pk for letter in due[:number]])
                  .select_related("robot"), now)  # fmt: skip


def _lease(letters, now, **values) -> list[Outbox]:
    letters = list(letters.select_for_update(skip_locked=True, of=("self",)))
    lease = uuid4()
    Outbox.objects.filter(pk__in=[letter.pk for letter in letters]).update(
        state=Outbox.State.LEASED, lease=lease, next_try_at=now + LEASE, **values
    )
    for letter in letters:
        letter.lease, letter.bundle = lease, values.get("bundle", letter.bundle)
    return letters


def _hold(letters, now) -> list[Outbox]:
    """Just before sending: what is still ours and not withdrawn. Then the try counts and the lease starts afresh."""
    number = _ours(letters).update(next_try_at=now + LEASE, attempts=F("attempts") + 1)
    if number < len(letters):
        ours = set(_ours(letters).values_list("pk", flat=True)) if number else ()
        letters = [letter for letter in letters if letter.pk in ours]
    for letter in letters:
        letter.attempts += 1
    return letters


def _ours(letters):
    return Outbox.objects.filter(
        pk__in=[letter.pk for letter in letters], state=Outbox.State.LEASED, lease=letters[0].lease if letters else None
    )


def _send(letters, postman, now, result) -> None:
    try:
        _post(letters, postman)
    except Exception as problem:  # the next letter must go out whatever this one's server says
        _put_back(letters, problem, now or timezone.now(), result)
    else:
        at = now or timezone.now()
        result.sent += _mark(letters, state=Outbox.State.SENT, sent_at=at, error="")
        if letters[0].robot_id:
            Robot.objects.filter(pk=letters[0].robot_id).update(last_ok_at=at, last_error="")


def _post(letters, postman) -> None:
    first = letters[0]
    if first.channel == Channel.ROBOT:
        robots.say(first.robot, robots.compose(first.robot, letters)[0])
    elif first.is_digest:
        mail.send_digest(letters, postman)
    else:
        mail.send(first, postman)


def _mark(letters, **values) -> int:
    return _ours(letters).update(**({"lease": None, "next_try_at": None} | values))


@transaction.atomic
def _put_back(letters, problem, now, result) -> None:
    log.warning("Message %s was not sent: %s", letters[0].key, problem)
    result.failed += len(letters)
    if letters[0].robot_id:
        _remember(letters[0].robot_id, problem, now)
    attempts = max(letter.attempts for letter in letters)
    if attempts <= len(RETRY_MINUTES) and not _is_final(problem):
        wait = max(timedelta(minutes=RETRY_MINUTES[attempts - 1]), _wait(problem))
        _mark(letters, state=Outbox.State.WAITING, next_try_at=now + wait, error=str(problem))
        return
    if dead := _mark(letters, state=Outbox.State.DEAD, error=str(problem)):
        result.dead += dead
        _another_channel(letters, now)


def _is_final(problem) -> bool:
    return problem.is_final if isinstance(problem, robots.NotHeard) else mail.is_final(problem)


def _wait(problem) -> timedelta:
    return getattr(problem, "retry_after", None) or timedelta()


def _remember(robot_id, problem, now) -> None:
    """Who was asked to wait says nothing else meanwhile."""
    free_from = now + max(_wait(problem), robots.GAP)
    Robot.objects.filter(pk=robot_id).update(last_error=str(problem)[:300], free_from=free_from)


def _another_channel(letters, now) -> None:
    """What no server took is at least in the inbox."""
    Notification.objects.bulk_create(
        [Notification(key=letter.event, recipient=person, text=letter.text, params=letter.params, url=letter.url,
                      source=letter.source, created_at=now, shown_from=now)
         for letter in letters for person in _instead(letter)],
        ignore_conflicts=True,
    )  # fmt: skip


def _instead(letter) -> list[User]:
    """For a group its department's head; for the whole company its general managers."""
    if letter.recipient_id:
        return [letter.recipient]
    head = head_of(letter.robot.department) if letter.robot.department_id else None
    return [head] if head else general_managers()
