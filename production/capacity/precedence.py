"""Going before another order that would have to wait for it: what is gained, and what that costs the other."""

from dataclasses import dataclass
from datetime import datetime

from production import engine
from production.capacity.proposing import Proposal, forecast, promised_of, propose
from production.capacity.shop import read_shop, seconds, shop_without


@dataclass(frozen=True)
class Precedence:
    """What an order gains when another one gives way, and what that costs the other."""

    alone: Proposal
    mine: Proposal
    before: Proposal
    theirs: Proposal
    promised_at: datetime

    @property
    def is_computed(self) -> bool:
        return all(proposal.finish for proposal in (self.alone, self.mine, self.before, self.theirs))

    @property
    def gained_seconds(self) -> int:
        return int((self.alone.finish - self.mine.finish).total_seconds())

    @property
    def breaks_promise(self) -> bool:
        return breaks_promise(self.before.finish, self.theirs.finish, self.promised_at)


def breaks_promise(before, after, promised_at) -> bool:
    return after > promised_at and after > before


def precedence(order, other, *, now) -> Precedence:
    """The order placed as if the other had not begun; then the other around it, no earlier than planned."""
    shop = read_shop(now=now)
    alone = propose(order, now=now, shop=shop)
    free = shop_without(shop, other).bookings(without=(order,))
    mine = propose(order, now=now, shop=shop, bookings=free)
    taken = shop.bookings(without=(order, other)) + [
        engine.Booking(centre, slot, seconds(row.start), seconds(row.end), str(order))
        for row in mine.rows for centre, slot in row.slots
    ]
    before = forecast(other, now=now, shop=shop)
    theirs = propose(other, now=now, means=before.means, follows_plan=True, shop=shop, bookings=taken)
    return Precedence(alone, mine, before, theirs, promised_of(other))
