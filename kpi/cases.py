"""The cases behind each indicator, as they stand in the records: one statement for each kind of case.

A row is what a case of a score will be (COLUMNS): whom it is about, its order, the record it was made of, when,
what it adds above and below the line of the formula, and why it does not count where it does not. What each
formula says in words stands in kpi/indicators.py; tests/kpi/test_computing.py says it again in plain Python.
"""

from django.db.models import BigIntegerField, Case, CharField, DecimalField, Exists, F, OuterRef, Q, Subquery, Sum, When
from django.db.models import Value as V
from django.db.models.functions import Cast, Coalesce, Concat, Greatest, JSONObject, Substr
from django.utils.translation import gettext_noop

from finance.models import Settlement
from kpi.models import ScoreCase
from kpi.months import Month
from kpi.reports import (
    IS_OVER,
    first_inspections,
    first_promises,
    is_given_up,
    is_overtaken,
    timed_runs,
    with_delivery,
)
from logistics.models import DeliveryListLine, Proof, ProofShortfall
from orders.machine import STAGE_DEPARTMENT, Box, Outcome, Stage, stage_word
from orders.models import (
    ChangeRequest,
    Complaint,
    CostEntry,
    MaterialLine,
    Nonconformance,
    OrderStep,
    Rating,
    Receipt,
    SignOff,
    StageRun,
)
from orders.models.money import CostKind
from people.models import Absence
from procurement.models import PurchaseReceipt
from sla.kinds import Kind
from sla.models import ItemAct, WorkItem

COLUMNS = ("subject", "order", "origin", "at", "numerator", "denominator", "left_out", "text", "params")
COUNTS, CUSTOMER, FOREIGN = (ScoreCase.LeftOut[name].value for name in ("NO", "CUSTOMER", "FOREIGN"))
GIVEN_UP = ("cancel", "decline")
FIGURE = DecimalField(max_digits=16, decimal_places=2)
NOTHING = V(0, output_field=FIGURE)

# Whose work an order meets on its way to the customer; settlement comes after the promise.
ON_THE_WAY = ("sales", "production", "procurement", "quality", "logistics")
COST_KINDS = {
    "production": (CostKind.LABOUR, CostKind.MACHINE, CostKind.OVERTIME, CostKind.CHANGEOVER, CostKind.SCRAP,
                   CostKind.REWORK),
    "procurement": (CostKind.MATERIAL, CostKind.EXPEDITE, CostKind.OUTSIDE),
    "logistics": (CostKind.TRANSPORT,),
    "finance": tuple(CostKind),
}  # fmt: skip

STAY = gettext_noop("Stay in the stage {stage}")
KEPT = gettext_noop("Promise kept")
MISSED = gettext_noop("Promise missed")
MOVED = gettext_noop("The customer changed the delivery date")
INSPECTED = gettext_noop("First final inspection")
OPERATION = gettext_noop("Operation {number} {name}")
DELIVERED = gettext_noop("Delivered")
COMPLAINED = gettext_noop("Complaint {number}")
RECEIVED = gettext_noop("Receipt {note}")
SHIPPED = gettext_noop("Shipment {list}")
SETTLED = gettext_noop("Statement {number}")
SUBMITTED = gettext_noop("Form submitted")
SPENT = gettext_noop("Costs of the order")
RATED = gettext_noop("Rating by the customer")


def rows(queryset, **columns):
    return queryset.order_by().values_list(*(columns[name] for name in COLUMNS))


def figure(expression):
    return Cast(expression, FIGURE)


def origin(name: str, column="pk"):
    return Concat(V(f"{name}:"), Cast(column, CharField()), output_field=CharField())


def left_out(*whens: When, default=COUNTS):
    return Case(*whens, default=V(default), output_field=CharField())


def nothing_more():
    return JSONObject()


def department_of_stage(column="stage"):
    whens = [When(**{column: stage}, then=V(code)) for stage, code in STAGE_DEPARTMENT.items()]
    return Case(*whens, default=V(""), output_field=CharField())


def stages_of(code: str) -> list[str]:
    return [str(stage) for stage, department in STAGE_DEPARTMENT.items() if department == code]


def _stage_params():
    return Case(*[When(stage=stage, then=JSONObject(stage=JSONObject(
        msg=V(stage_word(stage)["msg"]), context=V("stage")))) for stage in STAGE_DEPARTMENT],
        default=nothing_more())  # fmt: skip


