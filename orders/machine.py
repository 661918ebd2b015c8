"""The machine of an urgent order as plain tables: stages, boxes, steps, and which fact shuts which box.

`orders.models.UrgentOrder` takes its django-fsm transitions from here, `orders.guards` makes the
database trigger from the same rows, and `orders.actions.move` is the only door.
"""

from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from desk.text import word
from people.roles import Right


class Stage(TextChoices):
    IDENTIFICATION = "identification", pgettext_lazy("stage", "Identification")
    CONFIRMATION = "confirmation", pgettext_lazy("stage", "Confirmation")
    REVIEW = "review", pgettext_lazy("stage", "Review")
    PROCUREMENT = "procurement", pgettext_lazy("stage", "Procurement")
    PRODUCTION = "production", pgettext_lazy("stage", "Production")
    QC = "qc", pgettext_lazy("stage", "Quality check")
    DELIVERY = "delivery", pgettext_lazy("stage", "Delivery")
    SETTLEMENT = "settlement", pgettext_lazy("stage", "Settlement")
    CLOSED = "closed", pgettext_lazy("stage", "Closed")
    CANCELLED = "cancelled", pgettext_lazy("stage", "Cancelled")
    DECLINED = "declined", pgettext_lazy("stage", "Declined")


def stage_word(stage) -> dict:
    """A stage as a parameter of a stored sentence."""
    return word(Stage(stage).label, context="stage")


S = Stage
PATH = (S.IDENTIFICATION, S.CONFIRMATION, S.REVIEW, S.PROCUREMENT, S.PRODUCTION, S.QC, S.DELIVERY, S.SETTLEMENT)
FINAL = (S.CLOSED, S.CANCELLED, S.DECLINED)
STAGE_DEPARTMENT = {
    S.IDENTIFICATION: "sales", S.CONFIRMATION: "sales", S.REVIEW: "production", S.PROCUREMENT: "procurement",
    S.PRODUCTION: "production", S.QC: "quality", S.DELIVERY: "logistics", S.SETTLEMENT: "finance",
}
CONCERNED_DEPARTMENTS = ("sales", "production", "procurement", "quality", "logistics", "finance")


class Box(TextChoices):
    """A gate of the processing sheet. One living signature for a box of an order."""

    CUSTOMER_CONFIRMED = "customer_confirmed", _("Confirmed with the customer")
    PROCESS = "process", _("Production process")
    CAPACITY = "capacity", _("Production capacity")
    MATERIALS = "materials", _("Material needs")
    PLAN = "plan", _("Production plan")
    MATERIALS_READY = "materials_ready", _("Materials ready")
    MADE = "made", _("Made")
    PASSED = "passed", _("Passed inspection")
    DELIVERY_CONFIRMED = "delivery_confirmed", _("Delivery confirmed with the customer")
    DELIVERED = "delivered", _("Delivered with proof")
    DOCUMENTS = "documents", _("Documents handed over")
    COSTS = "costs", _("Costs settled")
    STOPPED = "stopped", _("Stopped, costs reported")


B = Box
BOX_DEPARTMENT = {
    B.CUSTOMER_CONFIRMED: "sales", B.PROCESS: "production", B.CAPACITY: "production", B.MATERIALS: "production",
    B.PLAN: "production", B.MATERIALS_READY: "procurement", B.MADE: "production", B.PASSED: "quality",
    B.DELIVERY_CONFIRMED: "logistics", B.DELIVERED: "logistics", B.DOCUMENTS: "logistics", B.COSTS: "finance",
}
BOX_RIGHT = {
    B.CUSTOMER_CONFIRMED: Right.ORDER_CONFIRM, B.PROCESS: Right.REVIEW_ASSESS, B.CAPACITY: Right.REVIEW_ASSESS,
    B.MATERIALS: Right.REVIEW_ASSESS, B.PLAN: Right.PLAN_MAKE, B.MATERIALS_READY: Right.SUPPLY_BUY,
    B.MADE: Right.OPERATION_RUN, B.PASSED: Right.QUALITY_INSPECT, B.DELIVERY_CONFIRMED: Right.DELIVERY_RUN,
    B.DELIVERED: Right.DELIVERY_RUN, B.DOCUMENTS: Right.DELIVERY_RUN, B.COSTS: Right.COST_RECORD,
    B.STOPPED: Right.ISSUE_RAISE,
}
ASSESSMENTS = (B.PROCESS, B.CAPACITY, B.MATERIALS)


