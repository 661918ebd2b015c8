"""What is added to the normal way of making an order: every remedy is a set of these."""

from dataclasses import asdict, dataclass, fields

ADDED = {"has_overtime", "shifts", "extra_slot_at", "has_candidates"}


@dataclass(frozen=True)
class Means:
    """`shifts`: keys of extra shifts; `split_at`, `outside_at`: operations as "line position.number".

    `first_lot`: so many pieces go through all operations first, to be delivered first.
    `gives_way`: other orders move inside their own dates.
    """

    has_overtime: bool = False
    has_overlap: bool = False
    extra_slot_at: str = ""
    shifts: tuple[int, ...] = ()
    has_candidates: bool = False
    variant: str = ""
    split_at: tuple[str, ...] = ()
    outside_at: tuple[str, ...] = ()
    has_substitutes: bool = False
    first_lot: int = 0
    gives_way: bool = False

    @classmethod
    def read(cls, stored: dict) -> "Means":
        known = {field.name for field in fields(cls)}
        return cls(**{name: tuple(value) if isinstance(value, list) else value
                      for name, value in stored.items() if name in known})

    def stored(self) -> dict:
        """Only what is added, as a plan keeps it."""
        return {name: list(value) if isinstance(value, tuple) else value
                for name, value in asdict(self).items() if value}

    @property
    def only_adds(self) -> bool:
        """More hours or machines and nothing else: whatever could be planned without them still can."""
        return bool(self) and self.stored().keys() <= ADDED

    def __bool__(self) -> bool:
        return bool(self.stored())


NOTHING = Means()
