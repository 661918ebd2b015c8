"""The tables of the machine: what may follow what, by whom, with which boxes."""

import itertools
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.utils import timezone

from desk.refusals import Refusal
from orders import actions
from orders.machine import FINAL, FORWARD, PATH, REVOKES, STEPS, Box, Fact, Stage, edge_table
from orders.models import Negotiation, Nonconformance, OrderStep, Remake, SignOff, UrgentOrder
from people.roles import HEAD_RIGHTS, ROLE_RIGHTS, Right, Role, rights_of
from tests.factories import orders as make

pytestmark = [pytest.mark.once, pytest.mark.django_db]

CAST = (
    "sales", "sales_head", "planner", "production_head", "operator", "buyer", "procurement_head", "inspector",
    "quality_head", "logistics", "logistics_head", "finance", "finance_head", "hr", "manager", "general_manager",
    "admin", "stranger",
)
# Who may take each step when its gate is open and the order is at its source. Order of the table in order.md.
MAY = {
    "submit": {"sales", "sales_head"},
    "confirm": {"sales", "sales_head"},
    "approve": {"production_head"},
    "materials_ready": {"buyer", "procurement_head"},
    "finish": {"planner", "production_head", "operator"},
    "pass": {"inspector", "quality_head"},
    "deliver": {"logistics", "logistics_head"},
    "settle": {"finance", "finance_head"},
    "settle_cancelled": {"finance", "finance_head"},
    "rework": {"inspector", "quality_head"},
    "remake": {"inspector", "quality_head"},
    "renegotiate": {"sales", "sales_head"},
    "decline": {"sales_head"},
    "cancel": {"sales_head"},
}


@pytest.fixture
def cast(request):
    return {name: request.getfixturevalue(name) for name in CAST}


@pytest.mark.parametrize("step", MAY)
def test_step_right_is_held_by_exactly_these(step, cast):
    assert {name for name, person in cast.items() if person.may(STEPS[step].right)} == MAY[step]


def attempt(order, step, person):
    """What the door answers: the new stage, or the kind of refusal."""
    try:
        moved = actions.move(order_id=order.pk, step=step, by=person, reason="because")
    except Refusal as refusal:
        return type(refusal).__name__
    return moved.stage


@pytest.mark.parametrize("stage", make.AT)
def test_truth_table_of_step_role_and_stage(stage, people, cast):
    """No step but the ones of the table leads out of a stage, for nobody; gates shut stay shut for everybody.

    At every stage the order stands with its exit boxes unsigned, so that only steps without boxes can be taken.
    """
    order = make.AT[stage](people)
    before = UrgentOrder.objects.get(pk=order.pk)
    free = {"decline", "cancel", "rework", "remake", "renegotiate"}
    for step in STEPS.values():
        if step.name in ("send_back", *free) or (step.name == "submit" and stage == "identification"):
            continue
        answers = {name: attempt(order, step.name, person) for name, person in cast.items()}
        expected = {name: "GateShut" if name in MAY[step.name] else "NotYours" for name in cast}
        for name, answer in answers.items():
            assert answer in {expected[name], "NotYours", "OwnRequest"}, (step.name, name, answer)
            if name in MAY[step.name] and name not in ("operator",):
                assert answer == "GateShut" or stage == "identification", (step.name, name, answer)
        after = UrgentOrder.objects.get(pk=order.pk)
        assert (after.stage, after.version) == (before.stage, before.version)