def _next_run():
    return StageRun.objects.filter(order=OuterRef("order"), number=OuterRef("number") + 1).order_by()


# Time: used ÷ limit


def stays(month: Month):
    """Of departments: each stay in one of their stages; what the customer broke off does not count."""
    runs = timed_runs().filter(limit_seconds__gt=0, **month.holds("left_at"))
    broken_off = Exists(_next_run().filter(entered_step__in=GIVEN_UP))
    yield rows(
        runs, subject=department_of_stage(), order="order_id", origin=origin("run"), at="left_at",
        numerator=figure("used_seconds"), denominator=figure("limit_seconds"),
        left_out=left_out(When(broken_off, then=V(CUSTOMER))), text=V(STAY), params=_stage_params(),
    )  # fmt: skip


# Who had the task when it ended. Another's act may end it (goods that come in time solve the supplier's delay):
# then it was still theirs. Who stood in for somebody, or took it from the department's list, had it by closing it.
HOLDER = Case(When(Q(closed_for__isnull=False) | Q(assignee__isnull=True), then=F("closed_by")), default=F("assignee"))


def _closed_items(month: Month, people):
    closed = WorkItem.objects.annotate(holder=HOLDER).filter(
        closed_by__isnull=False, holder__in=people, state__in=(WorkItem.State.MET, WorkItem.State.MET_LATE),
        budget_seconds__gt=0, **month.holds("closed_at"),
    )
    return closed.exclude(kind__in=(Kind.ORDER, Kind.DRILL))


def _item_rows(items, numerator, denominator):
    order = Case(
        When(source__startswith="order:", then=Cast(Substr("source", 7), BigIntegerField())),
        default=None, output_field=BigIntegerField(),
    )  # fmt: skip
    handed_on = Exists(ItemAct.objects.filter(
        item=OuterRef("pk"), person=OuterRef("holder"), act__in=(ItemAct.Act.TRANSFER, ItemAct.Act.RETURN)
    ))  # fmt: skip
    # Which of the tasks then open were the absent person's is not on record: none of them is held against the delegate.
    stood_in = Exists(Absence.objects.filter(
        delegate=OuterRef("holder"), handed_over_at__gt=OuterRef("opened_at"),
        handed_over_at__lte=OuterRef("closed_at"),
    ))  # fmt: skip
    return rows(
        items, subject="holder", order=order, origin=origin("item"), at="closed_at", numerator=numerator,
        denominator=denominator, left_out=left_out(When(handed_on | stood_in, then=V(FOREIGN))), text="subject",
        params="params",
    )  # fmt: skip


def own_items(month: Month, people):
    """Of persons: the tasks that were theirs when they ended; what somebody else had before does not count."""
    yield _item_rows(_closed_items(month, people), figure("consumed_seconds"), figure("budget_seconds"))


# On time: kept ÷ due


def own_items_in_time(month: Month, people):
    in_time = Case(When(state=WorkItem.State.MET, then=V(1)), default=V(0))
    yield _item_rows(_closed_items(month, people), figure(in_time), figure(V(1)))


def _was_late(code: str) -> Q:
    """The department's own work on the order took longer than it had: a stay, and what it had a date for itself."""
    late = Q(Exists(timed_runs().filter(IS_OVER, order=OuterRef("order"), stage__in=stages_of(code))))
    if code == "procurement":
        lines = MaterialLine.objects.living().filter(order=OuterRef("order"), needed_at__isnull=False)
        late |= Q(Exists(lines.filter(Q(decided_at__gt=F("needed_at")) | Q(decided_at__isnull=True))))
    if code == "production":
        steps = OrderStep.objects.living().filter(order=OuterRef("order"))
        late |= Q(Exists(steps.filter(finished_at__gt=F("planned_end_at"))))
    return late


