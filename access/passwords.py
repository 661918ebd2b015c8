"""What a password may be, beside Django's own rules: long rather than odd, and not the desk's name."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from records.models import CompanySettings

LONGEST = 128
DESK_WORDS = ("urgentorderdesk", "urgentorder", "orderdesk", "jiadan", "jidan")


class MaximumLengthValidator:
    """So long that no phrase is too long, and hashing it costs nobody anything."""

    def validate(self, password, user=None):
        if len(password) > LONGEST:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self):
        return _("A password has at most %(length)s characters.") % {"length": LONGEST}


class DeskWordsValidator:
    """The desk's and the company's names are the first that somebody tries: what remains must be long by itself."""

    def validate(self, password, user=None):
        rest = password.lower()
        for word in (*DESK_WORDS, CompanySettings.current().company_name.lower()):
            rest = re.sub(r"\W*".join(map(re.escape, word)), "", rest) if word else rest
        if rest != password.lower() and len(rest) < 8:
            raise ValidationError(self.get_help_text(), code="password_of_desk_words")

    def get_help_text(self):
        return _("A password is not made of the name of the desk or of the company.")
