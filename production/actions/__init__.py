"""The deeds of production: review, plan, shop floor."""

from production.actions.downtime import cancel_downtime, end_downtime, record_downtime
from production.actions.drafting import change_operation
from production.actions.floor import (
    awaited,
    finish_step,
    hand_over_made,
    pause_step,
    reassign_step,
    remind,
    report_pieces,
    report_problem,
    resume_step,
    sign_made,
    start_step,
)
from production.actions.master import remove, remove_operation, save, save_operation
from production.actions.moving import drop_draft, go_back, look_at_move, look_back, move_operation
from production.actions.planning import make_plan
from production.actions.precedence import check_precedence, go_first
from production.actions.release import release_plan
from production.actions.review import approve, approve_way, assess, negotiate
from production.actions.supply import waive_line

__all__ = [
    "approve",
    "approve_way",
    "assess",
    "awaited",
    "cancel_downtime",
    "change_operation",
    "check_precedence",
    "drop_draft",
    "end_downtime",
    "finish_step",
    "go_back",
    "go_first",
    "hand_over_made",
    "look_at_move",
    "look_back",
    "make_plan",
    "move_operation",
    "negotiate",
    "pause_step",
    "reassign_step",
    "record_downtime",
    "release_plan",
    "remind",
    "remove",
    "remove_operation",
    "report_pieces",
    "report_problem",
    "resume_step",
    "save",
    "save_operation",
    "sign_made",
    "start_step",
    "waive_line",
]
