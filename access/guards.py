"""What a badge opens, whoever writes."""

from desk.guards import refuse

SESSION, LINK = "access_session", "records_accesslink"
_ENDED = (
    "NEW.badge_id IS NOT NULL AND EXISTS (SELECT 1 FROM " + LINK + " l WHERE l.id = NEW.badge_id"
    " AND (l.purpose <> 'badge' OR l.revoked_at IS NOT NULL"
    " OR l.subject <> 'person:' || COALESCE(CAST(NEW.user_id AS text), '')))"
)

GUARDS = [
    refuse(SESSION, f"badge_{on.lower()}", on=on, says="a living badge opens a session of its own person", when=_ENDED)
    for on in ("INSERT", "UPDATE")
]
