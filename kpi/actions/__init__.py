from kpi.actions.computing import compute, effect, rescore
from kpi.actions.rules import change_rules, first_month_open, may_change_rules

__all__ = ["change_rules", "compute", "effect", "first_month_open", "may_change_rules", "rescore"]
