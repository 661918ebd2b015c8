"""What must never happen to an order, refused by the database itself, whoever writes."""

from desk.guards import append_only, no_truncate, refuse
from orders.machine import PASSING_A_HOLD, Box, Stage, edge_table
from people.guards import behind, natural, same_hands, superior
from records.guards import alone

ORDER, SIGN_OFF, STEP, LINE = "orders_urgentorder", "orders_signoff", "orders_orderstep", "orders_orderline"
HOLD = "orders_hold"

# What must be on paper beside the boxes before an order takes this edge.
EVIDENCE = {
    (Stage.REVIEW, Stage.PROCUREMENT): "orders_promise e WHERE e.withdrawn_at IS NULL",
    (Stage.QC, Stage.PRODUCTION): f"{STEP} e WHERE e.kind = 'rework' AND e.finished_at IS NULL",
    (Stage.QC, Stage.PROCUREMENT): "orders_remake e WHERE e.planned_at IS NULL",
}


def _signed(order: str, box: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM {SIGN_OFF} s WHERE s.order_id = {order}"
        f" AND s.box = '{box}' AND s.revoked_at IS NULL)"
    )


def _edge(source, target, boxes, outcome) -> str:
    parts = [f"OLD.stage = '{source}'", f"NEW.stage = '{target}'", *(_signed("NEW.id", box) for box in boxes)]
    if outcome:
        parts.append(f"NEW.outcome = '{outcome}'")
    if (source, target) in EVIDENCE:
        parts.append(f"EXISTS (SELECT 1 FROM {EVIDENCE[source, target]} AND e.order_id = NEW.id)")
    return "(" + " AND ".join(parts) + ")"


def _open_run() -> str:
    """The trail says where the order is: an open run of the new stage, none once it has ended."""
    finals = f"('{Stage.CLOSED}', '{Stage.CANCELLED}', '{Stage.DECLINED}')"
    run = "SELECT 1 FROM orders_stagerun r WHERE r.order_id = NEW.id AND r.left_at IS NULL"
    return (
        f"((NEW.stage IN {finals} AND NOT EXISTS ({run}))"
        f" OR (NEW.stage NOT IN {finals} AND EXISTS ({run} AND r.stage = NEW.stage)))"
    )


def _stage_guards():
    edges = " OR ".join(_edge(*row) for row in edge_table())
    return [
        refuse(ORDER, "starts", on="INSERT", says="an order starts at identification",
               when=f"NEW.stage <> '{Stage.IDENTIFICATION}'"),
        refuse(ORDER, "edge", on="UPDATE",
               says="an order changes its stage only along the steps, with every box of the gate signed",
               when=f"NEW.stage <> OLD.stage AND NOT ({edges})"),
        refuse(ORDER, "run", on="UPDATE", says="an order changes its stage only with its stage run",
               when=f"NEW.stage <> OLD.stage AND NOT {_open_run()}"),
        refuse(ORDER, "ended", on="UPDATE", says="a closed, cancelled or declined order stays as it is",
               when=f"OLD.stage IN ('{Stage.CLOSED}', '{Stage.CANCELLED}', '{Stage.DECLINED}')"
                    " AND (NEW.stage <> OLD.stage OR NEW.outcome <> OLD.outcome)"),
        refuse(ORDER, "stays", on="DELETE", says="a submitted order stays", when="OLD.submitted_at IS NOT NULL"),
    ]


def _box_guard(name, box, says, failing) -> object:
    return refuse(SIGN_OFF, name, on="INSERT", says=says, when=f"NEW.box = '{box}' AND ({failing})")


def _line_fails(condition: str) -> str:
    return f"EXISTS (SELECT 1 FROM {LINE} l WHERE l.order_id = NEW.order_id AND {condition})"


def held(order: str) -> str:
    """Condition of a guard: a hold stands on the order that this SQL names."""
    return f"EXISTS (SELECT 1 FROM {HOLD} h WHERE h.order_id = {order} AND h.ended_at IS NULL)"


