"""The planner's board: what it shows, a move looked at and made, every refusal, the way back."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from desk.refusals import BadInput, Changed, GateShut, NotYours
from orders import actions as orders
from orders.models import Consent, MaterialLine, OrderStep
from people.models import Certificate, Qualification
from production import actions, capacity
from production.models import CandidateCentre, Downtime, Operation, Plan, RoutingOperation
from production.moves import Place
from records.models import Event
from tests.factories import production as make

pytestmark = pytest.mark.django_db
BOARD = "production:planning_board"
ONE_STEP = ((10, "铣削", "CNC", 10, {}),)


def operations(order) -> list[Operation]:
    return list(Operation.objects.in_force().filter(plan__order=order).select_related("work_centre", "step", "plan"))


def later(row, **delta):
    """A start of its work centre's calendar so much working time later."""
    calendar = capacity.calendar_with(row.work_centre)
    return calendar.open_from(calendar.add(row.starts_at, timedelta(**delta).total_seconds()))


def asked(row, start=None, centre=None, slot=1, **values) -> dict:
    place = Place(start or row.starts_at, centre or row.work_centre, slot)
    return {"step_id": row.step_id, "plan_version": row.plan.version, "place": place} | values


def posted(row, start, place=None, **values) -> dict:
    local = timezone.localtime(start)
    return {"starts_at": f"{local:%Y-%m-%dT%H:%M}", "place": place or f"{row.work_centre.code}/{row.slot}",
            "plan": row.plan.version} | values


def statements(client, url):
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return sum('"access_session"' not in query["sql"] for query in seen.captured_queries)


def week(**values):
    start = timezone.localtime() - timedelta(hours=1)
    return reverse(BOARD) + f"?days=7&from={start:%Y-%m-%dT%H:%M}"


def test_board_shows_what_stands_where_in_as_many_statements_for_three_orders(people, client_of, stranger):
    order = make.approved(people)
    planner = client_of(people.planners[1])
    few = statements(planner, week())
    for _more in range(2):
        make.approved(people, rows=ONE_STEP)
    assert statements(planner, week()) == few
    page = planner.get(week()).content.decode()
    rows = operations(order)
    assert page.count("data-move=") == page.count('aria-label="Move ') == 5
    assert all(reverse("production:move", args=[row.step_id]) in page for row in rows)
    assert "The board as a table" in page and "to spare" in page and "style=" not in page.split("<main")[1]
    make.actions.start_step(step_id=rows[0].step_id, by=people.operator)
    Downtime.objects.create(
        work_centre=rows[1].work_centre, starts_at=timezone.now(), ends_at=timezone.now() + timedelta(hours=5),
        reason="主轴更换", recorded_by=people.planners[1],
    )
    page = planner.get(week()).content.decode()
    assert "Running" in page and "主轴更换" in page and page.count("data-move=") == 4
    head = client_of(people.production_head).get(reverse(BOARD) + "?days=nonsense&from=x&centre=SAW")
    assert head.status_code == 200 and head.content.decode().count('class="mono') <= 3
    for person in (people.operator, people.buyer, stranger):
        assert client_of(person).get(reverse(BOARD)).status_code == 403
        assert client_of(person).get(reverse("production:move", args=[rows[1].step_id])).status_code == 403


