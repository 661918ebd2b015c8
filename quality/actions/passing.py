"""What every act of quality asks first, and the signature that follows from the last result."""

from django.utils.translation import gettext as _

from desk.refusals import GateShut, NotYours
from orders import actions, gates, ledger
from orders.actions.door import who_may
from orders.machine import Box
from orders.nonconforming import is_last


def require(by, right) -> None:
    if not by.use(right):
        raise NotYours(_("This is Quality's to do: it needs the right to %(right)s.") % {"right": right.label},
                       who=who_may(right))


def check_open(order) -> None:
    if order.is_final or order.is_cancelled:
        raise GateShut(
            _("Nothing more is inspected on this order."),
            because=_("It is %(stage)s, outcome: %(outcome)s.")
            % {"stage": order.get_stage_display(), "outcome": order.get_outcome_display()},
        )


def hand_to_final_inspection(step, quantity, by, source) -> None:
    """Pieces that the last operation has passed wait for final inspection from now on."""
    if quantity and is_last(step):
        ledger.post(target=step.line, kind="make", quantity=quantity, by=by, source=source)


def sign_if_passed(order, by) -> None:
    """Whoever records the last result signs “passed” by that act."""
    is_signed = order.sign_offs.living().filter(box=Box.PASSED).exists()
    if not is_signed and all(condition.is_met for condition in gates.conditions(order, Box.PASSED)):
        actions.sign_and_move(order=order, box=Box.PASSED, by=by)
