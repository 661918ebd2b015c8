"""Telling people and groups: written with the deed in one transaction, sent afterwards."""

from notifications.actions.dispatching import LEASE, RETRY_MINUTES, DispatchResult, dispatch
from notifications.actions.telling import (
    Message,
    after_quiet_hours,
    mark_read,
    tell,
    tell_all,
    void,
    void_letters,
    void_messages,
)
from notifications.actions.upkeep import (
    add_robot,
    change_robot,
    give_up,
    send_again,
    set_preferences,
    switch_robot,
    try_robot,
)

__all__ = [
    "LEASE", "RETRY_MINUTES", "DispatchResult", "Message", "add_robot", "after_quiet_hours", "change_robot", "dispatch",
    "give_up", "mark_read", "send_again", "set_preferences", "switch_robot", "tell", "tell_all", "try_robot", "void",
    "void_letters", "void_messages",
]