@pytest.mark.clause("3.2.2", "2.2.1")
def test_move_is_looked_at_then_made_as_a_new_version_and_taken_back(people, client_of):
    order = make.approved(people)
    saw, cnc, hand = operations(order)
    planner, url = client_of(people.planners[1]), reverse("production:move", args=[cnc.step_id])
    start = later(hand, hours=8)
    assert planner.get(url).context["form"]["place"].value() == "CNC/1"
    looked = planner.post(url, posted(cnc, start))
    page = looked.content.decode()
    assert looked.status_code == 200 and "pushed" in page and "spare time" in page
    assert Plan.objects.filter(order=order).count() == 1, "nothing is written by looking"
    seen = looked.context["form"]["seen"].value()
    made = planner.post(url, posted(cnc, start, seen=seen, once="k1"))
    assert made.status_code == 302 and planner.post(url, posted(cnc, start, seen=seen, once="k1")).url == made.url
    old, new = Plan.objects.get(order=order, version=1), Plan.objects.get(order=order, version=2)
    assert (old.state, new.state, new.released_by) == ("superseded", "released", people.planners[1])
    assert [row.starts_at for row in old.operations.all()] == [saw.starts_at, cnc.starts_at, hand.starts_at]
    moved = operations(order)
    assert moved[0].starts_at == saw.starts_at, "what comes before stays"
    assert moved[1].starts_at >= start.replace(second=0, microsecond=0) and moved[2].starts_at >= moved[1].ends_at
    step = OrderStep.objects.get(pk=cnc.step_id)
    assert (step.planned_start_at, step.plan_version, step.token) == (moved[1].starts_at, 2, cnc.step.token)
    assert order.sign_offs.living().filter(box="plan").count() == 1
    assert Event.objects.filter(stream_id=order.stream, verb="order.operation_moved").exists()

    stale = planner.post(url, posted(cnc, start, seen=seen))
    assert stale.status_code == 409 and "version 2" in stale.content.decode() and "instead of" in stale.content.decode()
    board = planner.get(made.url).content.decode()
    assert "Back to version 1" in board
    back = reverse("production:go_back", args=[order.pk, 1])
    assert "CNC" in planner.get(back).content.decode()
    assert client_of(people.buyer).post(back, {"plan": 2}).status_code == 403
    assert planner.post(back, {"plan": 1}).status_code == 409
    assert planner.post(back, {"plan": 2}).status_code == 302
    assert [row.starts_at for row in operations(order)] == [saw.starts_at, cnc.starts_at, hand.starts_at]
    assert Plan.objects.get(order=order, state="released").version == 3

    versions = planner.get(reverse("production:plan_versions", args=[order.pk]) + "?old=1&new=2").content.decode()
    assert "later" in versions and "op--base" in versions and "moved to" in versions
    assert planner.get(reverse("production:plan_versions", args=[order.pk]) + "?old=9&new=x").status_code == 200


@pytest.mark.clause("1.3.3", "3.2.1")
def test_every_place_that_cannot_be_is_refused(people, client_of):
    order, first = make.approved(people), make.approved(people)
    saw, cnc, hand = operations(order)
    planner, free = people.planners[1], later(hand, days=2)
    other = next(row for row in operations(first) if row.work_centre == cnc.work_centre)
    spare = make.work_centre("CNC-9")
    Downtime.objects.create(
        work_centre=cnc.work_centre, starts_at=free + timedelta(days=20), ends_at=free + timedelta(days=30),
        reason="大修", recorded_by=planner,
    )
    night = capacity.calendar_with(cnc.work_centre).next_change(free) + timedelta(minutes=5)
    down = capacity.calendar_with(cnc.work_centre).add(free + timedelta(days=21), 60)
    for start, centre, slot, why in (
        (timezone.now() - timedelta(hours=2), None, 1, "past"),
        (saw.starts_at, None, 1, "comes first|taken"),
        (other.starts_at, None, 1, "taken then by"),
        (night, None, 1, "does not work then"),
        (down, None, 1, "大修"),
        (free, spare, 1, "may be done at"),
        (free, None, 2, "may be done at"),
        (cnc.starts_at, None, 1, "already"),
    ):
        with pytest.raises(BadInput, match=why):
            actions.look_at_move(**asked(cnc, start, centre, slot), by=planner)
    assert Plan.objects.filter(order=order).count() == 1
    url = reverse("production:move", args=[cnc.step_id])
    bad = client_of(planner).post(url, posted(cnc, night))
    assert bad.status_code == 422 and "does not work then" in bad.content.decode()
    assert client_of(planner).post(url, {"starts_at": "nonsense", "place": "X/9", "plan": ""}).status_code == 422
    assert client_of(planner).get(reverse("production:move", args=[999999])).status_code == 404
    with pytest.raises(NotYours):
        actions.look_at_move(**asked(cnc, free), by=people.buyer)

    welding = Qualification.objects.create(code="W", name="焊工证")
    Operation.objects.filter(pk=cnc.pk).update(qualification=welding)
    with pytest.raises(BadInput, match="焊工证"):
        actions.look_at_move(**asked(cnc, free), by=planner)
    Certificate.objects.create(person=people.operator, qualification=welding)
    assert actions.look_at_move(**asked(cnc, free), by=planner).changes
    OrderStep.objects.filter(pk=cnc.step_id).update(started_at=timezone.now(), started_by=people.operator)
    with pytest.raises(GateShut, match="has begun"):
        actions.look_at_move(**asked(cnc, free), by=planner)


def test_candidate_work_centre_takes_its_own_time_and_material_follows(people):
    order = make.approved(people)
    saw, cnc, hand = operations(order)
    spare = make.work_centre("CNC-9")
    routing = RoutingOperation.objects.get(product=cnc.line.product, number=20)
    CandidateCentre.objects.create(operation=routing, work_centre=spare, time_percent=200)
    actions.move_operation(**asked(cnc, centre=spare), by=people.planners[1])
    moved = operations(order)[1]
    assert (moved.work_centre, moved.work_seconds) == (spare, 2 * cnc.work_seconds)
    assert OrderStep.objects.get(pk=cnc.step_id).work_centre == "CNC-9"
    now_there = operations(order)[0]
    actions.move_operation(**asked(now_there, later(hand, hours=8)), by=people.planners[1])
    line = MaterialLine.objects.get(order=order)
    assert line.needed_at == operations(order)[0].starts_at > saw.starts_at


