"""Suppliers in the order in which they are asked first: by record. No database here."""

from dataclasses import dataclass
from decimal import Decimal

ON_TIME, ACCEPTED, LEAD_TIME, PRICE = 40, 30, 20, 10
LEAST_CASES = 3


@dataclass(frozen=True)
class Record:
    """What a supplier has shown so far, and what it offers for one material."""

    supplier_id: int
    cases: int = 0
    on_time: int = 0
    received_quantity: Decimal = Decimal(0)
    rejected_quantity: Decimal = Decimal(0)
    lead_time_hours: int | None = None
    price_amount: Decimal | None = None

    @property
    def is_new(self) -> bool:
        return self.cases < LEAST_CASES

    @property
    def on_time_share(self) -> float:
        return self.on_time / self.cases if self.cases else 0.0

    @property
    def accepted_share(self) -> float:
        if not self.received_quantity:
            return 0.0
        return float((self.received_quantity - self.rejected_quantity) / self.received_quantity)


@dataclass(frozen=True)
class Ranked:
    record: Record
    score: int | None  # None while new


def rank(records: list[Record]) -> list[Ranked]:
    """Best score first; new ones after them, the quicker and cheaper first."""
    best_lead = min((record.lead_time_hours for record in records if record.lead_time_hours), default=None)
    best_price = min((record.price_amount for record in records if record.price_amount), default=None)
    ranked = [Ranked(record, None if record.is_new else _score(record, best_lead, best_price)) for record in records]
    return sorted(ranked, key=_place)


def _score(record, best_lead, best_price) -> int:
    points = ON_TIME * record.on_time_share + ACCEPTED * record.accepted_share
    if record.lead_time_hours:
        points += LEAD_TIME * best_lead / record.lead_time_hours
    if record.price_amount is not None:
        points += PRICE * float(best_price / record.price_amount) if record.price_amount else PRICE
    return round(points)


def _place(ranked):
    record = ranked.record
    return (
        ranked.score is None, -(ranked.score or 0), record.lead_time_hours or 10**6,
        record.price_amount if record.price_amount is not None else Decimal(10**9), record.supplier_id,
    )
