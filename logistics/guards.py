"""No vehicle leaves unprepared or unconfirmed, and what left or was proved does not change, whoever writes."""

from desk.guards import append_only, refuse
from orders.guards import held

LIST, SHIPMENT = "logistics_deliverylist", "logistics_shipment"
NOT_PREPARED = (
    "5 <> (SELECT count(*) FROM logistics_checklistitem c WHERE c.list_id = NEW.list_id AND c.done_at IS NOT NULL)"
)
NOT_CONFIRMED = (
    f"NOT EXISTS (SELECT 1 FROM orders_signoff s JOIN {LIST} d ON d.order_id = s.order_id"
    " WHERE d.id = NEW.list_id AND s.box = 'delivery_confirmed' AND s.revoked_at IS NULL)"
)
CANCELLED = f"EXISTS (SELECT 1 FROM {LIST} d WHERE d.id = NEW.list_id AND d.cancelled_at IS NOT NULL)"


def _left(row):
    return f"EXISTS (SELECT 1 FROM {SHIPMENT} s WHERE s.list_id = {row}.list_id)"


GUARDS = [
    *append_only(SHIPMENT),
    refuse(SHIPMENT, "prepared", on="INSERT", says="a shipment leaves when its preparation is done", when=NOT_PREPARED),
    refuse(SHIPMENT, "confirmed", on="INSERT", when=NOT_CONFIRMED,
           says="a shipment leaves when time and place are confirmed with the customer"),
    refuse(SHIPMENT, "living", on="INSERT", says="a cancelled delivery list does not leave", when=CANCELLED),
    refuse(SHIPMENT, "held", on="INSERT", says="nothing is shipped while the order is on hold",
           when=held(f"(SELECT d.order_id FROM {LIST} d WHERE d.id = NEW.list_id)")),
    *append_only("logistics_proof"),
    *append_only("logistics_proofshortfall"),
    *append_only("logistics_deliveryconfirmation"),
    *[
        refuse("logistics_deliverylistline", name, on=on, says="a delivery list stays as it left", when=_left(row))
        for name, on, row in (("added", "INSERT", "NEW"), ("changed", "UPDATE", "OLD"), ("removed", "DELETE", "OLD"))
    ],
]
