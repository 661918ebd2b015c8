"""What a page or an act asks of an order's papers once, and what an act will write when it ends."""

from functools import cached_property

from people.duty import Roster


class Kept:
    """Stands on `order.kept` for as long as the page is drawn or the act goes on; everything is asked when needed."""

    def __init__(self, order):
        self.order = order
        self.events, self.told, self.openings = [], [], []  # written together when the act ends
        self.is_touched = False

    @cached_property
    def lines(self) -> list:
        return list(self.order.lines.select_related("product__family"))

    @cached_property
    def signatures(self) -> list:
        """The living ones."""
        return list(self.order.sign_offs.living().select_related("signed_by", "on_behalf_of"))

    @cached_property
    def runs(self) -> list:
        return list(self.order.runs.select_related("item"))

    @cached_property
    def duties(self) -> dict:
        """{department's code: who answers for this order there}."""
        duties = self.order.duties.select_related("person", "department__head", "department__duty_person")
        return {duty.department.code: duty for duty in duties}

    @cached_property
    def roster(self) -> Roster:
        return Roster()

    def department(self, code: str):
        return self.duties[code].department if code in self.duties else self.roster.departments[code]


def of(order) -> Kept:
    """What is kept for the act or page in progress, or nothing yet."""
    return order.kept or Kept(order)
