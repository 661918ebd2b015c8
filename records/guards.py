from desk.guards import append_only, no_truncate, refuse

STREAM = "records_stream"

SOLE = "records_soledecision"
MAY_BE_ALONE = "EXISTS (SELECT 1 FROM records_companysettings c WHERE c.id = 1 AND c.has_sole_authority)"


def alone(subject: str, act: str, person: str) -> str:
    """SQL: that person's decision of this subject alone is on record."""
    return (
        f"EXISTS (SELECT 1 FROM {SOLE} x WHERE x.subject = {subject} AND x.act = {act}"
        f" AND x.decided_by_id = {person})"
    )


GUARDS = [
    *append_only(SOLE),
    refuse(SOLE, "allowed", on="INSERT", says="nobody decides alone where the company does not allow it",
           when=f"NOT {MAY_BE_ALONE}"),
    *append_only("records_event"),
    refuse(
        STREAM, "grow", on="UPDATE", says="an audit stream may only grow",
        when="NEW.id <> OLD.id OR NEW.name <> OLD.name OR NEW.length < OLD.length"
             " OR (NEW.length = OLD.length AND NEW.head <> OLD.head)",
    ),
    refuse(STREAM, "delete", on="DELETE", says="an audit stream stays"),
    no_truncate(STREAM, "an audit stream stays"),
]