def _negotiation_guards():
    """The options as they were sent, the answer as it was given, and what was agreed by it."""
    option, answer = "orders_negotiationoption", "orders_offeranswer"
    of_another = (
        f"NOT EXISTS (SELECT 1 FROM {option} o WHERE o.id = NEW.{{column}} AND o.negotiation_id = {{negotiation}})"
    )
    total = "COALESCE((SELECT sum(p.quantity) FROM orders_optionpart p WHERE p.option_id = o.id), 0)"
    agreed = (
        f"COALESCE(o.agreed_quantity, (SELECT sum(l.agreed_quantity) FROM {LINE} l WHERE l.id IN"
        " (SELECT p.line_id FROM orders_optionpart p WHERE p.option_id = o.id)), 0)"
    )
    incomplete = (
        f"EXISTS (SELECT 1 FROM {option} o WHERE o.id = NEW.accepted_option_id AND o.kind = 'parts'"
        f" AND ({total} = 0 OR {total} <> {agreed}))"
    )
    closed = "NOT EXISTS (SELECT 1 FROM orders_negotiation n WHERE n.id = NEW.negotiation_id AND n.state = 'open')"
    ended = (
        "NOT EXISTS (SELECT 1 FROM orders_offerlink l JOIN records_accesslink a ON a.id = l.access_id"
        " WHERE l.id = NEW.link_id AND l.negotiation_id = NEW.negotiation_id"
        " AND a.revoked_at IS NULL AND a.expires_at > NEW.answered_at)"
        f" OR EXISTS (SELECT 1 FROM {option} o WHERE o.id = NEW.option_id AND o.valid_until <= NEW.answered_at)"
    )
    seen = "EXISTS (SELECT 1 FROM orders_offerlink l WHERE l.negotiation_id = NEW.negotiation_id)"
    agreed_parts = (
        "EXISTS (SELECT 1 FROM orders_negotiation n WHERE n.order_id = NEW.id AND n.state = 'accepted'"
        " AND n.accepted_option_id = NEW.parts_option_id)"
    )
    return [
        *append_only(option, may_update=("surcharge_amount",)),
        refuse(option, "seen", on="UPDATE", says="a charge that the customer has seen stays",
               when=f"COALESCE(NEW.surcharge_amount, -1) <> COALESCE(OLD.surcharge_amount, -1) AND {seen}"),
        *append_only("orders_optionpart"),
        *append_only(answer),
        refuse(answer, "option", on="INSERT", says="an answer names an option of its own negotiation",
               when="NEW.option_id IS NOT NULL AND "
                    + of_another.format(column="option_id", negotiation="NEW.negotiation_id")),
        refuse(answer, "open", on="INSERT", says="only an open negotiation is answered", when=closed),
        refuse(answer, "living", on="INSERT", says="an answer comes by a living link, for an option that is valid",
               when=ended),
        refuse("orders_negotiation", "option", on="UPDATE", says="a negotiation ends with an option of its own",
               when="NEW.accepted_option_id IS NOT NULL AND "
                    + of_another.format(column="accepted_option_id", negotiation="NEW.id")),
        refuse("orders_negotiation", "parts", on="UPDATE", says="the parts together are the agreed quantity",
               when=f"NEW.state = 'accepted' AND OLD.state <> 'accepted' AND {incomplete}"),
        refuse("orders_negotiation", "answered", on="UPDATE", says="an answered negotiation stays answered",
               when="OLD.state <> 'open' AND (NEW.state <> OLD.state OR COALESCE(NEW.accepted_option_id, 0)"
                    " <> COALESCE(OLD.accepted_option_id, 0))"),
        refuse(ORDER, "parts", on="UPDATE", says="the parts of a delivery are those the customer accepted",
               when="NEW.parts_option_id IS NOT NULL AND NEW.parts_option_id IS DISTINCT FROM OLD.parts_option_id"
                    f" AND NOT {agreed_parts}",
               sqlite_when="NEW.parts_option_id IS NOT NULL AND NEW.parts_option_id IS NOT OLD.parts_option_id"
                           f" AND NOT {agreed_parts}"),
    ]


