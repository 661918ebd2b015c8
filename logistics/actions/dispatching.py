"""The vehicle leaves: only prepared, confirmed, and with pieces that passed."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from desk.refusals import BadInput, Condition, GateShut
from desk.text import moment
from logistics.actions.locking import lock_list
from logistics.actions.preparing import check_whole, unpacked
from logistics.models import DeliveryConfirmation, Shipment
from orders import actions, ledger
from orders.actions import trail
from orders.actions.door import touch
from orders.actions.duties import departments, person_on_duty
from orders.machine import Box
from orders.models import CostEntry
from records.files import attach


@transaction.atomic
def dispatch(*, list_id, by, vehicle, eta_at, freight_amount=0, photo=None, version=None) -> Shipment:
    """Send a delivery list out as it is.

    Refused until time and place are confirmed and every preparation is done; the ledger and the
    database refuse any piece that has not passed.
    """
    order, found = lock_list(list_id, by, version)
    actions.refuse_while_held(order)
    _check_ready(order, found)
    if not order.is_partial_allowed:
        lines = {line.pk: line for line in order.lines.select_related("product")}
        check_whole(lines, dict(found.lines.values_list("line_id", "quantity")))
    if not vehicle.strip():
        raise BadInput(_("Name the vehicle or the waybill."), field="vehicle")
    if eta_at <= timezone.now():
        raise BadInput(_("The expected arrival lies in the future."), field="eta_at")
    shipment = Shipment.objects.create(
        list=found, confirmation=DeliveryConfirmation.objects.filter(order=order).first(), carrier=found.carrier,
        vehicle=vehicle.strip(), eta_at=eta_at, freight_amount=freight_amount, dispatched_at=timezone.now(),
        dispatched_by=by,
        photo=attach(photo, subject=order.stream, purpose="loading", by=by) if photo else None,
    )
    for row in found.lines.select_related("line"):
        ledger.post(target=row.line, kind="ship", quantity=row.quantity, by=by, source=f"shipment:{shipment.pk}")
    _book_freight(order, shipment, by)
    touch(order)
    _tell(order, shipment, by)
    return shipment


def conditions(order, found) -> list[Condition]:
    """What must hold before the list leaves; the same rows stand on the page."""
    is_confirmed = order.sign_offs.living().filter(box=Box.DELIVERY_CONFIRMED).exists()
    left = sum(unpacked(found).values())
    return [
        Condition(_("Time and place are confirmed with the customer"), is_confirmed),
        Condition(_("Every piece of the list is in a package (%(count)d are not)") % {"count": left}, not left),
        *[Condition(row.get_item_display(), row.done_at is not None) for row in found.checklist.all()],
    ]


def _check_ready(order, found):
    rows = conditions(order, found)
    if not all(row.is_met for row in rows):
        raise GateShut(
            _("%(list)s cannot leave yet.") % {"list": found},
            because=_("%(count)d preparations are missing.") % {"count": sum(not row.is_met for row in rows)},
            missing=rows, who=[person_on_duty(order, departments()["logistics"])],
        )


def _book_freight(order, shipment, by):
    is_none = shipment.freight_amount == 0
    actions.add_cost(
        order=order, kind="transport", amount=shipment.freight_amount, is_planned=False, is_none=is_none, by=by,
        source=f"shipment:{shipment.pk}:freight", text=f"{shipment.list} {shipment.carrier} {shipment.vehicle}",
        cause=CostEntry.Cause.URGENCY if shipment.carrier.is_priority else CostEntry.Cause.NORMAL,
    )


def _tell(order, shipment, by):
    event = trail.note(
        order, "dispatched", gettext_noop("{number} left with {carrier} ({vehicle}), expected {eta}"), by=by,
        params={
            "number": shipment.list.number, "carrier": str(shipment.carrier), "vehicle": shipment.vehicle,
            "eta": moment(shipment.eta_at), "shipment": shipment.pk,
        },
    )
    trail.inform(order, event, {order.created_by, person_on_duty(order, departments()["sales"])})
