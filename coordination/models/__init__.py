"""The order's room, and the weekly meeting with its record."""

from coordination.models.meeting import AgendaItem, Attendance, Confirmation, Meeting, Outcome
from coordination.models.room import Mention, Post, PostFile, RoomRead

__all__ = [
    "AgendaItem", "Attendance", "Confirmation", "Meeting", "Mention", "Outcome", "Post", "PostFile", "RoomRead",
]
