"""Who may do what, on one page: a right, the roles that carry it, and what rank adds.

May = (department and rank right) and visible. Visibility is orders' business (guardian).
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Right(TextChoices):
    # sales
    ORDER_CREATE = "order.create", _("enter an urgent order")
    ORDER_CONFIRM = "order.confirm", _("confirm an order with the customer")
    ORDER_NEGOTIATE = "order.negotiate", _("negotiate with the customer")
    ORDER_DECIDE = "order.decide", _("decline or cancel an order")
    # production
    REVIEW_ASSESS = "review.assess", _("assess process, capacity and materials")
    REVIEW_DECIDE = "review.decide", _("decide a review")
    PLAN_MAKE = "plan.make", _("make the production plan")
    OPERATION_RUN = "operation.run", _("start and finish operations")
    MASTER_CHANGE = "master.change", _("change the master data of production")
    # procurement
    SUPPLY_BUY = "supply.buy", _("buy materials")
    SUPPLIER_APPROVE = "supplier.approve", _("approve new suppliers")
    # quality
    QUALITY_INSPECT = "quality.inspect", _("inspect")
    QUALITY_DECIDE = "quality.decide", _("decide nonconforming pieces")
    # logistics
    DELIVERY_RUN = "delivery.run", _("pack, dispatch and prove delivery")
    # finance
    COST_RECORD = "cost.record", _("record costs")
    EXPENSE_DECIDE = "expense.decide", _("decide expense requests")
    EXPENSE_DECIDE_OVER = "expense.decide_over", _("decide expense requests over the budget")
    SETTLE = "settlement.close", _("settle an order")
    # everybody at work on orders
    ISSUE_RAISE = "issue.raise", _("report a problem")
    SEND_BACK = "order.send_back", _("send an order back")
    # money classes
    SEE_SALES = "money.sales", _("see prices and rush charges")
    SEE_PURCHASE = "money.purchase", _("see purchase prices")
    SEE_RESOURCE = "money.resource", _("see rates and extra costs")
    SEE_RESULT = "money.result", _("see cost sheet and margin")
    # management
    SEE_ALL = "order.see_all", _("see every order")
    SEE_FIGURES = "figures.see", _("see the figures of all departments")
    LIMIT_DECIDE = "limit.decide", _("decide changes of the time limits")
    SCORE_RUN = "score.run", _("prepare the monthly scores")
    SCORE_DECIDE = "score.decide", _("decide appeals and correct scores")
    SCORE_PUBLISH = "score.publish", _("publish the monthly scores")
    INCENTIVE_DECIDE = "incentive.decide", _("decide rewards and penalties")
    CONFIGURE = "desk.configure", _("administer the desk")


R = Right


class Role(TextChoices):
    NONE = "", _("no role")
    SALES = "sales", _("Sales clerk")
    PLANNER = "planner", _("Planner")
    FOREMAN = "foreman", _("Foreman")
    OPERATOR = "operator", _("Operator")
    BUYER = "buyer", _("Buyer")
    INSPECTOR = "inspector", _("Inspector")
    DISPATCHER = "dispatcher", _("Dispatcher")
    ACCOUNTANT = "accountant", _("Accountant")
    HR = "hr", _("HR officer")
    MANAGER = "manager", _("Manager")
    GENERAL_MANAGER = "general_manager", _("General manager")
    ADMINISTRATOR = "administrator", _("Administrator")


ROLE_RIGHTS = {
    Role.NONE: set(),
    Role.SALES: {R.ORDER_CREATE, R.ORDER_CONFIRM, R.ORDER_NEGOTIATE, R.ISSUE_RAISE, R.SEE_SALES},
    Role.PLANNER: {R.REVIEW_ASSESS, R.PLAN_MAKE, R.ISSUE_RAISE, R.SEE_RESOURCE, R.OPERATION_RUN},
    Role.FOREMAN: {R.OPERATION_RUN, R.ISSUE_RAISE},
    Role.OPERATOR: {R.OPERATION_RUN, R.ISSUE_RAISE},
    Role.BUYER: {R.SUPPLY_BUY, R.ISSUE_RAISE, R.SEE_PURCHASE},
    Role.INSPECTOR: {R.QUALITY_INSPECT, R.QUALITY_DECIDE, R.ISSUE_RAISE},
    Role.DISPATCHER: {R.DELIVERY_RUN, R.ISSUE_RAISE},
    Role.ACCOUNTANT: {
        R.COST_RECORD, R.SETTLE, R.EXPENSE_DECIDE, R.ISSUE_RAISE,
        R.SEE_SALES, R.SEE_PURCHASE, R.SEE_RESOURCE, R.SEE_RESULT,
    },
    Role.HR: {R.ISSUE_RAISE, R.SCORE_RUN},
    Role.MANAGER: {R.SEE_ALL, R.SEE_FIGURES, R.SEE_SALES, R.SEE_PURCHASE, R.SEE_RESOURCE, R.SEE_RESULT},
    Role.GENERAL_MANAGER: {
        R.SEE_ALL, R.SEE_FIGURES, R.EXPENSE_DECIDE, R.EXPENSE_DECIDE_OVER, R.SUPPLIER_APPROVE, R.LIMIT_DECIDE,
        R.SEE_SALES, R.SEE_PURCHASE, R.SEE_RESOURCE, R.SEE_RESULT, R.ISSUE_RAISE,
        R.SCORE_RUN, R.SCORE_DECIDE, R.SCORE_PUBLISH, R.INCENTIVE_DECIDE,
    },
    Role.ADMINISTRATOR: {R.CONFIGURE, R.MASTER_CHANGE},
}

# What heading (or deputising for the head of) a department adds to one's role.
HEAD_RIGHTS = {
    "sales": ROLE_RIGHTS[Role.SALES] | {R.ORDER_DECIDE, R.SEND_BACK, R.SEE_FIGURES, R.SEE_RESOURCE, R.SEE_RESULT},
    "production": ROLE_RIGHTS[Role.PLANNER] | {R.REVIEW_DECIDE, R.MASTER_CHANGE, R.SEND_BACK, R.SEE_FIGURES},
    "procurement": ROLE_RIGHTS[Role.BUYER] | {R.SUPPLIER_APPROVE, R.SEND_BACK, R.SEE_FIGURES},
    "quality": ROLE_RIGHTS[Role.INSPECTOR] | {R.SEND_BACK, R.SEE_FIGURES},
    "logistics": ROLE_RIGHTS[Role.DISPATCHER] | {R.SEND_BACK, R.SEE_FIGURES},
    "finance": ROLE_RIGHTS[Role.ACCOUNTANT] | {R.SEND_BACK, R.SEE_FIGURES},
    "hr": ROLE_RIGHTS[Role.HR] | {R.SEE_FIGURES, R.SCORE_DECIDE},
    "management": ROLE_RIGHTS[Role.GENERAL_MANAGER],
}

# The rights that are a department's own: a role held in another department does not carry them.
DEPARTMENT_OF_RIGHT = {
    R.ORDER_CREATE: "sales", R.ORDER_CONFIRM: "sales", R.ORDER_NEGOTIATE: "sales", R.ORDER_DECIDE: "sales",
    R.REVIEW_ASSESS: "production", R.REVIEW_DECIDE: "production", R.PLAN_MAKE: "production",
    R.OPERATION_RUN: "production", R.SUPPLY_BUY: "procurement",
    R.QUALITY_INSPECT: "quality", R.QUALITY_DECIDE: "quality", R.DELIVERY_RUN: "logistics",
    R.COST_RECORD: "finance", R.SETTLE: "finance",
}


def rights_of(*, role: str, department: str, is_head: bool) -> frozenset:
    """The rights of a role in a department; `is_head` covers the deputy too."""
    rights = set(ROLE_RIGHTS[Role(role)])
    if is_head:
        rights |= HEAD_RIGHTS.get(department, set())
    return frozenset(right for right in rights if DEPARTMENT_OF_RIGHT.get(right, department) == department)


def departments_of(role: str) -> set[str]:
    """Where a role has its own work; empty for one that may be held anywhere."""
    return {DEPARTMENT_OF_RIGHT[right] for right in ROLE_RIGHTS[Role(role)] if right in DEPARTMENT_OF_RIGHT}
