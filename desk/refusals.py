"""A refusal: nothing was changed, and the person is told what is missing and who can help.

[what cannot happen] + [because, with numbers] + [what is missing, as a checklist]
+ [the one button that helps] + [who else can]. Texts are lazy translations.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Condition:
    text: object
    is_met: bool = False


@dataclass(frozen=True)
class Remedy:
    label: object
    url: str


class Refusal(Exception):
    """Raised by an action before it changes anything, or rolled back with it.

    `who`: people or names that can do it instead. `field`: the form field at fault.
    """

    status = 409
    typed = ()  # label and words of a form that cannot be shown any more

    def __init__(self, what, *, because="", missing=(), who=(), remedy=None, field=None):
        super().__init__(str(what))
        self.what = what
        self.because = because
        self.missing = tuple(c if isinstance(c, Condition) else Condition(c) for c in missing)
        self.who = tuple(who)
        self.remedy = remedy
        self.field = field


class BadInput(Refusal):
    """What was typed cannot be taken."""

    status = 422


class NotYours(Refusal):
    """Somebody else's department, rank or order."""

    status = 403


class OwnRequest(NotYours):
    """Two people are needed, and this person was the first one."""


class GateShut(Refusal):
    """A box is not signed, or a balance does not allow it."""


class Changed(Refusal):
    """Somebody was faster; what was typed is kept."""


class TooMany(Refusal):
    """Tried more often than a person would."""

    status = 429
