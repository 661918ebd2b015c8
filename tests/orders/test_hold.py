"""An order on hold: what stands, what goes on, how it ends, and what the database refuses by itself."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from desk.refusals import BadInput, Changed, GateShut, NotYours
from notifications.models import Outbox
from orders import actions, ledger
from orders.machine import Box
from orders.models import Hold, MaterialLine, OrderLine, OrderStep, StageRun, UrgentOrder
from records.models import Event
from sla.models import WorkItem
from tests.factories import orders as make
from tests.factories.people import AbsenceFactory, UserFactory
from tests.together import at_once, refusals

pytestmark = pytest.mark.django_db


def fresh(order):
    return UrgentOrder.objects.get(pk=order.pk)


def hold(order, by, **values):
    given = {"reason": "drawing under discussion", "until": timezone.now() + timedelta(days=2)} | values
    return actions.hold_order(order_id=order.pk, by=by, **given)


def states(order):
    return set(WorkItem.objects.living().filter(source=order.stream).values_list("state", flat=True))


def refused(act):
    with pytest.raises(IntegrityError), transaction.atomic():
        act()


def test_hold_is_put_by_the_head_of_the_stage_or_of_sales_with_reason_and_end(people, sales_head, quality_head):
    order = make.at_review(people)
    for person in (people.sales, people.planners[0], quality_head):
        with pytest.raises(NotYours):
            hold(order, person)
    with pytest.raises(BadInput) as caught:
        hold(order, sales_head, reason=" ")
    assert caught.value.field == "reason"
    for until in (timezone.now(), timezone.now() + timedelta(days=32)):
        with pytest.raises(BadInput) as caught:
            hold(order, sales_head, until=until)
        assert caught.value.field == "until"
    hold(order, people.production_head)
    with pytest.raises(Changed) as caught:
        hold(order, sales_head)
    assert "drawing under discussion" in str(caught.value.because)
    told = set(Outbox.objects.filter(text__startswith="On hold").values_list("recipient", flat=True))
    assert people.sales.pk in told and people.production_head.pk not in told
    actions.end_hold(order_id=order.pk, by=sales_head)
    with pytest.raises(Changed):
        actions.end_hold(order_id=order.pk, by=sales_head)
    with pytest.raises(GateShut):
        hold(make.draft(people.sales), sales_head)
    now, planner = timezone.now(), UserFactory(role="planner", department=people.production_head.department)
    AbsenceFactory(person=people.production_head, delegate=planner, starts_at=now, ends_at=now + timedelta(days=1))
    hold(order, planner)
    event = Event.objects.filter(verb="order.held").last()
    assert (event.actor, event.on_behalf_of) == (planner, people.production_head)


def test_every_clock_stands_under_a_hold_and_goes_on_after_it(people, sales_head):
    order = make.at_review(people)
    hold(order, sales_head)
    assert states(order) == {"paused"}
    reasons = set(WorkItem.objects.filter(source=order.stream, state="paused").values_list("pauses__reason", flat=True))
    assert reasons == {"hold"}
    issue = actions.raise_issue(order_id=order.pk, by=people.planners[0], kind="machine", text="spindle")
    assert issue.item.state == "paused"
    actions.end_hold(order_id=order.pk, by=sales_head)
    assert states(order) == {"running"}
    assert (fresh(order).hold, Hold.objects.get().end) == (None, "released")


def test_negotiation_under_a_hold_keeps_its_clock_still_and_waits_on_afterwards(people, sales_head):
    order = make.at_review(people)
    hold(order, sales_head)
    later = order.required_at + timedelta(days=2)
    options = [{"kind": "date", "description": "two days later", "finish_at": later, "required_at": later}]
    negotiation = actions.open_negotiation(order_id=order.pk, by=people.planners[1], reason="full", options=options)
    actions.end_hold(order_id=order.pk, by=sales_head)
    item = fresh(order).stage_item
    assert (item.state, item.pauses.get(ended_at=None).reason) == ("paused", "negotiation")
    hold(order, sales_head)
    actions.refuse_options(negotiation_id=negotiation.pk, by=people.sales, contact="Gao", how="call", answer="no")
    assert fresh(order).stage_item.state == "paused"
    actions.end_hold(order_id=order.pk, by=sales_head)
    assert fresh(order).stage_item.state == "running"


def test_no_step_but_return_and_cancellation_is_taken_under_a_hold(people, sales_head):
    order = make.assessed(people)
    actions.promise(order=order, promised_at=order.required_at, by=people.production_head, reason="as asked")
    hold(order, sales_head)
    with pytest.raises(GateShut) as caught:
        actions.move(order_id=order.pk, step="approve", by=people.production_head)
    assert (str(caught.value.what).startswith("This order is on hold until"), caught.value.who) == (True, (sales_head,))
    with pytest.raises(GateShut):
        actions.decline(order_id=order.pk, by=sales_head, reason_code="not_ours", reason="no", was_customer_told=True)
    actions.send_back(order_id=order.pk, by=people.production_head, reason_code="unclear", reason="which bore")
    order = fresh(order)
    assert (order.stage, order.is_held, order.stage_item.state) == ("confirmation", True, "paused")
    actions.cancel(order_id=order.pk, by=sales_head, reason="gave up", was_customer_told=True)
    assert (fresh(order).stage, fresh(order).hold, Hold.objects.get().end) == ("cancelled", None, "cancelled")


def test_cancellation_ends_the_hold_so_that_the_stop_reports_run(people, sales_head):
    order = make.at_procurement(people)
    hold(order, sales_head)
    actions.cancel(order_id=order.pk, by=sales_head, reason="gave up", was_customer_told=True)
    assert states(order) == {"running"}
    assert fresh(order).stage == "settlement"


def test_gate_signed_under_a_hold_opens_when_it_ends(people, sales_head):
    """Receipts, inspection and signatures go on; the step waits for the end of the hold."""
    order = make.at_procurement(people)
    hold(order, sales_head)
    MaterialLine.objects.filter(order=order).update(decision="accepted", accepted_quantity=5)
    assert make.sign_and_move(order, Box.MATERIALS_READY, people.buyer).stage == "procurement"
    actions.end_hold(order_id=order.pk, by=sales_head)
    run = StageRun.objects.get(order=order, left_at=None)
    assert (run.stage, run.entered_by, fresh(order).stage_item.state) == ("production", people.buyer, "running")


def test_hold_ends_by_itself_with_a_message(people, sales_head):
    order = make.at_review(people)
    started = timezone.now()
    hold(order, sales_head, until=started + timedelta(hours=1))
    assert actions.end_due_holds(now=started + timedelta(minutes=59)) == 0
    WorkItem.objects.filter(pk=order.stage_item_id).update(state="running", running_since=started)
    fresh(order).stage_item.pauses.update(ended_at=started)
    actions.end_due_holds(now=started + timedelta(minutes=59))
    assert states(order) == {"paused"}  # a clock that came to life under the hold stands again
    assert actions.end_due_holds(now=started + timedelta(hours=1)) == 1
    assert actions.end_due_holds(now=started + timedelta(hours=2)) == 0
    event = Event.objects.filter(stream_id=order.stream, verb="order.hold_ended").get()
    assert (event.actor, fresh(order).is_held, states(order)) == (None, False, {"running"})
    told = set(Outbox.objects.filter(text__startswith="The hold has ended").values_list("recipient", flat=True))
    assert {people.sales.pk, sales_head.pk, people.production_head.pk} <= told


def test_database_lets_nothing_start_under_a_hold_whoever_writes(people, sales_head):
    """Past the door: stage, operation, vehicle's pieces, the hold itself."""
    order = make.at_delivery(people)
    make.sign(order, Box.DELIVERY_CONFIRMED, people.logistics)
    line, step = OrderLine.objects.get(order=order), order.steps.first()
    OrderStep.objects.filter(order=order).update(started_at=None, finished_at=None)
    hold(order, sales_head)

    def forge(step_name, stage):
        StageRun.objects.filter(order=order, left_at__isnull=True).update(left_at=timezone.now())
        StageRun.objects.create(order=order, number=99, stage=stage, entered_at=timezone.now(),
                                entered_by=people.sales, entered_step=step_name)
        UrgentOrder.objects.filter(pk=order.pk).update(stage=stage)

    refused(lambda: forge("renegotiate", "review"))
    refused(lambda: OrderStep.objects.filter(pk=step.pk).update(started_at=timezone.now()))
    refused(lambda: ledger.LedgerEntry.objects.create(
        order=order, line=line, kind="ship", quantity=1, posted_at=timezone.now(), posted_by=people.logistics))
    refused(lambda: UrgentOrder.objects.filter(pk=order.pk).update(hold=None))
    refused(lambda: Hold.objects.update(until=timezone.now() + timedelta(days=9)))
    refused(lambda: Hold.objects.all().delete())
    refused(lambda: Hold.objects.create(order=order, reason="again", held_at=timezone.now(), held_by=sales_head,
                                        until=timezone.now() + timedelta(days=1)))
    actions.end_hold(order_id=order.pk, by=sales_head)
    refused(lambda: Hold.objects.update(ended_at=None, end=""))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_holds_at_once_leave_one(people, sales_head):
    order = make.at_review(people)
    answers = at_once(lambda: hold(order, sales_head), lambda: hold(order, people.production_head))
    assert len(refusals(answers)) == 1
    assert Hold.objects.filter(ended_at=None).count() == 1
