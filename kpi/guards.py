"""What a month's scores never do: change once published, or be judged by rules made afterwards."""

from desk.guards import append_only, refuse
from people.guards import USER, behind, natural, same_hands

RUN = "kpi_monthrun"
PUBLISHED = "SELECT 1 FROM kpi_monthrun r WHERE r.state = 'published' AND r.id ="
# How each table leads to its run.
SCORE_RUN = "(SELECT s.run_id FROM kpi_score s WHERE s.id = {row}.score_id)"
PART_RUN = "(SELECT s.run_id FROM kpi_score s JOIN kpi_scorepart p ON p.score_id = s.id WHERE p.id = {row}.part_id)"
CASE_RUN = (
    "(SELECT s.run_id FROM kpi_score s JOIN kpi_scorepart p ON p.score_id = s.id"
    " JOIN kpi_scorecase c ON c.part_id = p.id WHERE c.id = {row}.case_id)"
)
RUN_OF = {
    "kpi_score": "{row}.run_id", "kpi_scorepart": SCORE_RUN, "kpi_scorecase": PART_RUN, "kpi_check": "{row}.run_id",
    "kpi_appeal": "{row}.run_id", "kpi_adjustment": CASE_RUN,
    "kpi_appeal_cases": "(SELECT a.run_id FROM kpi_appeal a WHERE a.id = {row}.appeal_id)",
}  # fmt: skip


def _frozen(table: str, run: str) -> list:
    """No row of a published month comes, changes, moves or goes."""
    says = "a published month is frozen"
    old, new = (f"EXISTS ({PUBLISHED} {run.format(row=row)})" for row in ("OLD", "NEW"))
    return [
        refuse(table, "published_insert", on="INSERT", says=says, when=new),
        refuse(table, "published_update", on="UPDATE", says=says, when=f"{old} OR {new}"),
        refuse(table, "published_delete", on="DELETE", says=says, when=old),
    ]


def _concerns(score: str, decider: str) -> str:
    """SQL: one of the deciding human beings is whom a score is about; of a department, who belongs to it."""
    return (
        f"EXISTS (SELECT 1 FROM kpi_score s CROSS JOIN ({decider}) h WHERE s.id = {score} AND ("
        f"h.p = {natural('s.person_id')} OR (s.person_id IS NULL AND EXISTS (SELECT 1 FROM {USER} u"
        " WHERE (u.id = h.p OR u.same_person_as_id = h.p) AND u.department_id = s.department_id))))"
    )


