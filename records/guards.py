from desk.guards import append_only, no_truncate, refuse

STREAM = "records_stream"

GUARDS = [
    *append_only("records_event"),
    refuse(
        STREAM, "grow", on="UPDATE", says="an audit stream may only grow",
        when="NEW.id <> OLD.id OR NEW.name <> OLD.name OR NEW.length < OLD.length"
             " OR (NEW.length = OLD.length AND NEW.head <> OLD.head)",
    ),
    refuse(STREAM, "delete", on="DELETE", says="an audit stream stays"),
    no_truncate(STREAM, "an audit stream stays"),
]
