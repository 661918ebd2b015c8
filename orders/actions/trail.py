"""One way to write what happened: the event in the order's stream, and the messages it causes."""

from contextlib import contextmanager

from django.db.models import Q
from django.utils.translation import gettext_noop

from notifications.actions import Message, tell_all
from orders.actions.waiting import start
from orders.kept import Kept
from orders.models import UrgentOrder
from records.actions import append, written

FILE_ADDED = gettext_noop("Added the file {name}")
ISSUED_AGAIN = gettext_noop("Issued again")

TALK = Q(verb__startswith="room.")  # what is said in the order's room changes nothing on the order
UNDO_SECONDS = 10  # messages wait while their sender may still withdraw


@contextmanager
def together(order, by=None):
    """What the acts inside note, tell and ask for is written once, when the outermost of them ends."""
    if order.kept is not None:
        yield order.kept
        return
    order.kept = kept = Kept(order)
    try:
        yield kept
        _write(order, kept, by)
    finally:
        order.kept = None


def _write(order, kept, by):
    if kept.openings:
        start(order, kept.openings, by=by)
    if kept.is_touched:
        UrgentOrder.objects.filter(pk=order.pk).update(version=order.version)
    if kept.events:
        append(order.stream, kept.events)
    if kept.told:
        tell_all([_message(order, *told) for told in kept.told], by=by)


def note(order, verb, text, *, by, params=None, money=""):
    """Append an event to the order's stream."""
    event = written(f"order.{verb}", text, by=by, params=params, money=money)
    if order.kept is None:
        append(order.stream, [event])
    else:
        order.kept.events.append(event)
    return event


def key_of(event) -> str:
    """Of the message that tells what the event says."""
    return f"event:{event.stream_id}:{event.number}"


def inform(order, event, recipients, *, url=None, params=None):
    """Tell people what the event says; whoever did it is not told."""
    others = {person for person in recipients if person and person.pk != event.actor_id}
    if not others:
        return
    told = (event, sorted(others, key=lambda person: person.pk), url, params)
    if order.kept is None:
        tell_all([_message(order, *told)], by=event.actor)
    else:
        order.kept.told.append(told)


def _message(order, event, people, url, params) -> Message:
    return Message(
        key=key_of(event), recipients=people, text=event.text,
        params=event.params if params is None else params, url=url or order.get_absolute_url(), source=order.stream,
        hold_seconds=UNDO_SECONDS,
    )
