"""The ways out: what they compute, and the one that is approved as it was seen."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import BillOfMaterialLine, Material, Substitute
from desk.refusals import Changed, GateShut, NotYours
from orders.models import ExpenseRequest, MaterialLine, OrderStep, Promise, UrgentOrder
from production import actions, capacity, ways
from production.capacity import OUTSIDE, Means
from production.models import (
    CandidateCentre,
    Downtime,
    ExtraShift,
    Operation,
    Plan,
    RoutingLink,
    RoutingOperation,
    WorkCentre,
)
from tests.factories import orders as make_order
from tests.factories import production as make

pytestmark = pytest.mark.django_db
LATER = timedelta(days=20)


def assessed(people, **values) -> UrgentOrder:
    """In review, all three points signed, every work centre with a foreman."""
    order = make.at_review(people, **values)
    WorkCentre.objects.update(foreman=people.operator)
    make.assess_all(order, people)
    return UrgentOrder.objects.get(pk=order.pk)


def race_of(order, now=None):
    return capacity.race(order, now=now or timezone.now())


def remedies(order) -> dict:
    return {remedy.code: remedy for remedy in race_of(order).remedies()}


def chosen(order, means, now=None):
    return ways.choice_of(race_of(order, now).remedy(means).proposal)


def places(plan) -> list:
    return [(row.number, row.starts_at, row.ends_at, row.work_centre.code, row.slot)
            for row in plan.operations.select_related("work_centre")]


@pytest.mark.clause("3.2.1", "3.2.3")
def test_the_way_approved_is_the_way_shown(people):
    order = assessed(people, quantity=300)
    remedy = race_of(order).remedy(Means(has_overtime=True))
    order = actions.approve_way(
        order_id=order.pk, by=people.production_head, choice=ways.choice_of(remedy.proposal),
        promised_at=timezone.now() + LATER, reason="agreed",
    )
    plan = Plan.objects.get(order=order)
    assert order.stage == "procurement" and plan.state == "released" and plan.means == {"has_overtime": True}
    assert places(plan) == [(row.number, row.start, row.end, row.centre, row.slot) for row in remedy.proposal.rows]
    assert plan.finish_at == remedy.finish and Promise.objects.get().order == order
    assert ExpenseRequest.objects.get().amount == remedy.proposal.overtime_amount == remedy.extra_amount > 0
    actions.make_plan(order_id=order.pk, by=people.planners[1], means=Means(has_overtime=True))
    again = actions.release_plan(order_id=order.pk, by=people.planners[1])
    asked = sum(ExpenseRequest.objects.values_list("amount", flat=True))
    assert asked == max(remedy.extra_amount, capacity.overtime_of(again))  # what was asked for is not asked for again
    assert order.sign_offs.living().filter(box="plan").exists() and OrderStep.objects.filter(order=order).count() == 3


@pytest.mark.clause("3.2.1")
def test_a_plan_that_changed_meanwhile_is_not_approved(people):
    order = assessed(people, quantity=50)
    choice = chosen(order, Means())
    other = make.planned(people, quantity=100)
    with pytest.raises(Changed) as refused:
        actions.approve_way(
            order_id=order.pk, by=people.production_head, choice=choice, promised_at=timezone.now() + LATER
        )
    assert f"released plan version 1 of {other}" in refused.value.because
    assert not Plan.objects.filter(order=order).exists() and not Promise.objects.filter(order=order).exists()


def test_figures_older_than_a_quarter_of_an_hour_are_not_approved(people):
    order = assessed(people)
    choice = chosen(order, Means(), timezone.now() - ways.FRESH - timedelta(minutes=6))
    with pytest.raises(GateShut, match="recalculate first"):
        actions.approve_way(
            order_id=order.pk, by=people.production_head, choice=choice, promised_at=timezone.now() + LATER
        )
    with pytest.raises(NotYours):
        actions.approve_way(
            order_id=order.pk, by=people.sales, choice=chosen(order, Means()), promised_at=timezone.now() + LATER
        )


def test_a_choice_belongs_to_its_order(people):
    order, other = make.at_review(people), make_order.at_review(people)
    token = chosen(order, Means(has_overlap=True)).sign(order)
    assert ways.Choice.read(token, order).means == Means(has_overlap=True)
    assert ways.Choice.read(token, other) is None and ways.Choice.read(token + "x", order) is None


@pytest.mark.clause("3.2.3")
def test_others_give_way_inside_their_dates(people):
    other = make.approved(people, quantity=200)
    order = assessed(people, quantity=50)
    ways_out = remedies(order)
    first = ways_out["gives_way"]
    assert first.finish < ways_out["date"].finish and [push.order for push in first.pushed] == [other]
    assert not first.newly_late and first.pushed[0].after <= first.pushed[0].due
    choice = ways.choice_of(first.proposal)
    actions.approve_way(
        order_id=order.pk, by=people.production_head, choice=choice, promised_at=timezone.now() + LATER,
    )
    mine, theirs = Plan.objects.get(order=order), Plan.objects.get(order=other, state="released")
    assert mine.finish_at == first.finish and theirs.finish_at == first.pushed[0].after
    assert (theirs.version, theirs.gave_way_to) == (2, order)
    assert {step.plan_version for step in OrderStep.objects.filter(order=other)} == {2}
    rows = Operation.objects.committed().select_related("work_centre")
    held = sorted((row.work_centre.code, row.slot, row.starts_at, row.ends_at) for row in rows)
    for one, next_one in pairwise(held):
        assert one[:2] != next_one[:2] or one[3] <= next_one[2]


def test_a_draft_that_moves_others_is_changed_by_hand(people):
    """The slots that they leave are its own already."""
    other = make.approved(people, quantity=200)
    order = assessed(people, quantity=50)
    plan = actions.make_plan(order_id=order.pk, by=people.planners[1], means=Means(gives_way=True))
    row = plan.operations.get(number=10)
    assert Operation.objects.committed().filter(
        plan__order=other, work_centre=row.work_centre, starts_at__lt=row.ends_at, ends_at__gt=row.starts_at
    ).exists()
    sooner = row.ends_at - timedelta(minutes=1)
    actions.change_operation(operation_id=row.pk, by=people.planners[1], owner=people.operator,
                             starts_at=row.starts_at, ends_at=sooner)
    row.refresh_from_db()
    assert (row.ends_at, row.owner, str(other.pk) in plan.moves) == (sooner, people.operator, True)


def test_who_gave_way_and_began_meanwhile_stops_the_release(people):
    other = make.at_production(people, quantity=200)
    order = assessed(people, quantity=50)
    actions.make_plan(order_id=order.pk, by=people.planners[1], means=Means(gives_way=True))
    moved = Plan.objects.get(order=order).moves[str(other.pk)]["rows"][0]["number"]
    OrderStep.objects.filter(order=other, number=moved).update(started_at=timezone.now(), started_by=people.operator)
    with pytest.raises(Changed, match="has begun meanwhile"):
        actions.release_plan(order_id=order.pk, by=people.planners[1])


@pytest.mark.clause("3.2.3")
def test_machines_shifts_suppliers_and_substitutes_are_ways_out(people):
    order = assessed(people, quantity=400, stock=0)
    milling = RoutingOperation.objects.get(number=20)
    second = make.work_centre("CNC-5", foreman=people.operator)
    CandidateCentre.objects.create(operation=milling, work_centre=second, time_percent=120)
    shift = ExtraShift.objects.create(
        work_centre=milling.work_centre, name="夜班", weekdays="1234567", hours="18:00-23:30", extra_percent=80
    )
    RoutingOperation.objects.filter(pk=milling.pk).update(
        subcontract_service=make_order.make_material(standard_cost_amount=Decimal(3)), subcontract_hours=10
    )
    steel = BillOfMaterialLine.objects.get().material
    instead = make_order.make_material(standard_cost_amount=Decimal(11))
    Material.objects.filter(pk=instead.pk).update(on_hand=10000)
    Substitute.objects.create(material=steel, substitute=instead)
    ways_out = remedies(order)
    assert {"shift", "candidates", "outside", "split", "substitutes"} < set(ways_out) and len(ways_out) >= 6
    gaining = {code for code, remedy in ways_out.items() if remedy.gains}
    assert {"shift", "split", "outside", "substitutes"} <= gaining
    split = next(row for row in ways_out["split"].proposal.rows if row.number == 20)
    assert {code for code, _slot in split.slots} == {"CNC", "CNC-5"}
    assert ways_out["shift"].means == Means(shifts=(shift.pk,)) and ways_out["shift"].extra_amount > 0
    assert ways_out["substitutes"].extra_amount > 0

    means = Means(has_substitutes=True, split_at=("1.20",))
    actions.make_plan(order_id=order.pk, by=people.planners[1], means=means)
    plan = actions.release_plan(order_id=order.pk, by=people.planners[1])
    row = plan.operations.get(number=20)
    assert (row.second_work_centre, row.second_slot) == (second, 1)
    assert MaterialLine.objects.living().get(order=order).material == instead
    taken = {(booking.centre, booking.slot) for booking in capacity.read_bookings(now=timezone.now())}
    assert {("CNC", 1), ("CNC-5", 1)} <= taken

    actions.make_plan(order_id=order.pk, by=people.planners[1], means=Means(outside_at=("1.20",)))
    plan = actions.release_plan(order_id=order.pk, by=people.planners[1])
    outside = plan.operations.get(number=20)
    assert outside.slot == OUTSIDE and outside.is_external and outside.step.kind == OrderStep.Kind.EXTERNAL
    assert MaterialLine.objects.living().filter(order=order, kind="service").count() == 1
    assert not any(booking.centre.startswith("CNC") for booking in capacity.read_bookings(now=timezone.now())
                   if booking.slot != OUTSIDE)


@pytest.mark.clause("3.2.3")
def test_the_pieces_that_can_come_in_time_are_offered_first(people):
    order = assessed(people, quantity=400)
    required = timezone.now() + timedelta(days=2)
    UrgentOrder.objects.filter(pk=order.pk).update(required_at=required)
    parts = remedies(UrgentOrder.objects.get(pk=order.pk))["parts"]
    pieces, at = parts.first_lot
    assert 0 < pieces < 400 and at <= required < parts.finish
    more = race_of(UrgentOrder.objects.get(pk=order.pk)).remedy(Means(first_lot=pieces + 1))
    assert more.proposal.first_lot_at > required


def test_branches_run_side_by_side_and_meet(people):
    order = make.at_review(people, quantity=30, rows=(
        (10, "下料", "SAW", 2, {}), (20, "铣削", "CNC", 6, {"starts_freely": True}), (30, "装配", "HAND", 1, {}),
    ))
    WorkCentre.objects.update(foreman=people.operator)
    operations = {row.number: row for row in RoutingOperation.objects.all()}
    for before in (10, 20):
        RoutingLink.objects.create(operation=operations[30], after=operations[before])
    make.assess_all(order, people)
    actions.make_plan(order_id=order.pk, by=people.planners[1])
    plan = actions.release_plan(order_id=order.pk, by=people.planners[1])
    sawing, milling, assembly = plan.operations.all()
    assert milling.starts_at < sawing.ends_at and assembly.starts_at >= max(sawing.ends_at, milling.ends_at)
    assert (sawing.after, milling.after, assembly.after) == (None, [], [10, 20])
    order = actions.approve(order_id=order.pk, by=people.production_head, promised_at=timezone.now() + LATER)
    steps = {step.number: step for step in OrderStep.objects.filter(order=order)}
    assert [step.number for step in steps[30].get_predecessors()] == [20, 10]
    assert [step.number for step in steps[10].get_successors()] == [30] == [
        step.number for step in steps[20].get_successors()]
    make_order.actions.sign(order=make_order.actions.lock(order.pk), box="materials_ready", by=people.buyer)
    for number in (10, 20):
        with pytest.raises(GateShut, match="is not finished"):
            actions.start_step(step_id=steps[30].pk, by=people.operator)
        make.run_step(steps[number], people.operator)
    assert make.run_step(steps[30], people.operator).finished_at


def test_downtime_is_planned_around(people):
    order = make.at_review(people, quantity=10)
    before = capacity.propose(order, now=timezone.now())
    row = before.rows[1]
    Downtime.objects.create(
        work_centre=WorkCentre.objects.get(code="CNC"), starts_at=row.start - timedelta(minutes=1),
        ends_at=row.start + timedelta(days=3), reason="主轴", recorded_by=people.planners[0],
    )
    after = capacity.propose(order, now=timezone.now()).rows[1]
    assert after.start >= row.start + timedelta(days=3)
    WorkCentre.objects.filter(code="CNC").update(slots=2)
    Downtime.objects.update(cancelled_at=timezone.now(), cancelled_by=people.planners[0])
    Downtime.objects.create(
        work_centre=WorkCentre.objects.get(code="CNC"), slot=1, starts_at=row.start - timedelta(minutes=1),
        ends_at=row.start + timedelta(days=3), reason="主轴", recorded_by=people.planners[0],
    )
    assert capacity.propose(order, now=timezone.now()).rows[1].slot == 2


def test_review_page_computes_a_combination_and_carries_it_to_the_decision(people, client_of):
    order = assessed(people, quantity=300)
    head = client_of(people.production_head)
    address = reverse("production:review", args=[order.pk])
    page = head.get(address, {"way": "own", "own-has_overtime": "on", "own-has_overlap": "on"})
    means = Means(has_overtime=True, has_overlap=True)
    proposal = race_of(order).remedy(means).proposal
    assert page.context["chosen"].remedy.means == means and page.context["chosen"].remedy.finish == proposal.finish
    html = page.content.decode()
    assert "Releases the production plan and the material list to Procurement." in html and "Extra cost" in html
    decide = head.get(reverse("production:approve", args=[order.pk]), {"choice": page.context["choice"]})
    assert "Asks for the extra pay as an expense." in decide.content.decode()
    answer = head.post(reverse("production:approve", args=[order.pk]), {
        "choice": page.context["choice"], "promised_at": f"{timezone.localtime() + LATER:%Y-%m-%dT%H:%M}",
        "reason": "", "version": order.version,
    })
    assert answer.status_code == 302 and Plan.objects.get(order=order).means == means.stored()
    stale = head.post(reverse("production:approve", args=[order.pk]), {
        "choice": page.context["choice"], "promised_at": f"{timezone.localtime() + LATER:%Y-%m-%dT%H:%M}",
        "reason": "again", "version": order.version,
    })
    assert stale.status_code == 409 and "again" in stale.content.decode()
    seen_by_sales = client_of(people.operator).get(address)
    assert seen_by_sales.status_code in (200, 403, 404) and "Extra cost" not in seen_by_sales.content.decode()


def test_two_orders_never_count_on_the_same_incoming_goods(people):
    first = make.planned(people, quantity=10, stock=0)
    line = MaterialLine.objects.get(order=first)
    MaterialLine.objects.filter(pk=line.pk).update(promised_at=timezone.now() + timedelta(hours=1))
    second = make_order.at_review(people, quantity=10)
    product = second.lines.get().product
    make.usual_routing(product)
    make.bill(product, line.material)
    gates = [gate for demand in capacity.propose(second, now=timezone.now()).demands.values() for gate in demand.gates]
    usual = timezone.now() + timedelta(hours=line.material.lead_time_hours)
    assert [abs(gate.at - usual) < timedelta(minutes=10) for gate in gates] == [True]


@pytest.mark.clause("3.2.2")
def test_another_quantity_reaches_the_plan(people):
    order = make.approved(people, quantity=10)
    make_order.actions.request_change(
        order_id=order.pk, by=people.sales, reason="more", contact="王工", how="phone",
        quantities={order.lines.get().pk: 15},
    )
    for kind, person in zip(("capacity", "materials"), people.planners[1:], strict=True):
        actions.assess(order_id=order.pk, by=person, kind=kind, verdict="can", note_text="ok")
    actions.make_plan(order_id=order.pk, by=people.planners[1])
    plan = actions.release_plan(order_id=order.pk, by=people.planners[1])
    assert set(plan.operations.values_list("quantity", flat=True)) == {15}
    assert set(OrderStep.objects.filter(order=order).living().values_list("quantity", flat=True)) == {15}


@pytest.mark.clause("3.2.3")
def test_ways_go_to_sales_with_their_means_and_parts(people, client_of):
    order = make.at_review(people, quantity=400)
    UrgentOrder.objects.filter(pk=order.pk).update(required_at=timezone.now() + timedelta(days=2))
    planner = client_of(people.planners[0])
    page = planner.get(reverse("production:negotiate", args=[order.pk]))
    values = [value for value, _label in page.context["form"].fields["options"].choices]
    parts = next(value for value in values if value.startswith("parts:"))
    answer = planner.post(reverse("production:negotiate", args=[order.pk]), {
        "options": ["overtime", parts], "reason": "CNC is full", "version": page.context["version"],
    })
    assert answer.status_code == 302, answer.context["form"].errors
    overtime, in_parts = order.negotiations.get().options.order_by("pk")
    assert overtime.means == {"has_overtime": True} and overtime.kind == "resources"
    pieces = int(parts.split(":")[1])
    assert [part.quantity for part in in_parts.parts.all()] == [pieces, 400 - pieces]
    make_order.actions.accept_option(
        negotiation_id=overtime.negotiation_id, option_id=overtime.pk, by=people.sales, contact="王工", how="phone"
    )
    again = planner.get(reverse("production:review", args=[order.pk]))
    assert again.context["agreed"] == overtime
    chosen_again = planner.get(reverse("production:review", args=[order.pk]) + again.context["agreed_url"])
    assert chosen_again.context["chosen"].remedy.means == Means(has_overtime=True)


def test_more_hours_or_machines_never_make_branches_later(people):
    """Two lines compete for the same machines: the search is cut short, the plan known before still stands."""
    order = make.at_review(people, quantity=60, lines=2)
    make.approved(people, quantity=40)
    race = race_of(order)
    for means in (Means(has_overtime=True), Means(extra_slot_at="CNC"), Means(has_overtime=True, extra_slot_at="SAW")):
        assert race.remedy(means).finish <= race.base.finish
    assert Means(has_overtime=True).only_adds
    assert not Means().only_adds and not Means(has_overtime=True, first_lot=3).only_adds
