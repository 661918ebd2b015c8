"""The options of a negotiation in a customer's words: when, how many, in which parts, for how much on top."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from orders.actions.sheet import agreed_parts
from orders.models import OptionPart


@dataclass(frozen=True)
class OptionFace:
    pk: int
    arrives_at: datetime
    is_as_asked: bool
    parts: list  # of OptionPart; none = everything at once
    quantity: int | None  # where another number of pieces is offered
    substitute: object  # where another material is offered
    charge: Decimal | None
    valid_until: datetime


def option_faces(order, options) -> list[OptionFace]:
    """Nothing of how we would do it, nor of what it costs us."""
    return [_face(order, option) for option in options]


def _face(order, option) -> OptionFace:
    arrives_at = option.required_at or order.required_at
    return OptionFace(
        pk=option.pk, arrives_at=arrives_at, is_as_asked=arrives_at == order.required_at,
        parts=list(option.parts.all()), quantity=option.agreed_quantity, substitute=option.substitute,
        charge=option.surcharge_amount or None, valid_until=option.valid_until,
    )


@dataclass(frozen=True)
class PartFace:
    """An agreed part, and how much of it has left: what is shipped goes to the earliest part first."""

    part: OptionPart
    shipped: int
    state: str  # done | late | todo


def part_faces(order, now=None) -> list[PartFace]:
    now = now or timezone.now()
    shipped, faces = {}, []
    for part in agreed_parts(order):
        left = shipped.setdefault(part.line_id, part.line.shipped)
        of_it = min(part.quantity, left)
        shipped[part.line_id] = left - of_it
        state = "done" if of_it == part.quantity else "late" if part.promised_at < now else "todo"
        faces.append(PartFace(part, of_it, state))
    return faces
