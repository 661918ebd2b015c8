from desk.guards import append_only, refuse

OPEN_AGREEMENT = (
    "EXISTS (SELECT 1 FROM sla_countersign WHERE item_id = NEW.id AND state IN ('asked', 'refused'))"
)

PAUSED_ITEM = "SELECT 1 FROM sla_workitem i WHERE i.id = NEW.item_id"
NOBODY_AWAITED = (
    "NEW.awaits_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sla_workitem i JOIN sla_workitem w ON w.source = i.source"
    " WHERE i.id = NEW.item_id AND w.id = NEW.awaits_id AND w.id <> i.id AND w.assignee_id IS NOT NULL"
    " AND w.state IN ('running', 'breached'))"
)

GUARDS = [
    *append_only("sla_escalation"),
    *append_only("sla_acknowledgement"),
    *append_only("sla_policyversion"),
    *append_only("sla_escalationstep"),
    *append_only("sla_calendaredition"),
    *append_only("sla_itemact"),
    refuse("sla_pause", "confirmation", on="INSERT", says="the clock of a confirmation is not paused",
           when=f"NEW.reason <> 'hold' AND EXISTS ({PAUSED_ITEM} AND i.kind = 'confirmation')"),
    refuse("sla_pause", "awaited", on="INSERT", when=NOBODY_AWAITED,
           says="a pause names another running task of the same order, and who is awaited there"),
    refuse(
        "sla_workitem", "agreed", on="UPDATE", says="an item is done after every added approver has agreed",
        when=f"NEW.state IN ('met', 'met_late') AND NEW.awaited > 0 OR NEW.state <> OLD.state"
             f" AND NEW.state IN ('met', 'met_late') AND {OPEN_AGREEMENT}",
    ),
]
