from desk.guards import append_only

GUARDS = [
    *append_only("sla_escalation"),
    *append_only("sla_acknowledgement"),
    *append_only("sla_policyversion"),
    *append_only("sla_escalationstep"),
    *append_only("sla_calendaredition"),
]
