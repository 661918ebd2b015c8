from desk.guards import no_truncate, refuse

ENDED = (
    "EXISTS (SELECT 1 FROM orders_urgentorder o WHERE o.id = OLD.order_id AND o.stage IN ('closed', 'cancelled'))"
)

GUARDS = [
    refuse("finance_settlement", "stays", on="DELETE", says="a settlement statement stays"),
    no_truncate("finance_settlement", "a settlement statement stays"),
    refuse(
        "finance_settlement", "ended", on="UPDATE", when=ENDED, says="the statement of a settled order stays as it is"
    ),
]
