"""What never happens to people and their delegations, whoever writes."""

from desk.guards import append_only, refuse

DELEGATION, USER, ABSENCE = "people_delegation", "people_user", "people_absence"
APPEND_ONLY = append_only(DELEGATION, may_update=("revoked_at", "revoked_by_id"))


def natural(person: str) -> str:
    """SQL: the one account that stands for a human being."""
    return f"COALESCE((SELECT n.same_person_as_id FROM {USER} n WHERE n.id = {person}), {person})"


def behind(person: str, right: str, moment: str) -> str:
    """SQL: the human beings behind what a person did with a right at a moment: the person, and who handed it over."""
    named = f"AND CAST(d.rights AS text) LIKE '%\"{right}\"%'" if right else ""
    given = (
        f"SELECT COALESCE(g.same_person_as_id, g.id) AS p FROM {DELEGATION} d JOIN {USER} g ON g.id = d.from_person_id"
        f" WHERE d.to_person_id = {person} {named}"
        f" AND d.starts_at <= {moment} AND d.ends_at > {moment} AND (d.revoked_at IS NULL OR d.revoked_at > {moment})"
    )
    return f"SELECT {natural(person)} AS p UNION {given}"


def same_hands(first: str, second: str) -> str:
    """SQL: somebody stands behind both."""
    return f"EXISTS (SELECT 1 FROM ({first}) h1 JOIN ({second}) h2 ON h1.p = h2.p)"


def superior(person: str, moment: str) -> str:
    """SQL: heads a department, deputises there, is a manager, or stood in at that moment for a head who was away."""
    away = (
        f"SELECT 1 FROM {ABSENCE} a JOIN people_department h ON h.head_id = a.person_id WHERE a.delegate_id = {person}"
        f" AND a.starts_at <= {moment} AND a.ends_at > {moment}"
        f" AND (a.cancelled_at IS NULL OR a.cancelled_at > {moment})"
    )
    return (
        f"(EXISTS (SELECT 1 FROM {USER} u WHERE u.id = {person} AND u.role IN ('manager', 'general_manager'))"
        f" OR EXISTS (SELECT 1 FROM people_department d WHERE d.head_id = {person})"
        f" OR EXISTS (SELECT 1 FROM people_department_deputies x WHERE x.user_id = {person}) OR EXISTS ({away}))"
    )


def _passes_on(elements: str) -> str:
    shared = f"SELECT 1 FROM {elements}(d.rights) a JOIN {elements}(NEW.rights) b ON a.value = b.value"
    return (
        f"EXISTS (SELECT 1 FROM {DELEGATION} d WHERE d.revoked_at IS NULL"
        " AND d.starts_at < NEW.ends_at AND NEW.starts_at < d.ends_at"
        f" AND ({natural('d.to_person_id')} = {natural('NEW.from_person_id')}"
        f" OR {natural('d.from_person_id')} = {natural('NEW.to_person_id')}) AND EXISTS ({shared}))"
    )


SECOND_ACCOUNT = (
    "NEW.same_person_as_id IS NOT NULL AND ("
    f"EXISTS (SELECT 1 FROM {USER} u WHERE u.id = NEW.same_person_as_id AND u.same_person_as_id IS NOT NULL)"
    f" OR EXISTS (SELECT 1 FROM {USER} u WHERE u.same_person_as_id = NEW.id))"
)
AWAY_ALREADY = (
    f"EXISTS (SELECT 1 FROM {ABSENCE} a WHERE a.person_id = NEW.person_id AND a.cancelled_at IS NULL"
    " AND a.starts_at < NEW.ends_at AND NEW.starts_at < a.ends_at)"
)

GUARDS = [
    *APPEND_ONLY,
    refuse(DELEGATION, "once", on="UPDATE", says="a revoked delegation stays revoked",
           when="OLD.revoked_at IS NOT NULL"),
    refuse(DELEGATION, "further", on="INSERT", says="a right held by delegation is not handed further",
           when=_passes_on("jsonb_array_elements_text"), sqlite_when=_passes_on("json_each")),
    refuse(DELEGATION, "other", on="INSERT", says="a delegation goes to another person",
           when=f"{natural('NEW.from_person_id')} = {natural('NEW.to_person_id')}"),
    *[refuse(USER, f"account_{on.lower()}", on=on, says="a second account names the first one", when=SECOND_ACCOUNT)
      for on in ("INSERT", "UPDATE")],
    refuse(ABSENCE, "twice", on="INSERT", says="one absence of a person at a time", when=AWAY_ALREADY),
]