@pytest.fixture
def pair(people):
    """Two approved orders one after the other on the only machine; the first is promised as it is planned."""
    first = make.planned(people, quantity=60, rows=ONE_STEP)
    finish = Plan.objects.get(order=first).finish_at
    actions.approve(order_id=first.pk, by=people.production_head, promised_at=finish + timedelta(minutes=30))
    second = make.approved(people, quantity=60, rows=ONE_STEP)
    return first, second


@pytest.mark.clause("3.2.3", "4.2.2")
def test_move_that_makes_another_order_late_waits_for_its_consent(pair, people, client_of):
    first, second = pair
    (mine,), (theirs,) = operations(second), operations(first)
    planner, url = client_of(people.planners[1]), reverse("production:move", args=[mine.step_id])
    taken = planner.post(url, posted(mine, theirs.starts_at))
    assert taken.status_code == 422 and str(first) in taken.content.decode()
    looked = planner.post(url, posted(mine, theirs.starts_at, gives_way="on"))
    page = looked.content.decode()
    assert looked.status_code == 200 and f"{first} becomes late" in page and str(people.sales) in page
    seen = looked.context["form"]["seen"].value()
    values = posted(mine, theirs.starts_at, gives_way="on", seen=seen)
    assert planner.post(url, values).status_code == 422, "it says why it must go first"
    answer = planner.post(url, values | {"reason": "客户停线"})
    assert answer.url == reverse("production:review", args=[second.pk]) + "#first"
    draft, consent = Plan.objects.get(order=second, state="draft"), Consent.objects.living().get()
    assert (draft.goes_before, consent.harmed, operations(first)) == (first, first, [theirs])
    with pytest.raises(GateShut, match="is a draft"):
        actions.look_at_move(**asked(mine, later(mine, hours=20)), by=people.planners[1])
    with pytest.raises(GateShut, match="nobody has agreed"):
        actions.release_plan(order_id=second.pk, by=people.planners[1])
    drop = reverse("production:drop_draft", args=[second.pk])
    assert client_of(people.buyer).post(drop).status_code == 403
    assert planner.post(drop).status_code == 302
    assert not Consent.objects.living().exists() and not Plan.objects.filter(state="draft").exists()

    actions.move_operation(**asked(mine, theirs.starts_at, gives_way=True), by=people.planners[1], reason="客户停线")
    orders.answer_consent(consent_id=Consent.objects.living().get().pk, by=people.sales, is_agreed=True, reason="好")
    actions.release_plan(order_id=second.pk, by=people.planners[1])
    assert operations(second)[0].starts_at == theirs.starts_at
    assert operations(first)[0].starts_at >= operations(second)[0].ends_at


def test_order_with_spare_time_gives_way_at_once(people):
    first = make.approved(people, quantity=60, rows=ONE_STEP)
    second = make.approved(people, quantity=60, rows=ONE_STEP)
    (mine,), (theirs,) = operations(second), operations(first)
    values = asked(mine, theirs.starts_at, gives_way=True) | {"by": people.planners[1]}
    looked = actions.look_at_move(**values)
    assert not looked.harm.breaks_promise and looked.harm.after > looked.harm.before
    with pytest.raises(Changed, match="changed meanwhile"):
        actions.move_operation(**values, reason="客户停线", seen="another")
    actions.move_operation(**values, reason="客户停线", seen=looked.seen)
    assert Plan.objects.get(order=first, state="released").finish_at == looked.harm.after
    assert operations(first)[0].starts_at >= operations(second)[0].ends_at
    with pytest.raises(GateShut, match="not possible any more"):
        actions.go_back(order_id=first.pk, by=people.planners[1], version=1)
    with pytest.raises(Changed):
        actions.go_back(order_id=first.pk, by=people.planners[1], version=7)


def test_material_that_is_not_here_holds_the_operation(people):
    order = make.approved(people, stock=0)
    saw = operations(order)[0]
    soon = capacity.calendar_with(saw.work_centre).add(timezone.now(), 900).replace(second=0, microsecond=0)
    assert soon < saw.starts_at
    with pytest.raises(BadInput, match="is not here before"):
        actions.look_at_move(**asked(saw, soon), by=people.planners[1])