class Outcome(TextChoices):
    NONE = "", _("open")
    DELIVERED = "delivered", _("delivered")
    CANCELLED = "cancelled", _("cancelled")


@dataclass(frozen=True)
class Step:
    """One row of the table of steps. `edges`: (from, to) pairs; `boxes` must be signed and alive."""

    name: str
    label: object
    edges: tuple
    right: Right
    boxes: tuple = ()
    outcome: str | None = None
    needs_reason: bool = False

    @property
    def sources(self):
        return tuple(source for source, _target in self.edges)

    def target_from(self, stage: str) -> str | None:
        return dict(self.edges).get(stage)


LATER_THAN_REVIEW = (S.PROCUREMENT, S.PRODUCTION, S.QC, S.DELIVERY)

STEPS = {
    step.name: step
    for step in (
        Step("submit", _("Submit"), ((S.IDENTIFICATION, S.CONFIRMATION),), Right.ORDER_CREATE),
        Step("confirm", _("Confirm"), ((S.CONFIRMATION, S.REVIEW),), Right.ORDER_CONFIRM,
             (B.CUSTOMER_CONFIRMED,)),
        Step("approve", _("Approve"), ((S.REVIEW, S.PROCUREMENT),), Right.REVIEW_DECIDE,
             (B.PROCESS, B.CAPACITY, B.MATERIALS, B.PLAN)),
        Step("materials_ready", _("Materials ready"), ((S.PROCUREMENT, S.PRODUCTION),), Right.SUPPLY_BUY,
             (B.PLAN, B.MATERIALS_READY)),
        Step("finish", _("Finish production"), ((S.PRODUCTION, S.QC),), Right.OPERATION_RUN, (B.MADE,)),
        Step("pass", _("Pass inspection"), ((S.QC, S.DELIVERY),), Right.QUALITY_INSPECT, (B.PASSED,)),
        Step("deliver", _("Deliver"), ((S.DELIVERY, S.SETTLEMENT),), Right.DELIVERY_RUN,
             (B.DELIVERED, B.DOCUMENTS)),
        Step("settle", _("Settle"), ((S.SETTLEMENT, S.CLOSED),), Right.SETTLE, (B.COSTS,), outcome=Outcome.DELIVERED),
        Step("settle_cancelled", _("Settle the cancelled order"), ((S.SETTLEMENT, S.CANCELLED),), Right.SETTLE,
             (B.COSTS, B.STOPPED), outcome=Outcome.CANCELLED),
        Step("rework", _("Rework"), ((S.QC, S.PRODUCTION),), Right.QUALITY_DECIDE),
        Step("remake", _("Make again"), ((S.QC, S.PROCUREMENT),), Right.QUALITY_DECIDE),
        Step("send_back", _("Return"), (
            (S.CONFIRMATION, S.IDENTIFICATION), (S.REVIEW, S.CONFIRMATION), (S.PROCUREMENT, S.REVIEW),
            (S.PRODUCTION, S.REVIEW), (S.DELIVERY, S.QC), (S.SETTLEMENT, S.DELIVERY),
        ), Right.ISSUE_RAISE, needs_reason=True),
        Step("renegotiate", _("Renegotiate"), tuple((stage, S.REVIEW) for stage in LATER_THAN_REVIEW),
             Right.ORDER_NEGOTIATE),
        Step("decline", _("Decline"), tuple((stage, S.DECLINED) for stage in PATH[:3]), Right.ORDER_DECIDE,
             needs_reason=True),
        Step("cancel", _("Cancel the order"), (
            (S.IDENTIFICATION, S.CANCELLED), (S.CONFIRMATION, S.CANCELLED),
            *((stage, S.SETTLEMENT) for stage in (S.REVIEW, *LATER_THAN_REVIEW)),
        ), Right.ORDER_DECIDE, outcome=Outcome.CANCELLED, needs_reason=True),
    )
}

