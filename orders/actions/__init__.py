"""The deeds of an urgent order. Departments call these; nothing below calls up."""

from orders.actions.confirmation import confirm, confirm_item, log_contact
from orders.actions.door import cancel, decline, lock, move, revoke, send_back, sign, sign_and_move
from orders.actions.duties import grant_view, take_duty
from orders.actions.form import delete_draft, save_draft, submit
from orders.actions.hand_over import hand_over, hand_over_again
from orders.actions.hold import refuse_while_held
from orders.actions.holding import end_due_holds, end_hold, hold_order
from orders.actions.issues import acknowledge_issue, raise_issue, solve_issue
from orders.actions.money import add_cost, request_expense
from orders.actions.negotiation import (
    accept_option,
    open_negotiation,
    promise,
    refuse_options,
    withdraw_negotiation,
)
from orders.actions.sheet import issue_sheet, receive_sheet
from orders.actions.stop import report_stop
from orders.actions.withdrawal import withdraw

__all__ = [
    "accept_option",
    "acknowledge_issue",
    "add_cost",
    "cancel",
    "confirm",
    "confirm_item",
    "decline",
    "delete_draft",
    "end_due_holds",
    "end_hold",
    "grant_view",
    "hand_over",
    "hand_over_again",
    "hold_order",
    "issue_sheet",
    "lock",
    "log_contact",
    "move",
    "open_negotiation",
    "promise",
    "raise_issue",
    "receive_sheet",
    "refuse_options",
    "refuse_while_held",
    "report_stop",
    "request_expense",
    "revoke",
    "save_draft",
    "send_back",
    "sign",
    "sign_and_move",
    "solve_issue",
    "submit",
    "take_duty",
    "withdraw",
    "withdraw_negotiation",
]
