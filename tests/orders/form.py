"""What a browser sends from the identification form."""

from datetime import timedelta
from uuid import uuid4

from django.utils import timezone


def typed(at) -> str:
    """A moment as a datetime-local input sends it."""
    return timezone.localtime(at).strftime("%Y-%m-%dT%H:%M")


def identification(*, customer, product, do="submit", **values):
    sent = {
        "once": uuid4().hex, "do": do, "customer": customer.code, "contact_name": "高远", "contact_phone": "138",
        "reason": "line_down", "ground": "customer_asked", "asked_by": "高远", "asked_how": "call",
        "required_at": typed(timezone.now() + timedelta(days=3)), "place": "盐城大丰港 7 号泊位",
        "line-TOTAL_FORMS": "3", "line-INITIAL_FORMS": "0",
        "line-0-product": product.number, "line-0-quantity": "120", "line-1-product": "", "line-2-product": "",
    }  # fmt: skip
    return sent | values