# What the same person may withdraw within seconds: the step, and the boxes that the act itself signed.
# Pieces, papers handed over, money and endings are facts by then: no step beside these.
WITHDRAWABLE = {
    "submit": (), "confirm": (B.CUSTOMER_CONFIRMED,), "approve": (), "materials_ready": (B.MATERIALS_READY,),
    "send_back": (),
}
WITHDRAW = Step(
    "withdraw", _("Withdraw"),
    tuple(
        (target, source)
        for name in WITHDRAWABLE for source, target in STEPS[name].edges if Stage.SETTLEMENT not in (source, target)
    ),
    Right.ISSUE_RAISE,
)

# The only steps that a standing hold lets pass.
PASSING_A_HOLD = ("send_back", "cancel", "withdraw")

# The forward step out of each stage: the walking door tries these.
FORWARD = {
    S.CONFIRMATION: STEPS["confirm"], S.REVIEW: STEPS["approve"], S.PROCUREMENT: STEPS["materials_ready"],
    S.PRODUCTION: STEPS["finish"], S.QC: STEPS["pass"], S.DELIVERY: STEPS["deliver"],
}

# What a return must take back so that the order stays where it was sent: the boxes of that stage's exit.
EXIT_BOXES = {stage: step.boxes for stage, step in FORWARD.items()}


class Fact(TextChoices):
    """Something that happened and takes signatures with it."""

    FORM = "form", _("the form was changed")
    SPECIFICATION = "specification", _("the specification changed")
    QUANTITY_UP = "quantity_up", _("the quantity went up")
    QUANTITY_DOWN = "quantity_down", _("the quantity went down")
    DATE = "date", _("the delivery date changed")
    PLACE = "place", _("the place or time of delivery changed")
    SUBSTITUTE_MATERIAL = "substitute_material", _("a substitute material was chosen")
    MATERIAL_LINE_ADDED = "material_line_added", _("a material was added")
    RECEIPT_REJECTED = "receipt_rejected", _("received material was rejected")
    NONCONFORMANCE = "nonconformance", _("nonconforming pieces were found")
    STEP_ADDED = "step_added", _("an operation was added")
    REMAKE = "remake", _("scrapped pieces are made again")
    TRANSPORT_DAMAGE = "transport_damage", _("goods were damaged in transport")
    WITHDRAWN = "withdrawn", _("the act was withdrawn")


_after_process = (B.CAPACITY, B.MATERIALS, B.PLAN, B.MATERIALS_READY, B.MADE, B.PASSED)
REVOKES = {
    Fact.FORM: (B.CUSTOMER_CONFIRMED,),
    Fact.SPECIFICATION: (B.PROCESS, *_after_process),
    Fact.QUANTITY_UP: (*_after_process, B.DELIVERED, B.DOCUMENTS, B.COSTS),
    Fact.QUANTITY_DOWN: (B.PLAN,),
    Fact.DATE: (B.CAPACITY, B.PLAN),
    Fact.PLACE: (B.DELIVERY_CONFIRMED,),
    Fact.SUBSTITUTE_MATERIAL: (B.PROCESS, B.MATERIALS, B.MATERIALS_READY),
    Fact.MATERIAL_LINE_ADDED: (B.MATERIALS_READY,),
    Fact.RECEIPT_REJECTED: (B.MATERIALS_READY,),
    Fact.NONCONFORMANCE: (B.PASSED,),
    Fact.STEP_ADDED: (B.MADE, B.PASSED),
    Fact.REMAKE: (B.PLAN, B.MATERIALS_READY, B.MADE, B.PASSED),
    Fact.TRANSPORT_DAMAGE: (B.PASSED, B.DELIVERED),
    Fact.WITHDRAWN: (),  # the boxes that the act signed: WITHDRAWABLE
}


def edge_table() -> list[tuple]:
    """(from, to, boxes, outcome) for every allowed change of stage: what the database enforces."""
    rows = []
    for step in STEPS.values():
        for source, target in step.edges:
            into_settlement = target in (S.SETTLEMENT, S.CLOSED, S.CANCELLED) and source not in PATH[:2]
            rows.append((source, target, step.boxes, step.outcome if into_settlement else None))
    return rows + [(source, target, _boxes_between(source, target), None) for source, target in WITHDRAW.edges]


def _boxes_between(source, target) -> tuple:
    """A withdrawn return opens no gate: every box on the way must be alive again."""
    stages = PATH[PATH.index(source):PATH.index(target)]
    return tuple(box for stage in stages if stage in FORWARD for box in FORWARD[stage].boxes)