def promises(month: Month):
    """Of departments: each promise due, where they had a stay in the order.

    A missed one counts for those whose own work was late; where nobody's was, for Production, which promised.
    """
    for code in ON_THE_WAY:
        taking_part = StageRun.objects.filter(order=OuterRef("order"), is_carried=False, stage__in=stages_of(code))
        due = with_delivery(first_promises().filter(Exists(taking_part), **month.holds("promised_at")))
        is_kept = Q(delivered_at__lte=F("promised_at"))
        theirs = _was_late(code)
        if code == "production":
            theirs |= ~(_was_late("sales") | _was_late("procurement") | _was_late("quality") | _was_late("logistics"))
        yield rows(
            due, subject=V(code), order="order_id", origin=origin("promise"), at="promised_at",
            numerator=figure(Case(When(is_kept, then=V(1)), default=V(0))), denominator=figure(V(1)),
            left_out=left_out(
                When(Q(is_overtaken()) | Q(is_given_up()), then=V(CUSTOMER)), When(is_kept, then=V(COUNTS)),
                When(theirs, then=V(COUNTS)), default=FOREIGN,
            ),
            text=Case(When(is_overtaken(), then=V(MOVED)), When(is_kept, then=V(KEPT)), default=V(MISSED)),
            params=nothing_more(),
        )  # fmt: skip


# Quality: without fault ÷ all


def _total(queryset, column, of):
    """Of the rows that belong to each row of the statement around it."""
    summed = queryset.order_by().values(of).annotate(total=Sum(column)).values("total")
    return Coalesce(Subquery(summed, output_field=FIGURE), NOTHING)


def inspected(month: Month):
    inspections = first_inspections().filter(**month.holds("inspected_at"))
    yield rows(
        inspections, subject=V("production"), order="order_id", origin=origin("inspection"), at="inspected_at",
        numerator=figure("passed"), denominator=figure(F("passed") + F("failed")), left_out=left_out(),
        text=V(INSPECTED), params=nothing_more(),
    )  # fmt: skip


def own_operations(month: Month, people):
    steps = OrderStep.objects.living().filter(finished_by__in=people, made__gt=0, **month.holds("finished_at"))
    bad = _total(Nonconformance.objects.filter(step=OuterRef("pk")), "quantity", "step")
    yield rows(
        steps, subject="finished_by_id", order="order_id", origin=origin("step"), at="finished_at",
        numerator=figure(Greatest(figure("made") - bad, NOTHING)), denominator=figure("made"), left_out=left_out(),
        text=V(OPERATION), params=JSONObject(number=F("number"), name=F("name")),
    )  # fmt: skip


def _signer(box: Box):
    """Who signed the box last."""
    return Subquery(SignOff.objects.filter(order=OuterRef("order"), box=box).order_by("-pk").values("signed_by")[:1])


def delivered(month: Month, people=None):
    """Each delivery adds one above and below; each complaint that was ours takes one away above."""
    subject = V("quality") if people is None else _signer(Box.PASSED)
    earlier = StageRun.objects.filter(order=OuterRef("order"), entered_step="deliver", number__lt=OuterRef("number"))
    deliveries = StageRun.objects.filter(~Exists(earlier), entered_step="deliver", **month.holds("entered_at"))
    yield rows(
        deliveries, subject=subject, order="order_id", origin=origin("run"), at="entered_at", numerator=figure(V(1)),
        denominator=figure(V(1)), left_out=left_out(), text=V(DELIVERED), params=nothing_more(),
    )  # fmt: skip
    complaints = Complaint.objects.filter(decided_at__isnull=False, **month.holds("decided_at"))
    yield rows(
        complaints, subject=subject, order="order_id", origin=origin("complaint"), at="decided_at",
        numerator=figure(V(-1)), denominator=NOTHING,
        left_out=left_out(When(answer=Complaint.Answer.NONE, then=V(CUSTOMER))),
        text=V(COMPLAINED), params=JSONObject(number=F("number")),
    )  # fmt: skip


def received(month: Month, people=None):
    """Each receipt that was inspected, good where nothing of it was rejected."""
    buyer = PurchaseReceipt.objects.filter(receipt=OuterRef("pk")).values("purchase_line__ordered_by")[:1]
    receipts = Receipt.objects.filter(inspected_at__isnull=False, **month.holds("inspected_at"))
    yield rows(
        receipts, subject=V("procurement") if people is None else Subquery(buyer), order="material_line__order_id",
        origin=origin("receipt"), at="inspected_at",
        numerator=figure(Case(When(rejected_quantity=0, then=V(1)), default=V(0))), denominator=figure(V(1)),
        left_out=left_out(), text=V(RECEIVED), params=JSONObject(note=F("delivery_note")),
    )  # fmt: skip


