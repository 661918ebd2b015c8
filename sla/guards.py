from desk.guards import append_only, refuse

OPEN_AGREEMENT = (
    "EXISTS (SELECT 1 FROM sla_countersign WHERE item_id = NEW.id AND state IN ('asked', 'refused'))"
)

GUARDS = [
    *append_only("sla_escalation"),
    *append_only("sla_acknowledgement"),
    *append_only("sla_policyversion"),
    *append_only("sla_escalationstep"),
    *append_only("sla_calendaredition"),
    *append_only("sla_itemact"),
    refuse(
        "sla_workitem", "agreed", on="UPDATE", says="an item is done after every added approver has agreed",
        when=f"NEW.state IN ('met', 'met_late') AND NEW.awaited > 0 OR NEW.state <> OLD.state"
             f" AND NEW.state IN ('met', 'met_late') AND {OPEN_AGREEMENT}",
    ),
]
