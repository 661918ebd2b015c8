"""When something happened at a machine whose phone had no network."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LATE = timedelta(minutes=5)  # so long on the way, and the foreman is told
LONGEST = timedelta(hours=12)  # what lay longer counts as if it had lain a shift


@dataclass(frozen=True)
class PhoneTime:
    """Both by the phone's own clock, which may be wrong: only the time between them counts."""

    pressed_at: datetime
    sent_at: datetime

    @property
    def waited(self) -> timedelta:
        return max(timedelta(0), self.sent_at - self.pressed_at)

    @property
    def is_late(self) -> bool:
        return self.waited > LATE


def read(data) -> PhoneTime | None:
    """From what the phone sent, in milliseconds; None where it said nothing that makes sense."""
    try:
        return PhoneTime(*(datetime.fromtimestamp(int(data[name]) / 1000, UTC) for name in ("pressed_at", "sent_at")))
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def moment(phone: PhoneTime | None, received: datetime, *, not_before: datetime | None = None) -> datetime:
    """What counts: as long before it was received as it lay on the phone, never in the future, never before
    what came before it."""
    if phone is None:
        return received
    pressed = received - min(phone.waited, LONGEST)
    return min(received, max(pressed, not_before or pressed))
