"""The e-mail channel."""

import smtplib
from contextlib import suppress
from functools import cached_property
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from desk.text import when


class Postman:
    """The way to the mail server: found with the first letter, open to the last."""

    @cached_property
    def connection(self):
        return get_connection()

    def carry(self, message) -> None:
        """The way is opened anew where the server, or the letter before, has ended it."""
        server = getattr(self.connection, "connection", None)  # other ways than SMTP have none
        if server is not None and not _answers(server):
            self.connection.close()
        self.connection.open()
        self.connection.send_messages([message])

    def close(self) -> None:
        if "connection" in vars(self):
            with suppress(smtplib.SMTPException, OSError):
                self.connection.close()


def _answers(server) -> bool:
    try:
        return server.noop()[0] == 250
    except (smtplib.SMTPException, OSError):
        return False


def send(letter, postman) -> None:
    """One letter in its reader's language; the same letter always carries the same Message-ID."""
    with translation.override(letter.recipient.language or settings.LANGUAGE_CODE):
        subject, body = compose(letter)
    _send(letter.recipient, subject, body, letter.message_id, postman, letter.calendar)


def send_digest(letters, postman) -> None:
    """A person's day in one letter."""
    reader, number = letters[0].recipient, len(letters)
    with translation.override(reader.language or settings.LANGUAGE_CODE):
        subject = ngettext("Your day: %(count)d message", "Your day: %(count)d messages", number) % {"count": number}
        body = _body(reader, "\n\n".join(_entry(letter) for letter in letters))
    _send(reader, subject, body, letters[0].bundle, postman)


def _send(reader, subject, body, identity, postman, calendar="") -> None:
    message = EmailMessage(
        subject=subject, body=body, to=[reader.email],
        headers={"Message-ID": message_id(identity), "Auto-Submitted": "auto-generated"},
    )
    if calendar:
        message.attach("meeting.ics", calendar, "text/calendar")
    postman.carry(message)


def compose(letter) -> tuple[str, str]:
    text = letter.text_shown
    return " ".join(text.split()), _body(letter.recipient, f"{text}\n\n{absolute(letter.url)}")


def _entry(letter) -> str:
    return f"{when(letter.created_at)}  {letter.text_shown}\n{absolute(letter.url)}"


def _body(reader, content: str) -> str:
    greeting = _("Hello %(name)s,") % {"name": reader}
    closing = _("This message was sent by the Urgent Order Desk. Open the link to act; do not answer this mail.")
    return f"{greeting}\n\n{content}\n\n-- \n{closing}\n"


def absolute(url: str) -> str:
    return url if "://" in url else settings.BASE_URL.rstrip("/") + url


def message_id(identity) -> str:
    return f"<{identity}@{urlsplit(settings.BASE_URL).hostname or 'localhost'}>"


def is_final(problem: Exception) -> bool:
    """Whether the server refused this very recipient for good: no other try would help."""
    if not isinstance(problem, smtplib.SMTPRecipientsRefused):
        return False
    return all(code >= 500 for code, _text in problem.recipients.values())
