"""How many pieces of a lot are looked at, and what their number says about the rest. Plain arithmetic."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    size: int
    accepts: int = 0  # bad pieces in the sample with which the rest of the lot still passes


@dataclass(frozen=True)
class Verdict:
    passed: int
    failed: int
    left: int  # nobody looked at them and the sample does not speak for them

    @property
    def is_lot_refused(self) -> bool:
        return self.left > 0


def full(lot: int) -> Sample:
    return Sample(lot)


def sample_of(lot: int, rows) -> Sample:
    """By the first row whose lots are at least as large; beyond the table every piece is looked at."""
    for up_to, size, accepts in sorted(rows):
        if lot <= up_to:
            return Sample(min(size, lot), accepts)
    return full(lot)


def judge(*, lot: int, checked: int, defective: int, accepts: int) -> Verdict:
    """Bad pieces never pass. Pieces nobody looked at pass only with a sample that is good enough."""
    if defective <= accepts:
        return Verdict(lot - defective, defective, 0)
    return Verdict(checked - defective, defective, lot - checked)
