"""What was judged, planned and worked stays as it was, whoever writes."""

from desk.guards import append_only, refuse
from orders.guards import held

SLIP = "production_slip"
LINK, ROUTING = "production_routinglink", "production_routingoperation"
ASSESSMENT, PLAN = "production_assessment", "production_plan"
OPERATION, SEGMENT = "production_operation", "production_timesegment"
DOWNTIME = "production_downtime"
IMPORT, IMPORT_ROW = "production_masterimport", "production_importrow"
_planned = ("starts_at", "ends_at", "slot", "work_centre_id", "quantity", "line_id", "number", "plan_id")
_released = f"EXISTS (SELECT 1 FROM {PLAN} p WHERE p.id = OLD.plan_id AND p.state <> 'draft')"
_moved = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in _planned)
_unanswered = (
    "EXISTS (SELECT 1 FROM orders_consent c WHERE c.order_id = NEW.order_id"
    " AND c.lapsed_at IS NULL AND c.state <> 'yes')"
)

_backwards = (
    f"NOT EXISTS (SELECT 1 FROM {ROUTING} o JOIN {ROUTING} a ON a.product_id = o.product_id AND a.variant = o.variant"
    " AND a.number < o.number WHERE o.id = NEW.operation_id AND a.id = NEW.after_id)"
)
_linked = (
    "NEW.number <> OLD.number OR NEW.product_id <> OLD.product_id OR NEW.variant <> OLD.variant"
)
_overtaken = (
    f"({_linked}) AND EXISTS (SELECT 1 FROM {LINK} l JOIN {ROUTING} o ON o.id = l.operation_id"
    f" JOIN {ROUTING} a ON a.id = l.after_id WHERE NEW.id IN (o.id, a.id)"
    " AND (CASE WHEN a.id = NEW.id THEN NEW.number ELSE a.number END"
    " >= CASE WHEN o.id = NEW.id THEN NEW.number ELSE o.number END"
    " OR CASE WHEN a.id = NEW.id THEN NEW.product_id ELSE a.product_id END"
    " <> CASE WHEN o.id = NEW.id THEN NEW.product_id ELSE o.product_id END"
    " OR CASE WHEN a.id = NEW.id THEN NEW.variant ELSE a.variant END"
    " <> CASE WHEN o.id = NEW.id THEN NEW.variant ELSE o.variant END))"
)


def _done(row):
    return f"EXISTS (SELECT 1 FROM {IMPORT} i WHERE i.id = {row}.master_import_id AND i.imported_at IS NOT NULL)"


_FORWARD = "an operation comes after one with a lower number of the same routing"


def _uncertified(earliest, latest):
    """SQL: no certificate of what the operation needs holds on that day, in whichever time zone the company is."""
    return (
        f"EXISTS (SELECT 1 FROM {OPERATION} o JOIN {PLAN} p ON p.id = o.plan_id WHERE o.step_id = NEW.step_id"
        " AND p.state = 'released' AND o.qualification_id IS NOT NULL AND NOT EXISTS ("
        "SELECT 1 FROM people_certificate c WHERE c.person_id = NEW.person_id"
        f" AND c.qualification_id = o.qualification_id AND c.valid_from <= {latest}"
        f" AND (c.valid_until IS NULL OR c.valid_until >= {earliest})))"
    )


GUARDS = [
    refuse(LINK, "forward_insert", on="INSERT", says=_FORWARD, when=_backwards),
    refuse(LINK, "forward_update", on="UPDATE", says=_FORWARD, when=_backwards),
    refuse(ROUTING, "forward", on="UPDATE", says=_FORWARD, when=_overtaken),
    *append_only(DOWNTIME, may_update=("ends_at", "cancelled_at", "cancelled_by_id")),
    *append_only(IMPORT, may_update=("imported_at", "imported_by_id")),
    refuse(IMPORT, "done", on="UPDATE", says="a workbook is imported once", when="OLD.imported_at IS NOT NULL"),
    refuse(IMPORT_ROW, "update", on="UPDATE", says="what an import has shown stays as it is"),
    refuse(IMPORT_ROW, "insert", on="INSERT", says="what an import has shown stays as it is", when=_done("NEW")),
    refuse(IMPORT_ROW, "delete", on="DELETE", says="what an import has shown stays as it is", when=_done("OLD")),
    refuse(DOWNTIME, "cancelled", on="UPDATE", says="cancelled downtime stays as it is",
           when="OLD.cancelled_at IS NOT NULL"),
    *append_only(SLIP, may_update=(
        "stamp", "cause", "finish_after_at", "checked_at", "told_at", "told_late_seconds", "healed_at", "item_id",
    )),
    refuse(SLIP, "over", on="UPDATE", says="a slip that is over stays as it was", when="OLD.healed_at IS NOT NULL"),
    *append_only(ASSESSMENT, may_update=("replaced_at",)),
    *append_only(SEGMENT, may_update=("ended_at", "pause", "note", "end_phone_at", "end_received_at")),
    refuse(SEGMENT, "overlap", on="INSERT", says="working times of an operation do not overlap",
           when=f"EXISTS (SELECT 1 FROM {SEGMENT} t WHERE t.step_id = NEW.step_id AND t.ended_at > NEW.started_at)"),
    refuse(SEGMENT, "held", on="INSERT", says="no operation starts while the order is on hold",
           when=held("(SELECT s.order_id FROM orders_orderstep s WHERE s.id = NEW.step_id)")),
    refuse(SEGMENT, "certificate", on="INSERT", says="who runs an operation has the qualification that it needs",
           when=_uncertified(*(f"CAST(NEW.started_at {sign} INTERVAL '1 day' AS date)" for sign in "-+")),
           sqlite_when=_uncertified(*(f"date(NEW.started_at, '{sign}1 day')" for sign in "-+"))),
    refuse(SEGMENT, "ended", on="UPDATE", says="ended working time stays as it is", when="OLD.ended_at IS NOT NULL"),
    refuse(PLAN, "stays", on="DELETE", says="a released plan stays", when="OLD.state <> 'draft'"),
    refuse(PLAN, "draft", on="UPDATE", says="a released plan is no draft again",
           when="OLD.state <> 'draft' AND NEW.state = 'draft'"),
    refuse(PLAN, "consent", on="UPDATE", says="no plan is released that harms another order without its consent",
           when="OLD.state = 'draft' AND NEW.state <> 'draft' AND " + _unanswered),
    refuse(OPERATION, "planned", on="UPDATE", says="the plan in force is never overwritten",
           when=f"({_moved}) AND {_released}"),
    refuse(OPERATION, "stays", on="DELETE", says="the plan in force is never overwritten", when=_released),
]