@contextmanager
def undone():
    """What happens inside is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("stage", make.AT)
def test_free_step_works_from_its_sources_alone(stage, people, sales_head, quality_head, sales):
    """With its paper behind it: a decided rework, a remake, an accepted option."""
    order = make.AT[stage](people)
    persons = {"rework": quality_head, "remake": quality_head, "renegotiate": sales}
    for step in ("decline", "cancel", "rework", "remake", "renegotiate"):
        with undone():
            if step in PAPERS and stage in ("procurement", "production", "qc", "delivery"):
                PAPERS[step](order, people)
            answer = attempt(order, step, persons.get(step, sales_head))
        assert answer == expected_of(order, step, stage), step


def expected_of(order, step, stage):
    if stage == "identification" and step not in ("decline", "cancel"):
        return "GateShut" if step == "renegotiate" else "NotYours"  # a draft is open to sales alone
    if step == "cancel" and order.lines.filter(shipped__gt=0).exists():
        return "GateShut"
    return STEPS[step].target_from(stage) or "GateShut"


@pytest.mark.parametrize("step", ["rework", "remake", "renegotiate"])
def test_free_step_without_its_paper_is_refused(step, people, quality_head):
    order = make.at_qc(people)
    person = people.sales if step == "renegotiate" else quality_head
    assert attempt(order, step, person) == "GateShut"


def paper_of_rework(order, people):
    line = order.lines.get()
    OrderStep.objects.create(
        order=order, line=line, number=900, name="rework", kind="rework", quantity=1, token="RW", owner=people.operator
    )
    actions.revoke(order=actions.lock(order.pk), by=people.inspector, facts=[Fact.STEP_ADDED])


def paper_of_remake(order, people):
    line = order.lines.get()
    found = Nonconformance.objects.create(
        order=order, line=line, quantity=1, defect="bore", found_at=timezone.now(), found_by=people.inspector,
        disposition="scrap", decided_at=timezone.now(), decided_by=people.inspector,
    )
    Remake.objects.create(
        order=order, line=line, nonconformance=found, quantity=1, requested_at=timezone.now(),
        requested_by=people.inspector,
    )
    actions.revoke(order=actions.lock(order.pk), by=people.inspector, facts=[Fact.REMAKE])


def paper_of_renegotiation(order, people):
    negotiation = Negotiation.objects.create(
        order=order, reason="late", opened_at=timezone.now(), opened_by=people.planners[0]
    )
    option = negotiation.options.create(
        kind="date", description="two days later", finish_at=timezone.now(), valid_until=timezone.now()
    )
    Negotiation.objects.filter(pk=negotiation.pk).update(
        state="accepted", accepted_option=option, answered_at=timezone.now(), answered_by=people.sales
    )
    actions.revoke(order=actions.lock(order.pk), by=people.sales, facts=[Fact.DATE])


PAPERS = {"rework": paper_of_rework, "remake": paper_of_remake, "renegotiate": paper_of_renegotiation}


def test_edges_cover_the_whole_path_and_leave_no_final_stage():
    pairs = {(source, target) for source, target, _boxes, _outcome in edge_table()}
    for before, after in itertools.pairwise(PATH):
        assert (before, after) in pairs
    assert (Stage.SETTLEMENT, Stage.CLOSED) in pairs
    assert not [pair for pair in pairs if pair[0] in FINAL]


# Which signature dies with which fact, row by row as order.md says it.
EXPECTED_REVOKES = {
    "form": "customer_confirmed",
    "specification": "process capacity materials plan materials_ready made passed",
    "quantity_up": "capacity materials plan materials_ready made passed delivered documents costs",
    "quantity_down": "plan",
    "date": "capacity plan",
    "place": "delivery_confirmed",
    "substitute_material": "process materials materials_ready",
    "material_line_added": "materials_ready",
    "receipt_rejected": "materials_ready",
    "nonconformance": "passed",
    "step_added": "made passed",
    "remake": "plan materials_ready made passed",
    "transport_damage": "passed delivered",
    "withdrawn": "",
}


def test_each_fact_revokes_its_boxes():
    assert {fact.value: " ".join(boxes) for fact, boxes in REVOKES.items()} == EXPECTED_REVOKES
    assert set(REVOKES) == set(Fact)


def test_fact_takes_back_living_signatures_and_leaves_the_others(people):
    order = make.at_settlement(people)
    living = set(order.sign_offs.living().values_list("box", flat=True))
    for fact in Fact:
        with undone():
            taken = actions.revoke(order=actions.lock(order.pk), by=people.sales, facts=[fact])
            after = set(order.sign_offs.living().values_list("box", flat=True))
            dead = SignOff.objects.filter(order=order).exclude(revoked_at=None)
            revokers = set(dead.values_list("revoked_by", flat=True))
        assert set(taken) == living & set(REVOKES[fact]), fact
        assert after == living - set(REVOKES[fact]), fact
        assert revokers <= {people.sales.pk}


def test_forward_step_stands_at_each_stage_between_confirmation_and_settlement():
    assert set(FORWARD) == set(PATH[1:-1])
    assert all(step.sources == (stage,) for stage, step in FORWARD.items())


def test_every_right_is_held_by_some_role_or_head():
    held = set().union(*ROLE_RIGHTS.values(), *HEAD_RIGHTS.values())
    assert set(Right) == held


def test_right_of_a_foreign_department_is_not_carried():
    assert Right.SUPPLY_BUY not in rights_of(role=Role.BUYER, department="sales", is_head=False)
    assert Right.SUPPLY_BUY in rights_of(role=Role.BUYER, department="procurement", is_head=False)


def test_every_box_and_stage_has_a_department():
    from orders.machine import BOX_DEPARTMENT, BOX_RIGHT, STAGE_DEPARTMENT

    assert set(BOX_RIGHT) == set(Box)
    assert set(BOX_DEPARTMENT) == set(Box) - {Box.STOPPED}
    assert set(STAGE_DEPARTMENT) == set(PATH)
