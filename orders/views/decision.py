from orders.actions.door import require_holder
from orders.machine import STEPS
from people.roles import Role


class Decision:
    """The page of a step that the next rank takes where everybody who holds its right entered the order."""

    step = ""

    @property
    def right(self):
        """Management is asked with the order at hand."""
        is_senior = self.request.user.role in (Role.MANAGER, Role.GENERAL_MANAGER)
        return None if is_senior else STEPS[self.step].right

    def subject(self):
        super().subject()
        require_holder(self.order, STEPS[self.step], self.request.user)
