"""錄入訂單管理系統: the confirmed order goes to the company's order system by HTTP.

Confirming writes a row and never waits; a periodic job sends. A lost answer means the same order is
posted again: the receiver tells it by the header Idempotency-Key.
"""

import json
from datetime import timedelta
from urllib.error import URLError
from urllib.request import Request, urlopen

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import Changed, GateShut, NotYours
from orders.actions import door
from orders.actions.trail import UNDO_SECONDS, inform, note
from orders.models import ExternalRef
from people.roles import Right

RETRY_MINUTES = (1, 5, 15, 60)
TIMEOUT_SECONDS = 10
LEASE = timedelta(minutes=2)  # a worker that died in the middle gives the row back
LARGEST_ANSWER = 64 * 1024


def plan_hand_over(order) -> None:
    """In the transaction of the confirmation; it goes out when that can no longer be withdrawn."""
    start = timezone.now() + timedelta(seconds=UNDO_SECONDS)
    ExternalRef.objects.bulk_create(
        [ExternalRef(order=order, system="orders", state=ExternalRef.State.PENDING, next_try_at=start)],
        update_conflicts=True, unique_fields=["order", "system"],
        update_fields=["state", "attempts", "next_try_at", "error"],
    )  # fmt: skip


def keep_back(order) -> None:
    """With a withdrawn confirmation. Raises GateShut when the order system has it already."""
    row = order.external_refs.select_for_update().filter(system="orders").first()
    if row is None:
        return
    if row.state != ExternalRef.State.PENDING or row.attempts:
        raise GateShut(_("The company's order system has this order already."))
    if row.sent_at is None:
        row.delete()
    else:
        ExternalRef.objects.filter(pk=row.pk).update(state=ExternalRef.State.SENT)


def hand_over(limit=20, now=None) -> int:
    """Send what is due; gives how many arrived."""
    if not settings.ORDER_SYSTEM_URL:
        return 0
    now = now or timezone.now()
    return sum(_send_one(pk, now) for pk in list(ExternalRef.objects.due(now).values_list("pk", flat=True)[:limit]))


def _send_one(pk, now) -> bool:
    row = _claim(pk, now)
    if row is None:
        return False
    try:
        number = _post(row)
    except (URLError, OSError, ValueError) as error:
        _failed(row, str(error), now)
        return False
    _arrived(row, number)
    return True


@transaction.atomic
def _claim(pk, now):
    rows = ExternalRef.objects.select_for_update(of=("self",), skip_locked=True).select_related("order__customer")
    row = rows.due(now).filter(pk=pk).first()
    if row:
        row.attempts += 1
        row.next_try_at = now + LEASE
        row.save(update_fields=["attempts", "next_try_at"])
    return row


def _post(row) -> str:
    body = json.dumps(message_of(row.order), cls=DjangoJSONEncoder).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": row.order.number}
    if settings.ORDER_SYSTEM_TOKEN:
        headers["Authorization"] = f"Bearer {settings.ORDER_SYSTEM_TOKEN}"
    request = Request(settings.ORDER_SYSTEM_URL, data=body, headers=headers, method="POST")
    with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
        return _number_in(answer.read(LARGEST_ANSWER))


def _number_in(answer) -> str:
    said = json.loads(answer) if answer.strip() else {}
    return str(said.get("number", ""))[:80] if isinstance(said, dict) else ""


def message_of(order) -> dict:
    """The order as its sheet in force says it, with the prices, which the sheet leaves out."""
    sheet = order.sheets.first()
    prices = dict(order.lines.values_list("position", "unit_price_amount"))
    lines = [line | {"unit_price": prices.get(line["position"])} for line in sheet.content["lines"]]
    kept = {name: value for name, value in sheet.content.items() if name not in ("lines", "steps")}
    return kept | {
        "lines": lines, "currency": order.currency, "rush_charge": order.rush_charge_amount,
        "customer_code": order.customer.code, "sheet": sheet.number, "sheet_version": sheet.version,
        "url": settings.BASE_URL + order.get_absolute_url(),
    }  # fmt: skip


@transaction.atomic
def _arrived(row, number):
    row.state, row.sent_at, row.error = ExternalRef.State.SENT, timezone.now(), ""
    row.external_number = number
    row.save(update_fields=["state", "sent_at", "error", "external_number"])
    text = gettext_noop("Handed to the company's order system")
    if number:
        text = gettext_noop("Handed to the company's order system: {number} there")
    note(row.order, "handed_to_system", text, by=None, params={"number": number})


@transaction.atomic
def _failed(row, error, now):
    row.error = error[:300]
    if row.attempts > len(RETRY_MINUTES):
        row.state = ExternalRef.State.FAILED
        event = note(
            row.order, "hand_over_failed", gettext_noop("The company's order system did not take the order: {error}"),
            by=None, params={"error": row.error},
        )  # fmt: skip
        inform(row.order, event, {row.order.created_by})
    else:
        row.next_try_at = now + timedelta(minutes=RETRY_MINUTES[row.attempts - 1])
    row.save(update_fields=["state", "error", "next_try_at"])


@transaction.atomic
def hand_over_again(*, order_id, by) -> None:
    """After the last attempt somebody of Sales says: once more."""
    if not by.use(Right.ORDER_CONFIRM):
        raise NotYours(_("Only Sales hands an order over."))
    order = door.lock(order_id, by=by)
    row = order.external_refs.filter(state=ExternalRef.State.FAILED).first()
    if row is None:
        raise Changed(_("It is handed over, or will be."))
    note(order, "hand_over_again", gettext_noop("To be handed to the order system once more"), by=by)
    plan_hand_over(order)
