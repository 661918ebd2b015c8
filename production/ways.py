"""The ways out as a person reads them: names, costs, what follows; and the one chosen, carried from page to page."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from django.core import signing
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from desk.refusals import Changed, GateShut
from desk.text import duration, when
from orders.models import MaterialLine
from people.models import Certificate
from production.capacity import Means
from production.models import Downtime, Plan

FRESH = timedelta(minutes=15)  # older figures are not decided on
SALT = "production.way"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TITLES = {
    "date": gettext_lazy("Change delivery time"), "gives_way": gettext_lazy("Others give way, inside their dates"),
    "overtime": gettext_lazy("Work overtime"), "shift": gettext_lazy("Extra shift: %(detail)s"),
    "extra_slot": gettext_lazy("One more slot at %(detail)s"),
    "candidates": gettext_lazy("Use other work centres as well"),
    "outside": gettext_lazy("Have %(detail)s done outside"), "variant": gettext_lazy("Other routing: %(detail)s"),
    "split": gettext_lazy("Split the lot over two machines: %(detail)s"),
    "overlap": gettext_lazy("Overlap the operations"), "substitutes": gettext_lazy("Substitute material"),
    "parts": gettext_lazy("Deliver in parts: %(detail)s pieces first"),
    "own": gettext_lazy("Your own combination"),
}


@dataclass(frozen=True)
class Choice:
    """The means somebody looked at, when they were computed, and a word for what was seen."""

    means: Means
    at: datetime
    seen: str

    def sign(self, order) -> str:
        return signing.dumps([order.pk, self.means.stored(), int(self.at.timestamp()), self.seen], salt=SALT)

    @classmethod
    def read(cls, token, order) -> "Choice | None":
        """None where the token is not one of this order."""
        try:
            order_id, means, at, seen = signing.loads(token, salt=SALT)
        except signing.BadSignature:
            return None
        if order_id != order.pk:
            return None
        return cls(Means.read(means), datetime.fromtimestamp(at, UTC), seen)

    def is_fresh(self, now) -> bool:
        return now - self.at <= FRESH


def choice_of(proposal) -> Choice:
    return Choice(proposal.means, proposal.shop.read_at, seen_in(proposal))


def seen_in(proposal) -> str:
    """Of all places, the order's own and those of who gives way: the same plan has the same word."""
    own = [(row.key, row.start, row.end, row.slots) for row in proposal.rows]
    moved = sorted((order, row.key, row.start, row.slots) for order, rows in proposal.moved.items()
                   for row in rows.values())
    return sha256(repr((own, moved)).encode()).hexdigest()[:24]