def _agreement_guards():
    """What was agreed with the customer changes only with the paper that says so."""
    asked = (
        "EXISTS (SELECT 1 FROM orders_changedline c WHERE c.line_id = NEW.id AND c.quantity = NEW.agreed_quantity"
        " AND c.quantity_before = OLD.agreed_quantity)"
    )
    accepted = (
        "EXISTS (SELECT 1 FROM orders_negotiation n JOIN orders_negotiationoption o ON o.id = n.accepted_option_id"
        " WHERE n.order_id = NEW.order_id AND n.state = 'accepted' AND o.agreed_quantity = NEW.agreed_quantity)"
    )
    confirmed = (
        f"EXISTS (SELECT 1 FROM {ORDER} o WHERE o.id = NEW.order_id"
        f" AND o.stage NOT IN ('{Stage.IDENTIFICATION}', '{Stage.CONFIRMATION}'))"
    )
    shipped = f"EXISTS (SELECT 1 FROM {LINE} l WHERE l.order_id = NEW.id AND l.shipped > 0)"
    return [
        refuse(LINE, "agreed", on="UPDATE",
               says="the agreed quantity changes by an accepted negotiation or a change request",
               when=f"NEW.agreed_quantity <> OLD.agreed_quantity AND {confirmed} AND NOT {asked} AND NOT {accepted}"),
        refuse(ORDER, "shipped", on="UPDATE", says="an order of which pieces are shipped is not cancelled",
               when=f"NEW.outcome = 'cancelled' AND OLD.outcome <> 'cancelled' AND {shipped}"),
        *append_only("orders_changerequest", may_update=("sheet_id",)),
        *append_only("orders_changedline"),
        *append_only("orders_declineproposal",
                     may_update=("item_id", "answer", "answer_text", "answered_at", "answered_by_id")),
        refuse("orders_declineproposal", "answered", on="UPDATE", says="an answered proposal stays answered",
               when="OLD.answer <> ''"),
        *append_only("orders_silence", may_update=("item_id", "end", "ended_at", "ended_by_id")),
        refuse("orders_silence", "ended", on="UPDATE", says="what has ended stays ended",
               when="OLD.ended_at IS NOT NULL"),
    ]


def _hold_guards():
    runs = "SELECT r.entered_step FROM orders_stagerun r WHERE r.order_id = NEW.id"
    last_step = f"({runs} ORDER BY r.number DESC LIMIT 1)"
    passing = ", ".join(f"'{step}'" for step in PASSING_A_HOLD)
    return [
        refuse(ORDER, "held", on="UPDATE", says="an order on hold is returned or cancelled, nothing else",
               when=f"NEW.stage <> OLD.stage AND {held('NEW.id')} AND {last_step} NOT IN ({passing})"),
        refuse(ORDER, "hold", on="UPDATE", says="an order leaves its hold when the hold has ended",
               when=f"OLD.hold_id IS NOT NULL AND NEW.hold_id IS NULL AND {held('NEW.id')}"),
        refuse(STEP, "held", on="UPDATE", says="no operation starts while the order is on hold",
               when=f"OLD.started_at IS NULL AND NEW.started_at IS NOT NULL AND {held('NEW.order_id')}"),
        refuse("orders_ledgerentry", "held", on="INSERT", says="nothing is shipped while the order is on hold",
               when=f"NEW.kind = 'ship' AND {held('NEW.order_id')}"),
        *append_only(HOLD, may_update=("ended_at", "ended_by_id", "end")),
        refuse(HOLD, "ended", on="UPDATE", says="an ended hold stays ended", when="OLD.ended_at IS NOT NULL"),
    ]