def _run_guards() -> list:
    unchecked = (
        "EXISTS (SELECT 1 FROM kpi_score s WHERE s.run_id = NEW.id AND s.person_id IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM kpi_check c WHERE c.run_id = NEW.id AND c.department_id = s.department_id))"
    )
    return [
        refuse(RUN, "unchecked", on="UPDATE", says="appeals open when all heads checked or their time has passed",
               when="OLD.state = 'computed' AND NEW.state = 'appeals' AND (NEW.checks_until IS NULL"
                    f" OR NEW.checks_until > NEW.appeals_from) AND {unchecked}"),
        refuse(RUN, "step", on="UPDATE", says="a month goes from computed to appeals to published",
               when="(OLD.state = 'computed' AND NEW.state = 'published')"
                    " OR (OLD.state = 'appeals' AND NEW.state = 'computed')"),
        refuse(RUN, "shorter", on="UPDATE", says="the time for appeals is not shortened",
               when="OLD.state = 'appeals' AND (NEW.appeals_until IS NULL OR NEW.appeals_until < OLD.appeals_until)"),
        *(refuse("kpi_check", f"late_{on.lower()}", on=on, says="heads check before the appeals",
                 when=f"EXISTS (SELECT 1 FROM {RUN} r WHERE r.id = {row}.run_id AND r.state = 'appeals')")
          for on, row in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD"))),
    ]  # fmt: skip


def _appeal_guards() -> list:
    decider = behind("NEW.decided_by_id", "score.decide", "NEW.decided_at")
    score = "(SELECT p.score_id FROM kpi_scorepart p WHERE p.id = NEW.part_id)"
    in_time = (
        f"SELECT 1 FROM {RUN} r WHERE r.id = NEW.run_id AND r.state = 'appeals' AND NEW.raised_at <= r.appeals_until"
    )
    of_case = (
        "(SELECT p.score_id FROM kpi_scorepart p JOIN kpi_scorecase c ON c.part_id = p.id WHERE c.id = NEW.case_id)"
    )
    corrector = behind("NEW.adjusted_by_id", "score.decide", "NEW.adjusted_at")
    is_new = "NEW.left_out <> OLD.left_out AND NEW.left_out ="
    accepted = (
        "SELECT 1 FROM kpi_appeal_cases l JOIN kpi_appeal a ON a.id = l.appeal_id"
        " WHERE l.scorecase_id = NEW.id AND a.state = 'accepted'"
    )
    return [
        refuse("kpi_appeal", "birth", on="INSERT", says="an appeal is raised in its time, and open",
               when=f"NEW.state <> 'open' OR NOT EXISTS ({in_time})"),
        refuse("kpi_appeal", "decided", on="UPDATE", says="a decided appeal stays as it is",
               when="OLD.state <> 'open'"),
        refuse("kpi_appeal", "delete", on="DELETE", says="an appeal stays on record"),
        refuse("kpi_appeal", "own", on="UPDATE", says="an appeal is decided by somebody whom it does not concern",
               when="NEW.state IN ('accepted', 'refused') AND (" + _concerns(score, decider) + " OR "
                    + same_hands(behind("NEW.raised_by_id", "", "NEW.raised_at"), decider) + ")"),
        *(refuse("kpi_appeal_cases", f"decided_{on.lower()}", on=on, says="a decided appeal stays as it is",
                 when=f"EXISTS (SELECT 1 FROM kpi_appeal a WHERE a.id = {row}.appeal_id AND a.state <> 'open')")
          for on, row in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD"))),
        *append_only("kpi_adjustment"),
        refuse("kpi_adjustment", "own", on="INSERT", says="nobody corrects a score of their own",
               when=_concerns(of_case, corrector)),
        refuse("kpi_scorecase", "adjusted", on="UPDATE", says="a case is left out by hand with its reason",
               when=f"{is_new} 'adjusted' AND NOT EXISTS (SELECT 1 FROM kpi_adjustment a WHERE a.case_id = NEW.id)"),
        refuse("kpi_scorecase", "appealed", on="UPDATE", says="a case is left out by an accepted appeal",
               when=f"{is_new} 'appeal' AND NOT EXISTS ({accepted})"),
    ]  # fmt: skip


INCENTIVE_CHANGES = (
    "state", "amount", "reply", "replied_at", "replied_by_id", "certificate_number", "decision_reason", "decided_at",
    "decided_by_id",
)


def _incentive_guards() -> list:
    table = "kpi_incentive"
    decider = behind("NEW.decided_by_id", "incentive.decide", "NEW.decided_at")
    subject = (
        f"EXISTS (SELECT 1 FROM ({decider}) h WHERE h.p = {natural('NEW.person_id')} OR (NEW.person_id IS NULL AND"
        f" EXISTS (SELECT 1 FROM {USER} u WHERE (u.id = h.p OR u.same_person_as_id = h.p)"
        " AND u.department_id = NEW.department_id)))"
    )
    proposer = same_hands(behind("NEW.proposed_by_id", "", "NEW.proposed_at"), decider)
    unpublished = (
        f"EXISTS (SELECT 1 FROM {RUN} r JOIN kpi_score s ON s.run_id = r.id JOIN kpi_scorepart p ON p.score_id = s.id"
        " WHERE r.state <> 'published' AND (p.id = NEW.part_id"
        " OR p.id = (SELECT c.part_id FROM kpi_scorecase c WHERE c.id = NEW.case_id)))"
    )
    return [
        *append_only(table, may_update=INCENTIVE_CHANGES),
        refuse(table, "birth", on="INSERT", says="a reward or penalty is proposed before it is decided",
               when="NEW.state <> 'proposed' OR NEW.reply <> ''"),
        refuse(table, "unpublished", on="INSERT", says="rewards and penalties come from a published month",
               when=f"NOT EXISTS ({PUBLISHED} NEW.run_id)"),
        refuse(table, "decided", on="UPDATE", says="a decided reward or penalty stays as it is",
               when="OLD.state <> 'proposed'"),
        refuse(table, "replied", on="UPDATE", says="a reply stays as it was given",
               when="OLD.reply <> '' AND (NEW.reply <> OLD.reply OR NEW.replied_at <> OLD.replied_at"
                    " OR NEW.replied_by_id <> OLD.replied_by_id)"),
        refuse(table, "no_evidence", on="UPDATE", says="nothing is approved without evidence",
               when="NEW.state = 'approved' AND NOT EXISTS"
                    " (SELECT 1 FROM kpi_evidence e WHERE e.incentive_id = NEW.id)"),
        refuse(table, "own", on="UPDATE", says="a reward or penalty is decided by somebody whom it does not concern",
               when=f"NEW.state IN ('approved', 'refused') AND ({subject} OR {proposer})"),
        *append_only("kpi_evidence"),
        refuse("kpi_evidence", "late", on="INSERT", says="evidence comes with the proposal",
               when="EXISTS (SELECT 1 FROM kpi_incentive i WHERE i.id = NEW.incentive_id"
                    " AND (i.state <> 'proposed' OR i.reply <> ''))"),
        refuse("kpi_evidence", "unpublished", on="INSERT", says="evidence is of published months", when=unpublished),
    ]  # fmt: skip


GUARDS = [
    *_run_guards(),
    *_appeal_guards(),
    *_incentive_guards(),
    *(guard for table, run in RUN_OF.items() for guard in _frozen(table, run)),
    refuse(RUN, "published_update", on="UPDATE", says="a published month is frozen", when="OLD.state = 'published'"),
    refuse(RUN, "delete", on="DELETE", says="a published month is frozen", when="OLD.state = 'published'"),
    refuse(RUN, "open_appeals", on="UPDATE", says="a month with an open appeal is not published",
           when="NEW.state = 'published' AND EXISTS"
                " (SELECT 1 FROM kpi_appeal a WHERE a.run_id = NEW.id AND a.state = 'open')"),
    refuse(RUN, "born_published", on="INSERT", says="a month is computed before it is published",
           when="NEW.state = 'published'"),
    *(refuse(RUN, f"rules_{on.lower()}", on=on, says="a month is scored by rules that were in force in it",
             when="EXISTS (SELECT 1 FROM kpi_ruleset s WHERE s.id = NEW.rule_set_id AND s.valid_from > NEW.month)")
      for on in ("INSERT", "UPDATE")),
    *(refuse(RUN, f"weights_{on.lower()}", on=on, says="the weights of a department add up to 100",
             when="EXISTS (SELECT 1 FROM kpi_rule r WHERE r.rule_set_id = NEW.rule_set_id"
                  " GROUP BY r.scope, r.department HAVING SUM(r.weight) <> 100)")
      for on in ("INSERT", "UPDATE")),
    *append_only("kpi_ruleset"),
    *append_only("kpi_rule"),
    refuse("kpi_rule", "too_late", on="INSERT", says="a set that scored a month gets no further rule",
           when=f"EXISTS (SELECT 1 FROM {RUN} r WHERE r.rule_set_id = NEW.rule_set_id)"),
]
