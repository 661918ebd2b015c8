"""The arithmetic of scores, without a database."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kpi import scoring

pytestmark = [pytest.mark.once, pytest.mark.clause("6.1.1")]
figures = st.decimals("-1000", "1000", places=2)
shares = st.one_of(st.none(), st.decimals("0", "120", places=1))
amounts = st.decimals("0", "100000", places=2)


@dataclass
class Part:
    points: Decimal | None
    weight: int


@dataclass
class Case:
    numerator: Decimal
    denominator: Decimal
    left_out: str = ""


parts = st.lists(st.builds(Part, shares, st.integers(0, 100)), max_size=6)
cases = st.lists(st.builds(Case, amounts, amounts, st.sampled_from(["", "", "customer", "appeal"])), max_size=8)


@pytest.mark.parametrize(("value", "target", "floor", "reached"), [
    ("98", "98", "90", "100.0"), ("90", "98", "90", "60.0"), ("94", "98", "90", "80.0"), ("70", "98", "90", "0.0"),
    ("200", "98", "90", "120.0"), ("60", "60", "100", "100.0"), ("100", "60", "100", "60.0"),
    ("80", "60", "100", "80.0"), ("40", "60", "100", "120.0"), ("4.15", "4.8", "3.5", "80.0"),
    ("91.01", "98", "90", "65.1"),  # 65.05 goes up
])  # fmt: skip
def test_points_lie_on_a_line(value, target, floor, reached):
    assert scoring.points(Decimal(value), Decimal(target), Decimal(floor)) == Decimal(reached)


@given(figures, figures, figures)
def test_points_are_the_line_clipped_and_rounded(value, target, floor):
    assume(target != floor)
    exact = 60 + 40 * (Fraction(value) - Fraction(floor)) / (Fraction(target) - Fraction(floor))
    exact = min(Fraction(120), max(Fraction(0), exact))
    found = scoring.points(value, target, floor)
    assert -Fraction(1, 20) < exact - Fraction(found) < Fraction(1, 20) or Fraction(found) - exact == Fraction(1, 20)
    assert found.as_tuple().exponent == -1


@given(figures, figures, figures, figures)
def test_better_is_never_worth_less(one, other, target, floor):
    assume(target != floor)
    worse, better = sorted((one, other), reverse=target < floor)
    assert scoring.points(worse, target, floor) <= scoring.points(better, target, floor)


@given(cases, st.sampled_from([1, 100]))
def test_value_is_the_ratio_of_what_counts(rows, scale):
    counted = [case for case in rows if not case.left_out]
    below = sum(case.denominator for case in counted)
    found = scoring.value_of(rows, scale)
    if below <= 0:
        assert found is None
        return
    exact = Fraction(sum(case.numerator for case in counted)) * scale / Fraction(below)
    assert abs(Fraction(found) - min(exact, Fraction(scoring.LARGEST_VALUE))) <= Fraction(1, 200)


@given(parts)
def test_total_is_the_mean_of_what_has_points(rows):
    counted = [part for part in rows if part.points is not None and part.weight]
    found = scoring.total(rows)
    if not counted:
        assert found is None and scoring.grade(found) == ""
        return
    assert min(part.points for part in counted) <= found <= max(part.points for part in counted)
    weights = sum(part.weight for part in counted)
    exact = sum(Fraction(part.points) * part.weight for part in counted) / weights
    assert abs(Fraction(found) - exact) <= Fraction(1, 20)
    assert scoring.grade(found) in "ABCD"


def test_few_cases_have_no_points_and_so_no_grade():
    rule = {"target": Decimal(98), "floor": Decimal(90), "least_cases": 3}
    assert scoring.points_of(Decimal(98), 3, **rule) == 100
    assert scoring.points_of(Decimal(98), 2, **rule) is None
    assert scoring.points_of(None, 9, **rule) is None
    assert scoring.total([Part(None, 60), Part(None, 40)]) is None
    assert scoring.total([Part(Decimal(80), 60), Part(None, 40)]) == 80, "the rest carries the whole weight"
    assert scoring.total([Part(Decimal(80), 0)]) is None


@pytest.mark.parametrize(("reached", "letter"), [
    ("93.6", "A"), ("89.4", "A"), ("88.0", "A"), ("87.9", "B"), ("86.8", "B"), ("75.0", "B"), ("74.9", "C"),
    ("70.7", "C"), ("60.0", "C"), ("59.9", "D"), ("0", "D"), (None, ""),
])  # fmt: skip
def test_grades(reached, letter):
    assert scoring.grade(reached and Decimal(reached)) == letter