def _sign_off_guards():
    four = (
        "4 <> (SELECT count(*) FROM orders_confirmationitem c"
        " WHERE c.order_id = NEW.order_id AND c.revoked_at IS NULL)"
    )
    open_expense = (
        "EXISTS (SELECT 1 FROM orders_expenserequest e WHERE e.order_id = NEW.order_id AND e.state = 'requested')"
    )
    return [
        refuse(SIGN_OFF, "delete", on="DELETE", says="a signature is never deleted"),
        no_truncate(SIGN_OFF, "a signature is never deleted"),
        *[guard for guard in append_only(SIGN_OFF, may_update=("revoked_at", "revoked_by_id", "revoked_fact"))
          if guard.name.endswith("_update")],
        refuse(SIGN_OFF, "once", on="UPDATE", says="a revoked signature stays revoked",
               when="OLD.revoked_at IS NOT NULL"),
        _box_guard("confirmed", Box.CUSTOMER_CONFIRMED, "the customer confirms four things", four),
        _box_guard("made", Box.MADE, "made is signed when the agreed pieces are made",
                   _line_fails("l.made - l.scrapped < l.agreed_quantity")),
        _box_guard("passed", Box.PASSED, "passed is signed when the agreed pieces passed",
                   _line_fails("l.passed < l.agreed_quantity")),
        _box_guard("delivered", Box.DELIVERED, "delivered is signed when the agreed pieces are shipped",
                   _line_fails("l.shipped < l.agreed_quantity")),
        _box_guard("costs", Box.COSTS, "costs are signed when no expense request is open", open_expense),
    ]


def _ledger_guards():
    shipped_blind = f"NEW.kind = 'ship' AND NOT {_signed('NEW.order_id', Box.DELIVERY_CONFIRMED)}"
    before = (
        f"(SELECT p.passed FROM {STEP} p WHERE p.line_id = NEW.line_id AND p.kind <> 'rework' AND p.number < NEW.number"
        " AND p.is_cancelled = {false} ORDER BY p.number DESC LIMIT 1)"
    )
    too_many = "NEW.kind <> 'rework' AND NEW.made > OLD.made AND NEW.made > COALESCE(" + before + ", NEW.made)"
    last = (
        f"(SELECT p.passed FROM {STEP} p WHERE p.line_id = NEW.id AND p.kind <> 'rework'"
        " AND p.is_cancelled = {false} ORDER BY p.number DESC LIMIT 1)"
    )
    from_nowhere = "NEW.made > OLD.made AND NEW.made > COALESCE(" + last + ", 0)"
    return [
        *append_only("orders_ledgerentry"),
        refuse("orders_ledgerentry", "confirmed", on="INSERT", when=shipped_blind,
               says="nothing is shipped before time and place are confirmed with the customer"),
        refuse(STEP, "takes", on="UPDATE", says="an operation takes no more than the one before has passed",
               when=too_many.format(false="false"), sqlite_when=too_many.format(false="0")),
        refuse(LINE, "takes", on="UPDATE", says="final inspection takes no more than the last operation has passed",
               when=from_nowhere.format(false="false"), sqlite_when=from_nowhere.format(false="0")),
    ]


_SUBJECT, _ACT, _ISSUE = "'order:' || NEW.order_id", "'expense:' || NEW.id", "'issue:' || NEW.id"


# A form of one's own that nobody else has seen may be given up for the order it is like.
_IS_OTHERS_TOO = (
    "NOT EXISTS (SELECT 1 FROM orders_urgentorder o WHERE o.id = NEW.order_id AND o.submitted_at IS NULL"
    " AND o.duplicate_of_id IS NOT NULL)"
)


