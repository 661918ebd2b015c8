"""The deeds of an urgent order. Departments call these; nothing below calls up."""

from orders.actions.changes import request_change, short_close
from orders.actions.complaints import (
    decide_complaint,
    decide_returned,
    raise_complaint,
    take_in_return,
    tell_customer,
    write_credit,
)
from orders.actions.confirmation import confirm, confirm_item, log_contact
from orders.actions.consents import answer_consent
from orders.actions.customer import (
    ask_for_rating,
    change_customer_link,
    issue_customer_link,
    leave_unrated,
    rate,
    revoke_customer_link,
)
from orders.actions.door import cancel, lock, move, revoke, send_back, sign, sign_and_move
from orders.actions.duties import grant_view, take_duty
from orders.actions.form import delete_draft, save_draft, submit
from orders.actions.hand_over import hand_over, hand_over_again
from orders.actions.hold import refuse_while_held
from orders.actions.holding import end_due_holds, end_hold, hold_order
from orders.actions.issue_actions import cancel_issue_action, finish_issue_action, open_issue_action
from orders.actions.issue_decisions import decide_issue
from orders.actions.issues import (
    acknowledge_issue,
    change_issue_owner,
    change_issue_severity,
    raise_issue,
    solve_if_ready,
    solve_issue,
)
from orders.actions.money import add_cost, request_expense
from orders.actions.negotiation import (
    accept_option,
    open_negotiation,
    promise,
    refuse_options,
    said_on_link,
    withdraw_negotiation,
)
from orders.actions.offers import answer_offer, confirm_answer, issue_offer_link, revoke_offer_link
from orders.actions.proposals import decline, keep_order, propose_decline
from orders.actions.rush import set_rush_budget
from orders.actions.sheet import issue_sheet, receive_sheet
from orders.actions.silence import acknowledge_silence, ask_about_silences, renew_silence
from orders.actions.stop import report_stop
from orders.actions.taking_back import withdraw_consent, withdraw_expense, withdraw_proposal
from orders.actions.withdrawal import withdraw

__all__ = [
    "accept_option",
    "acknowledge_issue",
    "acknowledge_silence",
    "add_cost",
    "answer_consent",
    "answer_offer",
    "ask_about_silences",
    "ask_for_rating",
    "cancel",
    "cancel_issue_action",
    "change_customer_link",
    "change_issue_owner",
    "change_issue_severity",
    "confirm",
    "confirm_answer",
    "confirm_item",
    "decide_complaint",
    "decide_issue",
    "decide_returned",
    "decline",
    "delete_draft",
    "end_due_holds",
    "end_hold",
    "finish_issue_action",
    "grant_view",
    "hand_over",
    "hand_over_again",
    "hold_order",
    "issue_customer_link",
    "issue_offer_link",
    "issue_sheet",
    "keep_order",
    "leave_unrated",
    "lock",
    "log_contact",
    "move",
    "open_issue_action",
    "open_negotiation",
    "promise",
    "propose_decline",
    "raise_complaint",
    "raise_issue",
    "rate",
    "receive_sheet",
    "refuse_options",
    "refuse_while_held",
    "renew_silence",
    "report_stop",
    "request_change",
    "request_expense",
    "revoke",
    "revoke_customer_link",
    "revoke_offer_link",
    "said_on_link",
    "save_draft",
    "send_back",
    "set_rush_budget",
    "short_close",
    "sign",
    "sign_and_move",
    "solve_if_ready",
    "solve_issue",
    "submit",
    "take_duty",
    "take_in_return",
    "tell_customer",
    "withdraw",
    "withdraw_consent",
    "withdraw_expense",
    "withdraw_negotiation",
    "withdraw_proposal",
    "write_credit",
]