def check_choice(choice, order, proposal, now) -> None:
    """Raises GateShut for figures older than a quarter of an hour, Changed where the plan is another one now."""
    if not choice.is_fresh(now):
        raise GateShut(
            _("These figures are from %(at)s: recalculate first.") % {"at": when(choice.at)},
            because=_("Figures older than %(minutes)s minutes are not decided on.")
            % {"minutes": FRESH.seconds // 60},
        )
    if seen_in(proposal) != choice.seen:
        raise Changed(
            _("The plan has changed since this was computed. Nothing was decided."),
            because="; ".join(changes_since(choice.at, order)) or _("Compare the ways again."),
        )


def changes_since(at, order) -> list[str]:
    """What was planned, broken or promised since then, in words."""
    plans = Plan.objects.filter(released_at__gt=at).exclude(state=Plan.State.DRAFT).select_related(
        "order", "released_by")
    downtimes = Downtime.objects.filter(recorded_at__gt=at).select_related("work_centre")
    lines = MaterialLine.objects.filter(order=order, decided_at__gt=at).select_related("material")
    return [
        *(_("%(who)s released plan version %(version)s of %(order)s")
          % {"who": plan.released_by, "version": plan.version, "order": plan.order} for plan in plans[:5]),
        *(_("%(downtime)s until %(end)s") % {"downtime": row, "end": when(row.ends_at)} for row in downtimes[:5]),
        *(_("%(material)s was decided on") % {"material": line.material} for line in lines[:5]),
    ]


def title_of(remedy) -> str:
    return str(TITLES[remedy.code]) % {"detail": remedy.detail}


@dataclass(frozen=True)
class Card:
    """One way out on the page."""

    remedy: object
    letter: str
    title: str
    tone: str
    spare: str
    others: str
    note: str
    amount: object = None

    @property
    def value(self) -> str:
        return self.remedy.code + (f":{self.remedy.detail}" if self.remedy.detail else "")


def cards_of(remedies, *, shows_money) -> list[Card]:
    return [
        Card(remedy, letter, title_of(remedy), tone_of(remedy), spare_text(remedy), pushed_text(remedy),
             note_of(remedy), remedy.extra_amount if shows_money else None)
        for letter, remedy in zip(LETTERS, remedies, strict=False)
    ]


def tone_of(remedy) -> str:
    if not remedy.finish or remedy.spare_seconds < 0:
        return "t-over"
    return "t-warn" if remedy.spare_seconds < 3600 else "t-ok"


def spare_text(remedy) -> str:
    if not remedy.finish:
        return _("cannot be computed")
    if remedy.first_lot:
        pieces, at = remedy.first_lot
        return _("first %(pieces)s pieces %(at)s") % {"pieces": pieces, "at": when(at)}
    text = _("%(time)s to spare") if remedy.spare_seconds >= 0 else _("%(time)s late")
    return text % {"time": duration(remedy.spare_seconds)}


def pushed_text(remedy) -> str:
    if not remedy.pushed:
        return _("none moved")
    moved = ngettext("%(count)s moved", "%(count)s moved", len(remedy.pushed)) % {"count": len(remedy.pushed)}
    late = len(remedy.newly_late)
    return _("%(moved)s, %(late)s newly late") % {"moved": moved, "late": late} if late else _(
        "%(moved)s, all in time") % {"moved": moved}


NOTES = {
    "date": gettext_lazy("The customer decides; nothing else changes."),
    "gives_way": gettext_lazy("The other orders move inside the dates promised."),
    "overtime": gettext_lazy("The pay is asked for as an expense."),
    "shift": gettext_lazy("The pay is asked for as an expense."),
    "extra_slot": gettext_lazy("Needs another machine or place of that kind."),
    "candidates": gettext_lazy("First pieces there may need inspection."),
    "outside": gettext_lazy("Procurement buys the work; transport is not counted."),
    "variant": gettext_lazy("Another process: it is assessed again."),
    "split": gettext_lazy("Set up twice; needs a second fixture."),
    "overlap": gettext_lazy("Pieces go on in small lots."),
    "substitutes": gettext_lazy("The specification must allow it."),
    "parts": gettext_lazy("The freight of the second delivery is not counted."),
}


def note_of(remedy) -> str:
    if remedy.code not in ("date", "parts") and not remedy.gains:
        return _("Gains nothing here.")
    return str(NOTES.get(remedy.code, ""))


def proof_of(proposal) -> str:
    """How sure it is that no plan finishes earlier."""
    if proposal.finish is None:
        return ""
    if proposal.is_proved:
        return _("Proved: no plan with these means finishes earlier.")
    gap = (proposal.finish - proposal.bound).total_seconds()
    return _("No plan with these means finishes before %(bound)s: at most %(gap)s could be gained.") % {
        "bound": when(proposal.bound), "gap": duration(gap)}


def consequences_of(remedy) -> list[str]:
    """What approving does, named before the click."""
    centres = sorted({centre for row in remedy.proposal.rows for centre, slot in row.slots if slot})
    lines = [
        _("Reserves %(centres)s.") % {"centres": ", ".join(centres)},
        _("Releases the production plan and the material list to Procurement."),
        _("Records the promise and issues the processing sheet again."),
    ]
    lines += [_("Moves %(order)s: finish %(after)s instead of %(before)s, promised %(due)s.") % {
        "order": push.order, "after": when(push.after), "before": when(push.before), "due": when(push.due),
    } for push in remedy.pushed]
    if remedy.means.has_overtime or remedy.means.shifts:
        lines.append(_("Asks for the extra pay as an expense."))
    return lines


def find(remedies, value: str):
    """The remedy of that name on the page; None where there is none any more."""
    named = {card.value: card.remedy for card in cards_of(remedies, shows_money=False)}
    return named.get(value)


def names_of(means: Means) -> list[str]:
    """What a plan uses beyond the normal way, one short name each."""
    named = {
        "has_overtime": _("Overtime"), "has_overlap": _("Overlapping"), "shifts": _("Extra shift"),
        "extra_slot_at": means.extra_slot_at, "has_candidates": _("Other work centres"), "variant": means.variant,
        "split_at": _("Split lot"), "outside_at": _("Outside work"), "has_substitutes": _("Substitute material"),
        "first_lot": _("In parts"), "gives_way": _("Others give way"),
    }
    return [str(named[name]) for name in means.stored()]


def is_late(order, proposal) -> bool:
    return bool(proposal.finish and proposal.finish > order.required_at)


def missing_of(proposal) -> list[str]:
    """Data without which a promise would be a guess."""
    lines = [_("%(product)s has no routing.") % {"product": product} for product in proposal.without_routing]
    waiting = [demand for demand in proposal.demands.values() if not demand.is_done]
    if proposal.has_no_hours:
        codes = sorted({demand.routing.work_centre.code for demand in waiting})
        lines.append(_("One of these work centres has no working hours left: %(centres)s.")
                     % {"centres": ", ".join(codes)})
    closed = sorted({demand.routing.work_centre.code for demand in waiting if not demand.routing.work_centre.is_active})
    lines += [_("%(centre)s is out of use.") % {"centre": code} for code in closed]
    needed = {demand.routing.qualification for demand in waiting if demand.routing.qualification_id}
    held = set(Certificate.objects.valid().filter(qualification__in=needed, person__is_active=True)
               .values_list("qualification", flat=True)) if needed else set()
    return lines + [_("Nobody has the qualification “%(name)s”.") % {"name": one}
                    for one in sorted(needed, key=str) if one.pk not in held]
