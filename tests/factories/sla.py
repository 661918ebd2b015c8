from sla import actions

SUBJECT = "Confirm with the customer"


def open_item(department, **values):
    """A confirmation that waits in a department."""
    defaults = {
        "kind": "confirmation", "source": "order:1", "subject": SUBJECT, "params": {}, "url": "/orders/1/",
        "detail": "{number} · {customer}", "detail_params": {"number": "UO-2603-0001", "customer": "启明风电"},
        "department": department,
    }
    return actions.open_item(**(defaults | values))
