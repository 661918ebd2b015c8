"""What is measured and what was decided about it: weekly targets, the rules of the month, its scores, incentives."""

from kpi.models.incentive import Evidence, Incentive
from kpi.models.month import Adjustment, Appeal, Check, MonthRun, Score, ScoreCase, ScorePart
from kpi.models.rules import Indicator, Rule, RuleSet
from kpi.models.target import Target

__all__ = [
    "Adjustment", "Appeal", "Check", "Evidence", "Incentive", "Indicator", "MonthRun", "Rule", "RuleSet", "Score",
    "ScoreCase", "ScorePart", "Target",
]
