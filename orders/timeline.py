"""An order's events as people read them: what follows from an act stays quiet beside it."""

from django.db.models import Q
from django.utils import timezone

from orders.money import visible_params
from records.models import Event

# Lines that follow from somebody's act; they stay quiet beside it.
QUIET = {"order.signed", "order.revoked", "order.submitted", "order.handed_over", "order.sheet_received",
         "pause", "resume", "acknowledge"}
# What each single clock did under a hold or a silence stands in the log; the timeline has the one line that says why.
SINGLE_CLOCKS = Q(verb="pause", params__reason__msg="The order is on hold") | Q(verb__in=["resume", "acknowledge"])
TONE = {"order.issue_raised": "problem", "order.issue_solved": "solution"}


def events_of(order):
    return Event.objects.filter(stream_id=order.stream).select_related("actor__department")


def told(order):
    """Without what each single clock did."""
    return events_of(order).exclude(SINGLE_CLOCKS)


def entry(event, user, open_issues) -> dict:
    issue = event.params.get("issue")
    return {
        "day": timezone.localdate(event.at),
        "event": event,
        "params": visible_params(event, user),
        "department": event.actor.department_code if event.actor else "",
        "tone": TONE.get(event.verb, ""),
        "is_quiet": event.actor_id is None or event.verb in QUIET,
        "issue": issue,
        "is_open": issue in open_issues,
    }
