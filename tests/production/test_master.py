"""Master data: who changes it, what is refused, what the database keeps by itself."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from desk.refusals import BadInput, Changed, GateShut, NotYours
from people.models import User
from production import actions
from production.actions.master import operation_version
from production.master import fingerprint, graph_of, history
from production.models import CandidateCentre, Downtime, RoutingOperation, WorkCentre
from production.routing import predecessors
from sla.models import WorkCalendar
from tests.factories import production as make
from tests.factories.orders import make_material, make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def head(production_head, clock_defaults):
    return production_head


def sentences(record, by):
    return [event.text for event in history(record, by)]


def operation(product, number) -> RoutingOperation:
    return RoutingOperation.objects.get(product=product, number=number)


def put(product, by, number, **values):
    """A new operation by the act, as the page gives it."""
    places = {name: values.pop(name) for name in ("after", "followed_by", "others", "bill_lines") if name in values}
    values = {"number": number, "name": f"工序 {number}", "work_centre": make.work_centre("CNC"),
              "run_minutes_per_unit": 3, **values}  # fmt: skip
    return actions.save_operation(operation=RoutingOperation(product=product), values=values, by=by, **places)


def before(product) -> dict:
    return predecessors(*graph_of(product))


def attack(statement, *params):
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params)


def test_a_work_centre_is_changed_and_it_stands_in_its_history(head, planner, admin):
    centre = actions.save(record=WorkCentre(), by=head, values={
        "code": "CNC-9", "name": "加工中心", "calendar": WorkCalendar.objects.get(code="factory"), "slots": 1,
        "hourly_rate_amount": 150,
    })  # fmt: skip
    version = fingerprint(WorkCentre.objects.get(pk=centre.pk))
    actions.save(record=centre, values={"slots": 2, "hourly_rate_amount": 160}, by=admin, version=version)
    centre.refresh_from_db()
    assert (centre.slots, centre.hourly_rate_amount) == (2, 160)
    assert len(history(centre, head)) == 4 and len(history(centre, admin)) == 2  # no rates for who may not see them
    refusals = [
        (Changed, head, {"slots": 3}, version), (BadInput, head, {"slots": 2}, None), (NotYours, planner, {}, None),
    ]  # fmt: skip
    for kind, by, values, stale in refusals:
        with pytest.raises(kind):
            actions.save(record=centre, values=values, by=by, version=stale)


def test_a_calendar_without_time_is_given_to_no_work_centre(head):
    never_published = WorkCalendar.objects.create(code="new", name="新", week=["08:00-12:00"] * 7)
    for calendar in (WorkCalendar(name="空", week=[""] * 7), never_published):
        with pytest.raises(BadInput, match="has no working time") as refused:
            actions.save(record=make.work_centre("CNC"), values={"calendar": calendar}, by=head)
        assert refused.value.field == "calendar" and "choose another" in refused.value.because
    attack("UPDATE sla_workcalendar SET week = '[]'")


def test_a_work_centre_that_alone_may_do_an_operation_stays_in_use(head):
    product = make_product()
    first, *_others = make.usual_routing(product)
    with pytest.raises(GateShut) as refused:
        actions.save(record=first.work_centre, values={"is_active": False}, by=head)
    assert product.number in str(refused.value.missing[0].text)
    CandidateCentre.objects.create(operation=first, work_centre=make.work_centre("SAW-2"))
    actions.save(record=first.work_centre, values={"is_active": False}, by=head)
    assert not WorkCentre.objects.get(code="SAW").is_active


def test_downtime_is_recorded_ended_and_cancelled(head, planner):
    centre, now = make.work_centre("CNC", slots=2), timezone.now()
    times = {"starts_at": now, "ends_at": now + timedelta(hours=4)}
    for field, wrong in (("slot", {"slot": 3}), ("ends_at", {"ends_at": now}), ("reason", {"reason": " "})):
        with pytest.raises(BadInput) as refused:
            actions.record_downtime(work_centre=centre, by=planner, **times | {"reason": "主轴"} | wrong)
        assert refused.value.field == field
    found = actions.record_downtime(work_centre=centre, slot=2, reason="主轴", is_breakdown=True, by=planner, **times)
    actions.end_downtime(downtime=found, ends_at=now + timedelta(hours=2), by=planner)
    actions.cancel_downtime(downtime=found, by=planner)
    assert not Downtime.objects.living().exists() and len(history(centre, planner)) == 3
    for act in (actions.cancel_downtime, lambda **more: actions.end_downtime(ends_at=now, **more)):
        with pytest.raises(GateShut):
            act(downtime=found, by=planner)


def test_the_database_keeps_what_was_recorded_as_downtime(head):
    centre, now = make.work_centre("CNC"), timezone.now()
    living, cancelled = (actions.record_downtime(
        work_centre=centre, starts_at=now, ends_at=now + timedelta(hours=1), reason="主轴", by=head) for _ in range(2))
    actions.cancel_downtime(downtime=cancelled, by=head)
    attack("UPDATE production_downtime SET reason = 'x' WHERE id = %s", living.pk)
    attack("UPDATE production_downtime SET starts_at = ends_at WHERE id = %s", living.pk)
    attack("DELETE FROM production_downtime WHERE id = %s", living.pk)
    attack("UPDATE production_downtime SET cancelled_at = NULL, cancelled_by_id = NULL WHERE id = %s", cancelled.pk)
    attack("UPDATE production_downtime SET ends_at = starts_at WHERE id = %s", living.pk)
    attack("UPDATE production_downtime SET cancelled_at = starts_at WHERE id = %s", living.pk)


def test_a_branch_is_added_to_a_routing_in_one_form(head):
    product = make_product()
    for number in (10, 40):
        put(product, head, number)
    with pytest.raises(BadInput, match="ends in several operations: 20, 40"), transaction.atomic():
        put(product, head, 20, starts_freely=True)
    put(product, head, 20, starts_freely=True, followed_by=[40])
    put(product, head, 30, followed_by=[40])
    assert before(product) == {10: set(), 20: set(), 30: {20}, 40: {10, 20, 30}}


def test_a_routing_that_cannot_be_made_is_not_kept(head):
    product = make_product()
    make.usual_routing(product)
    first, second, third = RoutingOperation.objects.filter(product=product)
    wrong = [
        (first, {"after": [30]}, "wait for each other: 10 → 20 → 30 → 10"),
        (first, {"after": [99]}, "no operation 99"), (first, {"values": {"number": 25}, "followed_by": [20]}, "25"),
        (first, {"values": {"work_centre": make.work_centre("OLD", is_active=False)}}, "No work centre in use"),
    ]
    for row, places, said in wrong:
        values = places.pop("values", {})
        with pytest.raises(BadInput, match=said), transaction.atomic():
            actions.save_operation(operation=row, values=values, by=head, **places)
    assert before(product) == {10: set(), 20: {10}, 30: {20}}
    actions.save_operation(operation=third, values={}, after=[10, 20], by=head)
    with pytest.raises(Changed):
        actions.save_operation(operation=third, values={"name": "x"}, by=head, version=1)
    actions.save_operation(operation=second, values={"number": 15}, after=[10], followed_by=[30], by=head)
    assert before(product) == {10: set(), 15: {10}, 30: {10, 15}}
    actions.remove_operation(operation=second, by=head, version=operation_version(operation(product, 15)))
    assert before(product) == {10: set(), 30: {10}}


def test_an_operation_names_other_work_centres_and_its_materials(head):
    product = make_product()
    line, other = make.bill(product), make.bill(product, make_material())
    row = put(product, head, 10, others={make.work_centre("CNC-2"): 120}, bill_lines=[line, other])
    put(product, head, 20, bill_lines=[other])
    assert row.candidates.get().time_percent == 120
    assert [needed.bill_line for needed in row.materials.all()] == [line]
    params = [event.params for event in history(product, head)]
    assert any("CNC-2 120 %" in str(said) for said in params)


def test_a_link_back_is_refused_by_the_database(head):
    first, second, _third = make.usual_routing(make_product())
    attack("INSERT INTO production_routinglink (operation_id, after_id) VALUES (%s, %s)", first.pk, second.pk)


def test_rank_decides_who_changes_master_data(departments, head, admin, planner, general_manager):
    assert {person.username for person in User.objects.all() if person.may("master.change")} == {
        head.username, admin.username,
    }
