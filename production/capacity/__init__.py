"""When can an order be made, and what would make it sooner? The records, read into the engine and back."""

from production.capacity.demand import Demand, Need, read_demands, read_needs, read_supplies
from production.capacity.means import Means
from production.capacity.precedence import Precedence, breaks_promise, precedence
from production.capacity.proposing import Proposal, Row, forecast, overtime_of, promised_of, propose
from production.capacity.race import Push, Race, Remedy, race, variants_of
from production.capacity.shop import (
    OUTSIDE,
    Shop,
    Taken,
    calendar_with,
    grid_before,
    held_by,
    moment,
    read_bookings,
    read_shop,
    to_grid,
)
from production.engine import Wait

__all__ = [
    "OUTSIDE",
    "Demand",
    "Means",
    "Need",
    "Precedence",
    "Proposal",
    "Push",
    "Race",
    "Remedy",
    "Row",
    "Shop",
    "Taken", "Wait",
    "breaks_promise",
    "calendar_with",
    "forecast",
    "grid_before",
    "held_by", "moment",
    "overtime_of",
    "precedence",
    "promised_of",
    "propose",
    "race",
    "read_bookings",
    "read_demands",
    "read_needs",
    "read_shop",
    "read_supplies",
    "to_grid", "variants_of",
]