def shipped(month: Month, people=None):
    """Pieces that arrived whole ÷ pieces sent."""
    sent = _total(DeliveryListLine.objects.filter(list=OuterRef("shipment__list")), "quantity", "list")
    short = _total(ProofShortfall.objects.filter(proof=OuterRef("pk")), "quantity", "proof")
    yield rows(
        Proof.objects.filter(**month.holds("recorded_at")),
        subject=V("logistics") if people is None else "shipment__dispatched_by_id",
        order="shipment__list__order_id", origin=origin("proof"), at="recorded_at", numerator=figure(sent - short),
        denominator=figure(sent), left_out=left_out(), text=V(SHIPPED),
        params=JSONObject(list=F("shipment__list__number")),
    )  # fmt: skip


def settled(month: Month, people=None):
    """Each statement of an order settled in the month, good where it was issued once and no entry was taken back."""
    taken_back = CostEntry.objects.filter(order=OuterRef("order"), source__startswith="reverse:")
    is_good = Q(version=1) & ~Exists(taken_back)
    statements = Settlement.objects.filter(**month.holds("order__closed_at"))
    yield rows(
        statements, subject=V("finance") if people is None else "issued_by_id", order="order_id",
        origin=origin("settlement"), at="order__closed_at",
        numerator=figure(Case(When(is_good, then=V(1)), default=V(0))), denominator=figure(V(1)),
        left_out=left_out(), text=V(SETTLED), params=JSONObject(number=F("number")),
    )  # fmt: skip


def submitted(month: Month, people=None):
    """Each form that left the confirmation, good where it did not come back to be filled in again."""
    came_back = Exists(_next_run().filter(entered_step="send_back", stage=Stage.IDENTIFICATION))
    runs = timed_runs().filter(stage=Stage.CONFIRMATION, entered_step="submit", **month.holds("left_at"))
    yield rows(
        runs, subject=V("sales") if people is None else "entered_by_id", order="order_id", origin=origin("run"),
        at="left_at", numerator=figure(Case(When(came_back, then=V(0)), default=V(1))), denominator=figure(V(1)),
        left_out=left_out(), text=V(SUBMITTED), params=nothing_more(),
    )  # fmt: skip


# Cost: actual ÷ planned


def spent(month: Month):
    """Of departments: the kinds of cost they answer for, of each order that ended in the month.

    What the customer changed or cancelled is not theirs to plan.
    """
    changed = ChangeRequest.objects.filter(order=OuterRef("order"), kind=ChangeRequest.Kind.CHANGE)
    for code, kinds in COST_KINDS.items():
        entries = CostEntry.objects.filter(kind__in=kinds, **month.holds("order__closed_at"))
        entries = entries.exclude(cause=CostEntry.Cause.CANCELLATION).order_by().values("order_id").annotate(
            actual=Coalesce(Sum("amount", filter=Q(is_planned=False)), NOTHING),
            planned=Coalesce(Sum("amount", filter=Q(is_planned=True)), NOTHING),
        )  # fmt: skip
        is_theirs = Q(order__outcome=Outcome.CANCELLED) | Q(Exists(changed))
        yield rows(
            entries, subject=V(code), order="order_id", origin=origin("order", "order_id"), at="order__closed_at",
            numerator="actual", denominator="planned", left_out=left_out(When(is_theirs, then=V(CUSTOMER))),
            text=V(SPENT), params=nothing_more(),
        )  # fmt: skip


# Satisfaction: mean rating


def rated(month: Month):
    """Of departments: each rating of an order in which they had a stay."""
    for code in ON_THE_WAY:
        stays_there = StageRun.objects.filter(
            order=OuterRef("order"), is_carried=False, stage__in=stages_of(code)
        )
        yield _rating_rows(Rating.objects.filter(Exists(stays_there), **month.holds("rated_at")), V(code))


def own_orders_rated(month: Month, people):
    """Of persons: the orders they entered."""
    ratings = Rating.objects.filter(order__submitted_by__in=people, **month.holds("rated_at"))
    yield _rating_rows(ratings, "order__submitted_by_id")


def _rating_rows(ratings, subject):
    return rows(
        ratings, subject=subject, order="order_id", origin=origin("rating"), at="rated_at",
        numerator=figure("stars"), denominator=figure(V(1)), left_out=left_out(), text=V(RATED),
        params=nothing_more(),
    )  # fmt: skip