def _same_person_guards():
    """Who entered an order does not decide it, who asked for money does not grant it, whoever's account it is."""
    right = {"approve": "review.decide", "decline": "order.decide", "cancel": "order.decide"}
    creator = "(SELECT o.created_by_id FROM orders_urgentorder o WHERE o.id = NEW.order_id)"
    created_at = "(SELECT o.created_at FROM orders_urgentorder o WHERE o.id = NEW.order_id)"
    own = " OR ".join(
        f"(NEW.entered_step = '{step}' AND "
        + same_hands(behind(creator, "order.create", created_at), behind("NEW.entered_by_id", code, "NEW.entered_at"))
        + ")"
        for step, code in right.items()
    )
    granted = same_hands(
        behind("NEW.requested_by_id", "", "NEW.requested_at"),
        behind("NEW.decided_by_id", "expense.decide", "NEW.decided_at"),
    )
    run_alone = alone("'order:' || NEW.order_id", "NEW.entered_step", "NEW.entered_by_id")
    expense_alone = f"NEW.is_sole_decision AND {alone(_SUBJECT, _ACT, 'NEW.decided_by_id')}"
    return [
        refuse("orders_stagerun", "own", on="INSERT", says="who entered an order does not decide it",
               when=f"({own}) AND {_IS_OTHERS_TOO} AND NOT {run_alone}"),
        refuse("orders_expenserequest", "own", on="UPDATE", says="who asked for money does not grant it",
               when=f"NEW.decided_by_id IS NOT NULL AND {granted} AND NOT ({expense_alone})"),
        refuse("orders_expenserequest", "flag", on="UPDATE", says="a decision of one person is on record",
               when=f"NEW.is_sole_decision AND NOT ({expense_alone})"),
    ]


def _assessors() -> str:
    """Too few different people could sign the three assessments with this signature."""
    boxes = "('process', 'capacity', 'materials')"
    living = f"{SIGN_OFF} s WHERE s.order_id = NEW.order_id AND s.box IN {boxes} AND s.revoked_at IS NULL"
    people = f"SELECT {natural('s.signed_by_id')} AS p FROM {living} UNION SELECT {natural('NEW.signed_by_id')} AS p"
    wanted = "COALESCE((SELECT c.review_people FROM records_companysettings c WHERE c.id = 1), 3)"
    return (
        f"NEW.box IN {boxes} AND NEW.revoked_at IS NULL"
        f" AND (SELECT count(*) FROM ({people}) q) + 2 - (SELECT count(*) FROM {living}) < {wanted}"
    )


def _customer_guards():
    """Consent, complaint, rating: what the customer or another order's salesperson said."""
    unanswered = (
        "OLD.stage = 'review' AND NEW.stage = 'procurement' AND EXISTS (SELECT 1 FROM orders_consent c"
        " WHERE c.order_id = NEW.id AND c.lapsed_at IS NULL AND c.state <> 'yes')"
    )
    said = "(OLD.state <> 'open' AND NEW.state <> OLD.state) OR (OLD.lapsed_at IS NOT NULL AND NEW.lapsed_at IS NULL)"
    more_than_shipped = (
        "NEW.quantity + COALESCE((SELECT sum(c.quantity) FROM orders_complaint c WHERE c.line_id = NEW.line_id"
        " AND c.answer = 'open'), 0) > COALESCE((SELECT l.shipped FROM orders_orderline l"
        " WHERE l.id = NEW.line_id AND l.order_id = NEW.order_id), 0)"
    )
    undelivered = (
        "NOT EXISTS (SELECT 1 FROM orders_urgentorder o WHERE o.id = NEW.order_id AND o.outcome = 'delivered')"
    )
    written = ("item_id", "answer", "decision_reason", "decided_at", "decided_by_id", "following_id", "credit_id",
               "returned_quantity", "scrap_quantity", "keep_quantity", "told_text", "told_at", "told_by_id")
    return [
        refuse(ORDER, "consent", on="UPDATE", when=unanswered,
               says="no order is approved that harms another one without its consent"),
        *append_only("orders_consent", may_update=("state", "answer", "decided_at", "decided_by_id", "lapsed_at",
                                                   "item_id")),
        refuse("orders_consent", "said", on="UPDATE", says="an answered consent stays as it was said", when=said),
        *append_only("orders_complaint", may_update=written),
        refuse("orders_complaint", "shipped", on="INSERT", says="nobody complains of more pieces than were shipped",
               when=more_than_shipped),
        refuse("orders_complaint", "decided", on="UPDATE", says="a decided complaint stays decided",
               when="OLD.answer <> 'open' AND NEW.answer <> OLD.answer"),
        refuse("orders_complaint", "returned", on="UPDATE", says="what was decided on returned pieces stays decided",
               when="NEW.scrap_quantity < OLD.scrap_quantity OR NEW.keep_quantity < OLD.keep_quantity"),
        *append_only("orders_rating"),
        refuse("orders_rating", "delivered", on="INSERT", says="only a delivered order is rated", when=undelivered),
    ]


