"""An order in a customer's words: when it arrives, how far it is, and nothing else."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from orders.machine import PATH, Box, Stage
from orders.models import CustomerLink, LedgerEntry
from orders.offers import part_faces

AFTER_DELIVERY = (Stage.SETTLEMENT, Stage.CLOSED)


@dataclass(frozen=True)
class Milestone:
    code: str
    label: str
    icon: str
    state: str = "todo"  # done | now | todo
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class Face:
    """What the page says of the order."""

    heading: str
    arrives_at: datetime | None
    word: str
    tone: str
    icon: str
    sentence: str
    lines: list
    place: str
    parts: list
    milestones: list
    updated_at: datetime


def face_of(link: CustomerLink, now=None) -> Face:
    now = now or timezone.now()
    order = link.order
    lines = list(order.lines.select_related("product"))
    promises = list(order.promises.all())
    delivered_at = _delivered_at(order)
    heading, arrives_at = _arrival(order, promises, delivered_at)
    is_late, (word, tone, icon) = _state(order, promises, delivered_at, now)
    return Face(
        heading=heading, arrives_at=arrives_at, word=word, tone=tone, icon=icon,
        sentence=link.late_text if is_late else "", lines=lines, place=order.place,
        parts=[] if delivered_at else part_faces(order, now),
        milestones=_milestones(order, lines, promises, delivered_at, link.shows_pieces, now), updated_at=now,
    )


def _delivered_at(order) -> datetime | None:
    if order.stage not in AFTER_DELIVERY or order.is_cancelled:
        return None
    signed = order.sign_offs.living().filter(box=Box.DELIVERED).first()
    return signed.signed_at if signed else None


def _arrival(order, promises, delivered_at):
    """The promise in force; before there is one, what the customer asked for."""
    if delivered_at:
        return _("Delivered"), delivered_at
    if promises:
        return _("Arrives"), promises[-1].promised_at
    return _("You asked for"), order.required_at


def _state(order, promises, delivered_at, now):
    if order.is_cancelled or order.stage in (Stage.CANCELLED, Stage.DECLINED):
        return False, (_("Cancelled"), "", "stop")
    if delivered_at:
        return False, (_("Delivered"), "ok", "check")
    if not promises:
        return False, (_("We are checking the time"), "info", "clock")
    if promises[-1].promised_at < now:
        return True, (_("Late"), "over", "octagon")
    if promises[-1].promised_at > promises[0].promised_at:
        return True, (_("Later than first promised"), "warn", "clock")
    return False, (_("On time"), "ok", "check")


def _milestones(order, lines, promises, delivered_at, shows_pieces, now) -> list[Milestone]:
    reached = _reached(order)
    here = _here(order, delivered_at)
    promised_at = promises[-1].promised_at if promises else None
    planned = order.steps.living().aggregate(end=Max("planned_end_at"))["end"]
    expected = planned if promised_at and planned and now < planned <= promised_at else None
    finished = sum(min(line.passed, line.agreed_quantity) for line in lines)
    asked = sum(line.agreed_quantity for line in lines)
    pieces = _("%(finished)d of %(asked)d finished") % {"finished": finished, "asked": asked} if shows_pieces else ""
    shipped_at = order.ledger.filter(kind=LedgerEntry.Kind.SHIP).order_by("pk").values_list("posted_at", flat=True)
    rows = [
        ("confirmed", _("Order confirmed"), "check", reached.get("confirm"), _("Specification, quantity, time, place")),
        ("planned", _("Plan agreed"), "calendar", reached.get("approve"), ""),
        ("production", _("In production"), "play", None, pieces),
        ("quality", pgettext("milestone", "Quality check"), "shield", None if here > 3 else expected, ""),
        ("way", _("On the way"), "truck", shipped_at.first(), ""),
        ("delivered", _("Delivered"), "check", delivered_at or (promised_at if here < 5 else None), ""),
    ]
    return [
        Milestone(code, label, icon, _place(number, here), at, note if number <= here else "")
        for number, (code, label, icon, at, note) in enumerate(rows)
    ]


def _reached(order) -> dict:
    """When each step was first taken; a later return is our own affair."""
    found = {}
    for run in order.runs.all():
        found.setdefault(run.entered_step, run.entered_at)
    return found


def _here(order, delivered_at) -> int:
    """The milestone the order is at; a return to an earlier stage does not take back what was told."""
    if delivered_at:
        return 6
    if order.stage not in PATH or order.is_cancelled:
        return -1
    if any(line.shipped for line in order.lines.all()):
        return 4
    return {
        Stage.REVIEW: 1, Stage.PROCUREMENT: 2, Stage.PRODUCTION: 2, Stage.QC: 3, Stage.DELIVERY: 4,
    }.get(order.stage, 0)


def _place(number, here) -> str:
    if number < here:
        return "done"
    return "now" if number == here else "todo"
