"""What a value is worth, what the parts add up to, which grade that is. Knows no records.

The target is worth 100 points, the floor 60; between and beyond them the line goes straight on, from 0 to 120.
A target below its floor says that less is better.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

MOST_POINTS, TARGET_POINTS, FLOOR_POINTS = Decimal(120), Decimal(100), Decimal(60)
GRADES = (("A", Decimal(88)), ("B", Decimal(75)), ("C", Decimal(60)), ("D", Decimal(0)))
TENTH, HUNDREDTH = Decimal("0.1"), Decimal("0.01")
LARGEST_VALUE = Decimal("9999999999.99")  # what its column holds


class Case(Protocol):
    numerator: Decimal
    denominator: Decimal
    left_out: str


class Part(Protocol):
    weight: int
    points: Decimal | None


def _rounded(figure: Decimal, step: Decimal) -> Decimal:
    return figure.quantize(step, ROUND_HALF_UP)


def points(value: Decimal, target: Decimal, floor: Decimal) -> Decimal:
    along = (TARGET_POINTS - FLOOR_POINTS) * (value - floor) / (target - floor)
    return _rounded(min(MOST_POINTS, max(Decimal(0), FLOOR_POINTS + along)), TENTH)


def ratio(numerator: Decimal, denominator: Decimal, scale: int) -> Decimal | None:
    """In the unit of the indicator: 100 for per cent, 1 for stars."""
    if denominator <= 0:
        return None
    return _rounded(max(-LARGEST_VALUE, min(LARGEST_VALUE, numerator * scale / denominator)), HUNDREDTH)


def value_of(cases: Iterable[Case], scale: int) -> Decimal | None:
    """Σ numerator ÷ Σ denominator of the cases that count."""
    counted = [case for case in cases if not case.left_out]
    return ratio(
        sum((case.numerator for case in counted), Decimal(0)), sum((case.denominator for case in counted), Decimal(0)),
        scale,
    )


def points_of(value: Decimal | None, cases: int, *, target: Decimal, floor: Decimal, least_cases: int):
    """None where there is nothing to count, or too little to judge anybody by."""
    return None if value is None or cases < least_cases else points(value, target, floor)


def total(parts: Iterable[Part]) -> Decimal | None:
    """The mean of the parts that have points, by their weights."""
    counted = [(part.points, part.weight) for part in parts if part.points is not None and part.weight]
    weights = sum(weight for _points, weight in counted)
    return _rounded(sum(points * weight for points, weight in counted) / weights, TENTH) if weights else None


def grade(reached: Decimal | None) -> str:
    """Blank where too few cases leave nothing to judge."""
    return "" if reached is None else next(letter for letter, least in GRADES if reached >= least)
