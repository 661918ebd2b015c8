"""What a quality record never does: change afterwards, or accept pieces on one person's word."""

from desk.guards import append_only, refuse

NONCONFORMANCE, CONCESSION = "orders_nonconformance", "quality_concession"
TWO_SIGNERS = (
    f"EXISTS (SELECT 1 FROM {CONCESSION} c WHERE c.nonconformance_id = NEW.id"
    " AND c.confirmed_by_id IS NOT NULL AND c.confirmed_by_id <> c.proposed_by_id)"
)

GUARDS = [
    *append_only("quality_inspection"),
    refuse(CONCESSION, "confirmed", on="UPDATE", says="a confirmed concession stays confirmed",
           when="OLD.confirmed_by_id IS NOT NULL AND (NEW.confirmed_by_id IS NULL"
                " OR NEW.confirmed_by_id <> OLD.confirmed_by_id OR NEW.proposed_by_id <> OLD.proposed_by_id)"),
    refuse(CONCESSION, "delete", on="DELETE", says="a concession stays"),
    refuse(NONCONFORMANCE, "concession", on="UPDATE", says="a concession has two signers",
           when=f"NEW.disposition = 'concession' AND OLD.disposition <> 'concession' AND NOT {TWO_SIGNERS}"),
    refuse(NONCONFORMANCE, "decided", on="UPDATE", says="a decided nonconformance stays decided",
           when="OLD.disposition <> 'open' AND NEW.disposition <> OLD.disposition"),
    refuse(NONCONFORMANCE, "stays", on="DELETE", says="a nonconformance is decided, not deleted"),
]
