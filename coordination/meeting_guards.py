"""What a meeting never does, whoever writes: change frozen figures, or what was recorded outside its time."""

from desk.guards import Guard, no_truncate, refuse

MEETING, OUTCOME, SEAT = "coordination_meeting", "coordination_outcome", "coordination_attendance"
AGENDA, ANSWER = "coordination_agendaitem", "coordination_confirmation"
STEPS = ("'planned>running'", "'planned>cancelled'", "'running>closed'", "'closed>running'", "'closed>confirmed'")
FROZEN = ("figures", "money_figures", "figures_at", "started_at", "started_by_id", "monday")
RECORDED = ("meeting_id", "kind", "text", "order_id", "person_id", "due_at", "recorded_at", "recorded_by_id")


def _differs(columns, row="IS DISTINCT FROM") -> str:
    return " OR ".join(f"OLD.{column} {row} NEW.{column}" for column in columns)


def _unless(states, row="NEW") -> str:
    named = ", ".join(f"'{state}'" for state in states)
    return f"NOT EXISTS (SELECT 1 FROM {MEETING} m WHERE m.id = {row}.meeting_id AND m.state IN ({named}))"


def _kept(table, name, columns, says, condition="") -> Guard:
    """Columns that are written once, while a condition holds."""
    return refuse(
        table, name, on="UPDATE", says=says,
        when=f"{condition}({_differs(columns)})", sqlite_when=f"{condition}({_differs(columns, 'IS NOT')})",
    )


GUARDS = [
    _kept(MEETING, "frozen", FROZEN, "the figures of a started meeting are frozen", "OLD.started_at IS NOT NULL AND "),
    refuse(MEETING, "steps", on="UPDATE", says="a meeting cannot go from that state to this one",
           when=f"OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN ({', '.join(STEPS)})"),
    refuse(MEETING, "born", on="INSERT", says="a meeting is planned before it runs", when="NEW.state <> 'planned'"),
    refuse(MEETING, "delete", on="DELETE", says="a meeting that was started is kept",
           when="OLD.started_at IS NOT NULL"),
    no_truncate(MEETING, "a meeting that was started is kept"),
    refuse(OUTCOME, "insert", on="INSERT", says="an outcome is recorded while the meeting runs",
           when=_unless(["running"])),
    _kept(OUTCOME, "recorded", RECORDED, "a recorded outcome is not changed"),
    refuse(OUTCOME, "ended", on="UPDATE", says="an ended action is not ended again",
           when="(OLD.done_at IS NOT NULL OR OLD.dropped_at IS NOT NULL) AND (OLD.result <> NEW.result"
                " OR OLD.drop_reason <> NEW.drop_reason OR NEW.done_at IS NULL AND NEW.dropped_at IS NULL)"),
    refuse(OUTCOME, "delete", on="DELETE", says="an outcome is struck out only while the meeting runs",
           when=_unless(["running"], "OLD")),
    no_truncate(OUTCOME, "an outcome is struck out only while the meeting runs"),
    *(refuse(SEAT, on.lower(), on=on, says="who came is noted before the close",
             when=_unless(["planned", "running"], "OLD" if on == "DELETE" else "NEW"))
      for on in ("INSERT", "UPDATE", "DELETE")),
    *(refuse(AGENDA, on.lower(), on=on, says="the agenda of a closed meeting stands",
             when=_unless(["planned", "running"], "OLD" if on == "DELETE" else "NEW"))
      for on in ("INSERT", "UPDATE", "DELETE")),
    _kept(ANSWER, "answered", ("state", "objection", "answered_at", "answered_by_id", "person_id", "meeting_id"),
          "an answer to the minutes stands", "OLD.state <> 'asked' AND NEW.state <> 'fallen' AND "),
    refuse(ANSWER, "delete", on="DELETE", says="an answer to the minutes stands"),
]  # fmt: skip
