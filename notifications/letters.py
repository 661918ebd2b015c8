"""The letters in var/mail, where no mail server is named: readable as a page."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings

FILE_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
END_OF_LETTER = b"\n" + b"-" * 79 + b"\n"
FILE_NAME = re.compile(r"[\w-]+\.log")


@dataclass(frozen=True)
class Letter:
    file: str
    number: int
    to: str
    sender: str
    subject: str
    sent_at: datetime | None
    message_id: str
    body: str


def is_in_use() -> bool:
    return settings.EMAIL_BACKEND == FILE_BACKEND


def files(before="", limit=50) -> list[str]:
    """Newest first; their names begin with the time."""
    folder = Path(settings.EMAIL_FILE_PATH)
    names = sorted((path.name for path in folder.glob("*.log")), reverse=True) if folder.is_dir() else []
    return [name for name in names if not before or name < before][:limit]


def read(name: str) -> list[Letter]:
    """The letters of one file; none when there is no such file."""
    path = Path(settings.EMAIL_FILE_PATH) / name
    if not FILE_NAME.fullmatch(name) or not path.is_file():
        return []
    parts = [part for part in path.read_bytes().split(END_OF_LETTER) if part.strip()]
    return [_letter(name, number, part) for number, part in enumerate(parts)]


def _letter(name: str, number: int, source: bytes) -> Letter:
    message = message_from_bytes(source, policy=policy.default)
    body = message.get_body(("plain", "html"))
    to, sender, subject, message_id = (
        str(message[header] or "").strip() for header in ("To", "From", "Subject", "Message-ID")
    )
    return Letter(
        file=name, number=number, to=to, sender=sender, subject=subject, sent_at=_sent_at(message),
        message_id=message_id, body=body.get_content() if body else "",
    )


def _sent_at(message) -> datetime | None:
    """A date written as -0000 comes without a zone and is UTC."""
    try:
        moment = parsedate_to_datetime(str(message["Date"]))
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
