from desk.guards import Guard, append_only, refuse
from people.guards import behind, natural, same_hands

OPEN_AGREEMENT = (
    "EXISTS (SELECT 1 FROM sla_countersign WHERE item_id = NEW.id AND state IN ('asked', 'refused'))"
)

PAUSED_ITEM = "SELECT 1 FROM sla_workitem i WHERE i.id = NEW.item_id"
NOBODY_AWAITED = (
    "NEW.awaits_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sla_workitem i JOIN sla_workitem w ON w.source = i.source"
    " WHERE i.id = NEW.item_id AND w.id = NEW.awaits_id AND w.id <> i.id AND w.assignee_id IS NOT NULL"
    " AND w.state IN ('running', 'breached'))"
)
SAME_HANDS = (
    f"({natural('NEW.proposed_by_id')} = {natural('NEW.on_behalf_of_id')} OR "
    + same_hands(
        behind("NEW.proposed_by_id", "desk.configure", "NEW.proposed_at"),
        behind("NEW.decided_by_id", "limit.decide", "NEW.decided_at"),
    )
    + ")"
)
DECISION = ("state", "decided_at", "decided_by_id", "on_behalf_of_id", "note")


def _names(code: str, column: str) -> Guard:
    """A level for a role or a person says which."""
    where, sqlite_where = f"NEW.recipients @> '[\"{code}\"]'", f"instr(NEW.recipients, '\"{code}\"') > 0"
    is_missing = f"COALESCE(CAST(NEW.{column} AS text), '') = ''"
    return refuse(
        "sla_escalationstep", code, on="INSERT", says=f"a level for a {code} names it",
        when=f"{where} AND {is_missing}", sqlite_when=f"{sqlite_where} AND {is_missing}",
    )


_AT_CLOSING = "x.starts_at <= NEW.closed_at AND x.ends_at > NEW.closed_at"
HANDED_OVER = (
    "EXISTS (SELECT 1 FROM people_delegation x WHERE x.to_person_id = NEW.closed_by_id"
    f" AND x.from_person_id = NEW.closed_for_id AND {_AT_CLOSING}"
    " AND (x.revoked_at IS NULL OR x.revoked_at > NEW.closed_at))"
)
AWAY = (
    "EXISTS (SELECT 1 FROM people_absence x WHERE x.delegate_id = NEW.closed_by_id"
    f" AND x.person_id = NEW.closed_for_id AND {_AT_CLOSING}"
    " AND (x.cancelled_at IS NULL OR x.cancelled_at > NEW.closed_at))"
)

GUARDS = [
    *append_only("sla_escalation"),
    *append_only("sla_acknowledgement"),
    *append_only("sla_policyversion"),
    *append_only("sla_escalationstep"),
    *append_only("sla_calendaredition"),
    *append_only("sla_itemact"),
    refuse("sla_workitem", "for", on="UPDATE", says="a task is closed for who is away or has handed the right over",
           when="NEW.closed_for_id IS NOT NULL AND OLD.closed_for_id IS NULL"
                f" AND NOT {HANDED_OVER} AND NOT {AWAY}"),
    refuse("sla_pause", "confirmation", on="INSERT", says="the clock of a confirmation is not paused",
           when=f"NEW.reason <> 'hold' AND EXISTS ({PAUSED_ITEM} AND i.kind = 'confirmation')"),
    refuse("sla_pause", "awaited", on="INSERT", when=NOBODY_AWAITED,
           says="a pause names another running task of the same order, and who is awaited there"),
    _names("role", "role"),
    _names("person", "person_id"),
    *append_only("sla_limitchange", may_update=DECISION),
    refuse("sla_limitchange", "undecided", on="INSERT", says="a change of time limits begins undecided",
           when="NEW.state <> 'proposed'"),
    refuse("sla_limitchange", "decided", on="UPDATE", says="a decided change of time limits stays as it is",
           when="OLD.state <> 'proposed'"),
    refuse("sla_limitchange", "second", on="UPDATE", says="another person decides a change of time limits",
           when=f"NEW.state IN ('approved', 'refused') AND {SAME_HANDS}"),
    *(refuse("sla_workcalendar", f"works_{on.lower()}", on=on, says="a calendar has working time",
             when="CAST(NEW.week AS text) NOT LIKE '%:%'") for on in ("INSERT", "UPDATE")),
    refuse(
        "sla_workitem", "agreed", on="UPDATE", says="an item is done after every added approver has agreed",
        when=f"NEW.state IN ('met', 'met_late') AND NEW.awaited > 0 OR NEW.state <> OLD.state"
             f" AND NEW.state IN ('met', 'met_late') AND {OPEN_AGREEMENT}",
    ),
]
