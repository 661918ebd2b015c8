from desk.guards import append_only, refuse

APPROVED = "EXISTS (SELECT 1 FROM orders_expenserequest e WHERE e.id = NEW.expense_id AND e.state = 'approved')"

GUARDS = [
    *append_only("procurement_purchasepromise"),
    *append_only("procurement_milestone"),
    *append_only("procurement_supplierrefusal"),
    *append_only("procurement_purchasereceipt"),
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