def _issue_guards():
    """A problem is solved when nothing is open; a major one acknowledged by a superior, and decided by several."""
    issue, action, decision, decider = (f"orders_issue{part}" for part in ("", "action", "decision", "decider"))
    solving = "OLD.solved_at IS NULL AND NEW.solved_at IS NOT NULL"
    major = "(OLD.severity = 'major' OR NEW.severity = 'major')"
    people = (
        f"SELECT count(DISTINCT {natural('x.person_id')}) FROM {decider} x WHERE x.decision_id = d.id"
    )
    decided = (
        f"EXISTS (SELECT 1 FROM {decision} d WHERE d.issue_id = NEW.id AND ({people}) >= 2"
        f" AND EXISTS (SELECT 1 FROM {decider} s WHERE s.decision_id = d.id AND s.is_superior))"
    )
    still_open = (
        f"EXISTS (SELECT 1 FROM {action} a WHERE a.issue_id = NEW.id AND a.done_at IS NULL AND a.cancelled_at IS NULL)"
    )
    noting = "OLD.acknowledged_by_id IS NULL AND NEW.acknowledged_by_id IS NOT NULL"
    own = (
        f"{natural('NEW.acknowledged_by_id')} IN ({behind('NEW.raised_by_id', 'issue.raise', 'NEW.raised_at')})"
        f" AND NOT {alone(_SUBJECT, _ISSUE, 'NEW.acknowledged_by_id')}"
    )
    unsaid = "NEW.lowered_at IS NULL OR NEW.lowered_by_id IS NULL OR NEW.lowered_reason = ''"
    not_above = f"NOT {superior('NEW.lowered_by_id', 'NEW.lowered_at')}"
    is_solved = f"EXISTS (SELECT 1 FROM {issue} i WHERE i.id = NEW.issue_id AND i.solved_at IS NOT NULL)"
    of = f"FROM {decision} d WHERE d.id = NEW.decision_id"
    named = f"(SELECT count(*) FROM {decider} x WHERE x.decision_id = NEW.decision_id)"
    same = (
        f"EXISTS (SELECT 1 FROM {decider} x WHERE x.decision_id = NEW.decision_id"
        f" AND {natural('x.person_id')} = {natural('NEW.person_id')})"
    )
    return [
        refuse(issue, "noted", on="UPDATE", says="a major problem is solved after a superior has taken note of it",
               when=f"{solving} AND {major} AND NEW.acknowledged_at IS NULL"),
        refuse(issue, "decided", on="UPDATE", says="a major problem is solved by a joint decision with a superior",
               when=f"{solving} AND {major} AND NOT {decided}"),
        refuse(issue, "actions", on="UPDATE", says="a problem with an open action is not solved",
               when=f"{solving} AND {still_open}"),
        refuse(issue, "solved", on="UPDATE", says="a solved problem stays solved",
               when="OLD.solved_at IS NOT NULL AND (NEW.solved_at IS NULL OR NEW.solved_at <> OLD.solved_at"
                    " OR NEW.solution <> OLD.solution OR NEW.severity <> OLD.severity"
                    " OR coalesce(CAST(NEW.solution_sentence AS text), '')"
                    " <> coalesce(CAST(OLD.solution_sentence AS text), ''))"),
        refuse(issue, "own", on="UPDATE", says="who raised a problem does not take note of it for the superiors",
               when=f"{noting} AND {own}"),
        refuse(issue, "above", on="UPDATE", says="a superior takes note of a major problem",
               when=f"{noting} AND NOT {superior('NEW.acknowledged_by_id', 'NEW.acknowledged_at')}"),
        refuse(issue, "kept", on="UPDATE", says="that a superior took note stays",
               when="OLD.acknowledged_at IS NOT NULL AND (NEW.acknowledged_at IS NULL"
                    " OR NEW.acknowledged_at <> OLD.acknowledged_at"
                    " OR NEW.acknowledged_by_id <> OLD.acknowledged_by_id)"),
        refuse(issue, "lowered", on="UPDATE", says="a superior says why a major problem is minor",
               when="OLD.severity = 'major' AND NEW.severity = 'minor'"
                    f" AND ({unsaid} OR NEW.lowered_at = OLD.lowered_at OR {not_above})"),
        *append_only(action, may_update=("item_id", "result", "done_at", "done_by_id", "cancel_reason",
                                         "cancelled_at", "cancelled_by_id")),
        refuse(action, "ended", on="UPDATE", says="an ended action stays ended",
               when="OLD.done_at IS NOT NULL OR OLD.cancelled_at IS NOT NULL"),
        refuse(action, "solved", on="INSERT", says="a solved problem gets no action", when=is_solved),
        *append_only(decision),
        refuse(decision, "solved", on="INSERT", says="a solved problem gets no decision", when=is_solved),
        *append_only(decider),
        refuse(decider, "same", on="INSERT", says="one human being decides once", when=same),
        refuse(decider, "full", on="INSERT", says="a decision is of the people it was recorded with",
               when=f"{named} >= (SELECT d.people_count {of})"),
        refuse(decider, "superior", on="INSERT", says="a superior is a head, a manager or who stands in for a head",
               when=f"NEW.is_superior AND NOT {superior('NEW.person_id', f'(SELECT d.recorded_at {of})')}"),
    ]


