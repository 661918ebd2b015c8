"""What happened to an order: the timeline for people, the log for auditors."""

from itertools import groupby

from django.db.models import Q
from django.shortcuts import render
from django.utils import timezone

from desk.keyset import paginate
from orders.money import visible_params
from orders.pages import shell, visible_order
from records.models import Event

# Lines that follow from somebody's act; they stay quiet beside it.
QUIET = {"order.signed", "order.revoked", "order.submitted", "order.handed_over", "order.sheet_received",
         "pause", "resume", "acknowledge"}
# What each single clock did under a hold or a silence stands in the log; the timeline has the one line that says why.
SINGLE_CLOCKS = Q(verb="pause", params__reason__msg="The order is on hold") | Q(verb__in=["resume", "acknowledge"])
TONE = {"order.issue_raised": "problem", "order.issue_solved": "solution"}


def detail(request, pk):
    order = visible_order(request, pk)
    page = _page(request, _events(order).exclude(SINGLE_CLOCKS))
    open_issues = set(order.issues.filter(solved_at__isnull=True).values_list("pk", flat=True))
    entries = [_entry(event, request.user, open_issues) for event in page]
    days = [(day, list(rows)) for day, rows in groupby(entries, key=lambda entry: entry["day"])]
    context = {"days": days, "page": page, "today": timezone.localdate()}
    return render(request, "orders/order_detail.html", shell(request, order) | context)


def log(request, pk):
    order = visible_order(request, pk)
    page = _page(request, _events(order))
    for event in page:
        event.shown_params = visible_params(event, request.user)
    return render(request, "orders/order_log.html", shell(request, order) | {"page": page})


def _events(order):
    return Event.objects.filter(stream_id=order.stream).select_related("actor__department")


def _page(request, events):
    return paginate(events, ("-number",), request.GET.get("after"), size=30)


def _entry(event, user, open_issues) -> dict:
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
