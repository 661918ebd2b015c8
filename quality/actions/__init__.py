"""The deeds of quality: inspect, hold, decide."""

from quality.actions.deciding import (
    confirm_concession,
    decide_nonconformance,
    propose_concession,
    refuse_concession,
    rework,
    scrap,
)
from quality.actions.inspecting import first_article, inspect_final, inspect_receipt, inspect_step

__all__ = [
    "confirm_concession",
    "decide_nonconformance",
    "first_article",
    "inspect_final",
    "inspect_receipt",
    "inspect_step",
    "propose_concession",
    "refuse_concession",
    "rework",
    "scrap",
]
