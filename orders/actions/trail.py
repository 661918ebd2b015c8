"""One way to write what happened: the event in the order's stream, and the messages it causes."""

from django.utils.translation import gettext_noop

from notifications.actions import tell
from records.actions import record

FILE_ADDED = gettext_noop("Added the file {name}")
ISSUED_AGAIN = gettext_noop("Issued again")

UNDO_SECONDS = 10  # messages wait while their sender may still withdraw


def note(order, verb, text, *, by, params=None, money=""):
    """Append an event to the order's stream."""
    return record(f"order.{verb}", text, by=by, stream=order.stream, params=params, money=money)


def key_of(event) -> str:
    """Of the message that tells what the event says."""
    return f"event:{event.stream_id}:{event.number}"


def inform(order, event, recipients, *, url=None, params=None):
    """Tell people what the event says; whoever did it is not told."""
    others = {person for person in recipients if person and person.pk != event.actor_id}
    if not others:
        return
    tell(
        key=key_of(event),
        recipients=sorted(others, key=lambda person: person.pk),
        text=event.text,
        params=event.params if params is None else params,
        url=url or order.get_absolute_url(),
        source=order.stream,
        hold_seconds=UNDO_SECONDS,
        by=event.actor,
    )
