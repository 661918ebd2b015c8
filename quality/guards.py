"""What a quality record never does: change afterwards, or accept pieces on one person's word."""

from desk.guards import append_only, refuse
from people.guards import behind, same_hands

NONCONFORMANCE, CONCESSION = "orders_nonconformance", "quality_concession"
TWO_SIGNERS = (
    f"EXISTS (SELECT 1 FROM {CONCESSION} c WHERE c.nonconformance_id = NEW.id"
    " AND c.confirmed_by_id IS NOT NULL AND c.confirmed_by_id <> c.proposed_by_id)"
)

SECOND = same_hands(
    behind("NEW.proposed_by_id", "quality.decide", "NEW.proposed_at"),
    behind("NEW.confirmed_by_id", "quality.decide", "NEW.confirmed_at"),
)


def _made(where: str) -> str:
    inspector = behind("NEW.inspected_by_id", "quality.inspect", "NEW.inspected_at")
    maker = behind("l.posted_by_id", "operation.run", "l.posted_at")
    return f"EXISTS (SELECT 1 FROM orders_ledgerentry l WHERE {where} AND {same_hands(maker, inspector)})"


MADE_IT = (
    "(NEW.kind IN ('in_process', 'first_article') AND " + _made("l.step_id = NEW.step_id AND l.kind = 'make'") + ")"
    " OR (NEW.kind = 'final' AND " + _made(
        "l.line_id = NEW.line_id AND ((l.kind = 'make' AND l.step_id IS NOT NULL) OR l.kind = 'reworked')"
    ) + ")"
)

GUARDS = [
    refuse(CONCESSION, "second", on="UPDATE", says="a concession has two signers",
           when=f"NEW.confirmed_by_id IS NOT NULL AND {SECOND}"),
    refuse("quality_inspection", "own", on="INSERT", says="who made the pieces does not inspect them", when=MADE_IT),
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
