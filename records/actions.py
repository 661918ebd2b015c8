"""The audit log's one door, and links for people without an account."""

import hashlib
import json
import secrets
from datetime import UTC, timedelta
from decimal import Decimal

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from desk.refusals import GateShut
from records.models import AccessLink, Event, Stream

CLOCK = "clock"  # the stream of what the desk says about its own clock and post: repairs, jumps, drills


def record(verb, text, *, by, stream, params=None, money="", at=None) -> Event:
    """Append one event to a subject's chain; `by=None` is the system."""
    event = written(verb, text, by=by, params=params, money=money, at=at)
    append(stream, [event])
    return event


def written(verb, text, *, by, params=None, money="", at=None) -> Event:
    """An event that stands in no chain yet."""
    absent = by.on_behalf_of if by else None
    return Event(
        verb=verb, text=_source(text), params=_plain(params or {}), money=money, actor=by,
        actor_name=by.get_full_name() if by else "", on_behalf_of=absent,
        on_behalf_of_name=absent.get_full_name() if absent else "", at=(at or timezone.now()).astimezone(UTC),
    )


@transaction.atomic(savepoint=False)
def append(stream: str, events: list[Event]) -> None:
    """Number the events, chain them and keep them: three statements, whatever their number."""
    chain = _locked(stream)
    for event in events:
        event.stream_id, event.number, event.previous_hash = chain.name, chain.length + 1, chain.head
        event.hash = event.digest()
        chain.length, chain.head = event.number, event.hash
    Event.objects.bulk_create(events)
    Stream.objects.filter(pk=chain.pk).update(length=chain.length, head=chain.head)


# The upsert gives the row and locks it in one statement, whether it was there or not.
LOCK_STREAM = (
    "INSERT INTO records_stream (name, length, head) VALUES (%s, 0, '')"
    " ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id, length, head"
)


def _locked(name: str) -> Stream:
    with connection.cursor() as cursor:
        cursor.execute(LOCK_STREAM, [name])
        pk, length, head = cursor.fetchone()
    return Stream(pk=pk, name=name, length=length, head=head)


def _source(text) -> str:
    """The English source, whatever language is active."""
    with translation.override(None):
        return str(text)


def _plain(value):
    """JSON that reads back the same from every database: jsonb rewrites 1e5 and 1.50, so figures become text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, float | Decimal):
        return str(value)
    if isinstance(value, Promise):
        return _source(value)
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def issue_link(*, subject, purpose, by, days=90, expires_at=None, now=None) -> tuple[AccessLink, str]:
    """The link and its token, which is shown this once and kept nowhere; `expires_at` instead of some days."""
    token = secrets.token_urlsafe(32)
    now = now or timezone.now()
    link = AccessLink.objects.create(
        token_sha256=_hash(token), subject=subject, purpose=purpose,
        issued_at=now, issued_by=by, expires_at=expires_at or now + timedelta(days=days),
    )
    return link, token


def find_link(token, *, purpose) -> AccessLink | None:
    """The link of this token, living or ended."""
    return AccessLink.objects.filter(token_sha256=_hash(token), purpose=purpose).first()


def open_link(token, *, purpose, now=None) -> AccessLink:
    now = now or timezone.now()
    link = AccessLink.objects.living(now).filter(token_sha256=_hash(token), purpose=purpose).first()
    if link is None:
        raise GateShut(_("This link has ended. Your contact can send a new one."))
    use_link(link, now)
    return link


def use_link(link, now=None) -> None:
    AccessLink.objects.filter(pk=link.pk).update(last_used_at=now or timezone.now())


@transaction.atomic
def revoke_link(link, *, by, now=None) -> None:
    living = AccessLink.objects.filter(pk=link.pk, revoked_at__isnull=True)
    living.update(revoked_at=now or timezone.now(), revoked_by=by)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
