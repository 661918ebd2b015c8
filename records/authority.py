"""Two people where two are needed; where nobody is left the next rank; at the very top, if allowed, one alone."""

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, OwnRequest
from desk.text import sentence
from people.duty import next_rank_for, top_of, who_may
from records.actions import record
from records.models import CompanySettings, SoleDecision


def require_second(*, by, right, first: set[int], refusal, subject, act, text, params, url, reason="") -> None:
    """Pass who is none of the first; else refuse, naming who can, or keep the decision of one person on record.

    `first`: the human beings behind what is decided now (people.duty.hands_of).
    """
    if not by.hands & first:
        return
    others = [person for person in who_may(right, limit=None) if person.natural_id not in first]
    others = others or next_rank_for(right, first)
    if others:
        raise OwnRequest(refusal, who=others[:4])
    _check_alone(by, right, refusal, reason)
    SoleDecision.objects.create(
        subject=subject, act=act, text=str(text), params=params, url=url, reason=reason.strip()[:500],
        decided_at=timezone.now(), decided_by=by,
    )
    record(
        "sole_decision", gettext_noop("Decided alone, because nobody else is left: {what}. Reason: {reason}"), by=by,
        stream=subject, params={"what": sentence(text, params), "reason": reason.strip()},
    )


def _check_alone(by, right, refusal, reason):
    top = top_of(right)
    if by.natural_id not in {person.natural_id for person in top}:
        raise OwnRequest(refusal, who=top[:4])
    if not CompanySettings.current().has_sole_authority:
        raise OwnRequest(
            refusal, because=_("Nobody else may decide it, and the company allows nobody to decide alone."),
            remedy=_("An administrator can allow it in the company rules."),
        )
    if not reason.strip():
        raise BadInput(
            _("Nobody else is left: say why you decide this alone."), field="reason",
            because=_("It stands on the paper and in the report of the month."),
        )
