import pytest
from hypothesis import given
from hypothesis import strategies as some

from quality import sampling
from quality.defaults import ROWS


@some.composite
def results(draw):
    lot = draw(some.integers(1, 3000))
    sample = sampling.sample_of(lot, ROWS)
    checked = draw(some.integers(sample.size, lot))
    return sample, {"lot": lot, "checked": checked, "defective": draw(some.integers(0, checked))}


@pytest.mark.clause("4.5.1")
@given(results())
def test_every_piece_is_somewhere_and_no_bad_one_passes(result):
    sample, found = result
    verdict = sampling.judge(accepts=sample.accepts, **found)
    assert verdict.passed + verdict.failed + verdict.left == found["lot"]
    assert min(verdict.passed, verdict.failed, verdict.left) >= 0
    assert verdict.failed == found["defective"]


@pytest.mark.clause("4.5.1", "3.4.3")
@given(results())
def test_refused_sample_speaks_for_no_uninspected_piece(result):
    sample, found = result
    verdict = sampling.judge(accepts=sample.accepts, **found)
    if found["defective"] > sample.accepts:
        assert verdict.passed == found["checked"] - found["defective"]
    else:
        assert verdict.left == 0


@given(some.integers(1, 5000))
def test_sample_is_part_of_its_lot(lot):
    sample = sampling.sample_of(lot, ROWS)
    assert 1 <= sample.size <= lot
    assert sample.accepts < sample.size


@given(some.integers(1201, 100000))
def test_beyond_the_table_every_piece_is_inspected(lot):
    assert sampling.sample_of(lot, ROWS) == sampling.full(lot)


def test_full_inspection_holds_just_the_bad_ones():
    assert sampling.judge(lot=10, checked=10, defective=3, accepts=0) == sampling.Verdict(7, 3, 0)