GUARDS = [
    *_same_person_guards(),
    refuse(SIGN_OFF, "people", on="INSERT", says="the assessments come from different people", when=_assessors()),
    *_stage_guards(),
    *_negotiation_guards(),
    *_agreement_guards(),
    *_hold_guards(),
    *_sign_off_guards(),
    *_ledger_guards(),
    *_customer_guards(),
    *_issue_guards(),
    *append_only("orders_promise", may_update=("withdrawn_at",)),
    refuse("orders_promise", "withdrawn", on="UPDATE", says="a withdrawn promise stays withdrawn",
           when="OLD.withdrawn_at IS NOT NULL"),
    *append_only("orders_costentry"),
    *append_only("orders_processingsheet", may_update=("withdrawn_at",)),
    refuse("orders_processingsheet", "withdrawn", on="UPDATE", says="a withdrawn sheet stays withdrawn",
           when="OLD.withdrawn_at IS NOT NULL"),
    *append_only("orders_contactlog"),
    refuse("orders_expenserequest", "withdrawn", on="UPDATE", says="a withdrawn expense request was decided by nobody",
           when="NEW.state = 'withdrawn' AND NEW.decided_by_id IS NOT NULL"),
    refuse("orders_declineproposal", "withdrawn", on="UPDATE", says="who proposed it takes it back",
           when="NEW.answer = 'withdrawn' AND"
                f" {natural('NEW.answered_by_id')} <> {natural('NEW.proposed_by_id')}"),
    refuse("orders_expenserequest", "decided", on="UPDATE", says="a decided expense request stays decided",
           when="OLD.state <> 'requested' AND (NEW.state <> OLD.state OR NEW.amount <> OLD.amount)"),
]
