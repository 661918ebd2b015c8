"""What production's pages show, read in a fixed number of statements."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from orders.machine import ASSESSMENTS, LATER_THAN_REVIEW, Box, Stage
from orders.models import MaterialLine, OrderStep, SignOff, UrgentOrder
from production import capacity
from production.capacity import Wait
from production.models import Assessment, Operation, Plan, TimeSegment, WorkCentre


@dataclass
class StepRow:
    """An operation with its time and its pieces."""

    step: OrderStep
    running: TimeSegment | None = None
    worked_seconds: int = 0
    work_seconds: int = 0
    now: datetime | None = None
    sent_late: list = field(default_factory=list)  # pressed without network: from when it counts, when it came

    @property
    def percent(self) -> int:
        return min(100, 100 * self.step.made // self.step.quantity)

    @property
    def late_seconds(self) -> int:
        """Past the time node; 0 when in time."""
        end = self.step.finished_at or self.now
        planned = self.step.planned_end_at
        return max(0, int((end - planned).total_seconds())) if planned else 0

    @property
    def state(self) -> str:
        if self.step.finished_at:
            return "done"
        if self.running:
            return "running"
        return "paused" if self.step.started_at else "waiting"

    @property
    def left(self) -> int:
        return max(0, self.step.quantity - self.step.made)


@dataclass
class Tab:
    """Production's part of an order's page."""

    rows: list
    plan: Plan | None
    draft: Plan | None
    progress: int
    predicted_finish: datetime | None
    promised_at: datetime | None
    material_lines: list = field(default_factory=list)
    remakes: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    is_all_made: bool = False

    @property
    def slack_seconds(self) -> int | None:
        if not (self.predicted_finish and self.promised_at):
            return None
        return int((self.promised_at - self.predicted_finish).total_seconds())


def order_tab(order, *, now=None) -> Tab:
    now = now or timezone.now()
    rows = step_rows(order.steps.living().select_related("owner", "line__product", "reworks"), now)
    plans = list(Plan.objects.filter(order=order).select_related("released_by", "made_by"))
    last = order.promises.order_by("-pk").first()
    return Tab(
        rows=rows,
        plan=next((plan for plan in plans if plan.state == Plan.State.RELEASED), None),
        draft=next((plan for plan in plans if plan.is_draft), None),
        progress=progress(rows),
        predicted_finish=predict(order, rows, now),
        promised_at=last.promised_at if last else None,
        material_lines=list(order.material_lines.exclude(decision=MaterialLine.Decision.DROPPED)
                            .select_related("material", "step", "decided_by")),
        remakes=list(order.remakes.filter(planned_at__isnull=True).select_related("line__product")),
        problems=list(order.issues.filter(step__isnull=False, solved_at__isnull=True)
                      .select_related("step", "owner", "raised_by")),
        is_all_made=bool(rows) and _is_all_made(order),
    )


def _is_all_made(order) -> bool:
    lines = order.lines.all()
    return all(line.net_made >= line.agreed_quantity for line in lines) and not (
        order.sign_offs.living().filter(box=Box.MADE).exists()
    )


def step_rows(steps, now) -> list[StepRow]:
    steps = list(steps)
    segments = defaultdict(list)
    for segment in TimeSegment.objects.filter(step__in=steps).select_related("person"):
        segments[segment.step_id].append(segment)
    planned = dict(Operation.objects.in_force().filter(step__in=steps).values_list("step_id", "work_seconds"))
    return [
        StepRow(
            step, next((segment for segment in segments[step.pk] if segment.ended_at is None), None),
            sum(segment.seconds(now) for segment in segments[step.pk]),
            planned.get(step.pk, _planned_seconds(step)), now,
            [late for segment in segments[step.pk] for late in segment.sent_late],
        )
        for step in steps
    ]


def _planned_seconds(step) -> int:
    if not (step.planned_start_at and step.planned_end_at):
        return 3600
    return max(60, int((step.planned_end_at - step.planned_start_at).total_seconds()))


def progress(rows) -> int:
    """Percent of the planned work that is made."""
    total = sum(row.work_seconds for row in rows)
    made = sum(row.work_seconds * min(row.step.made, row.step.quantity) / row.step.quantity for row in rows)
    return int(100 * made / total) if total else 0


def predict(order, rows, now) -> datetime | None:
    """When the last operation ends if everything goes on from here as planned."""
    unfinished = [row for row in rows if row.state != "done"]
    if not unfinished:
        return max((row.step.finished_at for row in rows), default=None)
    ends = [row.step.planned_end_at for row in unfinished if row.step.planned_end_at]
    computed = capacity.propose(order, now=now, follows_plan=True).finish
    return max([now, *ends]) if computed is None else max([computed, *_rework_ends(unfinished, now)])


def _rework_ends(rows, now):
    return [max(now, row.step.planned_end_at) for row in rows
            if row.step.kind == OrderStep.Kind.REWORK and row.step.planned_end_at]


# The board


@dataclass(frozen=True)
class CentreTile:
    centre: WorkCentre
    running: int
    waiting: int
    late: int


def board_steps(user):
    """What can be made now: unfinished operations of orders that this person sees."""
    orders = UrgentOrder.objects.visible_to(user).filter(stage__in=LATER_THAN_REVIEW, outcome="")
    return OrderStep.objects.unfinished().filter(
        order__in=orders.order_by().values("pk"), planned_end_at__isnull=False
    ).annotate(is_running=Exists(TimeSegment.objects.running().filter(step=OuterRef("pk"))))


def tiles(user, now) -> list[CentreTile]:
    counts = board_steps(user).order_by().values("work_centre").annotate(
        running=Count("pk", filter=Q(is_running=True)),
        waiting=Count("pk", filter=Q(is_running=False)),
        late=Count("pk", filter=Q(planned_end_at__lt=now)),
    )
    by_code = {row["work_centre"]: row for row in counts}
    empty = {"running": 0, "waiting": 0, "late": 0}
    return [
        CentreTile(centre, *(by_code.get(centre.code, empty)[name] for name in ("running", "waiting", "late")))
        for centre in WorkCentre.objects.active()
    ]


@dataclass(frozen=True)
class ToPlan:
    order: UrgentOrder
    lines: list
    assessed: int
    draft: Plan | None
    is_replan: bool

    @property
    def is_signed(self):
        return self.assessed == len(ASSESSMENTS)


def orders_to_plan(user, limit=50) -> list[ToPlan]:
    """In review, or later without a living plan: a remake, a changed quantity, a supplier who is late."""
    signed = SignOff.objects.living().filter(order=OuterRef("pk"), box=Box.PLAN)
    orders = list(
        UrgentOrder.objects.visible_to(user).filter(outcome="").annotate(has_plan=Exists(signed))
        .filter(Q(stage=Stage.REVIEW) | Q(stage__in=LATER_THAN_REVIEW, has_plan=False))
        .select_related("customer", "stage_item__policy_version__policy", "stage_item__assignee")
        .prefetch_related("lines__product").order_by("required_at", "pk")[:limit]
    )
    boxes = defaultdict(set)
    for order_id, box in SignOff.objects.living().filter(order__in=orders).values_list("order", "box"):
        boxes[order_id].add(box)
    drafts = {plan.order_id: plan for plan in Plan.objects.filter(order__in=orders, state=Plan.State.DRAFT)}
    return [
        ToPlan(order, list(order.lines.all()), len(boxes[order.pk] & set(ASSESSMENTS)), drafts.get(order.pk),
               order.stage != Stage.REVIEW)
        for order in orders
    ]


def my_steps(user, now, limit=30) -> list[StepRow]:
    """A person's own operations, the running ones first."""
    steps = board_steps(user).filter(owner=user).select_related("owner", "line__product", "order", "reworks")
    return step_rows(steps.order_by("-is_running", "planned_end_at", "pk")[:limit], now)


def in_the_way(order, proposal, limit=5) -> list[UrgentOrder]:
    """Orders whose operations, not begun yet, hold the machines that this order queues for."""
    queueing = [row for row in proposal.rows if row.wait == Wait.QUEUE]
    if not queueing:
        return []
    held = Operation.objects.committed().filter(
        work_centre__code__in={row.centre for row in queueing}, starts_at__lt=max(row.start for row in queueing),
        step__started_at__isnull=True, step__made=0,
    ).exclude(plan__order=order)
    found = UrgentOrder.objects.filter(pk__in=held.values("plan__order"))
    return list(found.select_related("customer").order_by("required_at", "pk")[:limit])


def living_assessments(order) -> dict:
    rows = Assessment.objects.filter(order=order, replaced_at__isnull=True).select_related("assessed_by")
    run = order.runs.filter(stage=Stage.REVIEW).order_by("-number").first()
    return {row.kind: row for row in rows if run and row.run_id == run.pk}
