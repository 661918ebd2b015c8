"""What is planned, where, and why it waits."""

from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum

from production.engine.hours import Hours


class Wait(StrEnum):
    NOTHING = ""
    MATERIAL = "material"
    QUEUE = "queue"
    CLOSED = "closed"
    NOT_BEFORE = "not_before"


@dataclass(frozen=True, slots=True)
class Centre:
    """A work centre: one entry of hours for each parallel slot; slots are numbered from 1."""

    code: str
    slots: tuple[Hours, ...]


@dataclass(frozen=True, slots=True)
class Booking:
    """A slot that is taken; `label` says by what, `order` for whom."""

    centre: str
    slot: int
    start: int
    end: int
    label: str = ""
    order: Hashable = None


@dataclass(frozen=True, slots=True)
class Gate:
    """Something that is not here before `at`: material."""

    label: str
    at: int


@dataclass(frozen=True, slots=True)
class Way:
    """One way to do a task: seconds of work at a centre, holding slots of `also` at the same time.

    `also` may name the centre itself again: a lot split over two machines. `lot_seconds`: until the first
    transfer lot can go on; None = all pieces together.
    """

    centre: str
    seconds: int
    also: tuple[str, ...] = ()
    lot_seconds: int | None = None

    @property
    def centres(self) -> tuple[str, ...]:
        return (self.centre, *self.also)


@dataclass(frozen=True, slots=True)
class Task:
    """An operation to be placed. `after`: keys of the tasks before it. `fixed`: it runs, or is done, there."""

    key: Hashable
    ways: tuple[Way, ...] = ()
    after: tuple[Hashable, ...] = ()
    gates: tuple[Gate, ...] = ()
    not_before: int | None = None
    fixed: tuple[Booking, ...] = ()
    label: str = ""
    order: Hashable = None

    @property
    def least_seconds(self) -> int:
        return min((way.seconds for way in self.ways), default=0)


@dataclass(frozen=True, slots=True)
class Placed:
    """`slots`: (centre, slot) of each resource held, the main one first. `ready`: what came before was done."""

    key: Hashable
    start: int
    end: int
    slots: tuple[tuple[str, int], ...]
    way: Way | None = None
    ready: int | None = None
    wait: Wait = Wait.NOTHING
    wait_label: str = ""
    after: Hashable = None  # the task that let it start

    @property
    def waited(self) -> int:
        return self.start - self.ready if self.ready is not None else 0

    def bookings(self, label="", order=None) -> tuple[Booking, ...]:
        return tuple(Booking(centre, slot, self.start, self.end, label, order) for centre, slot in self.slots)


@dataclass(frozen=True, slots=True)
class Job:
    """Another order as it is planned: its tasks with the places they have now, and when it is due."""

    order: Hashable
    tasks: tuple[Task, ...]
    places: dict
    due: int

    @property
    def finish(self) -> int:
        return max(place.end for place in self.places.values())
