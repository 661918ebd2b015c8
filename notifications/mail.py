"""The e-mail channel."""

import smtplib
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _


def send(letter) -> None:
    """One letter in its reader's language; the same letter always carries the same Message-ID."""
    with translation.override(letter.recipient.language or settings.LANGUAGE_CODE):
        subject, body = compose(letter)
    EmailMessage(
        subject=subject, body=body, to=[letter.recipient.email],
        headers={"Message-ID": message_id(letter), "Auto-Submitted": "auto-generated"},
    ).send(fail_silently=False)


def compose(letter) -> tuple[str, str]:
    text = letter.text_shown
    greeting = _("Hello %(name)s,") % {"name": letter.recipient}
    link = absolute(letter.url)
    closing = _("This message was sent by the Urgent Order Desk. Open the link to act; do not answer this mail.")
    return " ".join(text.split()), f"{greeting}\n\n{text}\n\n{link}\n\n-- \n{closing}\n"


def absolute(url: str) -> str:
    return url if "://" in url else settings.BASE_URL.rstrip("/") + url


def message_id(letter) -> str:
    return f"<{letter.message_id}@{urlsplit(settings.BASE_URL).hostname or 'localhost'}>"


def is_final(problem: Exception) -> bool:
    """Whether the server refused this very recipient for good: no other try would help."""
    if not isinstance(problem, smtplib.SMTPRecipientsRefused):
        return False
    return all(code >= 500 for code, _text in problem.recipients.values())
