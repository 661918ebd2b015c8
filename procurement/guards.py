from desk.guards import append_only, refuse
from orders.guards import held
from people.guards import behind, same_hands

APPROVED = "EXISTS (SELECT 1 FROM orders_expenserequest e WHERE e.id = NEW.expense_id AND e.state = 'approved')"
HELD = held("(SELECT m.order_id FROM orders_materialline m WHERE m.id = NEW.material_line_id)")
NOT_HELD = "nothing is bought while the order is on hold"

OWN_PROPOSAL = "NEW.approved_by_id IS NOT NULL AND " + same_hands(
    behind("NEW.proposed_by_id", "supply.buy", "NEW.proposed_at"),
    behind("NEW.approved_by_id", "supplier.approve", "NEW.approved_at"),
)

GUARDS = [
    *[refuse(table, f"own_{on.lower()}", on=on, says="who proposed a supplier does not approve it", when=OWN_PROPOSAL)
      for table in ("procurement_supplier", "procurement_suppliermaterial") for on in ("INSERT", "UPDATE")],
    *append_only("procurement_purchasepromise"),
    *append_only("procurement_milestone"),
    *append_only("procurement_supplierrefusal"),
    *append_only("procurement_purchasereceipt"),
    refuse("procurement_purchaseline", "held", on="INSERT", says=NOT_HELD, when=HELD),
    refuse("procurement_purchaseline", "placed", on="UPDATE", says=NOT_HELD,
           when=f"OLD.state = 'waiting' AND NEW.state = 'ordered' AND {HELD}"),
    refuse("procurement_purchaseline", "stays", on="DELETE", says="a purchase is cancelled, never deleted"),
    refuse(
        "procurement_purchaseline", "money", on="UPDATE",
        says="nothing is ordered before the money for it is approved",
        when=f"OLD.state = 'waiting' AND NEW.state = 'ordered' AND NEW.expedite_fee_amount > 0 AND NOT {APPROVED}",
    ),
    refuse(
        "procurement_purchaseline", "speed", on="UPDATE",
        says="no expedited service is taken before its fee is approved",
        when=f"NEW.expedite = 'granted' AND NEW.expedite_fee_amount > 0 AND NOT {APPROVED}",
    ),
]
