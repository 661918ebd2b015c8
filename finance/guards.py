from desk.guards import append_only, no_truncate, refuse

ENDED = (
    "EXISTS (SELECT 1 FROM orders_urgentorder o WHERE o.id = OLD.order_id AND o.stage IN ('closed', 'cancelled'))"
)

GUARDS = [
    *append_only("finance_chargerule"),
    *append_only("finance_chargedecision"),
    refuse("finance_chargedecision", "ended", on="INSERT", says="an ended order gets no rush charge",
           when=ENDED.replace("OLD.", "NEW.")),
    refuse("finance_settlement", "stays", on="DELETE", says="a settlement statement stays"),
    no_truncate("finance_settlement", "a settlement statement stays"),
    refuse(
        "finance_settlement", "ended", on="UPDATE", when=ENDED, says="the statement of a settled order stays as it is"
    ),
]
