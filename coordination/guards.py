"""What a room and a meeting never do: change what was said, or speak outside their time."""

from coordination import meeting_guards
from desk.guards import append_only, refuse
from orders.actions.trail import UNDO_SECONDS

POST, READ = "coordination_post", "coordination_roomread"


def _is_of_another(table: str, column: str) -> str:
    return (
        f"NEW.{column} IS NOT NULL AND NOT EXISTS"
        f" (SELECT 1 FROM {table} t WHERE t.id = NEW.{column} AND t.order_id = NEW.order_id)"
    )


def _room_guards():
    is_draft = "EXISTS (SELECT 1 FROM orders_urgentorder o WHERE o.id = NEW.order_id AND o.submitted_at IS NULL)"
    event = (
        "NOT EXISTS (SELECT 1 FROM records_event e WHERE e.stream = 'order:' || NEW.order_id"
        " AND e.number = NEW.number AND e.verb = 'room.post' AND e.actor_id = NEW.author_id)"
    )
    is_late = f"NEW.withdrawn_at > OLD.posted_at + interval '{UNDO_SECONDS} seconds'"
    is_late_sqlite = f"(julianday(NEW.withdrawn_at) - julianday(OLD.posted_at)) * 86400 > {UNDO_SECONDS}.001"
    late = f"a post is taken back within {UNDO_SECONDS} seconds, or stays"
    return [
        *append_only(POST, may_update=("withdrawn_at",)),
        refuse(POST, "draft", on="INSERT", says="a draft has no room", when=is_draft),
        refuse(POST, "event", on="INSERT", says="a post stands among the events of its order", when=event),
        refuse(POST, "step", on="INSERT", says="a post speaks of its own order's operation",
               when=_is_of_another("orders_orderstep", "step_id")),
        refuse(POST, "issue", on="INSERT", says="a post speaks of its own order's problem",
               when=_is_of_another("orders_issue", "issue_id")),
        refuse(POST, "again", on="UPDATE", says="a post that was taken back stays so",
               when="OLD.withdrawn_at IS NOT NULL"),
        refuse(POST, "late", on="UPDATE", says=late, when=is_late, sqlite_when=is_late_sqlite),
        refuse(POST, "acted", on="UPDATE", says="what raised or solved a problem is not taken back",
               when="NEW.withdrawn_at IS NOT NULL AND OLD.issue_id IS NOT NULL AND OLD.kind <> 'progress'"),
        *append_only("coordination_mention"),
        *append_only("coordination_postfile"),
        refuse(READ, "back", on="UPDATE", says="a read mark only goes on", when="NEW.number < OLD.number"),
    ]  # fmt: skip


GUARDS = [*_room_guards(), *meeting_guards.GUARDS]
