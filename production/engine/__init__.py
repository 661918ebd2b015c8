"""Finite-capacity planning without the ORM: same input, same plan.

Moments are whole seconds since the epoch; `hours` knows when a slot works, `diary` what it is booked with,
`placing` puts one order's tasks between the bookings, `moving` lets others move inside their due dates,
`planning` plans all orders. `production.capacity` reads the records into it.
"""

from production.engine.diary import Diary
from production.engine.hours import Hours, intersection
from production.engine.model import Booking, Centre, Gate, Job, Placed, Task, Wait, Way
from production.engine.moving import Room, make_room
from production.engine.placing import Answer, insert, place
from production.engine.planning import plan_all

__all__ = [
    "Answer", "Booking", "Centre", "Diary", "Gate", "Hours", "Job", "Placed", "Room", "Task", "Wait", "Way", "insert",
    "intersection", "make_room", "place", "plan_all",
]
