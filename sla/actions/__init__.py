"""The clock's deeds."""

from sla.actions.items import (
    LONGEST_ACKNOWLEDGEMENT,
    LONGEST_PAUSE,
    Opening,
    acknowledge,
    cancel,
    cancel_all,
    closed_already,
    finish,
    finish_all,
    living,
    open_item,
    open_items,
    pause,
    reassign,
    reclassify,
    restate,
    resume,
)
from sla.actions.reconciling import reconcile
from sla.actions.rules import publish_calendar, save_policy
from sla.actions.sweeping import SweepResult, sweep
from sla.actions.watching import beat, look_at_the_clock, ping

__all__ = [
    "LONGEST_ACKNOWLEDGEMENT", "LONGEST_PAUSE", "Opening", "SweepResult", "acknowledge", "beat", "cancel",
    "cancel_all", "closed_already", "finish", "finish_all", "living", "look_at_the_clock", "open_item", "open_items",
    "pause", "ping", "publish_calendar", "reassign", "reclassify", "reconcile", "restate", "resume", "save_policy",
    "sweep",
]
