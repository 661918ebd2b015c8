"""What people do in an order's room, and in the weekly meeting."""

from coordination.actions.meeting import (
    add_agenda_item,
    call_roll,
    cancel_meeting,
    ensure_meetings,
    make_meeting,
    move_meeting,
    name_minute_taker,
    plan_meeting,
)
from coordination.actions.meeting_actions import drop_action, finish_action
from coordination.actions.meeting_minutes import answer_minutes, close_unanswered
from coordination.actions.meeting_running import (
    close_meeting,
    go_to,
    record_outcome,
    reopen_meeting,
    start_meeting,
    strike_outcome,
)
from coordination.actions.rooms import mark_read, post, take_back

__all__ = [
    "add_agenda_item", "answer_minutes", "call_roll", "cancel_meeting", "close_meeting", "close_unanswered",
    "drop_action", "ensure_meetings", "finish_action", "go_to", "make_meeting", "mark_read", "move_meeting",
    "name_minute_taker", "plan_meeting", "post", "record_outcome", "reopen_meeting", "start_meeting",
    "strike_outcome", "take_back",
]
