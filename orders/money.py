"""Who sees which money: one function for pages, exports, search and the parameters of events."""

from people.roles import Right

MONEY_RIGHT = {
    "sales": Right.SEE_SALES,
    "purchase": Right.SEE_PURCHASE,
    "resource": Right.SEE_RESOURCE,
    "result": Right.SEE_RESULT,
}
HIDDEN = "–"


def may_see(user, money_class) -> bool:
    """No class means no money; an unknown class is shown to nobody."""
    if not money_class:
        return True
    right = MONEY_RIGHT.get(str(money_class))
    return right is not None and user.may(right)


def visible_params(event, user) -> dict:
    """The event's parameters with the amounts left out that are not for this person; one's own are shown."""
    if may_see(user, event.money) or (event.actor_id and event.actor_id == user.pk):
        return event.params
    return {name: HIDDEN if is_amount(name) else value for name, value in event.params.items()}


def is_amount(name: str) -> bool:
    return name in ("amount", "fee", "price") or name.endswith(("_amount", "_fee", "_price"))
